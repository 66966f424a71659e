"""A plan: what training on a table will take and what it will come to, before anything is trained.

Enters: a file of facts. Leaves: a `Plan`: the command, and for steps, seconds, memory and accuracy
on held-out questions what is to be expected, with an interval.

    print("\\n".join(plan(FactsConfig(facts="drugs.csv")).lines()))

`planned.json` in this folder holds what was fitted and the study it was fitted on;
`python -m benchmarks.plan` makes it. How well that works is told in docs/forecast.md.

Covers: the recipe `facts` with inverse relations and a tenth of the facts held out. Does not cover:
other recipes, which have costs of their own (`latebloom recipes`).
"""

import shlex
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from latebloom.errors import FactsError
from latebloom.foresight.fitted import NOMINAL
from latebloom.foresight.planned import Expected, Planner
from latebloom.foresight.shipped import shipped
from latebloom.foresight.tables import TableSigns
from latebloom.worlds.chains.checking.check import Judging, judging
from latebloom.worlds.chains.diagnosis import Diagnosis
from latebloom.worlds.chains.measured import AUTO
from latebloom.worlds.chains.own import FactsConfig, Loaded, world_from_table
from latebloom.worlds.world import World

FITTED = Path(__file__).parent / "planned.json"
"""What comes with the package."""
HELD_OUT = 0.1
"""The share of the facts that is never told, in the study and in the command that is proposed."""
LARGEST = 100_000
"""Facts of a table at most: of more, counting takes minutes, and the study had far fewer."""
FEWEST = 30
"""Facts of a table at least: of fewer none can be spared to be kept back."""
SELDOM = 0.1
"""First guesses that are right more seldom than this are not worth a training."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be expected of a table.

    diagnosis: what the table holds. judging: whether enough questions can be held out. expected: by
    the names of `latebloom.foresight.planned.FIGURES`; without those for which nothing is held out.
    outside: in what the table lies outside of those of the study. numbers: relations whose objects
    are numbers, which are trained as well, and of which nothing is planned.
    """

    diagnosis: Diagnosis
    judging: Judging
    signs: TableSigns
    expected: dict[str, Expected]
    outside: list[str]
    machine: str
    numbers: tuple[str, ...] = ()

    def command(self) -> str:
        """The command that is planned."""
        folds = "" if self.judging.enough else " --folds 5"
        file = shlex.quote(self.diagnosis.source)
        return (
            f"latebloom grok facts --facts {file} --inverse"
            f" --world.missing-frac {HELD_OUT:g}{folds}"
        )

    def lines(self) -> list[str]:
        """For people."""
        d, e = self.diagnosis, self.expected
        steps, seconds, memory = e["steps"], e["seconds"], e["mebibytes"]
        out = [
            f"{d.source}: {d.facts:,} facts, {d.entities:,} entities, {d.relations:,} relations",
            self.judging.line(),
            f"to train: {self.command()}",
            (
                f"  about {steps.value:,.0f} steps ({steps.low:,.0f} to {steps.high:,.0f}),"
                f" {seconds.value:,.0f} s of one core ({seconds.low:,.0f} to {seconds.high:,.0f};"
                f" {self.machine}), {memory.value:,.0f} MiB ({memory.low:,.0f} to"
                f" {memory.high:,.0f})"
            ),
            f"to be expected, of held-out questions ({NOMINAL:.0%} intervals):",
            f"  two hops that follow from told facts: {share(e['follows'])}",
        ]
        if "one_hop" in e:
            out += [
                f"  facts that were kept back, the first guess: {share(e['one_hop'])}",
                f"  two hops through such a fact: {share(e['two_hops'])}",
                (
                    "  counting alone (who shares facts with whom, which relation goes with which)"
                    f" finds {self.signs.counted:.0%} of {self.signs.asked:,} facts kept back"
                ),
            ]
            out.append(self.verdict())
        if self.numbers:
            out.append(
                f"not planned: numbers, which are trained besides ({', '.join(self.numbers)}); they"
                " take more time than is said here"
            )
        if self.outside:
            out.append(f"outside what this was fitted on: {', '.join(self.outside)}")
        return out

    def verdict(self) -> str:
        """Whether training is worth it, in a sentence."""
        exact = "for facts that it holds, SQL is exact"
        if self.expected["one_hop"].value < SELDOM:
            return (
                "little in this table tells of facts that are not in it, and guesses will rarely be"
                f" right; {exact}"
            )
        return (
            "facts that nobody wrote down can be guessed from this table, as often as stands above;"
            f" {exact}"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "source": self.diagnosis.source,
            "facts": self.diagnosis.facts,
            "entities": self.diagnosis.entities,
            "relations": self.diagnosis.relations,
            "judging": self.judging.as_dict(),
            "signs": asdict(self.signs) | {"counted": self.signs.counted},
            "command": self.command(),
            "expected": {name: asdict(one) for name, one in self.expected.items()},
            "nominal": NOMINAL,
            "outside": self.outside,
            "numbers": list(self.numbers),
            "machine": self.machine,
        }


def share(one: Expected) -> str:
    """A share and its interval, in words."""
    return f"{one.value:.0%} ({one.low:.0%} to {one.high:.0%})"


@cache
def load_planner(path: Path = FITTED) -> Planner:
    """What comes with the package, or what was fitted later.

    Raises: RunFolderError if the file is missing or another thing.
    """
    return shipped(path, Planner, "plan")


def as_planned(config: FactsConfig) -> FactsConfig:
    """The world of the command that is planned."""
    return replace(config, inverse=True, missing_frac=HELD_OUT, numbers=())


def plan(config: FactsConfig, *, seed: int = 0) -> Plan:
    """The plan of a file of facts.

    config: the file and how it is read; whatever it says of inverses and missing facts, the plan is
    for both. seed: which facts are held out for counting.
    Raises: FactsError for the file, for facts that make no two-hop question, for too few of them to
    hold one out, or for more than `LARGEST`.
    """
    loaded = Loaded.of_file(replace(config, numbers=config.numbers or (AUTO,)))
    table, diagnosis, numbers = loaded.named, loaded.diagnosis, loaded.apart.numbers
    config = as_planned(config)
    if diagnosis.facts < FEWEST:
        raise FactsError(
            f"{diagnosis.source} holds {diagnosis.facts:,} facts between names, and a plan keeps"
            f" some back to see whether they can be guessed; give {FEWEST} or more"
        )
    if diagnosis.facts > LARGEST:
        raise FactsError(
            f"{diagnosis.source} holds {diagnosis.facts:,} facts, and a plan is for {LARGEST:,} at"
            " most; plan for a part of it"
        )
    told = judging(table, diagnosis, config)
    world = world_from_table(table, diagnosis, config, seed)
    beside = tuple(numbers.attributes) if numbers else ()
    return plan_of(world, diagnosis, told, beside)


def plan_of(
    world: World, diagnosis: Diagnosis, told: Judging, numbers: tuple[str, ...] = ()
) -> Plan:
    """The plan of a world that was made already. numbers: relations that are no part of it."""
    signs = TableSigns.of(world)
    if not signs.asked:
        raise FactsError(
            f"{diagnosis.source}: of {diagnosis.facts:,} facts none is kept back that could be"
            " guessed; give more facts about the same names"
        )
    planner = load_planner()
    return Plan(
        diagnosis=diagnosis,
        judging=told,
        signs=signs,
        expected={name: figure(signs) for name, figure in planner.figures.items()},
        outside=planner.outside(signs),
        machine=planner.study["machine"]["processor"],
        numbers=numbers,
    )
