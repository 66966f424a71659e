"""What a run wrote about itself, read for showing.

Enters: a run folder, finished or not. Leaves: a `Recording`.
Covers: a run killed while it wrote a line (the line is left out and counted), a resumed run (the
later record of a step counts), a run without summary. Does not cover: checkpoints.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from os.path import lexists
from pathlib import Path
from typing import Any

from latebloom.errors import RunFolderError
from latebloom.files import write_bytes
from latebloom.neutral import neutral
from latebloom.reading import parse_toml, read_text
from latebloom.training.manifest import check_manifest
from latebloom.training.run_folder import DIAGNOSIS
from latebloom.training.written import read_evaluations, read_machine, read_summary
from latebloom.worlds.data import Description, describe

Record = Mapping[str, Any]
"""One evaluation, a line of `metrics.jsonl`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """A run as it is shown."""

    run_dir: Path
    """Where it lies."""
    records: list[Record]
    """The evaluations by step, at least one."""
    skipped: int
    """Lines of `metrics.jsonl` that could not be read."""
    summary: Record
    """`summary.json`; empty if the run has not ended."""
    config: Record
    """`config.toml`; empty if there is none."""
    environment: Record
    """`environment.json`; empty if there is none."""
    diagnosis: Sequence[str] = ()
    """What was said of the data when they were read, by line; empty where nothing was."""
    data: Description = field(default_factory=Description)
    """What its data is, and what each split holds."""

    @property
    def recipe(self) -> str:
        return str(self.summary.get("recipe", self.config.get("recipe", self.run_dir.name)))

    @property
    def seed(self) -> int | None:
        return self.summary.get("seed", self.config.get("seed"))

    @property
    def title(self) -> str:
        return title_of(self.recipe, self.seed)

    @property
    def splits(self) -> list[str]:
        """Every split that was measured, in order of appearance."""
        return list(dict.fromkeys(s for record in self.records for s in record["accuracy"]))


def title_of(recipe: str, seed: int | None) -> str:
    """`composition, seed 0`."""
    return recipe if seed is None else f"{recipe}, seed {seed}"


def read_recording(run_dir: Path | str) -> Recording:
    """Reads a run folder.

    Raises: RunFolderError if there is no evaluation in it, or a file in it is damaged.
    """
    folder = Path(run_dir)
    if not folder.is_dir():
        raise RunFolderError(f"{folder} is no folder; name a run folder that `latebloom grok` made")
    records, skipped = read_metrics(folder / "metrics.jsonl")
    check_manifest(folder)
    summary, machine = folder / "summary.json", folder / "environment.json"
    return Recording(
        run_dir=folder,
        records=records,
        skipped=skipped,
        summary=read_summary(summary, whole=False) if lexists(summary) else {},
        config=_read_toml(folder / "config.toml"),
        environment=read_machine(machine)[1] if lexists(machine) else {},
        diagnosis=read_diagnosis(folder / DIAGNOSIS),
        data=describe(folder),
    )


def read_diagnosis(path: Path) -> Sequence[str]:
    """What was said of the data; empty where there is no such file.

    Raises: RunFolderError if it cannot be read.
    """
    if not lexists(path):
        return ()
    try:
        return read_text(path).splitlines()
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read ({error})") from error


def read_metrics(path: Path) -> tuple[list[Record], int]:
    """The evaluations by step, and how many lines could not be read.

    Raises: RunFolderError if there is no evaluation.
    """
    by_step: dict[int, Record] = {}
    skipped = 0
    for _, record, _ in read_evaluations(path):
        if record is None:
            skipped += 1
        else:
            by_step[record["step"]] = record
    if not by_step and not (path.parent / "config.toml").is_file():
        raise RunFolderError(
            f"{path.parent} is no run folder (it has no config.toml); name a folder that `latebloom"
            " grok` made"
        )
    if not by_step:
        damaged = f" ({skipped} damaged lines)" if skipped else ""
        raise RunFolderError(
            f"{path} holds no evaluation yet{damaged}; go on with"
            f" `latebloom grok --resume {path.parent}`"
        )
    return [by_step[step] for step in sorted(by_step)], skipped


def phase_spans(records: Sequence[Record]) -> list[tuple[str, int, int]]:
    """Phases as (name, first step, last step): each lasts until the next is seen.

    The first span begins at the first evaluation. Records without a phase belong to none.
    """
    spans: list[tuple[str, int, int]] = []
    for record in records:
        name, step = record.get("phase"), int(record["step"])
        if spans:
            spans[-1] = (spans[-1][0], spans[-1][1], step)
        if name and (not spans or spans[-1][0] != name):
            spans.append((str(name), step, step))
    return spans


MOST_DRAWN = 2000
"""Evaluations that a curve is drawn through: more than a screen has columns for."""


def thinned(records: Sequence[Record], most: int, keep: Container[int] = ()) -> list[Record]:
    """At most `most` records, evenly spaced, the last always among them, and those to keep.

    keep: steps whose records are kept besides.
    """
    n = len(records)
    if n <= most:
        return list(records)
    even = {-(-(i + 1) * n // most) - 1 for i in range(most)}
    return [one for i, one in enumerate(records) if i in even or one["step"] in keep]


def drawn(records: Sequence[Record], summary: Mapping[str, Any]) -> list[Record]:
    """The records that a figure shows: all of them, or evenly many and those that it marks."""
    marked = {one.get("sustained_step") for one in summary.get("splits", {}).values()} - {None}
    return thinned(records, MOST_DRAWN, marked)


def write_output(path: Path, content: bytes) -> None:
    """Writes what is shown, whole or not at all; an SVG without characters that act.

    Raises: RunFolderError if it cannot be written.
    """
    if path.suffix == ".svg":
        content = neutral(content.decode()).encode()
    try:
        write_bytes(path, content)
    except OSError as error:
        raise RunFolderError(f"{path} cannot be written ({error.strerror})") from error


def _read_toml(path: Path) -> Record:
    try:
        return parse_toml(read_text(path))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read ({error})") from error
