"""Questions over facts of which pictures are recorded.

Enters: a world. Leaves: the first question of the splits by which its runs are judged, and of the
trained one; each says what a model's states say of it.

Covers: every task of a world: one answer or a set of them, names of one token or of several, facts
that stand before a question. Does not cover: the splits in which a name stands twice in a question,
which the laboratory does not show either.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from latebloom.asking.answer import was_shown
from latebloom.circuits.look import glimpses_of
from latebloom.circuits.moving import answers_of
from latebloom.circuits.states import run_states
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.reports.laboratory import shown
from latebloom.reports.recorded_look import MOST_SAID, Look, Wording, answers, rows_of
from latebloom.worlds.world import World

MOST_QUESTIONS = 4
"""Questions that are recorded: of three splits by which the run is judged, and of the trained
one."""


@dataclass(frozen=True, slots=True)
class RecordedQuestion:
    """The first question of a split."""

    world: World
    split: str

    @property
    def question(self) -> list[int]:
        """Its tokens."""
        return self.world.examples(self.split)[0, :-1].tolist()

    @property
    def tokens(self) -> Sequence[str]:
        return self.world.vocabulary.decode(self.question)

    @property
    def right(self) -> tuple[list[int], list[int]]:
        """The answers that it is asked for, and others that are right as well."""
        sets = self.world.answers(self.split, slice(1))
        return sets.member[sets.asked].tolist(), sets.member[~sets.asked].tolist()

    @property
    def bridges(self) -> frozenset[int]:
        """What is found on the way to the answers."""
        return self.world.task.on_the_way(self.world.facts, self.question)

    @property
    def told(self) -> Sequence[tuple[str, Sequence[str]]]:
        found = (*self.right, self.bridges)
        names = [sorted(self.world.vocabulary.decode(some)) for some in found]
        kinds = ("Right", "Right too, and known without what is asked for", "Found on the way")
        return [pair for pair in zip(kinds, names, strict=True) if pair[1]]

    @property
    def shown(self) -> str:
        if not was_shown(self.world, self.question):
            return "Training never showed this question."
        if self.split in self.world.trained:
            return "Training showed this question."
        return "Training showed this question, but not the answers that it is asked for here."

    @property
    def wording(self) -> Wording:
        on_the_way = ", ◆ what is found on the way to it" if self.bridges else ""
        by_words = (
            " A name has several words: it is read from the last columns, a word from each, and"
            " only there its words are marked."
            if self.world.task.spelled
            else ""
        )
        return Wording(
            every=("what every state of the model would answer to", "of its questions"),
            no_others="other questions cannot be asked here",
            command="latebloom explore RUN",
            does="asks the model itself, at all its checkpoints, and moves its states",
            asked="question",
            bridge="on the way",
            reading="A row for each boundary between layers, a column for each word of the"
            " question. A cell names what its state would answer if the model ended there (the"
            f" logit lens), and how surely; ● marks a right answer{on_the_way}.{by_words}",
            says="The model answers",
        )

    def look(self, model: Transformer) -> Look:
        world, question = self.world, self.question
        n_tokens, vocabulary = len(question), world.vocabulary
        loops = loops_needed(model.config, n_tokens, world.task.hops(n_tokens))
        tokens = torch.tensor([question], device=model.device)
        states = run_states(model, tokens, n_loops=loops)
        right = [token for some in self.right for token in some]
        return Look.of(
            rows_of(
                glimpses_of(model, vocabulary, states),
                vocabulary,
                world.task.said_at(right, n_tokens),
                world.task.said_at(sorted(self.bridges), n_tokens),
            ),
            answers(answers_of(model, world, states, MOST_SAID), vocabulary, right, self.bridges),
        )


def questions_of(world: World) -> list[RecordedQuestion]:
    """The questions that are recorded, the hardest first."""
    asked = [name for name in shown(world) if len(world.splits[name])]
    judged = [name for name in asked if world.meaning(name).judged and name in world.tested]
    trained = [name for name in asked if name in world.trained]
    splits = [*reversed(judged[-MOST_QUESTIONS + 1 :]), *trained[-1:]]
    return [RecordedQuestion(world, split) for split in splits]
