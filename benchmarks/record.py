"""What every measured file says of itself: the commit of the code, the machine, the date.

Enters: nothing. Leaves: `provenance()`, to be put into a file of `results/` beside the figures.
"""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CODE = Path(__file__).resolve().parent.parent
HERE = CODE / "results"
"""Where measured files lie."""


def provenance(runs_side_by_side: int = 1) -> dict[str, Any]:
    """The commit that is measured, today's date, and the machine."""
    return {
        "commit": commit_of_code(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "cores": os.cpu_count(),
            "processor": processor(),
            "system": platform.platform(),
            "runs_side_by_side": runs_side_by_side,
        },
    }


def commit_of_code() -> str:
    """The commit that is measured, with `-changed` if the code differs from it."""

    def git(*words: str) -> str:
        told = subprocess.run(
            ["git", *words], cwd=CODE, capture_output=True, text=True, check=False
        )
        return told.stdout.strip()

    changed = git("status", "--porcelain", "--", "latebloom", "benchmarks", "pyproject.toml")
    return (git("rev-parse", "HEAD") or "unknown") + ("-changed" if changed else "")


def processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()
