"""An instrument put to every checkpoint of a run: the walker, and how to bring your own instrument.

Enters: a run folder and an instrument. Leaves: one record for each checkpoint, in order. Each is
kept as `RUN/<name of the instrument>/step_NNNNNNN.json`, written whole or not at all, so a walk
that was interrupted continues where it stopped, and a second walk computes nothing. A kept record
is used only if it was made with the same format and config and is complete; otherwise the
checkpoint is examined again.

latebloom has two instruments: `circuits.examination.CircuitInstrument` and
`trees.examination.TreeInstrument`. Any object with a name, a format, a config and `examine` is
another. How long are the embeddings of the entities?

    from dataclasses import dataclass
    import latebloom
    from latebloom.studies.checkpoints import walk

    @dataclass(frozen=True)
    class NormConfig:
        entities: int = 100

    @dataclass(frozen=True)
    class Norm:
        step: int
        mean: float

    class NormInstrument:
        name = "embedding-norms"  # the folder in the run
        format = 1                # raise it when what you measure changes
        record = Norm             # leave it out if examine returns a dict

        def __init__(self, config, world):
            self.config = config
            self.rows = world.vocabulary.encode([f"e{i}" for i in range(config.entities)])

        def examine(self, model, step):
            entities = model.embed.weight.detach()[self.rows]
            return Norm(step, entities.norm(dim=1).mean().item())

    run = latebloom.load("runs/composition")
    for norm in walk(run.folder, NormInstrument(NormConfig(), run.world)):
        print(norm.step, norm.mean)

An instrument is made once for a run's data, so what it draws at random (questions, replacements) is
the same for all checkpoints. Models come ready to answer, on the device that the walk was given.

Covers: records that are dicts or dataclasses (`latebloom.records` says of what).
Does not cover: two walks of one instrument at the same time.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from latebloom.errors import LatebloomError
from latebloom.files import write_text
from latebloom.model.transformer import Transformer
from latebloom.reading import parse_json, read_text, seal, unseal
from latebloom.records import from_json, to_json
from latebloom.training.checkpoint import Checkpoint
from latebloom.training.device import choose_device
from latebloom.training.opened import load_model
from latebloom.training.run_folder import RunFolder

R = TypeVar("R", covariant=True)

TAKEN = ("checkpoints", "figures")
"""Folders of a run that hold something else."""


@runtime_checkable
class Instrument(Protocol[R]):
    """What can be put to every checkpoint of a run.

    Two attributes may be left out. `record`: the dataclass that `examine` returns; without it,
    records are dicts. `variant`: added to the file name of every record, so that records of
    several configs can be kept beside each other; without it, a new config replaces the records of
    the one before.
    """

    @property
    def name(self) -> str:
        """The folder of its records in the run: letters, digits, `-` and `_`."""
        ...

    @property
    def format(self) -> int:
        """Version of its records; those of another version are made again."""
        ...

    @property
    def config(self) -> Any:
        """What was asked for: a dataclass. Records of another config are made again."""
        ...

    def examine(self, model: Transformer, step: int, /) -> R:
        """What it finds in the model of one checkpoint."""
        ...


def walk(
    run: RunFolder | Path | str,
    instrument: Instrument[R],
    *,
    step: int | None = None,
    device: str = "cpu",
    on_step: Callable[[int, bool], None] = lambda step, done_before: None,
) -> Iterator[R]:
    """The record of every checkpoint of a run, oldest first, or of one step's.

    step: only this checkpoint. device: where the models are put, as `choose_device` names it.
    on_step: called after each checkpoint; the second argument tells whether its record was there.

    Raises: RunFolderError if there is no such run or checkpoint; LatebloomError for an instrument
    whose name cannot be a folder, or a device that is not there.
    """
    folder = run if isinstance(run, RunFolder) else RunFolder.open(run)
    chosen = folder.checkpoints() if step is None else [folder.at_step(step)]
    home, place = home_of(folder, instrument.name), choose_device(device)

    @cache
    def grown_on() -> tuple[Any, Any]:
        return folder.config(), folder.data()

    def load(checkpoint: Checkpoint) -> Transformer:
        return load_model(*grown_on(), checkpoint, folder.own).to(place)

    def records() -> Iterator[R]:
        home.mkdir(exist_ok=True)
        variant = getattr(instrument, "variant", "")
        for checkpoint in chosen:
            path = home / f"step_{checkpoint.step:07d}{variant}.json"
            record = read_kept(path, instrument)
            done_before = record is not None
            if record is None:
                found = instrument.examine(load(checkpoint), checkpoint.step)
                record = keep(path, instrument, checkpoint.step, found)
            on_step(checkpoint.step, done_before)
            yield record

    return records()


def home_of(run: RunFolder, name: str) -> Path:
    """Where the records of an instrument are kept.

    Raises: LatebloomError if the name is no plain one, or that of something else in a run.
    """
    if not re.fullmatch(r"[\w-]+", name) or name in TAKEN:
        raise LatebloomError(
            f"an instrument named {name!r} cannot keep records in a run; use letters, digits, - and"
            f" _, and another name than {' or '.join(TAKEN)}"
        )
    return run.path / name


def read_kept(path: Path, instrument: Instrument[R]) -> R | None:
    """A record made before; None if it is missing, cut short, incomplete, or made differently."""
    try:
        table = unseal(parse_json(read_text(path)))
        made_so = table["format"] == instrument.format
        made_so = made_so and table["config"] == to_json(instrument.config)
        return from_json(table, kind_of(instrument)) if made_so else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(path: Path, instrument: Instrument[R], step: int, found: Any) -> R:
    """Writes a record, with its step, format and config; returns it as it will be read back.

    Raises: LatebloomError if it cannot be written as JSON, or not be read back.
    """
    head = {"step": step, "format": instrument.format, "config": to_json(instrument.config)}
    kind = kind_of(instrument)
    try:
        if not isinstance(found, kind):
            raise TypeError(f"it is a {type(found).__name__}, not a {kind.__name__}")
        text = json.dumps(head | to_json(found) | head, allow_nan=False)
        record = from_json(json.loads(text), kind)
    except (TypeError, ValueError) as error:
        raise LatebloomError(
            f"the record of {instrument.name!r} cannot be kept as JSON and read back ({error});"
            " a record is a dict, or a dataclass that the instrument names as its `record`"
        ) from error
    write_text(path, json.dumps(seal(json.loads(text))) + "\n")
    return record


def kind_of(instrument: Instrument[R]) -> type[R]:
    """What its records are."""
    kind: type[Any] = getattr(instrument, "record", dict)
    return kind
