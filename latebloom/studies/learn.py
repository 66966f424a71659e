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
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latebloom.errors import RunFolderError
from latebloom.files import write_text
from latebloom.model.grown import grown
from latebloom.reading import read_text
from latebloom.studies.grow import finish, use_threads
from latebloom.studies.learned import FACTS_FILE, Learned, measure
from latebloom.training.averaging import WeightAverage
from latebloom.training.checkpoint import save_checkpoint
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device
from latebloom.training.listener import Listener, Silence
from latebloom.training.lock import locked
from latebloom.training.opened import OpenedRun
from latebloom.training.optimizers import make_optimizers, ready_to_schedule
from latebloom.training.run_folder import RunFolder
from latebloom.training.start import StartConfig
from latebloom.worlds.chains.files import read_facts
from latebloom.worlds.chains.later import Later, tell_later
from latebloom.worlds.chains.later_world import world_of_later
from latebloom.worlds.chains.own import FactsConfig
from latebloom.worlds.chains.sets_config import SetsConfig
from latebloom.worlds.streams import Draw

COLUMNS = {"subject": "subject", "relation": "relation", "object": "object"}
"""How the columns of the file of all facts are called."""
LR_SCALE = 0.3
"""The learning rates, beside those that the run was trained with."""
LATER_FRAC = 0.25
"""The share of a batch that is new facts; the rest is rehearsed."""
STEPS = 100
"""Steps of the training."""
AFRESH = "afresh.toml"
"""The config that grows a new run over all facts, beside that of the learning."""


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
    `tell_later`. steps: of training; 0: `STEPS`.
    Raises: FactsError for a file that cannot be meant; LatebloomError for a run that cannot learn.
    """
    listener = listener or Silence()
    if Path(out).resolve() == run.folder.path.resolve():
        raise RunFolderError(f"{out} is the run that learns; what it learned goes into a new run")
    table = read_facts(Path(facts))
    made_from = run.config.world
    inverse = isinstance(made_from, SetsConfig) and made_from.inverse and run.world.task.several
    later = tell_later(run.world, table, inverse=inverse, replacing=replacing)
    known = f", {later.known:,} told already" if later.known else ""
    listener.note(f"{table.source}: {later.in_words()}{known}")
    rng = np.random.default_rng([run.config.world_seed, Draw.LATER])
    told = world_of_later(run.world, later, rng)
    afresh = config_afresh(run, Path(out).resolve() / FACTS_FILE)
    config = config_for_learning(afresh, steps)
    place = choose_device(device)
    began = time.perf_counter()
    kinds = (range(later.entities), range(later.entities, later.entities + later.relations))
    renumbered = torch.from_numpy(later.renumbered)
    parts = run.folder.own.parts
    seed = run.config.seed * 1_000_003 + Draw.NEW_NAMES
    model = grown(run.model, renumbered, kinds, len(later.vocabulary), seed, parts).to(place)
    machine = {"device": place.type, "threads": use_threads(threads), "learned": str(facts)}
    folder = RunFolder.create(Path(out), config, told.world, machine, overwrite, run.folder.own)
    with locked(folder.path):
        write_text(folder.path / FACTS_FILE, as_csv(later, inverse))
        write_text(folder.path / AFRESH, afresh.to_toml())
        average = WeightAverage(model, config.train.average_frac)
        optimizers = ready_to_schedule(make_optimizers(model, config.train))
        save_checkpoint(folder.path / "checkpoints", 0, average, optimizers, {"seconds": 0.0}, 0)
        summary = finish(config, told.world, folder, listener, place)
        seconds = time.perf_counter() - began
        found = measure(run, later, told, folder, summary["steps"], seconds, str(facts))
        summary |= {"learned": found.as_dict()}
        folder.write_summary(summary)
    return found, summary


def config_afresh(run: OpenedRun, facts: Path) -> RunConfig:
    """The config that grows a new run over all facts.

    facts: the file in which they stand. A run that has learned before knows how it was grown.
    """
    path = run.folder.path / AFRESH
    config = run.config
    if path.is_file():
        try:
            config = RunConfig.from_toml(read_text(path))
        except (OSError, ValueError) as error:
            raise RunFolderError(f"{path}: {error}") from error
    fields = {f.name for f in dataclasses.fields(FactsConfig)} - {"kind", "facts"}
    alike: dict[str, Any] = {
        name: getattr(config.world, name) for name in fields if hasattr(config.world, name)
    }
    alike |= {"facts": str(facts), **COLUMNS}
    world = FactsConfig(**alike)
    return dataclasses.replace(config, world=world)


def config_for_learning(afresh: RunConfig, steps: int) -> RunConfig:
    """The config of the new run: its training is the short one that learns."""
    train = dataclasses.replace(
        afresh.train,
        steps=steps or STEPS,
        lr=afresh.train.lr * LR_SCALE,
        muon_lr=afresh.train.muon_lr * LR_SCALE,
        warmup_steps=10,
        schedule="linear",
        average_frac=0.0,
        eval_every=50,
        probe=300,
        checkpoint_every=50,
        keep=2,
        until="",
    )
    feed = dataclasses.replace(afresh.feed, later_frac=LATER_FRAC)
    # It begins with the weights of the run that learns.
    return dataclasses.replace(afresh, train=train, feed=feed, start=StartConfig())


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
