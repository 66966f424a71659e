"""What a command loads before it answers: nothing that it does not need."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import latebloom

HEAVY = ("torch", "matplotlib", "safetensors.torch", "transformers", "bm25s", "jinja2", "pandas")
"""Packages that take from tenths of a second to seconds to load, and up to 200 MiB."""

RUN = """
import json, sys
sys.argv = ["latebloom", *json.loads(sys.argv[1])]
from latebloom.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def in_a_fresh_python(*arguments, cwd):
    """Standard output and the last line of standard error."""
    home = str(Path(latebloom.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": home},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr.strip().rpartition("\n")[2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["recipes"], "composition"),
        (["settings", "composition"], "--world.phi"),
        (["reproduce"], "late-bloom"),
        (["--help"], "recipes"),
        (["data", "--help"], "--from"),
        (["data", "composition", "--json"], "test_ood"),
    ],
    ids=" ".join,
)
def test_what_only_lists_loads_nothing_heavy(tmp_path, words, told):
    out, modules = in_a_fresh_python("-c", RUN, json.dumps(words), cwd=tmp_path)
    assert told in out
    assert not {name for name in HEAVY if name in json.loads(modules)}


def test_the_list_of_recipes_comes_at_once(tmp_path):
    """It reads no recipe: neither numpy nor the converters of configs are loaded."""
    for words in (["recipes"], ["recipes", "--json"]):
        out, modules = in_a_fresh_python("-c", RUN, json.dumps(words), cwd=tmp_path)
        assert "composition" in out
        assert not {"numpy", "jaxtyping", "cattrs", "latebloom.worlds"} & set(json.loads(modules))


@pytest.mark.parametrize("module", ["latebloom.model.config", "latebloom.training.config"])
def test_configs_are_made_without_torch(tmp_path, module):
    code = f"import sys, {module}; print('torch' in sys.modules)"
    assert in_a_fresh_python("-c", code, cwd=tmp_path)[0] == "False\n"


def test_python_m_latebloom_is_the_command(tmp_path):
    out, _ = in_a_fresh_python("-m", "latebloom", "--version", cwd=tmp_path)
    assert out.strip() == latebloom.__version__


def test_type_checkers_read_the_package():
    """PEP 561: without this file they take every name of an installed package for Any."""
    assert (Path(latebloom.__file__).parent / "py.typed").exists()


def test_the_package_alone_loads_next_to_nothing(tmp_path):
    code = "import sys, json, latebloom; print(json.dumps(sorted(sys.modules)))"
    modules = set(json.loads(in_a_fresh_python("-c", code, cwd=tmp_path)[0]))
    assert not {*HEAVY, "numpy", "rich", "cyclopts", "cattrs"} & modules


@pytest.mark.parametrize("user", [{}, {"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "passive"}])
def test_waiting_threads_are_bounded_unless_the_user_chose(monkeypatch, tmp_path, user):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in user.items():
        monkeypatch.setenv(name, value)
    code = "import os, latebloom; print(os.environ.get('GOMP_SPINCOUNT', '-'))"
    out = in_a_fresh_python("-c", code, cwd=tmp_path)[0].strip()
    assert out == (user.get("GOMP_SPINCOUNT", "-") if user else "100000")
