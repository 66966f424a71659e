"""What the whole package promises: imports run one way, names are documented, no pickle."""

import ast
import importlib
import inspect
import pkgutil
import re
import shlex
from pathlib import Path

import pytest

import latebloom

ROOT = Path(latebloom.__file__).parent
ORDER = (
    *(
        "spinning",
        "launched",
        "errors",
        "neutral",
        "reading",
        "records",
        "files",
        "intervals",
        "checked",
    ),
    *("worlds", "model", "asking", "rivals", "construction", "training", "evaluation", "circuits"),
    *("trees", "foresight", "recipes", "studies", "reports", "exported", "export", "run"),
    *("explorer", "lessons", "cli"),
)
"""The rooms of the package, each of which imports from those before it alone."""
ORDER_IN_WORLDS = (
    *(
        "spelling",
        "atomic",
        "answers",
        "splits",
        "streams",
        "scattered",
        "config",
        "ordering",
        "vocabulary",
    ),
    *("pairs", "units", "numbers"),
    *("wording", "written", "tasks", "world", "sentences", "data", "validation", "chains"),
    *("comparisons", "mixed", "classic", "published", "build"),
)
"""The same within `worlds/`: what a question is knows nothing of those that make worlds."""
DOCS = sorted((ROOT.parent / "docs").glob("*.md"))
FILES = sorted(ROOT.rglob("*.py"))
MODULES = sorted(m.name for m in pkgutil.walk_packages([str(ROOT)], "latebloom."))


def imports_of(path: Path, package: str = "latebloom") -> set[str]:
    """The rooms of a package that a file imports from."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            # `from latebloom.worlds import tasks` names its room among what it imports.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {n[len(package) :].split(".")[1] for n in names if n.startswith(f"{package}.")}
    return found


def room_of(path: Path, root: Path) -> str:
    return path.relative_to(root).parts[0].removesuffix(".py")


def later(path: Path, root: Path, order: tuple[str, ...], package: str) -> set[str]:
    """The rooms that a file imports from and that stand after its own."""
    here = order.index(room_of(path, root))
    return {name for name in imports_of(path, package) if order.index(name) > here}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    if room_of(path, ROOT) in ("__init__", "__main__"):
        return
    found = later(path, ROOT, ORDER, "latebloom")
    assert not found, f"{path} imports {found}, which stand later in the way of the data"


def test_within_worlds_imports_run_one_way():
    worlds = ROOT / "worlds"
    files = [
        path
        for path in sorted(worlds.rglob("*.py"))
        if path.parent != worlds or path.stem != "__init__"
    ]
    assert {room_of(path, worlds) for path in files} == set(ORDER_IN_WORLDS)
    found = {path: later(path, worlds, ORDER_IN_WORLDS, "latebloom.worlds") for path in files}
    assert not any(found.values()), {path: names for path, names in found.items() if names}


def test_worlds_know_nothing_of_torch():
    for path in (ROOT / "worlds").rglob("*.py"):
        modules = {
            node.module if isinstance(node, ast.ImportFrom) else alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        assert not any((m or "").split(".")[0] == "torch" for m in modules), path


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_documented(name):
    module = importlib.import_module(name)
    if not Path(module.__file__).read_text():
        return
    assert module.__doc__, f"{name} has no docstring"
    for attribute, value in vars(module).items():
        if attribute.startswith("_") or getattr(value, "__module__", None) != name:
            continue
        if inspect.isclass(value):
            assert value.__doc__, f"{name}.{attribute} has no docstring"


def commands_of(page: str) -> list[str]:
    """The `latebloom ...` lines in a page's code blocks and in its running text."""
    text = (ROOT.parent / page).read_text()
    blocks = "\n".join(re.findall(r"```(?:\w*)\n(.*?)```", text, re.DOTALL)).splitlines()
    lines = [line.split("#")[0].strip() for line in blocks if line.startswith("latebloom ")]
    return lines + re.findall(r"`(latebloom [^`]+)`", text)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        *(
            f"docs/{p}.md"
            for p in (
                *("circuits", "classic", "export", "memory", "own-facts", "reproduce", "trees"),
            )
        ),
    ],
)
def test_the_commands_on_a_page_are_commands(page):
    from latebloom.cli.app import app
    from latebloom.recipes.catalogue import RECIPES

    importlib.import_module("latebloom.cli")
    for line in commands_of(page):
        words = shlex.split(line)[1:]
        app.parse_args(words, exit_on_error=False, print_error=False)
        if words[0] == "grok" and len(words) > 1 and not words[1].startswith("-"):
            assert words[1] in RECIPES, line
    assert page != "README.md" or len(commands_of(page)) >= 6


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in DOCS)])
def test_what_the_python_on_a_page_imports_is_there(page):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT.parent / page).read_text(), re.DOTALL)
    for node in (one for block in blocks for one in ast.walk(ast.parse(block))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("latebloom"):
            module = importlib.import_module(node.module)
            for alias in node.names:
                assert hasattr(module, alias.name), f"{page}: {node.module}.{alias.name}"


@pytest.mark.slow
@pytest.mark.parametrize(("page", "leaves"), [("README.md", "phi2"), ("docs/python.md", "alibi")])
def test_the_python_on_the_page_runs(tmp_path, monkeypatch, capsys, page, leaves):
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"```python\n(.*?)```", (ROOT.parent / page).read_text(), re.DOTALL)
    names: dict[str, object] = {}
    for block in code:
        exec(block, names)
    assert capsys.readouterr().out.strip(), "the example prints an answer"
    assert (tmp_path / "runs" / leaves / "summary.json").exists()


def test_the_figures_on_the_page_are_there():
    text = (ROOT.parent / "README.md").read_text()
    for name in re.findall(r"\]\(((?:results|docs)/[^)#]+)\)", text):
        assert (ROOT.parent / name).exists(), name


def test_nothing_reads_or_writes_pickles():
    for path in FILES:
        text = path.read_text()
        assert "import pickle" not in text, path
        assert not re.search(r"(?<!safetensors\.)torch\.(load|save)\(", text), path


def test_what_the_package_exports_is_there():
    for name in latebloom.__all__:
        assert getattr(latebloom, name) is not None
    with pytest.raises(AttributeError):
        latebloom.nothing  # noqa: B018
