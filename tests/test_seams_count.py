"""Few places ask which kind of question, of positions or of feedback they have before them.

What varies has an object of its own: a task, a feed, a scheme of positions, a feedback. Whoever
asks such an object what it does is not counted here; whoever asks which one it is, is. Every such
place has to be found and changed by whoever adds a kind, so there may be few.
"""

import re
from pathlib import Path

import latebloom

ROOT = Path(latebloom.__file__).parent
MOST = 13
HOMES = ("worlds", "model", "construction", "exported")
"""Where the kinds live. `construction/` writes the weights of certain shapes of a model, and so has
to ask which shape it has. `exported/` is the file that goes with an exported run: it runs without
latebloom, and so holds its own copy of the model."""
KINDS = (
    *("composition", "comparison", "hidden-attributes", "facts", "atlas", "elements", "dataset"),
    *("numeric-table", "question", "tense", "dyck", "sentences", "questions", "chains"),
    *("comparisons", "learned", "rotary", "relative", "sinusoidal", "ahead", "added", "gated"),
    *("restart", "replace"),
)
TYPES = r"(World|Data|Corpus|Task|\w+Task|\w+WorldConfig|\w*FeedConfig|NumbersConfig|Given\w*" + (
    r"|(Composition|Comparison|Facts|Atlas|Elements|NumericTable|HiddenAttributes|Dataset|Chain"
    r"|Pair|Scale|Question|Tense|Dyck|Sentences)Config)"
)
IS = r"\s*(==|!=|\bin\b|\bnot in\b)"
WHERE = r"(\b(if|elif|and|or|not|return|while|else|assert)\b|=)"
PATTERNS = (
    rf"isinstance\(.*\b{TYPES}\b",
    rf"\btype\([^)]*\)\s*(is|==|in|not in)\b.*({TYPES}|FEEDS)",
    rf"^\s*case\b.*\b{TYPES}\(",
    rf"\b(task|world|feed)\w*(\(\))?\.(name|kind)\b{IS}",
    rf"\.(asks|reads|positions|feedback)\b{IS}",
    r"\bphi\b[\"']?\]? is\b",
    r"\}\[\w*[\"']?(reads|asks|task)[\"']?\]",
    r"\bCOMPARING\b",
    rf"{WHERE}.*(==|!=|\bin\b)\s*[\[({{]?\s*[\"']({'|'.join(KINDS)})[\"']",
    rf"{WHERE}.*\b(world|task|positions|feedback|reads|asks){IS}",
    r"\b(len\((row|tokens|question)\)|\.shape\[1\])\s*[=!]=\s*[2-5]\b",
)
LOOP = re.compile(r"\bfor [\w, ]+ in\b")
ASKS = re.compile("|".join(f"(?:{pattern})" for pattern in PATTERNS), re.MULTILINE)


def code_of(path: Path) -> str:
    """A file without its docstrings and comments, line by line."""
    text = path.read_text()
    blank = re.sub(r'"""[\s\S]*?"""', lambda found: "\n" * found[0].count("\n"), text)
    return re.sub(r"(?m)(^|\s)#.*$", r"\1", blank)


def sites_in(text: str) -> list[tuple[int, str]]:
    """The lines that ask, with their numbers."""
    lines = enumerate(text.splitlines(), start=1)
    return [(number, line.strip()) for number, line in lines if ASKS.search(LOOP.sub("", line))]


def sites() -> list[str]:
    found = []
    for path in sorted([*ROOT.rglob("*.py"), *ROOT.rglob("*.jinja")]):
        name = path.relative_to(ROOT)
        if name.parts[0] not in HOMES:
            found += [f"{name}:{number}: {line}" for number, line in sites_in(code_of(path))]
    return found


def test_few_places_ask_which_kind_it_is():
    found = sites()
    assert len(found) <= MOST, "\n".join([f"{len(found)} places ask, {MOST} may:", *found])


def test_offenders_of_every_sort_are_found():
    for line in (
        "if isinstance(data, Corpus):",
        "if isinstance(world, (World, Corpus)):",
        "compares = isinstance(task, ComparisonTask)",
        "numbers = isinstance(config.world, ElementsConfig)",
        "    case Corpus(), SentenceFeedConfig():",
        'if world.task.name == "composition":',
        "if world.task.name in COMPARING:",
        'if task == "dyck":',
        'hops = 2 if config.positions in ("learned", "sinusoidal") else 1',
        'if model.config.feedback != "none":',
        "ahead = name in ['ahead']",
        'if config.world.asks == "sentences":',
        "if data.reads == Corpus.reads:",
        'verb = {"questions": "Answers", "sentences": "Gets right"}[reads]',
        "if len(row) == 4:",
        'feed = "comparisons" if world in comparing else "questions"',
        "if summary.phi is None:",
    ):
        assert sites_in(line), line
    for line in (
        "task = world.task",
        "steps = task.steps(n_tokens) if task.chained else ()",
        "if model.feedback.carries:",
        'print("a comparison")',
        "for task in tasks:",
        'columns = ["question", "answer"]',
    ):
        assert not sites_in(line), line
