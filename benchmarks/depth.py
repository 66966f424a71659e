"""The series over depths, kept with the results.

`python -m benchmarks.depth --runs runs/depth` grows what is not there yet of `latebloom sweep
depth` in that folder (`--recipes question,tense`, `--depths 2,4,6,8`, `--seeds 2`, `--threads 1`)
and writes `results/depth.json`, with the commit of the code and the machine, and
`results/depth.png`.
"""

import argparse
from pathlib import Path

from benchmarks.record import RESULTS, provenance
from latebloom.files import write_json
from latebloom.reports.depth import plot_depth
from latebloom.reports.figure import write_figure
from latebloom.studies.depth import DepthConfig, sweep_depth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("runs/depth"))
    parser.add_argument("--recipes", default="question,tense")
    parser.add_argument("--depths", default="2,4,6,8")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    told = parser.parse_args()
    config = DepthConfig(
        recipes=tuple(told.recipes.split(",")),
        depths=tuple(map(int, told.depths.split(","))),
        seeds=told.seeds,
    )
    made = provenance()
    series = sweep_depth(config, told.runs, threads=told.threads)
    # What the series says of its machine goes before: it also names the versions.
    write_json(RESULTS / "depth.json", made | series)
    write_figure(plot_depth(series), RESULTS / "depth.png")


if __name__ == "__main__":
    main()
