"""The catalogue: every recipe by name, what it is, and what it costs.

A recipe is a plain function in a module of this room that returns a complete `RunConfig`; its first
docstring line is what `latebloom recipes` shows. The catalogue itself imports none of them, so the
list comes at once.

To add a recipe: write its function, and give it a row below.
"""

import ast
import difflib
import importlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latebloom.errors import LatebloomError

if TYPE_CHECKING:
    from latebloom.training.config import RunConfig

MACHINE = "processor time and memory on an AMD EPYC, no GPU; medians over the seeds in results/"
"""What the seconds and the memory in the catalogue are, and where they were measured."""
FRESH = 100
"""The first seed that no setting of a recipe was chosen by; what is claimed of a recipe is grown on
seeds from here on. Recipes were tuned on seeds 0 to 9."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """How large a recipe is and what it takes; 0 stands for "not known" and "not measured".

    facts, questions: atomic facts and inferred questions that it is trained on; lines: sentences.
    parameters: of the model.
    seconds: processor time of the whole process, as long as it takes on one free core; mib: its
        peak memory; both on `MACHINE`.
    """

    facts: int = 0
    questions: int = 0
    lines: int = 0
    parameters: int = 0
    seconds: int = 0
    mib: int = 0

    @property
    def size(self) -> str:
        """How much there is to learn, in words."""
        if not (self.facts or self.lines or self.questions):
            return "your own data"
        if self.lines:
            return f"{self.lines:,} lines"
        counts = {"facts": self.facts, "questions": self.questions}
        return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)

    @property
    def time(self) -> str:
        """The processor time, or that it was not measured."""
        if not self.seconds:
            return "not measured"
        return f"{self.seconds} s" if self.seconds < 100 else f"{self.seconds / 60:.0f} min"

    @property
    def memory(self) -> str:
        """The peak memory, or that it was not measured."""
        return f"{self.mib} MiB" if self.mib else "not measured"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named, complete config, without the work of making it.

    room: the module of `latebloom.recipes` whose function makes it. with_numbers: the recipe that
    is meant where a file of one's own holds numbers among its facts; empty where none is.
    """

    name: str
    room: str
    cost: Cost
    with_numbers: str = ""

    def make(self) -> "RunConfig":
        """The config."""
        module = importlib.import_module(f"latebloom.recipes.{self.room}")
        return getattr(module, self.name.replace("-", "_"))()

    @property
    def about(self) -> str:
        """What it is, in one line."""
        return first_lines(self.room)[self.name.replace("-", "_")]

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON; null where something is not known or was not measured."""
        known = {name: value or None for name, value in asdict(self.cost).items()}
        machine = MACHINE if self.cost.seconds else None
        return {"name": self.name, "about": self.about, **known, "measured_on": machine}


@cache
def first_lines(room: str) -> Mapping[str, str]:
    """The first docstring line of each function in a module of this room, without importing it."""
    tree = ast.parse((Path(__file__).parent / f"{room}.py").read_text(encoding="utf-8"))
    made = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return {node.name: (ast.get_docstring(node) or "").partition("\n")[0] for node in made}


def _chains(name: str, **cost: int) -> Recipe:
    return Recipe(name, "chains", Cost(**cost))


def _comparisons(name: str, **cost: int) -> Recipe:
    return Recipe(name, "comparisons", Cost(**cost))


def _sentences(name: str, **cost: int) -> Recipe:
    return Recipe(name, "sentences", Cost(**cost))


def _classic(name: str, **cost: int) -> Recipe:
    return Recipe(name, "classic", Cost(**cost))


RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _chains("bloom", facts=500, questions=2320, parameters=408_576, seconds=177, mib=414),
        _chains("bloom-looped", facts=500, questions=2320, parameters=206_224, seconds=14, mib=376),
        _chains(
            "composition", facts=2000, questions=16_200, parameters=213_904, seconds=18, mib=422
        ),
        _chains(
            "composition-hops",
            facts=2000,
            questions=32_400,
            parameters=213_904,
            seconds=68,
            mib=574,
        ),
        _chains(
            "composition-vanilla",
            facts=2000,
            questions=12_960,
            parameters=812_800,
            seconds=437,
            mib=563,
        ),
        _chains(
            "composition-shared",
            facts=2000,
            questions=22_680,
            parameters=416_256,
            seconds=308,
            mib=556,
        ),
        _chains(
            "composition-paper",
            facts=40_000,
            questions=684_000,
            parameters=1_353_488,
            seconds=477,
            mib=595,
        ),
        _comparisons(
            "comparison", facts=2000, questions=22_680, parameters=228_360, seconds=34, mib=465
        ),
        _comparisons(
            "comparison-vanilla",
            facts=2000,
            questions=22_680,
            parameters=827_264,
            seconds=267,
            mib=537,
        ),
        _comparisons(
            "comparison-paper",
            facts=20_000,
            questions=226_800,
            parameters=1_057_288,
            seconds=1106,
            mib=706,
        ),
        _comparisons(
            "hidden-attributes",
            facts=1800,
            questions=12_637,
            parameters=265_992,
            seconds=161,
            mib=506,
        ),
        _comparisons(
            "hidden-attributes-paper",
            facts=18_000,
            questions=137_128,
            parameters=645_512,
            seconds=4815,
            mib=677,
        ),
        _comparisons(
            "elements", facts=1987, questions=161_702, parameters=231_560, seconds=75, mib=578
        ),
        _comparisons("numeric-table"),
        _chains(
            "atlas", facts=22_405, questions=73_106, parameters=1_656_848, seconds=195, mib=694
        ),
        Recipe(
            "reader",
            "readers",
            Cost(facts=2000, questions=16_200, parameters=412_416, seconds=127, mib=753),
        ),
        Recipe("reader-names", "readers", Cost(facts=2000, questions=16_200)),
        Recipe(
            "mixed",
            "readers",
            Cost(facts=3000, questions=35_640, parameters=416_640, seconds=395, mib=707),
        ),
        Recipe("reader-hops", "readers", Cost(facts=2000, questions=32_400)),
        Recipe(
            "reader-comparison",
            "readers",
            Cost(facts=2000, questions=22_680, parameters=426_624, seconds=214, mib=553),
        ),
        Recipe("facts", "chains", Cost(), with_numbers="table"),
        _chains("table"),
        _chains("graph"),
        _chains("umls", facts=10_432, questions=29_957, parameters=359_184),
        _chains("kinships", facts=17_088, parameters=349_840),
        _chains("nations", facts=3184, questions=49_508, parameters=346_000),
        Recipe("dataset", "dataset", Cost()),
        _sentences("question", lines=100_000, parameters=1_198_720, seconds=243, mib=707),
        _sentences("question-published", lines=100_000, parameters=18_984_960),
        _sentences("tense", lines=100_000, parameters=818_688, seconds=443, mib=849),
        _sentences("tense-published", lines=100_000, parameters=12_710_912),
        _sentences("dyck", lines=200_000, parameters=202_688, seconds=510, mib=928),
        _sentences("dyck-published", lines=200_000, parameters=18_956_288),
        _sentences("sentences"),
        _classic("modular", questions=2823, parameters=64_704),
        _classic("modular-power", questions=4656),
        _classic("modular-nanda", questions=3831),
        _classic("permutations", questions=7200),
        _classic("parity", questions=1000),
        _classic("logic", questions=14_096),
    )
}


def find_recipe(name: str) -> Recipe:
    """The recipe of this name.

    Raises: LatebloomError naming the nearest recipes.
    """
    if name not in RECIPES:
        near = nearest(name, RECIPES)
        some = f"nearest: {', '.join(near)}; " if near else ""
        raise LatebloomError(f"there is no recipe {name!r}; {some}see `latebloom recipes`")
    return RECIPES[name]


def nearest(name: str, names: Mapping[str, Any]) -> list[str]:
    """At most three names: those that begin with this one, then those that are like it."""
    near = difflib.get_close_matches(name.lower().replace("_", "-"), names, n=3, cutoff=0.6)
    begun = [one for one in names if name and one.startswith(name)]
    return list(dict.fromkeys([*begun, *near]))[:3]


def make_recipe(name: str) -> "RunConfig":
    """The config of a named recipe.

    Raises: LatebloomError naming the nearest recipes.
    """
    return find_recipe(name).make()
