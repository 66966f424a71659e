"""The manifest: checksums of what a run folder is begun with.

`RUN/manifest.json` lists the files that are written when a run is made and never change after it:
its config, its machine, its vocabulary and its world. They are checked whenever the run is opened,
so that a flipped bit is told and never answers anything. Checkpoints have checksums in their
`state.json`, lines of `metrics.jsonl` and `summary.json` a seal (`latebloom.reading`).

Covers: damage, and changes by hand. Does not cover: forgery. A run of an earlier version has no
manifest and is opened without.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from latebloom.errors import RunFolderError
from latebloom.files import write_json
from latebloom.reading import parse_json, read_bytes, read_text
from latebloom.records import from_json

FILE = "manifest.json"
FORMAT = 1
"""Version of the manifest."""
LARGEST = 2**36
"""Bytes of the largest file that a manifest lists."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What `manifest.json` holds."""

    format: int
    sha256: Mapping[str, str]
    """The checksum of each file, by its name in the run folder."""


def write_manifest(folder: Path) -> None:
    """Lists the files that a folder holds by now."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != FILE)
    sums = {path.name: sha256_of(path) for path in files}
    write_json(folder / FILE, {"format": FORMAT, "sha256": sums})


def check_manifest(folder: Path) -> None:
    """Whether a run folder is as it was made.

    Raises: RunFolderError naming the file that is missing, or of which a byte has changed.
    """
    path = folder / FILE
    if not path.exists() and not path.is_symlink():
        return
    try:
        manifest = from_json(parse_json(read_text(path)), Manifest)
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read ({error})") from error
    for name, wanted in manifest.sha256.items():
        file = folder / Path(name).name
        try:
            found = sha256_of(file)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise RunFolderError(f"{file} cannot be read ({reason}); grow the run again") from error
        if found != wanted:
            raise RunFolderError(
                f"{file} is not as the run was made with it: it was damaged, or changed by hand."
                f" Grow the run again; if you changed it yourself, remove {path}"
            )


def sha256_of(path: Path) -> str:
    """The checksum of a file.

    Raises: OSError if it cannot be read.
    """
    return hashlib.sha256(read_bytes(path, LARGEST)).hexdigest()
