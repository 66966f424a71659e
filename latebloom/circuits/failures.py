"""Why wrong answers are wrong: which hop fails, and whether its fact is stored above the bridge.

Enters: a model, the probe of a split that it fails on (OOD), and the verdict on one that it does
well on. Leaves: `Failures`.

A question fails at the first hop whose bridge is never the lens's first token at the place where
the verdict found that bridge; if all are there, at the last hop. A failing last hop is *known
alone* if the model answers its fact asked as an atomic question. It is *absent above the bridge*
if it is known alone, and still no state of that bridge, moved in from a question on which the
bridge is reached otherwise, brings the answer: the layers that look up the first fact hold it,
those that would look it up second do not.

Source: arXiv:2405.15071, section 3.3 (the explanation of OOD failure, tested there indirectly).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.circuits.donors import Donors, lead_in
from latebloom.circuits.lens import Lens
from latebloom.circuits.probe import Probe
from latebloom.circuits.states import States, read_answers, run_states
from latebloom.circuits.tracing import patch_grid
from latebloom.circuits.verdict import Verdict
from latebloom.evaluation.accuracy import predict
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.records import fields_to_json


@dataclass(frozen=True, slots=True)
class Failures:
    """Counts of questions.

    failed_at: for each hop the wrong answers that it is to blame for.
    known_alone: of those that fail at the last hop, how many of its facts are known by themselves.
    with_donor: of these, how many have a donor, so that the last test can be made.
    absent_above: of these, how many no moved bridge makes right.
    """

    split: str
    n: int
    right: int
    failed_at: tuple[int, ...]
    known_alone: int
    with_donor: int
    absent_above: int

    def as_dict(self) -> dict[str, Any]:
        return fields_to_json(self) | {"words": self.words()}

    def words(self) -> str:
        """The explanation in one sentence."""
        wrong = self.n - self.right
        if not wrong:
            return f"{self.split}: all {self.n} right"
        worst = int(np.argmax(self.failed_at)) + 1
        text = f"{self.split}: {wrong} of {self.n} wrong, {max(self.failed_at)} at hop {worst}"
        if worst == len(self.failed_at) and self.with_donor:
            share = self.absent_above / self.with_donor
            text += f"; of the facts known alone {share:.0%} are absent above the bridge"
        return text


def explain_failures(
    model: Transformer, probe: Probe, states: States, lens: Lens, verdict: Verdict
) -> Failures:
    """Sorts the questions of a chained probe by the hop that fails.

    states, lens: of `probe`. verdict: of a split that the circuit answers.
    """
    assert probe.chained and probe.alone is not None
    answers = torch.from_numpy(probe.answers)
    said, _ = read_answers(model, states.final, answers)
    wrong = (said != answers).numpy()
    hops = len(probe.steps) + 1
    blame = np.full(len(answers), hops)
    for hop in range(hops - 1, 0, -1):
        blame[~bridge_there(lens, probe, verdict, hop)] = hop
    last = np.flatnonzero(wrong & (blame == hops))
    known = last
    if len(last):
        alone = torch.from_numpy(probe.alone[last])
        loops = loops_needed(model.config, alone.shape[1], hops=1)
        knows = predict(model, alone, loops) == answers[last]
        known = last[knows.numpy()]
    donors = probe.donors[probe.steps[-1].name]
    tested = known[donors.same[known, 0] >= 0]
    return Failures(
        split=probe.split,
        n=len(answers),
        right=int((~wrong).sum()),
        failed_at=tuple(int((wrong & (blame == hop)).sum()) for hop in range(1, hops + 1)),
        known_alone=len(known),
        with_donor=len(tested),
        absent_above=len(tested) - restored(model, probe, states, donors, tested),
    )


def bridge_there(lens: Lens, probe: Probe, verdict: Verdict, hop: int) -> Bool[ndarray, " row"]:
    """On which questions the bridge after `hop` facts is the lens's first token at its position."""
    found = verdict.steps[hop - 1].used_at
    position = probe.steps[hop - 1].position if found is None else found.position
    name = probe.steps[hop - 1].name
    return (lens.rank[name][:, :, position] == 0).any(0).any(0).numpy()


def restored(
    model: Transformer, probe: Probe, states: States, donors: Donors, rows: Int[ndarray, " row"]
) -> int:
    """How many questions some state of the last bridge, moved from its donor, makes right."""
    if not len(rows):
        return 0
    led = lead_in(probe.questions[rows], donors.same[rows], donors.leads)
    source = run_states(model, torch.from_numpy(led), n_loops=states.n_loops)
    tokens = torch.from_numpy(probe.answers[rows])
    grid = patch_grid(
        model,
        states,
        source,
        tokens,
        changed=donors.leads,
        rows=torch.from_numpy(rows),
        positions=(probe.steps[-1].position,),
    )
    return int((grid.answer == tokens).any(0).any(0).any(0).sum())
