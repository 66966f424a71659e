"""Forecasts: the study, the fit and the test, and what came of it.

    python -m benchmarks.forecast --runs runs/forecast

Grows what is not grown yet of the runs of `benchmarks.forecast_study` (hours of one core; `--keep`
takes those that there are), fits a forecaster on one part of them, and tests it on the other, whose
settings it has never seen. Writes `latebloom/foresight/fitted.json`, which the package brings, and
`results/forecast.json`, `results/forecast.md` and `results/forecast.png`. With `--law` it grows the
sums of the published law alone, and puts what they say beside what these files hold already.

A test run is forecast twice: after a fifth of the steps that it turned out to need (of those that
it had, where it never came), and after a tenth of the steps that its config allows. The first is
what the literature does; it gives something away, since whoever knows that a fifth is over need
only multiply. No forecaster here is told so, but the second gives nothing away.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.forecast_rivals import of_all, rivals
from benchmarks.forecast_study import LOOPED, PLAIN, Design, cells, grow_study, modular_cells
from benchmarks.forecast_table import draw, pages
from benchmarks.record import CODE, RESULTS, provenance
from latebloom.errors import LatebloomError
from latebloom.files import read_json, write_json, write_text
from latebloom.foresight.early import GOALS, LEAST, Story
from latebloom.foresight.fitted import NOMINAL, Chance, GoalModel, NeverCame
from latebloom.foresight.fitting import FIFTH, Fitting, fit_goal
from latebloom.foresight.forecast import FITTED, Forecaster, Kind
from latebloom.foresight.law import Norms, calibrate
from latebloom.foresight.scope import Scope
from latebloom.intervals import student, wilson
from latebloom.records import to_json
from latebloom.reports.figure import write_figure
from latebloom.studies.cells import Cell, is_finished
from latebloom.training.run_folder import RunFolder

TENTH = 0.1
"""Share of a run's budget after which it is forecast a second time."""
LEAST_RUNS = 20
"""Fitting runs below which a kind is left out."""
CALIBRATED = "modular-lr0.002-decay1-"
"""The setting on whose runs the law is calibrated."""


def stories(made: Sequence[Cell], runs: Path) -> dict[str, Story]:
    """The runs of these cells that have come to their end, by name."""
    found = {}
    for cell in made:
        place = runs / cell.name
        if (place / "config.toml").is_file() and is_finished(RunFolder.open(place)):
            found[cell.name] = Story.read(RunFolder.open(place))
    return found


@dataclass(frozen=True, slots=True)
class Look:
    """A test run as it is told at one step, with what is forecast then.

    when: which of the two looks. true: the step at which it came; None: never.
    """

    run: str
    when: str
    step: int
    true: int | None
    chance: Chance
    others: Mapping[str, float]

    def error(self, name: str = "") -> float:
        """The relative error, of ours or of a rival; nan where it says no step."""
        said = self.others[name] if name else self.chance.step
        return abs(said / self.true - 1) if said and self.true else math.nan


def looks(
    whole: Mapping[str, Story], goal: str, model: Any, fitted: Mapping[str, Any]
) -> list[Look]:
    """Both looks at every test run; a run that came before the second is not looked at then."""
    found: list[Look] = []
    for name, story in whole.items():
        came = story.came(goal)
        for when, step in (
            ("a fifth of its steps", FIFTH * (came or story.step)),
            ("a tenth of its budget", TENTH * story.budget),
        ):
            told = story.until(step)
            if len(told.records) < LEAST or (came and told.step >= came):
                continue
            others = of_all(fitted, told, story)
            found.append(Look(name, when, told.step, came, model(told, goal), others))
    return found


def judged(some: Sequence[Look]) -> dict[str, Any]:
    """What looks of one sort say together."""
    came = [look for look in some if look.true is not None]
    timed = [look for look in came if look.chance.step is not None]
    names = ["", *(some[0].others if some else ())]
    errors = {
        name or "ours": mean_of([e for look in came if math.isfinite(e := look.error(name))])
        for name in names
    }
    inside = sum(
        (one.chance.low or 0) <= (one.true or 0) <= (one.chance.high or 0) for one in timed
    )
    never = np.array([look.true is None for look in some], float)
    said = np.array([look.chance.never for look in some])
    return {
        "runs": len(some),
        "came": len(came),
        "mean_relative_error": errors,
        "median_relative_error": float(np.median([look.error() for look in timed]))
        if timed
        else None,
        "coverage": {
            "nominal": NOMINAL,
            "inside": inside,
            "of": len(timed),
            "ci95": wilson(inside, len(timed)),
        },
        "never": {
            "mean_said": float(said.mean()) if len(some) else None,
            "share": float(never.mean()) if len(some) else None,
            "brier": float(((said - never) ** 2).mean()) if len(some) else None,
        },
    }


def mean_of(errors: Sequence[float]) -> dict[str, Any]:
    """The mean with its interval over runs."""
    values = np.array(errors)
    if not len(values):
        return {"n": 0, "mean": None, "ci95": None}
    return {
        "n": len(values),
        "mean": float(values.mean()),
        "ci95": student(values, most=math.inf),
    }


def study_kind(design: Design, runs: Path) -> tuple[Kind, dict[str, Any]]:
    """Fits and tests one kind of run."""
    named = stories(design.cells(), runs)
    fit = [story for name, story in named.items() if "-fit-" in name]
    test = {name: story for name, story in named.items() if "-test-" in name}
    fittings: dict[str, Fitting] = {goal: fit_goal(fit, goal) for goal in GOALS}
    told: dict[str, Any] = {"fitted_on": len(fit), "tested_on": len(test), "goals": {}}
    for goal, fitting in fittings.items():
        model = fitting.model
        others = rivals(fit, goal) if isinstance(model, GoalModel) else {}
        found = looks(test, goal, model, others)
        told["goals"][goal] = {
            "choices": dict(sorted(fitting.errors.items(), key=lambda one: one[1])),
            "fitting_runs_that_came": sum(story.came(goal) is not None for story in fit),
            "looks": [to_json(look) for look in found],
            **{
                when: judged([look for look in found if look.when == when])
                for when in dict.fromkeys(look.when for look in found)
            },
        }
    timed = {g: f.model for g, f in fittings.items() if isinstance(f.model, GoalModel)}
    never = {g: f.model for g, f in fittings.items() if isinstance(f.model, NeverCame)}
    return Kind(design.name, Scope.of([story.config for story in fit]), timed, never), told


def enough(design: Design, runs: Path) -> bool:
    """Whether so many fitting runs of a kind have been grown that a fit says something."""
    return sum("-fit-" in name for name in stories(design.cells(), runs)) >= LEAST_RUNS


def study_law(runs: Path) -> dict[str, Any]:
    """The published law on sums: calibrated on one setting, tested on the others."""
    named = stories(modular_cells(), runs)
    norms = {name: Norms.of(story) for name, story in named.items()}
    own = [one for name, one in norms.items() if name.startswith(CALIBRATED)]
    if not any(one.late for one in own):
        return {}
    others = {n: one for n, one in norms.items() if not n.startswith(CALIBRATED) and one.late}
    told = {name: to_json(one) for name, one in norms.items()}
    try:
        law = calibrate(own)
    except LatebloomError as error:
        return {"refused": str(error), "norms": told}
    delays, steps, rows = [], [], {}
    constant = float(np.mean([(one.grokked or 0) - (one.memorised or 0) for one in own]))
    flat = []
    for name, one in others.items():
        said, memorised, grokked = law(one), one.memorised or 0, one.grokked or 0
        delays.append(abs((said - memorised) / (grokked - memorised) - 1))
        steps.append(abs(said / grokked - 1))
        flat.append(abs(constant / (grokked - memorised) - 1))
        rows[name] = {"memorised": memorised, "grokked": grokked, "forecast": said}
    return {
        "kappa": law.kappa,
        "threshold": law.threshold,
        "calibrated_on": len(own),
        "late": len(others),
        "runs": len(norms),
        "delay_error": mean_of(delays),
        "delay_error_of_a_constant": mean_of(flat),
        "step_error": mean_of(steps),
        "rows": rows,
        "norms": told,
    }


def add_law(runs: Path, made: Mapping[str, Any]) -> None:
    """Grows the sums, and puts what the law says of them into the record that is kept."""
    grow_study(modular_cells(), runs)
    kept = read_json(RESULTS / "forecast.json", LatebloomError)
    found = study_law(runs)
    record = kept | {"law": found and {**found, "made": made}}
    write_json(RESULTS / "forecast.json", to_json(record))
    write_text(RESULTS / "forecast.md", pages(record))


def main() -> None:
    """Grows, fits, tests, writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/forecast"))
    parser.add_argument("--keep", action="store_true", help="grow nothing: take what there is")
    parser.add_argument("--law", action="store_true", help="grow and study the sums alone")
    told = parser.parse_args()
    made = provenance()
    if told.law:
        add_law(told.runs, made)
        return
    if not told.keep:
        grow_study(cells(), told.runs)
    kinds, record = [], {**made, "kinds": {}, "law": study_law(told.runs)}
    grown = [design for design in (PLAIN, LOOPED) if enough(design, told.runs)]
    for design in grown:
        kind, found = study_kind(design, told.runs)
        kinds.append(kind)
        record["kinds"][design.name] = found
    study = made | {"designs": [to_json(design) for design in grown]}
    write_json(FITTED, to_json(Forecaster(tuple(kinds), study)))
    write_json(RESULTS / "forecast.json", to_json(record))
    write_text(RESULTS / "forecast.md", pages(record))
    write_figure(draw(record), RESULTS / "forecast.png")
    print(json.dumps({"written": [str(FITTED.relative_to(CODE)), "results/forecast.*"]}))


if __name__ == "__main__":
    main()
