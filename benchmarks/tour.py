"""What `latebloom tour` shows: two small models, grown here and packed into the package.

    python -m benchmarks.tour [--runs runs/tour]

The models are those of `latebloom bloom` at half their width, so that the checkpoints of both take
less than two megabytes. What the page's sentences say of a whole split is counted here as well.
What was grown before is kept. Leaves `latebloom/reports/tour_page/*.json` and `*.f16`.
"""

import argparse
import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import latebloom
from latebloom.asking.answer import ask
from latebloom.files import write_bytes, write_text
from latebloom.reports.laboratory import pack_run
from latebloom.reports.page import chart_data
from latebloom.reports.recording import read_recording
from latebloom.reports.scripts import TOUR
from latebloom.reports.tour import DRAWN, MOST_BYTES
from latebloom.run import Run
from latebloom.studies.bloom import models
from latebloom.training.milestones import bloom_of

WIDTH = 64
"""Half of what `latebloom bloom` has."""
CHECKPOINTS = {"plain": (0, 100, 200, 400, 800, 1200, 1700), "looped": (0, 60, 72, 200)}
"""The steps of the checkpoints of each model that the page has: before training, while it learns
by heart, on the plateau, at the end."""
COUNTED = 150
"""Questions of a split whose states are read."""


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=Path, default=Path("runs/tour"))
    runs = parser.parse_args().runs
    grown = {
        name: latebloom.grow_once(config.replace("model", d_model=WIDTH), runs / name, threads=1)
        for name, config in models().items()
    }
    asked = examples(grown["plain"])
    size = sum(ship(name, run, asked) for name, run in grown.items())
    assert size <= MOST_BYTES, f"{size} bytes of weights"
    print(f"{size} bytes of weights in {TOUR}")


def ship(name: str, run: Run, asked: Mapping[str, list[int]]) -> int:
    """Writes the files of a model; returns the bytes of its weights."""
    recording = read_recording(run.folder.path)
    packed = pack_run(run.folder.path, recording.records, CHECKPOINTS[name])
    curves = chart_data(recording)
    series = [
        one | {"name": DRAWN[one["name"]]} for one in curves["series"] if one["name"] in DRAWN
    ]
    told = {
        **packed.data,
        "checkpoints": [{"step": step, "phase": ""} for step in CHECKPOINTS[name]],
        "curves": {"steps": curves["steps"], "series": series},
        "asked": asked,
        "about": about(run),
    }
    write_text(TOUR / f"{name}.json", json.dumps(told, separators=(",", ":")) + "\n")
    weights = b"".join(base64.b64decode(one) for one in packed.weights)
    write_bytes(TOUR / f"{name}.f16", weights)
    return len(weights)


def about(run: Run) -> dict[str, Any]:
    """What the page says of a model."""
    summary, records = run.summary, list(run.folder.metrics())
    fitted = summary["splits"]["train_inferred"]["first_step"]
    (then,) = (record for record in records if record["step"] == fitted)
    return {
        "parameters": summary["parameters"],
        "seconds": summary["seconds"],
        "steps": summary["steps"],
        "accuracy": {split: one["accuracy"] for split, one in summary["splits"].items()},
        "fitted": fitted,
        "when_fitted": then["accuracy"]["test_id"],
        "reached": bloom_of(records, "test_id").reached,
        "counted": COUNTED,
        "facts_below": {
            split: after_first_layer(run, split) for split in ("atomic_id", "atomic_ood")
        },
        "bridge_below": {split: bridge_below(run, split) for split in ("test_id", "test_io")},
    }


def after_first_layer(run: Run, split: str) -> int:
    """Of `COUNTED` facts (or fewer), asked alone: how many are read after layer 1 already."""
    words, found = run.world.vocabulary.words, 0
    for row in run.world.examples(split)[:COUNTED]:
        states = run.lens(*(words[token] for token in row[:-1]))
        found += states[1].guesses[-1].name == words[row[-1]]
    return found


def bridge_below(run: Run, split: str) -> int:
    """Of `COUNTED` questions: in how many the bridge is read after the first layer."""
    words, found = run.world.vocabulary.words, 0
    for row in run.world.examples(split)[:COUNTED]:
        question = [words[token] for token in row[:-1]]
        (bridge,) = ask(run.model, run.world, question, 1).true_bridges
        found += run.lens(*question)[1].guesses[1].name == bridge
    return found


def examples(run: Run) -> dict[str, list[int]]:
    """A held-out question that is answered, and one whose second fact is OOD, told below, and lost:
    the bridge is read after layer 1, the fact alone after layer 1 too, and the answer is wrong."""
    words = run.world.vocabulary.words

    def first_that(split: str, wanted: bool) -> list[int]:
        for row in run.world.examples(split):
            question = [words[token] for token in row[:-1]]
            (bridge,) = ask(run.model, run.world, question, 1).true_bridges
            states = run.lens(*question)
            seen = states[1].guesses[1]
            last, fact = states[-1].guesses[-1].name, run.lens(bridge, question[2])[1].guesses[-1]
            if (
                len(set(question)) == 3
                and (seen.name, fact.name) == (bridge, words[row[-1]])
                and min(seen.probability, fact.probability) > 0.8
                and (last == words[row[-1]]) is wanted
            ):
                return [int(token) for token in row[:-1]]
        raise SystemExit(f"no such question in {split}")

    return {"id": first_that("test_id", True), "io": first_that("test_io", False)}


if __name__ == "__main__":
    main()
