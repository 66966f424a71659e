"""Where a figure comes from: the commit of the code, the machine, the date.

Enters: nothing but where it runs. Leaves: `provenance()`, which every JSON file in results/ holds,
and the same in words, `in_words(...)`, for the head of a Markdown page.

A measurement that takes long asks for it before it begins, so that the commit is the one whose code
was measured, whatever is committed meanwhile.
"""

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CODE = Path(__file__).resolve().parent.parent
"""The checkout that is measured."""
RESULTS = CODE / "results"
"""Where the figures lie that the pages quote."""
MEASURED = ("latebloom", "benchmarks", "pyproject.toml")
"""The parts of the checkout that a figure depends on."""


def provenance() -> dict[str, Any]:
    """`commit`, `date` (UTC) and `machine` (`cores`, `processor`, `system`)."""
    return {
        "commit": commit_of_code(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "cores": os.cpu_count(),
            "processor": processor(),
            "system": platform.platform(),
        },
    }


def in_words(made: Mapping[str, Any]) -> str:
    """What `provenance` gave, in words: `Commit 9205d57d0a2c, 2026-11-21, AMD EPYC, 2 cores.`"""
    machine, commit = made["machine"], short(made["commit"])
    return f"Commit {commit}, {made['date']}, {machine['processor']}, {machine['cores']} cores."


def short(commit: str) -> str:
    """A commit's first twelve digits, which name it well enough, with its `-changed`."""
    digits, dash, changed = commit.partition("-")
    return f"{digits[:12]}{dash}{changed}"


def commit_of_code(code: Path = CODE) -> str:
    """The commit that is checked out, with `-changed` if what is measured differs from it.

    `unknown` outside of a git checkout.
    """

    def git(*words: str) -> str:
        told = subprocess.run(
            ["git", *words], cwd=code, capture_output=True, text=True, check=False
        )
        return told.stdout.strip()

    changed = git("status", "--porcelain", "--", *MEASURED)
    return (git("rev-parse", "HEAD") or "unknown") + ("-changed" if changed else "")


def processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()
