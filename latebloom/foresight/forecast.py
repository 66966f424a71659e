"""A forecast of a run: when its held-out questions will be right, and whether they will be.

Enters: a run folder, or a run as far as it is told. Leaves: a `Forecast`, for each goal what came
already, or what is to be expected, and in what the run lies outside of what the forecaster was
fitted on.

`fitted.json` in this folder holds the fitted parameters, the settings of the runs that they were
fitted on and how the forecasts did on others; `python -m benchmarks.forecast` makes it. How well
this works, and where it does not, is told in docs/forecast.md.

Covers: two-hop questions over facts, in the kinds of models that `fitted.json` has. Does not cover:
other models and other worlds, which are refused.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.foresight.early import GOALS, LEAST, LEVEL, Story
from latebloom.foresight.fitted import NOMINAL, Chance, GoalModel, Model, NeverCame
from latebloom.foresight.scope import Scope, fields_of
from latebloom.foresight.shipped import shipped
from latebloom.training.config import RunConfig
from latebloom.training.run_folder import RunFolder

FITTED = Path(__file__).parent / "fitted.json"
"""The parameters that come with the package."""
SORT = ("feed.kind", "model.n_loops", "model.feedback")
"""Fields that make a run one of another sort: what was fitted says nothing about it."""
EXAMPLES = {"plain": "the recipe bloom", "looped": "the recipes composition and bloom-looped"}
"""Where runs of each kind are found."""
NAMES = {"id": "held-out questions (ID)", "ood": "held-out questions (OOD)"}
"""What the goals are called."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of run that forecasts were fitted for.

    timed: the models of the goals that it reaches. never: the goals that it never reached.
    """

    name: str
    scope: Scope
    timed: Mapping[str, GoalModel] = field(default_factory=dict)
    never: Mapping[str, NeverCame] = field(default_factory=dict)

    def model(self, goal: str) -> Model:
        """What was fitted for a goal."""
        return self.timed[goal] if goal in self.timed else self.never[goal]


@dataclass(frozen=True, slots=True)
class Forecaster:
    """All that was fitted.

    study: which runs it was fitted on, and where it was made: commit, machine, settings.
    """

    kinds: tuple[Kind, ...]
    study: dict[str, Any] = field(default_factory=dict)

    def kind_of(self, config: RunConfig) -> Kind:
        """The kind that a config is nearest to: from whose runs it differs in the fewest fields.

        Raises: LatebloomError if there is none of its sort.
        """
        told = dict(fields_of(config))
        alike = [
            kind
            for kind in self.kinds
            if all(told[name] == kind.scope.fixed[name] for name in SORT)
        ]
        if not alike:
            raise LatebloomError(self.not_fitted(config))
        return min(alike, key=lambda kind: len(kind.scope.outside(config)))

    def not_fitted(self, config: RunConfig) -> str:
        """What is said of a run of another sort."""
        names = " and ".join(kind.name for kind in self.kinds)
        examples = " and ".join(EXAMPLES[kind.name] for kind in self.kinds)
        return (
            f"forecasts were fitted for questions over facts in {names} models, as in {examples};"
            f" this run ({config.recipe}) is of another sort"
        )

    def __call__(self, story: Story) -> "Forecast":
        """The forecast of a run as far as it is told.

        Raises: LatebloomError if it is of another sort, too short, or has no test to forecast.
        """
        kind = self.kind_of(story.config)
        if not story.sizes.facts:
            raise LatebloomError(self.not_fitted(story.config))
        if len(story.records) < LEAST:
            raise LatebloomError(
                f"a forecast needs at least {LEAST} evaluations, and here are {len(story.records)};"
                f" wait until step {LEAST * story.config.train.eval_every}"
            )
        if not story.goals():
            raise LatebloomError(
                f"this run has none of the tests that are forecast, {', '.join(GOALS.values())}"
            )
        told = {}
        for goal in story.goals():
            came, begun = story.came(goal), story.begun(goal)
            settled = came or begun or story.step >= story.budget
            chance = None if settled else kind.model(goal)(story, goal)
            told[goal] = Outlook(came, begun, chance)
        return Forecast(
            step=story.step,
            budget=story.budget,
            kind=kind.name,
            outside=kind.scope.outside(story.config),
            goals=told,
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is said of one goal.

    came: the step since which it is kept. begun: the step since which it holds; where it has not
    come, the next evaluations have to say so too. chance: what is to be expected. All None where
    the run has ended without it.
    """

    came: int | None
    begun: int | None
    chance: Chance | None

    def words(self) -> str:
        """In one line."""
        if self.came is not None:
            return f"kept since step {self.came}"
        if self.begun is not None:
            return f"right since step {self.begun}, and kept if the next evaluations agree"
        if self.chance is None:
            return "the run ended without it"
        never = f"never: {self.chance.never:.0%}"
        if self.chance.step is None:
            return f"{never}; no run of this kind ever got there"
        low, high = self.chance.low or 0, self.chance.high or 0
        return (
            f"from about step {self.chance.step:,.0f} on ({NOMINAL:.0%} interval {low:,.0f} to"
            f" {high:,.0f}); {never}"
        )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a run.

    step: after how many steps that is said. budget: the steps that it may run at most. kind: the
    kind of runs that it is like. outside: in what it is not like them.
    """

    step: int
    budget: int
    kind: str
    outside: list[str]
    goals: dict[str, Outlook]

    def lines(self) -> list[str]:
        """For people."""
        found = [f"after step {self.step:,} of at most {self.budget:,}, as a {self.kind} model:"]
        found += [
            f"  {LEVEL:.0%} of the {NAMES[goal]}: {outlook.words()}"
            for goal, outlook in self.goals.items()
        ]
        if self.outside:
            found.append(f"outside what it was fitted on: {', '.join(self.outside)}")
        return found

    def short(self) -> str:
        """In one line, for a training's progress."""
        told = "; ".join(f"{goal.upper()} {one.words()}" for goal, one in self.goals.items())
        return f"forecast: {told}" + (" (outside what it was fitted on)" if self.outside else "")

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"level": LEVEL, "nominal": NOMINAL}


@cache
def load_forecaster(path: Path = FITTED) -> Forecaster:
    """The forecaster that comes with the package, or one that was fitted later.

    Raises: RunFolderError if the file is missing or another thing.
    """
    return shipped(path, Forecaster, "forecaster")


def forecast(run: Path | str, *, at: int | None = None) -> Forecast:
    """The forecast of a run, whether it still trains or not.

    at: as it was after this step; None: after its last evaluation.
    Raises: LatebloomError if it is no run, is too short, or is of another sort.
    """
    folder = RunFolder.open(run)
    told = load_forecaster()
    told.kind_of(folder.config())  # before its data are read: sentences have no questions
    story = Story.read(folder)
    return told(story if at is None else story.until(at))
