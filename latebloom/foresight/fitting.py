"""Fitting a forecaster to the runs of a study.

Enters: the stories of one kind of run, told to their ends. Leaves: a model for each goal
(`latebloom.foresight.fitted`).

A forecast may be asked for at any step, so every fitting run is looked at from several of them
(*landmarks*, each 1.4 times the one before), from its second evaluation until it gets there or
ends. All landmarks of a run together count as one run.

Nothing is chosen, and no error is taken, on runs that a model was fitted on: the runs, each of
which has a setting of its own, are divided into ten parts, and each part is forecast by a model of
the other nine. Which columns are used, and with which penalty, is what makes the mean relative
error smallest there, of forecasts after a fifth of the steps. The errors for the intervals and the
probabilities of never are those of the same forecasts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from latebloom.foresight.early import LEAST, Story
from latebloom.foresight.fitted import Errors, GoalModel, Model, NeverCame, middle
from latebloom.foresight.regression import Accelerated, fit_accelerated, fit_logistic

APART = 1.4
"""How many times the step of a landmark is that of the one before."""
PARTS = 10
"""Parts into which the fitting runs are divided."""
RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Penalties that are tried."""
FIFTH = 0.2
"""Share of the steps until the goal after which a forecast is judged."""
FEW = 5
"""Runs that must have got there for a time to be fitted."""


@dataclass(frozen=True, slots=True)
class Table:
    """Landmarks of several runs as rows.

    run: which run a row is of. columns: by name. step: of the landmark. time: of getting there, or
    of the run's end. came: whether it got there. budget: the steps that the run may run at most.
    """

    run: Int[ndarray, " row"]
    columns: Mapping[str, Float[ndarray, " row"]]
    step: Float[ndarray, " row"]
    time: Float[ndarray, " row"]
    came: Bool[ndarray, " row"]
    budget: Float[ndarray, " row"]

    def matrix(self, names: Sequence[str]) -> Float[ndarray, "row column"]:
        """Some of the columns."""
        return np.column_stack([self.columns[name] for name in names])

    @property
    def weight(self) -> Float[ndarray, " row"]:
        """What each row counts: all rows of a run together are 1."""
        return 1.0 / np.bincount(self.run)[self.run]

    def a_fifth(self) -> Int[ndarray, " some"]:
        """For each run the last row after at most a fifth of its steps, where it has one."""
        found: dict[int, int] = {}
        for row in np.flatnonzero(self.step <= FIFTH * self.time):
            found[int(self.run[row])] = int(row)
        return np.array(list(found.values()), int)


def landmarks(story: Story, goal: str) -> Iterator[int]:
    """The steps from which a run is looked at, all before it gets there; one is the last that is
    not beyond a fifth of them."""
    came = story.came(goal)
    end = came or story.step + 1
    steps = [r["step"] for r in story.records[LEAST - 1 :] if r["step"] < end]
    fifth = max((s for s in steps if s <= FIFTH * (came or story.step)), default=None)
    last = 0.0
    for step in steps:
        if step >= APART * last or step == fifth:
            yield step
            last = step


def table_of(stories: Sequence[Story], goal: str) -> Table:
    """The landmarks of all runs."""
    rows = [(i, s, step) for i, s in enumerate(stories) for step in landmarks(s, goal)]
    known = [s.setting() | s.until(step).curves(goal) for _, s, step in rows]
    came = [s.came(goal) for s in stories]
    return Table(
        run=np.array([i for i, _, _ in rows]),
        columns={name: np.array([one[name] for one in known]) for name in known[0]},
        step=np.array([float(step) for _, _, step in rows]),
        time=np.array([float(came[i] or s.step) for i, s, _ in rows]),
        came=np.array([came[i] is not None for i, _, _ in rows]),
        budget=np.array([float(s.budget) for _, s, _ in rows]),
    )


def table_before(stories: Sequence[Story], goal: str) -> Table:
    """A row for each run, as it is known before its first step: its setting alone."""
    known = [story.setting() for story in stories]
    came = [story.came(goal) for story in stories]
    return Table(
        run=np.arange(len(stories)),
        columns={name: np.array([one[name] for one in known]) for name in known[0]},
        step=np.ones(len(stories)),
        time=np.array([float(c or s.step) for c, s in zip(came, stories, strict=True)]),
        came=np.array([c is not None for c in came]),
        budget=np.array([float(story.budget) for story in stories]),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen of a model: the columns and the penalty."""

    columns: tuple[str, ...]
    ridge: float

    def fit(self, table: Table, rows: ndarray) -> Accelerated:
        """The censored regression of these rows."""
        return fit_accelerated(
            table.matrix(self.columns)[rows],
            np.log(table.time[rows]),
            table.came[rows],
            table.weight[rows],
            self.ridge,
        )

    def elsewhere(self, table: Table) -> tuple[ndarray, ndarray]:
        """For each row the step and the log odds of never, by a model of other runs."""
        step, odds = np.empty(len(table.run)), np.empty(len(table.run))
        x = table.matrix(self.columns)
        for part in range(PARTS):
            out = table.run % PARTS == part
            if not out.any():
                continue
            model = self.fit(table, ~out)
            for row, mean in zip(np.flatnonzero(out), model(x[out]), strict=True):
                told = (table.step[row], table.budget[row])
                step[row], odds[row] = middle(float(mean), model.spread, *told)
        return step, odds

    def error(self, table: Table) -> float:
        """The mean relative error after a fifth of the steps, of runs that got there."""
        rows = table.a_fifth()
        rows = rows[table.came[rows]]
        step, _ = self.elsewhere(table)
        return float(np.mean(np.abs(step[rows] / table.time[rows] - 1)))


@dataclass(frozen=True, slots=True)
class Fitting:
    """A fitted goal, and how the choices did: the error of each in runs not fitted on."""

    model: Model
    errors: Mapping[str, float] = field(default_factory=dict)


def fit_goal(stories: Sequence[Story], goal: str) -> Fitting:
    """The model of one goal."""
    came = sum(story.came(goal) is not None for story in stories)
    if came < FEW:
        return Fitting(NeverCame(len(stories) - came))
    table = table_of(stories, goal)
    setting = list(stories[0].setting())
    curves = [name for name in table.columns if name not in setting]
    return best_of(
        table, {"both": tuple(table.columns), "curves": (*curves, "log_budget")}, len(stories), came
    )


def fit_before(stories: Sequence[Story], goal: str) -> Fitting:
    """The model of one goal that looks at nothing but the setting."""
    came = sum(story.came(goal) is not None for story in stories)
    if came < FEW:
        return Fitting(NeverCame(len(stories) - came))
    table = table_before(stories, goal)
    return best_of(table, {"setting": tuple(table.columns)}, len(stories), came)


def best_of(table: Table, sorts: Mapping[str, tuple[str, ...]], runs: int, came: int) -> Fitting:
    """The model whose columns and penalty did best in runs that it was not fitted on."""
    choices = {
        f"{sort}, ridge {ridge:g}": Choice(names, ridge)
        for sort, names in sorts.items()
        for ridge in RIDGES
    }
    errors = {name: choice.error(table) for name, choice in choices.items()}
    chosen = choices[min(errors, key=errors.__getitem__)]
    return Fitting(finished(table, chosen, runs, came), errors)


def finished(table: Table, choice: Choice, runs: int, came: int) -> GoalModel:
    """The model of a choice: fitted on all runs, with the errors made where it was not."""
    step, odds = choice.elsewhere(table)
    trust = fit_logistic(odds[:, None], ~table.came, table.weight, ridge=1.0)
    there = table.came
    return GoalModel(
        columns=choice.columns,
        time=choice.fit(table, np.arange(len(table.run))),
        trust=trust,
        errors=Errors(
            run=table.run[there].astype(float),
            log_step=np.log(table.step[there]),
            error=np.log(table.time[there] / step[there]),
        ),
        runs=runs,
        came=came,
    )
