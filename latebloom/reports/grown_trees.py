"""Trees that a run kept over its training, for the page: the same sentences at every checkpoint.

Enters: a run folder in which `latebloom trees` kept its records. Leaves: for each sentence that
these hold, its words, its gold tree and the tree that was projected at every measured step. Nothing
is projected here; the page projects trees of the checkpoints whose weights it holds itself
(`lab/trees.js`).

Covers: records of this version, whole, of the split and sentences that most checkpoints were
measured on. Does not cover: damaged records, which are passed over.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latebloom.reading import parse_json, read_text, unseal
from latebloom.records import from_json
from latebloom.trees.record import FORMAT, ProjectionConfig, TreeRecord

HOME = "trees"
"""The folder of a run in which `latebloom.trees.examination.TreeInstrument` keeps records."""


def trees_over_training(run_dir: Path) -> list[dict[str, Any]]:
    """The sentences with their trees; empty where none were kept.

    words: of the sentence. gold: its spans of words, first and last from 0. trees: pairs of a step
    and the spans of the tree that was projected there, steps ascending.
    """
    found: dict[ProjectionConfig, dict[int, TreeRecord]] = defaultdict(dict)
    for path in sorted((run_dir / HOME).glob("step_*.json")):
        record = read_record(path)
        if record is not None:
            found[record.config][record.step] = record
    return told(max(found.values(), key=len)) if found else []


def told(records: Mapping[int, TreeRecord]) -> list[dict[str, Any]]:
    """The sentences of some records by step."""
    steps = sorted(records)
    return [
        {
            "words": list(example.words),
            "gold": example.gold,
            "trees": [
                (step, same.predicted)
                for step in steps
                for same in records[step].examples
                if same.words == example.words
            ],
        }
        for example in records[steps[-1]].examples
    ]


def read_record(path: Path) -> TreeRecord | None:
    """One record; None for what is none of this version."""
    try:
        table = unseal(parse_json(read_text(path)))
        return from_json(table, TreeRecord) if table["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
