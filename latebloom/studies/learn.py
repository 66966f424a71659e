"""Learning facts later: a run goes on with more facts, in seconds, and nothing is lost.

Enters: a run, a table of new or corrected facts, and a place. Leaves: a *new* run folder in which
the facts are known; the old one is not touched. The model begins with the weights that it had, new
names get embeddings, and a short training tells the new facts alone while it rehearses all that was
trained on before: the run folder holds it. What came of it is measured, and where it did not get
there `Learned` says that a new run is better.

Rehearsal: Robins, Catastrophic forgetting, rehearsal and pseudorehearsal, Connection Science 7
(1995).
"""

import csv
import dataclasses
import io
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.asking.names import score_names
from latebloom.errors import RunFolderError
from latebloom.evaluation.accuracy import Score, score_splits
from latebloom.evaluation.ranking import ranks_of
from latebloom.files import write_text
from latebloom.model.grown import grown
from latebloom.model.transformer import Transformer
from latebloom.studies.grow import finish, use_threads
from latebloom.training.averaging import WeightAverage
from latebloom.training.checkpoint import save_checkpoint
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device
from latebloom.training.listener import Listener, Silence
from latebloom.training.lock import locked
from latebloom.training.opened import OpenedRun, load_model
from latebloom.training.optimizers import make_optimizers, ready_to_schedule
from latebloom.training.run_folder import RunFolder
from latebloom.worlds.answers import FactSets, follow_sets
from latebloom.worlds.chains.files import read_facts
from latebloom.worlds.chains.later import Later, tell_later
from latebloom.worlds.chains.later_world import LaterWorld, world_of_later
from latebloom.worlds.chains.own import FactsConfig
from latebloom.worlds.chains.sets import SetsConfig
from latebloom.worlds.splits import Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.world import World

COLUMNS = {"subject": "subject", "relation": "relation", "object": "object"}
"""How the columns of the file of all facts are called."""
LR_SCALE = 0.3
"""The learning rates, beside those that the run was trained with."""
LATER_FRAC = 0.25
"""The share of a batch that is new facts; the rest is rehearsed."""
STEPS = 100
"""Steps of the training."""
FACTS_FILE = "facts.csv"
"""Where in the new run all facts stand that it is told."""
ENOUGH = 0.99
"""The share of new facts that must be right, and of old ones that must be kept."""
COMPOSED = 0.9
"""The share of the questions through new facts that must be right, beside the run's own share of
held-out questions."""


@dataclass(frozen=True, slots=True)
class Share:
    """Right answers among so many."""

    right: int
    of: int

    @property
    def share(self) -> float:
        """nan of none."""
        return self.right / self.of if self.of else float("nan")

    def __str__(self) -> str:
        return f"{self.right:,} of {self.of:,}" + (f" ({self.share:.1%})" if self.of else "")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"share": self.share if self.of else None}


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of learning.

    told: what was added, corrected, taken away, known already. new: the new facts. kept: of the old
    facts that the run knew, and that still hold, those that it still knows. composed: two-hop
    questions that need a new fact, none of them trained on. held_out_before, held_out: the run's
    other held-out questions that no new fact touches, before and now. facts: the file with all
    facts that the new run is told.
    """

    source: str
    run: str
    told: dict[str, int]
    new: Share
    kept: Share
    composed: Share
    held_out_before: Share
    held_out: Share
    steps: int
    seconds: float
    facts: str

    @property
    def got_there(self) -> bool:
        """Whether the new facts are known, the old ones kept, and questions composed of either."""
        enough = self.new.share >= ENOUGH and (not self.kept.of or self.kept.share >= ENOUGH)
        before = self.held_out_before.share if self.held_out_before.of else 1.0
        composes = not self.composed.of or self.composed.share >= COMPOSED * before
        holds = not self.held_out.of or self.held_out.share >= before - (1 - ENOUGH)
        return enough and composes and holds

    def lines(self) -> list[str]:
        """For people."""
        told = ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in self.told.items() if n)
        out = [
            f"facts: {told}; {self.steps} steps in {self.seconds:.1f} s",
            f"new facts right: {self.new}",
            f"old facts kept: {self.kept}",
        ]
        if self.composed.of:
            out.append(f"two-hop questions that need a new fact, none trained on: {self.composed}")
        if self.held_out.of:
            out.append(
                f"other held-out questions: {self.held_out} (before: {self.held_out_before})"
            )
        return out

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        named = ("new", "kept", "composed", "held_out_before", "held_out")
        table = {name: getattr(self, name).as_dict() for name in named}
        others = ("source", "run", "told", "steps", "seconds", "facts")
        return {
            **{name: getattr(self, name) for name in others},
            **table,
            "got_there": self.got_there,
        }


def learn(
    run: OpenedRun,
    facts: Path | str,
    out: Path | str,
    *,
    listener: Listener | None = None,
    device: str = "auto",
    threads: int = 0,
    overwrite: bool = False,
    replacing: bool = False,
    steps: int = 0,
) -> tuple[Learned, dict[str, Any]]:
    """Teaches a run more facts; returns what came of it, and the summary of the new run.

    facts: a file (CSV, TSV, JSON Lines, N-Triples). out: the new run's folder. replacing: see
    `tell_later`. steps: of training at most; 0: `steps_for` decides.
    Raises: FactsError for a file that cannot be meant; LatebloomError for a run that cannot learn.
    """
    listener = listener or Silence()
    if Path(out).resolve() == run.folder.path.resolve():
        raise RunFolderError(f"{out} is the run that learns; what it learned goes into a new run")
    table = read_facts(Path(facts))
    made_from = run.config.world
    inverse = isinstance(made_from, SetsConfig) and made_from.inverse and run.world.task.several
    later = tell_later(run.world, table, inverse=inverse, replacing=replacing)
    listener.note(f"{table.source}: {later.in_words()}" + f", {later.known:,} known already")
    rng = np.random.default_rng([run.config.world_seed, Draw.LATER])
    told = world_of_later(run.world, later, rng)
    config = config_for_learning(run.config, Path(out).resolve() / FACTS_FILE, steps)
    place = choose_device(device)
    began = time.perf_counter()
    kinds = (range(later.entities), range(later.entities, later.entities + later.relations))
    renumbered = torch.from_numpy(later.renumbered)
    parts = run.folder.own.parts
    seed = run.config.seed * 1_000_003 + Draw.NEW_NAMES
    model = grown(run.model.cpu(), renumbered, kinds, len(later.vocabulary), seed, parts).to(place)
    machine = {"device": place.type, "threads": use_threads(threads), "learned": str(facts)}
    folder = RunFolder.create(Path(out), config, told.world, machine, overwrite, run.folder.own)
    with locked(folder.path):
        write_text(folder.path / FACTS_FILE, as_csv(later, inverse))
        average = WeightAverage(model, config.train.average_frac)
        optimizers = ready_to_schedule(make_optimizers(model, config.train))
        save_checkpoint(folder.path / "checkpoints", 0, average, optimizers, {"seconds": 0.0}, 0)
        summary = finish(config, told.world, folder, listener, place)
        seconds = time.perf_counter() - began
        found = measure(run, later, told, folder, summary["steps"], seconds, str(facts))
        summary |= {"learned": found.as_dict()}
        folder.write_summary(summary)
    return found, summary


def config_for_learning(config: RunConfig, facts: Path, steps: int) -> RunConfig:
    """The config of the new run: its training is the short one that learns, and its world is told
    by the file of all facts, so that the config grows a new run over them."""
    made_from = config.world
    fields = {f.name for f in dataclasses.fields(FactsConfig)} - {"kind", "facts"}
    alike = {name: getattr(made_from, name) for name in fields if hasattr(made_from, name)}
    world = FactsConfig(**(alike | {"facts": str(facts), **COLUMNS}))
    train = dataclasses.replace(
        config.train,
        steps=steps or STEPS,
        lr=config.train.lr * LR_SCALE,
        muon_lr=config.train.muon_lr * LR_SCALE,
        warmup_steps=10,
        schedule="linear",
        average_frac=0.0,
        eval_every=20,
        probe=300,
        checkpoint_every=50,
        keep=2,
        until="",
    )
    feed = dataclasses.replace(config.feed, later_frac=LATER_FRAC)
    return dataclasses.replace(config, world=world, train=train, feed=feed)


def unused_beside(run: Path) -> Path:
    """`RUN-learned`, or the first of `RUN-learned-2`, ... that does not exist."""
    run = run.resolve()
    folder, n = run.with_name(f"{run.name}-learned"), 1
    while folder.exists():
        n += 1
        folder = run.with_name(f"{run.name}-learned-{n}")
    return folder


def as_csv(later: Later, inverse: bool) -> str:
    """All facts as a table, each once and forwards."""
    rows = later.facts.rows()
    if inverse:
        rows = rows[rows[:, 1] < later.entities + later.relations // 2]
    words = later.vocabulary.words
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((words[s], words[r], words[o]) for s, r, o in rows.tolist())
    return text.getvalue()


def measure(
    run: OpenedRun,
    later: Later,
    told: LaterWorld,
    folder: RunFolder,
    steps: int,
    seconds: float,
    source: str,
) -> Learned:
    """What the new run knows of the new facts and of the old ones."""
    model = load_model(folder.config(), told.world, folder.newest(), folder.own)
    before, now = run.world, told.world
    rows, old_rows = later.facts.rows(), before.facts.rows()[later.kept]
    new = right_facts(model, now, rows[later.new])
    knew = right_facts(run.model, before, old_rows)
    knows = right_facts(model, now, later.renumbered[old_rows[knew]])
    names = [name for name in told.rows if name in now.tested]
    was = World(
        before.task,
        before.vocabulary,
        before.facts,
        {name: before.splits[name][told.rows[name]] for name in names},
        (),
        {name: before.sets[name].take(told.rows[name]) for name in names if name in before.sets},
    )
    composed = score_splits(
        model, now, splits=[Split.TEST_LATER] if Split.TEST_LATER in now.splits else []
    )
    return Learned(
        source=source,
        run=str(run.folder.path),
        told={
            "added": later.added,
            "corrected": later.corrected,
            "taken_away": later.removed,
            "known": later.known,
        },
        new=Share(int(new.sum()), len(new)),
        kept=Share(int(knows.sum()), len(knows)),
        composed=together(composed),
        held_out_before=together(score_splits(run.model, was, splits=names)),
        held_out=together(score_splits(model, now, splits=names)),
        steps=steps,
        seconds=round(seconds, 3),
        facts=str(folder.path / FACTS_FILE),
    )


def together(scores: dict[str, Score]) -> Share:
    """Scores of several splits, taken together."""
    return Share(sum(one.correct for one in scores.values()), sum(one.n for one in scores.values()))


def right_facts(
    model: Transformer, world: World, rows: Int[ndarray, "fact 3"]
) -> Bool[ndarray, " fact"]:
    """Whether each fact's object is the likeliest name, other objects of its subject and relation
    passed over."""
    if not len(rows):
        return np.zeros(0, bool)
    asked = rows[:, :2]
    sets = follow_sets(asked, [FactSets(world.facts)])[-1]
    own = sets.member == rows[:, 2][sets.question]
    questions = torch.from_numpy(world.task.lay(asked))
    ranks = ranks_of(score_names(model, world.task, questions), sets.asking(own))
    return ranks == 1
