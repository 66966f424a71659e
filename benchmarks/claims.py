"""The claims of docs/results.md: what is grown, over how many seeds, and what each must show."""

from dataclasses import dataclass

from benchmarks.rules import AtEnd, AtMost, FarHops, Held, LateBloom, Rule

ENOUGH = 5
"""Seeds of a claim at least, unless it says why it has fewer."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is grown, how often, and what each seed must show."""

    name: str
    """Of its files in results/."""
    about: str
    """What it is about, in a few words."""
    recipe: str
    options: tuple[str, ...] = ()
    """Of `latebloom grok`, names and values by turns."""
    seeds: int = ENOUGH
    rule: Rule
    shows: tuple[str, ...] = ("test_id", "test_ood")
    """The splits that stand in the table."""
    few: str = ""
    """Why it has fewer seeds than `ENOUGH`."""

    def __post_init__(self) -> None:
        assert self.seeds >= ENOUGH or self.few, f"{self.name}: say why it has so few seeds"

    @property
    def words(self) -> str:
        """The claim as the table shows it."""
        return f"{self.about}: {self.rule.words}"


ALL_RIGHT = AtEnd({"test_id": 0.99, "test_ood": 0.99})
HARD = AtEnd({"test_hard": 0.99})
HIDDEN = ("test_id", "test_easy", "test_hard")
APART = ("test_id", "test_ood", "test_apart")
"""With the lines that tell the rule from those that fit the published test as well."""
BOTH_KINDS = ("test_id", "test_ood", "test_compared_id", "test_compared_ood")

CLAIMS = (
    Claim(
        name="bloom",
        about="a plain transformer in a small world",
        recipe="bloom",
        rule=LateBloom(before=0.7, times=3),
        shows=("train_inferred", "test_id", "test_ood"),
    ),
    Claim(
        name="bloom-looped",
        about="the looped model on the same facts",
        recipe="bloom-looped",
        rule=AtEnd({"test_id": 0.99, "test_ood": 0.95}),
    ),
    Claim(
        name="composition",
        about="two hops over made facts",
        recipe="composition",
        seeds=10,
        rule=ALL_RIGHT,
    ),
    Claim(
        name="composition-phi2",
        about="the same with fewer questions in training",
        recipe="composition",
        options=("--world.phi", "2"),
        seeds=10,
        rule=ALL_RIGHT,
    ),
    Claim(
        name="composition-hops",
        about="longer chains, trained on 1 to 3 hops",
        recipe="composition-hops",
        rule=FarHops(),
        shows=(
            "test_hops_4",
            "test_hops_10",
            "test_hops_20",
            "test_hops_10_ood",
            "test_hops_20_ood",
        ),
    ),
    Claim(
        name="composition-vanilla",
        about="a plain GPT-2",
        recipe="composition-vanilla",
        rule=LateBloom(),
        shows=("train_inferred", "test_id", "test_ood"),
    ),
    Claim(
        name="composition-shared",
        about="the paper's sharing of layers, as it is",
        recipe="composition-shared",
        rule=AtEnd({"test_id": 0.95}),
    ),
    Claim(
        name="composition-paper",
        about="the paper's world",
        recipe="composition-paper",
        seeds=1,
        few="8 CPU minutes each",
        rule=ALL_RIGHT,
        shows=("atomic_ood", "test_id", "test_ood"),
    ),
    Claim(
        name="atlas",
        about="real facts",
        recipe="atlas",
        rule=AtEnd({"test_id": 0.98, "test_ood": 0.95}),
    ),
    Claim(
        name="comparison", about="made attributes, compared", recipe="comparison", rule=ALL_RIGHT
    ),
    Claim(
        name="comparison-vanilla",
        about="a plain GPT-2, helped: both orders told, batches half of facts, Muon",
        recipe="comparison-vanilla",
        rule=AtEnd({"test_id": 0.99, "test_ood": 0.95}),
    ),
    Claim(
        name="comparison-paper",
        about="the paper's comparison world",
        recipe="comparison-paper",
        seeds=1,
        few="18 CPU minutes each",
        rule=ALL_RIGHT,
    ),
    Claim(
        name="elements",
        about="chemical elements: pairs held out, and elements never compared",
        recipe="elements",
        rule=AtEnd({"test_id": 0.97, "test_ood": 0.90}),
    ),
    Claim(
        name="hidden-attributes",
        about="values never given: what only several facts together decide",
        recipe="hidden-attributes",
        rule=HARD,
        shows=HIDDEN,
    ),
    Claim(
        name="hidden-attributes-paper",
        about="the same with the paper's entities, a fifteenth of its comparisons",
        recipe="hidden-attributes-paper",
        seeds=1,
        few="80 CPU minutes each",
        rule=HARD,
        shows=HIDDEN,
    ),
    Claim(
        name="reader",
        about="the reader, asked `r2 of r1 of h ?`",
        recipe="reader",
        rule=ALL_RIGHT,
    ),
    Claim(
        name="reader-phi2",
        about="the same with fewer questions in training",
        recipe="reader",
        options=("--world.phi", "2"),
        rule=ALL_RIGHT,
    ),
    Claim(
        name="reader-phi0",
        about="the same with no composed question in training, a control",
        recipe="reader",
        options=("--world.phi", "0", "--train.until", ""),
        rule=AtMost({"test_id": 0.1, "test_ood": 0.1}),
    ),
    Claim(
        name="reader-subject-first",
        about="the reader, asked `h of r1 of r2 ?`",
        recipe="reader",
        options=("--world.order", "subject-first"),
        rule=ALL_RIGHT,
    ),
    Claim(
        name="reader-bare",
        about="the reader, asked `r2 r1 h`",
        recipe="reader",
        options=("--world.fillers", "false"),
        rule=ALL_RIGHT,
    ),
    Claim(
        name="reader-orders",
        about="the reader, asked in both orders",
        recipe="reader",
        options=("--world.order", "mixed"),
        rule=ALL_RIGHT,
    ),
    Claim(
        name="reader-comparison",
        about="the reader on comparisons, the data as they lie",
        recipe="reader-comparison",
        rule=ALL_RIGHT,
    ),
    Claim(
        name="reader-names",
        about="the reader, names of two tokens out of a shared stock",
        recipe="reader-names",
        rule=AtEnd({"test_id": 0.99, "test_ood": 0.95}),
    ),
    Claim(
        name="mixed",
        about="one reader for chains and comparisons over the same facts",
        recipe="mixed",
        rule=AtEnd(dict.fromkeys(BOTH_KINDS, 0.99)),
        shows=BOTH_KINDS,
    ),
    Claim(
        name="reader-hops",
        about="the reader on longer chains, trained on 1 to 3 hops",
        recipe="reader-hops",
        rule=FarHops(near=(4, 5, 6), far=(10,), near_level=0.95, far_level=0.9),
        shows=("test_hops_4", "test_hops_6", "test_hops_10", "test_hops_6_ood", "test_hops_10_ood"),
    ),
    Claim(
        name="question",
        about="the main auxiliary",
        recipe="question",
        seeds=10,
        rule=Held(0.95),
        shows=APART,
    ),
    Claim(
        name="question-published-mixture",
        about="the same on the published mixture of clauses",
        recipe="question",
        options=("--world.object-clause-frac", "0.3333333333333333"),
        rule=Held(0.95),
        shows=APART,
    ),
    Claim(
        name="tense",
        about="agreement, not with the nearest noun",
        recipe="tense",
        rule=Held(0.9),
        shows=APART,
    ),
    Claim(
        name="dyck",
        about="far closing brackets in shapes never trained",
        recipe="dyck",
        rule=AtEnd({"test_ood": 0.99}),
    ),
)
