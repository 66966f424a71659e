"""What is known of a run early: its setting, and its first evaluations.

Enters: the config of a run, the sizes of its world, its records. Leaves: the columns from which a
forecast is made at a certain step, and the step that the forecast is about.

A `Story` is a run as far as it is told. `Story.columns(step, goal)` may look at nothing that comes
after `step`; `Story.came(goal)` looks at all of it, and is what a forecast is fitted on and judged
by. The columns are of two sorts:

- the *setting*, known before the first step: ratio, sizes, width, layers, rates, decay, steps;
- the *curves* up to now: the loss of facts, of trained questions and of held-out ones (each as a
  share of log V, which is what guessing among V words has), held-out accuracy, how fast these
  losses fell since half of the steps so far, and the signs of `latebloom.evaluation.signs`.

Held-out questions are those set aside for validation, since what is done with a forecast is a
decision. The step that is forecast is that of the test: the first of the three evaluations in a
row at which `LEVEL` of its questions were right.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.training.config import RunConfig
from latebloom.training.milestones import sustained_step
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.data import Data
from latebloom.worlds.splits import Split, chosen_by

LEVEL = 0.9
"""Share of the held-out questions that have to be right: what is forecast is the rise, and the
small worlds of the study keep a higher share late or not at all."""
LEAST = 2
"""Evaluations that a forecast needs at least: of one alone nobody sees where it is going."""
GOALS = {"id": str(Split.TEST_ID), "ood": str(Split.TEST_OOD)}
"""What is forecast: held-out questions over facts that were composed in training, and over facts
that were not."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a run has to learn.

    facts: atomic facts. questions: trained questions over them. words: of the vocabulary.
    phi: trained questions for each fact that is composed.
    """

    facts: int
    questions: int
    words: int
    phi: float

    @classmethod
    def of(cls, data: Data) -> "Sizes":
        """Those of a run's data; sentences have no facts."""
        facts = sum(len(data.splits.get(name, ())) for name in ("atomic_id", "atomic_ood"))
        questions = len(data.splits.get(Split.TRAIN_INFERRED, ()))
        return cls(facts, questions, len(data.vocabulary), data.figures().get("phi") or 0.0)


@dataclass(frozen=True, slots=True)
class Story:
    """A run as far as it is told.

    records: the lines of `metrics.jsonl`, in the order of their steps.
    """

    config: RunConfig
    sizes: Sizes
    records: Sequence[Mapping[str, Any]]

    @classmethod
    def read(cls, run: RunFolder) -> "Story":
        """That of a run folder, finished or not."""
        return cls(run.config(), Sizes.of(run.data()), list(run.metrics()))

    @property
    def budget(self) -> int:
        """The steps that the config allows it."""
        return self.config.train.steps

    @property
    def step(self) -> int:
        """The step of its last evaluation; 0 before the first."""
        return self.records[-1]["step"] if self.records else 0

    def came(self, goal: str) -> int | None:
        """The step from which on the goal's test was kept; None if it is not told to be."""
        return sustained_step(self.records, GOALS[goal], LEVEL)

    def begun(self, goal: str) -> int | None:
        """The first of the last evaluations that all have the level, where there are too few of
        them to say that it came."""
        since = None
        for record in reversed(self.records):
            if record["accuracy"].get(GOALS[goal], 0.0) < LEVEL:
                break
            since = record["step"]
        return since

    def until(self, step: float) -> "Story":
        """The same run, told up to a step."""
        known = [record for record in self.records if record["step"] <= step]
        return Story(self.config, self.sizes, known)

    def goals(self) -> list[str]:
        """The goals whose tests this run has; of a run without an evaluation none."""
        tested = self.records[0]["accuracy"] if self.records else {}
        return [goal for goal, split in GOALS.items() if split in tested]

    def setting(self) -> dict[str, float]:
        """The columns that are known before the first step."""
        model, train, sizes = self.config.model, self.config.train, self.sizes
        return {
            "log_phi": math.log(sizes.phi + 0.1),
            "log_facts": math.log(sizes.facts),
            "log_questions": math.log(sizes.questions + 1),
            "log_words": math.log(sizes.words),
            "log_width": math.log(model.d_model),
            "layers": float(model.n_layers),
            "window": float(model.window > 0),
            "log_decay": math.log(train.weight_decay + 0.01),
            "log_rate": math.log(train.lr + 1e-6),
            "log_hidden_rate": math.log(train.muon_lr + 1e-6),
            "log_budget": math.log(self.budget),
        }

    def curves(self, goal: str) -> dict[str, float]:
        """The columns of the last evaluation that is told, and of how it got there; there must be
        `LEAST` evaluations.

        Raises: LatebloomError if the signs were not recorded.
        """
        now = self.records[-1]
        earlier = [r for r in self.records[:-1] if r["step"] <= now["step"] / 2]
        half = earlier[-1] if earlier else self.records[0]
        guess = math.log(self.sizes.words)
        held = chosen_by(GOALS[goal], now["accuracy"])
        inside = chosen_by(GOALS["id"], now["accuracy"])
        splits = {
            "facts": str(Split.ATOMIC_ID),
            "trained": str(Split.TRAIN_INFERRED),
            "inside": inside,
            "held": held,
        }
        columns = {"log_step": math.log(now["step"]), "done": now["step"] / self.budget}
        apart = math.log(now["step"] / half["step"])
        for name, split in splits.items():
            before, after = loss_of(half, split) / guess, loss_of(now, split) / guess
            columns[f"loss_{name}"] = after
            columns[f"fall_{name}"] = (before - after) / apart
        signs = now["signs"]
        columns |= {
            "held_accuracy": now["accuracy"][held],
            "trained_accuracy": now["accuracy"].get(Split.TRAIN_INFERRED, 1.0),
            "gap": columns["loss_held"] - columns["loss_trained"],
            "log_scale": math.log(signs["logit_scale"]),
            "log_norm": math.log(signs["weight_norm"]),
            "norm_growth": math.log(signs["weight_norm"] / half["signs"]["weight_norm"]) / apart,
            "gradient_entropy": signs.get("gradient_entropy", 1.0),
        }
        return columns


def loss_of(record: Mapping[str, Any], split: str) -> float:
    """The loss of a split in an evaluation, in nats.

    Raises: LatebloomError if this run did not record it.
    """
    loss = record.get("signs", {}).get("loss", {}).get(split)
    if loss is None:
        raise LatebloomError(
            f"this run recorded no loss of {split}, from which a forecast is made: it was grown by"
            " an earlier version, or its world has no such questions; grow it again"
        )
    return float(loss)
