"""What a run keeps of how it is to be asked, in `asked.json`: see `latebloom.asking.choosing`.

It holds for the weights of one checkpoint, whose checksum stands in it. A file that is missing,
damaged, or of other weights counts as none: all that it holds can be worked out again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.files import read_json, write_json
from latebloom.reading import seal, unseal
from latebloom.records import to_json

ASKED = "asked.json"
"""The file in a run folder."""


def read_kept(folder: Path, weights: str) -> Mapping[str, Any]:
    """What is kept for these weights; nothing where there is none.

    weights: their checksum.
    """
    path = folder / ASKED
    if not path.exists():
        return {}
    try:
        found = unseal(read_json(path, LatebloomError))
    except (LatebloomError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("weights") == weights else {}


def write_kept(folder: Path, weights: str, kept: Mapping[str, Any]) -> None:
    """Keeps it in a run folder, in place of what was kept before.

    Raises: OSError if it cannot be written.
    """
    write_json(folder / ASKED, seal(to_json({"weights": weights, **kept})))
