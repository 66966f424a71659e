"""What it costs to make the paper's comparison worlds: seconds and peak memory.

Each world is made in a process of its own. The published notebooks took 69 s and 6.1 GiB
(comparison) and 507 s and 8.1 GiB (hidden attributes, labels by search) on one core of a machine
with two.

    python -m benchmarks.worlds_comparison
"""

import json
import resource
import subprocess
import sys
import time
from typing import Any

from latebloom.worlds.comparisons.elements import ElementsConfig, make_elements
from latebloom.worlds.comparisons.hidden import HiddenAttributesConfig, make_hidden_attributes
from latebloom.worlds.comparisons.made import ComparisonConfig, make_comparison

COMPARISON = ComparisonConfig(entities=1000, attributes=20, values=20, phi=12.6)
HIDDEN = HiddenAttributesConfig(
    entities=1000, attributes=20, values=20, within_frac=0.03, across_frac=0.03
)
WORLDS = {
    "comparison": lambda: make_comparison(COMPARISON, 0),
    "hidden attributes": lambda: make_hidden_attributes(HIDDEN, 0),
    "elements": lambda: make_elements(ElementsConfig(), 0),
}


def measure(name: str) -> dict[str, Any]:
    """Makes one world in this process."""
    begun = time.perf_counter()
    world = WORLDS[name]()
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    splits = {split: len(rows) for split, rows in world.splits.items()}
    return {"world": name, "seconds": round(seconds, 3), "peak_gib": round(peak, 3)} | splits


def main() -> None:
    """Prints a JSON line for each world."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    for name in WORLDS:
        subprocess.run([sys.executable, "-m", "benchmarks.worlds_comparison", name], check=True)


if __name__ == "__main__":
    main()
