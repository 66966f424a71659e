"""What a table of facts shows of itself before anything is trained on it.

Enters: a world whose questions have sets of answers, with facts that are held out. Leaves:
`TableSigns`: how much there is to learn, and how much of what was held out mere counting finds
(`latebloom.rivals.counting`). All of it takes seconds, and no model.
"""

import math
from dataclasses import dataclass

from latebloom.evaluation.counted import counted_ranks
from latebloom.evaluation.ranking import LINKS
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World


@dataclass(frozen=True, slots=True)
class TableSigns:
    """A table as a world of it would be trained on.

    names: entities. facts: told, read backwards too where the config says so. questions: two-hop
    questions to train on. asked: held-out facts that were asked for; right: of these, how many
    counting put first (filtered Hits@1; half of those that share the first place with another).
    """

    names: int
    facts: int
    questions: int
    asked: int
    right: float

    @classmethod
    def of(cls, world: World) -> "TableSigns":
        """Those of a world with several answers."""
        names = world.task.n_competing(len(world.vocabulary))
        # Validation questions too, since nothing is chosen by them here.
        every = counted_ranks(world, [name for name in LINKS if name in world.splits])
        return cls(
            names=names,
            facts=len(world.facts),
            questions=len(world.examples(Split.TRAIN_INFERRED)),
            asked=len(every),
            right=float((every == 1).sum() + (every == 1.5).sum() / 2),
        )

    @property
    def counted(self) -> float | None:
        """The share of held-out facts that counting put first; None where none was held out."""
        return self.right / self.asked if self.asked else None

    def columns(self) -> dict[str, float]:
        """The numbers that a regression takes, by name: logarithms, and log odds of the share."""
        return {
            "log_names": math.log(self.names),
            "log_facts": math.log(self.facts),
            "log_questions": math.log(max(1, self.questions)),
            "counted_odds": log_odds(self.right, self.asked),
        }


def log_odds(right: float, asked: float) -> float:
    """The log odds of a share, half a case added to either side so that 0 and 1 have one."""
    return math.log((right + 0.5) / (asked - right + 0.5))
