"""What is shown of a traced run: figures where its report finds them, and a table of verdicts.

Enters: a run folder and the records of its checkpoints. Leaves: `RUN/figures/*.svg` (the circuit of
the last checkpoint, its heat maps against the onset; over training what is answered through the
bridge, which is `bridge.png` too, ranks and progress measures), beside each the numbers behind it
(`*.csv`), and `Stretch`es: the checkpoints in
a row that have the same circuit, as a line of a table each.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from latebloom.circuits.failures import Failures
from latebloom.circuits.record import CircuitRecord
from latebloom.circuits.verdict import USED, Found, Kind, Place, Verdict
from latebloom.reports.behind import (
    circuit_behind,
    curves_behind,
    heat_maps_behind,
    write_behind,
)
from latebloom.reports.bridge_figure import plot_bridge
from latebloom.reports.circuit_figures import (
    plot_circuit,
    plot_heat_maps,
    plot_progress,
    plot_ranks,
    words,
)
from latebloom.reports.figure import write_figure
from latebloom.reports.splits import percent
from latebloom.training.milestones import LEVEL
from latebloom.training.run_folder import RunFolder

KINDS: dict[Kind, str] = {
    "serial": "every bridge (the entity that one hop hands to the next) is found in order, and the"
    " answers go through it",
    "parallel": "both values are looked up side by side, and the answer depends on them",
    "memorised": "at least 90 % of the traced questions right, fewer of the held-out ones, and no"
    " circuit: the questions are known by heart",
    "no circuit found": "at least 90 % of the held-out questions right, and yet some step cannot be"
    " read from any state, or the answers do not go through it",
    "nothing held out": "at least 90 % right and no circuit; without held-out questions nobody can"
    " tell what is known by heart",
    "not learned": "fewer than 90 % right, and no circuit",
    "no known step": "for such questions the task names no step on the way to the answer",
}
"""What each kind of verdict means."""
STRENGTH = (
    "the share of questions whose answer changes when this one state is replaced by that of a"
    " question with another {origin}; the lens reads the step there too"
)
RESTORED = (
    "the share of right answers that come back to questions with another {origin} when this one"
    " state is taken from a question with the right bridge, of the weakest bridge; a bridge is used"
    " from {used:.0%} on"
)
NO_DONORS = "no question has a like one to take a state from, so strength alone tells what is used"


def write_circuit_figures(run: Path, records: Sequence[CircuitRecord]) -> list[Path]:
    """Draws what the records hold; returns the files.

    The onset is the first checkpoint that fits half of its questions: there grokking begins, and
    the paper compares it with the end.
    """
    folder = run / "figures"
    folder.mkdir(exist_ok=True)
    final = records[-1]
    onset = next((r for r in records if r.accuracy >= LEVEL / 2), records[0])
    drawings = {
        "circuit": plot_circuit(final),
        "bridge": plot_bridge(records),
        "heat-maps": plot_heat_maps(onset, final),
        "ranks": plot_ranks(records),
        "progress": plot_progress(records, list(RunFolder(run).metrics())),
    }
    behind = {
        "circuit": circuit_behind(final),
        "heat-maps": heat_maps_behind(onset, final),
        **{name: curves_behind(drawings[name]) for name in ("bridge", "ranks", "progress")},
    }
    written = [write_figure(figure, folder / f"{name}.svg") for name, figure in drawings.items()]
    for path in written:
        write_behind(path, behind[path.stem])
    return [*written, write_figure(drawings["bridge"], folder / "bridge.png")]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Checkpoints in a row with the same circuit."""

    records: tuple[CircuitRecord, ...]

    @property
    def kind(self) -> Kind:
        """What the circuit is called."""
        return self.records[0].verdict.kind

    @property
    def steps(self) -> str:
        """The first and the last training step."""
        return span([f"{record.step or 0:,}" for record in self.records], " to ")

    @property
    def right(self) -> str:
        """The least and the largest accuracy on the traced questions."""
        return shares([record.accuracy for record in self.records])

    @property
    def held_out(self) -> str:
        """The same on held-out questions."""
        return shares([record.verdict.held_out for record in self.records])

    @property
    def restored(self) -> str:
        """The same of the answers that moving a bridge restores, of the weakest bridge."""
        return shares([record.verdict.restored for record in self.records])

    @property
    def found(self) -> str:
        """Where each step is and how strong, then where the answer is, in words."""
        if self.kind not in ("serial", "parallel"):
            return ""
        last = self.records[-1]
        parts = [
            f"{step.name} in {where(last, step.used_at)}, {strengths(self.records, i)}"
            for i, step in enumerate(last.verdict.steps)
            if step.used_at is not None
        ]
        answer = last.verdict.answer
        return "; ".join([*parts, *([f"answer from {where(last, answer)} on"] if answer else [])])

    @property
    def failures(self) -> list[Failures]:
        """What is wrong of each held-out split at the end of the stretch."""
        return list(self.records[-1].failures.values())


def stretches(records: Iterable[CircuitRecord], *, each: bool = False) -> list[Stretch]:
    """The records, those in a row with the same circuit together.

    each: every record by itself.
    """
    found: list[list[CircuitRecord]] = []
    for record in records:
        if found and not each and circuit_of(found[-1][-1].verdict) == circuit_of(record.verdict):
            found[-1].append(record)
        else:
            found.append([record])
    return [Stretch(tuple(some)) for some in found]


def circuit_of(verdict: Verdict) -> tuple[Kind, tuple[Place | None, ...]]:
    """What makes two circuits the same: their kind, and where their steps and the answer are."""
    kind = verdict.kind
    if kind not in ("serial", "parallel"):
        return kind, ()
    return kind, (*(step.used_at for step in verdict.steps), verdict.answer)


def where(record: CircuitRecord, place: Place) -> str:
    """A state in words: its depth, and the token that it belongs to."""
    return f"{words(record, place)} at {record.places[place.position]}"


def strengths(records: Sequence[CircuitRecord], step: int) -> str:
    """The strength of a step, from the first of some checkpoints to the last."""
    found: list[Found] = [record.verdict.steps[step] for record in records]
    return "strength " + span([f"{one.strength:.2f}" for one in found], " to ")


def shares(found: Sequence[float]) -> str:
    """The least and the largest of some shares: `0.3–13.0 %`."""
    least, most = percent(min(found)), percent(max(found))
    return most if least == most else span([least.removesuffix(" %"), most])


def span(texts: Sequence[str], between: str = "–") -> str:
    """The first and the last of some texts; only one of them if they are equal."""
    return texts[0] if texts[0] == texts[-1] else f"{texts[0]}{between}{texts[-1]}"


def tell_restored(record: CircuitRecord) -> list[str]:
    """What the restored share is, and that of the control, a line each; none without steps."""
    effect, verdict = record.leading_effect, record.verdict
    if not verdict.steps or effect is None:
        return []
    if math.isnan(verdict.restored):
        return [f"restored: {NO_DONORS}"]
    controls = [
        f"control: from a question with another {step.name} it is {percent(step.other_moved)};"
        f" {percent(record.coincide[step.name])} of these have the same right answer by chance"
        for step in verdict.steps
        if not math.isnan(step.other_moved)
    ]
    return [f"restored: {RESTORED.format(origin=effect.name, used=USED)}", *controls]


def blame(failures: Failures) -> str:
    """How many of a split are wrong, and which hop fails, in a sentence."""
    wrong = failures.n - failures.right
    if not wrong:
        return f"{failures.split}: all {failures.n} right."
    blamed = {hop: n for hop, n in enumerate(failures.failed_at, 1) if n}
    parts = [f"{n} fail at hop {hop}" for hop, n in blamed.items()]
    return f"{failures.split}: {wrong} of {failures.n} wrong; {', '.join(parts)}."


def explain(failures: Failures) -> str:
    """The same, and whether the last hop's fact is stored where that hop looks."""
    text = blame(failures)
    if failures.with_donor:
        text += (
            f" Of {failures.with_donor} that fail at the last hop although the model knows that"
            f" fact by itself, {failures.absent_above} stay wrong when the right bridge is put in:"
            " the fact is not stored where the last hop looks."
        )
    return text
