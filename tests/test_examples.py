"""The examples are short enough to read, and each does what its first lines say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))
LONGEST = 40
"""Lines of an example."""


def told_facts(lines: list[str]) -> None:
    """Every fact and trained question is right, and the held-out questions that are shown."""
    counts = {line.split()[0]: line.split()[1:] for line in lines if " of " in line}
    for split in ("atomic_id", "atomic_ood", "train_inferred"):
        right, _, n = counts[split]
        assert right == n != "0", split
    asked = [
        re.fullmatch(r".* -> (\S+) \| facts say (\S+)", line) for line in lines if "->" in line
    ]
    assert len(asked) == 5
    assert sum(one[1] == one[2] for one in asked) >= 4  # another machine may round otherwise


def bridge_comes_into_use(lines: list[str]) -> None:
    """Held-out accuracy and the use of the bridge rise together over the checkpoints."""
    rows = [[float(part) for part in line.split()] for line in lines[1:]]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert rows[0][1] < 0.5 < 0.95 < rows[-1][1]
    assert rows[-1][3] - rows[0][3] > 0.3


SHOWS = {"own_facts.py": told_facts, "watch_the_bridge.py": bridge_comes_into_use}
"""By example: what must be in the lines that it prints."""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_and_shows_what_it_promises(path, tmp_path):
    done = subprocess.run(
        [sys.executable, str(path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    SHOWS[path.name](done.stdout.splitlines())
