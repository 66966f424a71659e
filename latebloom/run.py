"""The door for Python: grow a run, open one, and do everything with it that one can do.

    import latebloom

    config = latebloom.make_recipe("composition").replace("world", phi=2.0)
    run = latebloom.grow(config, "runs/phi2")
    run.ask("e17", "r3", "r11").answers[0].name
    run.plot()                                    # the learning curves, inline in a notebook

What it does stands in the rooms below; here is only where to find it.
"""

import html
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from latebloom.asking.answer import Answer, ask
from latebloom.asking.choosing import AUTO, Asking, Wish
from latebloom.asking.names import READINGS
from latebloom.asking.numbers import ask_numbers
from latebloom.asking.selection import Selection
from latebloom.asking.set_answer import SetAnswer
from latebloom.asking.sets import ask_set, refuse_new_facts, refuse_wish
from latebloom.asking.table import ask_table
from latebloom.asking.told_facts import NewFacts, ask_both, load_new_facts
from latebloom.asking.told_values import ask_compared
from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.look import Glimpse, look_at
from latebloom.circuits.members import Mixture, Mixtures, Without
from latebloom.circuits.moving import Moved, Source, move_state
from latebloom.circuits.record import CircuitRecord, ExaminationConfig
from latebloom.circuits.verdict import Place
from latebloom.evaluation.accuracy import Score
from latebloom.evaluation.scores import follow, score
from latebloom.records import flat
from latebloom.reports.curves import plot_curves
from latebloom.reports.framed import HEIGHT, FramedPage
from latebloom.reports.page import render_report, write_report
from latebloom.reports.progress import Progress, make_progress
from latebloom.reports.recording import read_recording
from latebloom.reports.splits import percent
from latebloom.rivals.reply import Rival
from latebloom.studies import construct as constructing
from latebloom.studies import grow as growing
from latebloom.studies.cells import Cell, grower_here, state_of
from latebloom.studies.checkpoints import Instrument, walk
from latebloom.studies.contested import ContestConfig, hold_contest
from latebloom.studies.learn import learn as teach
from latebloom.studies.learn import unused_beside
from latebloom.studies.learned import Learned
from latebloom.training.config import RunConfig
from latebloom.training.listener import Listener
from latebloom.training.opened import OpenedRun, open_run
from latebloom.training.own import NOTHING_OWN, Own
from latebloom.trees.examination import TreeInstrument
from latebloom.trees.record import ProjectionConfig, TreeRecord
from latebloom.trees.scores import brackets, predicted_tree
from latebloom.worlds.comparisons.scale import NumbersConfig
from latebloom.worlds.data import Data


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A figure that a notebook shows inline and `save` writes into a file."""

    figure: Figure

    def save(self, path: Path | str) -> Path:
        """Writes the figure; the ending of the path tells the format (.png, .svg, .pdf)."""
        self.figure.savefig(path)
        return Path(path)

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.figure.savefig(content, format="png")
        return content.getvalue()

    def __repr__(self) -> str:
        return "Picture(...)"


@dataclass(frozen=True, slots=True, repr=False)
class Run(OpenedRun):
    """A run: ask it, measure it, look inside. Made by `grow`, `construct`,
    `resume` and `load`.

    folder: where it lies. config: what was asked for. data: what it was grown on; `world` and
    `corpus` are the same by their kind. model: at checkpoint `step`. memo: what was found once.
    """

    memo: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def asking(self) -> Asking:
        """How this run is asked, where its questions have several answers: at once or in parts."""
        if "asking" not in self.memo:
            kept = self.folder.asked(self.folder.at_step(self.step))
            reading = READINGS[self.config.train.set_loss]
            self.memo["asking"] = Asking(self.model, self.world, reading, kept)
        return self.memo["asking"]

    def ask(
        self,
        *question: str,
        top: int = 5,
        new: NewFacts | Path | str | None = None,
        way: Wish = AUTO,
    ) -> Answer | SetAnswer | Selection:
        """Answers one question, given as names: `run.ask("JFK", "country", "capital")`.

        Of a run on a table of numbers also `run.ask("half-life", "above", "24")` or `"top", "5"`.
        new: facts told after training, to be used together with those that the model knows: a file
        (CSV, TSV, JSON Lines, N-Triples), or what `latebloom.asking.told_facts` read.
        way: where questions have several answers `at-once` or `in-parts`; `auto`: whichever was
        better on the questions of validation.
        Raises: UnknownNameError, with the nearest known names; LatebloomError if it is no question.
        """
        if isinstance(new, Path | str):
            new = load_new_facts(Path(new), self.world.vocabulary)
        if self.world.task.several:
            refuse_new_facts(new)
            if self.world.task.numbers is not None:
                return ask_table(self.model, self.world, question, top, self.asking, way)
            return ask_set(self.model, self.world, question, top, self.asking, way)
        refuse_wish(way)
        made_from = self.config.world
        numbers = made_from if isinstance(made_from, NumbersConfig) else None
        if new is None:
            if numbers is None:
                return ask(self.model, self.world, question, top)
            return ask_numbers(self.model, self.world, numbers, question, top)
        if self.world.task.chained:
            return ask_both(self.model, self.world, new, question, top)
        return ask_compared(self.model, self.world, new, question, top, numbers=numbers)

    def learn(
        self,
        facts: Path | str,
        out: Path | str | None = None,
        *,
        replace: bool = False,
        listener: Listener | None = None,
        **settings: Any,
    ) -> tuple["Run", Learned]:
        """Teaches more facts, or corrected ones, without starting again; this run stays as it is.

        Returns the new run and what came of it: `learned.got_there` says whether it is good enough.
        facts: a file of facts. out: the new run's folder; None: `RUN-learned` beside this one.
        replace: see `latebloom learn --help`. settings: those of `latebloom.studies.learn.learn`.
        Raises: FactsError for a file that cannot be meant; LatebloomError for a run that cannot
        learn.
        """
        place = unused_beside(self.folder.path) if out is None else Path(out)
        found: list[Learned] = []

        def train(told: Listener) -> None:
            done = teach(self, facts, place, listener=told, replacing=replace, **settings)
            found.append(done[0])

        with_progress(train, listener)
        return load(place, own=self.folder.own), found[0]

    def score(self, *splits: str) -> dict[str, Score]:
        """The accuracy of each split (all of them if none is named), every example counted."""
        return score(self.model, self.data, splits=splits or None)

    def rules(self, *splits: str) -> dict[str, dict[str, float]]:
        """For each split (all of them if none is named) the share of the model's choices with
        which each rule agrees; empty where the task tells no rules apart."""
        return follow(self.model, self.data, splits=splits or None)

    def lens(self, *question: str, names: Sequence[str] = ()) -> list[Glimpse]:
        """What every state would answer if the model ended there (the logit lens).

        question: in names; without one, a held-out question. names: whose rank and probability are
        wanted at every state besides.
        """
        asked = question or self.world.example()
        return look_at(self.model, self.world, asked, names)

    def members(self, *question: str) -> tuple[Mixture, ...]:
        """The names that stand together at each bridge of a question, with their shares; of looped
        models (`latebloom.circuits.members`)."""
        return Mixtures(self.model, self.world, question).all()

    def without(self, name: str, *question: str) -> Without:
        """What becomes of each answer if one name is taken out of the mixture at a bridge."""
        return Mixtures(self.model, self.world, question).without(name)

    def patch(
        self, *question: str, loop: int, layer: int, position: int, by: Source, top: int = 5
    ) -> Moved:
        """The answer to a question with one of its states replaced, and what every state then says.

        loop: from 1. layer: a boundary, 0 before the first layer of the loop. position: from 0.
        by: what is put there: `OfQuestion(names)`, `Noise(seed)`, `Mean()` or `Embedding(name)` of
        `latebloom.circuits.moving`.
        Raises: UnknownNameError, with the nearest names; LatebloomError if it is no question, or
        there is no such state.
        """
        place = Place(loop - 1, layer, position)
        return move_state(self.model, self.world, question, place, by, top=top)

    def trace(self, *, step: int | None = None, **settings: Any) -> list[CircuitRecord]:
        """The circuit at every checkpoint, or at one step's: causal tracing, lens and verdict.

        settings: fields of `latebloom.circuits.record.ExaminationConfig`, as `examples=100`.
        The records are kept in the run folder, so that a second call is quick.
        """
        instrument = CircuitInstrument.of_world(self.world, ExaminationConfig(**settings))
        return list(self.examine(instrument, step=step))

    def examine(self, instrument: Instrument[Any], *, step: int | None = None) -> Iterable[Any]:
        """The records of any instrument, one a checkpoint (`latebloom.studies.checkpoints`)."""
        return walk(self.folder, instrument, step=step)

    def trees(self, *, step: int | None = None, **settings: Any) -> list[TreeRecord]:
        """How tree-like the model reads sentences, at every checkpoint or at one step's.

        settings: fields of `latebloom.trees.record.ProjectionConfig`, as `sentences=200`.
        The records are kept in the run folder, so that a second call is quick.
        """
        instrument = TreeInstrument.of_corpus(self.corpus, ProjectionConfig(**settings))
        return list(self.examine(instrument, step=step))

    def tree(self, sentence: str, *, exact: bool = False) -> str:
        """The tree that the model reads a sentence as, in brackets; of a run on sentences.

        exact: the best of all binary trees instead of the published greedy one.
        """
        spans = predicted_tree(self.model, self.corpus.encode(sentence), exact=exact)
        return brackets(sentence.split(), spans)

    def rivals(self, *own: Rival, **settings: Any) -> list[dict[str, Any]]:
        """The same held-out questions put to external memory; a row for each rival and split.

        own: rivals of your own. settings: fields of `latebloom.studies.contested.ContestConfig`.
        """
        return hold_contest(self, ContestConfig(**settings), rivals=own)["rows"]

    @property
    def summary(self) -> dict[str, Any]:
        """The outcome: what `summary.json` holds."""
        return self.folder.summary()

    @property
    def steps(self) -> list[int]:
        """The steps of which there is a checkpoint."""
        return [checkpoint.step for checkpoint in self.folder.checkpoints()]

    def at(self, step: int) -> "Run":
        """The same run at another checkpoint."""
        device = str(self.model.device)
        return load(self.folder.path, step=step, device=device, own=self.folder.own)

    def metrics(self) -> list[dict[str, Any]]:
        """The evaluations as flat rows, which `pandas.DataFrame` and `polars.DataFrame` take.

        The accuracy of a split is the column `accuracy.SPLIT`, of sentences the share of choices
        with which a rule agrees `rules.SPLIT.RULE`.
        """
        return [flat(record) for record in self.folder.metrics()]

    def plot(self) -> Picture:
        """The learning curves: accuracy by split over the steps, with the phases."""
        recording = read_recording(self.folder.path)
        named = {"recipe": recording.recipe, "seed": recording.seed, **recording.summary}
        return Picture(plot_curves(recording.records, named, recording.data.meanings))

    def report(self) -> Path:
        """Writes the run's page, one HTML file, and returns its path."""
        return write_report(self.folder.path)

    def show(self, *, height: int = HEIGHT) -> FramedPage:
        """The run's page inside a notebook's cell, the laboratory included.

        height: of the frame, in pixels. The page is a part of the cell's output: a notebook that
        is saved with it grows by the size of `report.html`, a few megabytes.
        """
        recording = read_recording(self.folder.path)
        return FramedPage(render_report(recording), recording.title, height)

    def _repr_html_(self) -> str:
        title = html.escape(f"{self.config.recipe}, seed {self.config.seed}, step {self.step}")
        last = next(iter(reversed(list(self.folder.metrics()))), {"accuracy": {}})
        rows = "".join(
            f"<tr><td style='text-align:left'>{html.escape(split)}</td><td>{percent(share)}</td>"
            f"<td style='text-align:left'>{html.escape(self.data.meaning(split).holds)}</td></tr>"
            for split, share in last["accuracy"].items()
        )
        place = html.escape(str(self.folder.path))
        return f"<b>{title}</b> <code>{place}</code><table>{rows}</table>"


def load(
    run: Path | str, *, step: int | None = None, device: str = "cpu", own: Own = NOTHING_OWN
) -> Run:
    """Opens a run folder at its newest checkpoint, or at that of one step.

    device: cpu, cuda, mps or auto. own: the parts of one's own that it was grown with.
    Raises: RunFolderError if the folder is no run, of another version, or damaged.
    """
    opened = open_run(run, step=step, device=device, own=own)
    return Run(opened.folder, opened.config, opened.data, opened.model, opened.step)


def grow(
    config: RunConfig,
    out: Path | str,
    *,
    listener: Listener | None = None,
    device: str = "auto",
    threads: int = 0,
    overwrite: bool = False,
    own: Own = NOTHING_OWN,
) -> Run:
    """Makes the world, trains until the rule holds or the steps are done, and opens the run.

    config: what to grow (`make_recipe`, `RunConfig`). out: the run folder, which is made.
    listener: who is told how it goes; None: a notebook or a terminal shows it, anything else
    is quiet.
    device: cpu, cuda, mps, or auto for the fastest there is. threads: 0 for torch's own choice.
    own: parts of one's own in place of latebloom's: a world, a loss, a callback (`Own`).
    Raises: LatebloomError for what cannot be made, trained or written.
    """

    def train(told: Listener) -> None:
        growing.grow(
            config,
            out,
            listener=told,
            device=device,
            threads=threads,
            overwrite=overwrite,
            own=own,
        )

    with_progress(train, listener)
    return load(out, own=own)


def grow_once(
    config: RunConfig,
    out: Path | str,
    *,
    listener: Listener | None = None,
    device: str = "auto",
    threads: int = 0,
) -> Run:
    """The run of a config in its folder: opened if it is finished, resumed if it was stopped, else
    grown. So a notebook or a script can be run again without training again.

    The other arguments are those of `grow`.
    Raises: LatebloomError if the folder holds a run of another config, or something else.
    """
    cell, path = Cell(name=Path(out).name, config=config), Path(out)

    def train(told: Listener) -> None:
        grower_here(listener=told, device=device, threads=threads)(cell, path)

    if state_of(cell, path) != "finished":
        with_progress(train, listener)
    if state_of(cell, path) != "finished":
        raise KeyboardInterrupt
    return load(path)


def construct(
    config: RunConfig,
    out: Path | str,
    *,
    threads: int = 0,
    overwrite: bool = False,
    widen: bool = True,
    random_codes: bool = False,
    data: Data | None = None,
) -> Run:
    """Makes the world, computes the model's weights from its facts without training, and opens it.

    config: as for `grow`; of chains of facts, with one answer or several, or of comparisons.
    `resume` trains on from here, as its `train` says.
    out: the run folder, which is made. widen: make the model, where it is too narrow, wider than
    the config says. random_codes: where questions have several answers, names get codes that
    know nothing of the facts, so that none is guessed. data: a world of one's own.
    Raises: LatebloomError for what cannot be constructed or written, or does not fit into memory.
    """
    constructing.construct(
        config,
        out,
        threads=threads,
        overwrite=overwrite,
        widen=widen,
        random_codes=random_codes,
        data=data,
    )
    return load(out)


def resume(
    path: Path | str,
    *,
    listener: Listener | None = None,
    device: str = "auto",
    threads: int = 0,
    own: Own = NOTHING_OWN,
) -> Run:
    """Goes on with a run from its newest checkpoint, and opens it.

    own: the parts of one's own that it was grown with.
    The device and the threads that it began with are kept unless told otherwise: with them the
    result is that of the uninterrupted run, bit for bit.
    """

    def train(told: Listener) -> None:
        growing.resume(path, listener=told, device=device, threads=threads, own=own)

    with_progress(train, listener)
    return load(path, own=own)


def with_progress(train: Callable[[Listener], None], listener: Listener | None) -> None:
    """Trains with a listener; None: with the progress that suits the place, or none."""
    if listener is not None:
        train(listener)
        return
    progress: Progress
    with make_progress(quiet=not shows_progress()) as progress:
        train(progress)


def shows_progress() -> bool:
    """Whether somebody looks on: a notebook, an interactive session, a terminal."""
    shell = sys.modules.get("IPython")  # a library may have brought it to a script as well
    return (shell is not None and shell.get_ipython() is not None) or sys.stderr.isatty()
