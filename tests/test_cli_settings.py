"""What the command lists, sets and refuses: recipes, settings, config files, own data, seeds."""

import dataclasses
import io
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import RECIPES, find_recipe
from latebloom.training.config import RunConfig
from latebloom.training.settings import field_docs, settings_of
from latebloom.training.structure import SECTIONS

RESULTS = Path(__file__).parents[1] / "results"
TINY = [
    *("--world.entities", "12", "--world.relations", "4", "--world.out-degree", "4"),
    *("--world.phi", "2", "--world.test-id-frac", "0.1", "--world.ood-frac", "0.2"),
    *("--model.d-model", "16", "--train.batch-size", "16", "--threads", "1"),
]
SHORT = ["--train.steps", "20", "--train.eval-every", "10", "--until", ""]


@pytest.fixture
def facts_file(tmp_path):
    rows = [f"p{i},boss,p{(i * 7 + 3) % 40}\np{i},friend,p{(i * 11 + 5) % 40}" for i in range(40)]
    path = tmp_path / "mine.csv"
    path.write_text("subject,relation,object\n" + "\n".join([*rows, "p1,boss,p2"]) + "\n")
    return path


# The catalogue.


def test_in_a_pipe_each_recipe_is_one_line(latebloom, monkeypatch):
    monkeypatch.setenv("COLUMNS", "42")
    code, out, _ = latebloom("recipes")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(RECIPES)
    for line, recipe in zip(out.splitlines(), RECIPES.values(), strict=True):
        assert recipe.about in line and recipe.cost.size in line and recipe.cost.time in line


@pytest.mark.parametrize("width", [42, 80, 160])
def test_on_a_terminal_the_list_fits(width):
    from latebloom.cli.recipes import show_recipes

    shown = io.StringIO()
    show_recipes(Console(file=shown, width=width, force_terminal=True, color_system=None))
    lines = shown.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    joined = " ".join(" ".join(lines).split())
    for recipe in RECIPES.values():
        assert recipe.name in joined and recipe.about in joined
        assert not recipe.cost.seconds or f"{recipe.cost.time}, {recipe.cost.memory}" in joined


def test_the_catalogue_as_json(latebloom):
    code, out, _ = latebloom("recipes", "--json")
    assert code == 0
    table = json.loads(out)
    assert list(table) == list(RECIPES)
    assert table["composition"]["parameters"] == 213_904
    assert table["tense-published"]["seconds"] is None
    assert table["tense-published"]["measured_on"] is None


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_costs_what_was_measured(name):
    cost, path = RECIPES[name].cost, RESULTS / f"{name}.json"
    assert RECIPES[name].about.endswith(".")
    assert len(RECIPES[name].about) < 100
    if not path.exists():
        assert (cost.time, cost.memory) == ("not measured", "not measured")
        return
    runs = json.loads(path.read_text())["runs"]
    assert cost.parameters == runs[0]["parameters"]
    seconds, peak = (
        statistics.median(run["process"][key] for run in runs)
        for key in ("cpu_seconds", "peak_mib")
    )
    assert (cost.seconds, cost.mib) == (round(seconds), round(peak))


@pytest.mark.parametrize("name", ["composition", "composition-hops", "comparison", "elements"])
def test_a_recipe_is_as_large_as_it_says(name):
    from latebloom.worlds.build import build_world
    from latebloom.worlds.splits import ATOMIC

    world = build_world(RECIPES[name].make().world, 0)
    sizes = {split: len(world.splits[split]) for split in world.trained}
    facts = sum(n for split, n in sizes.items() if split in ATOMIC)
    assert RECIPES[name].cost.facts == facts
    assert RECIPES[name].cost.questions == sum(sizes.values()) - facts


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("compositon", "composition"),
        ("hidden", "hidden-attributes"),
        ("Question", "question"),
        ("composition_paper", "composition-paper"),
    ],
)
def test_a_typo_brings_the_nearest_recipes(typed, meant):
    with pytest.raises(LatebloomError, match=f"nearest: {meant}") as caught:
        find_recipe(typed)
    assert len(str(caught.value)) < 160


# Settings.


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_is_documented_and_its_default_can_be_typed(name):
    config = RECIPES[name].make()
    for section in SECTIONS:
        part = getattr(config, section)
        found = settings_of(section, part)
        fields = {field.name for field in dataclasses.fields(part)} - {"kind"}
        assert len(found) == len(fields)
        for setting in found:
            assert setting.about, setting.option
            word = setting.option.partition(".")[2]
            again = config.with_overrides(section, {word: setting.default})
            assert again == config, setting.option


def test_inherited_fields_keep_their_documentation():
    @dataclasses.dataclass
    class Parent:
        first: int = 1
        """The first,
        in two lines."""
        second: int = 2
        """The second."""

    @dataclasses.dataclass
    class Child(Parent):
        second: int = 3
        third: int = 4
        """The third."""

    assert field_docs(Child) == {
        "first": "The first, in two lines.",
        "second": "The second.",
        "third": "The third.",
    }


def test_settings_are_listed(latebloom):
    code, out, _ = latebloom("settings", "composition")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["--world.entities"].split()[1:3] == ["INT", "100"]
    assert "Entities; the paper has 2,000." in lines["--world.entities"]
    assert "muon|muon-all|adamw|lion" in lines["--train.optimizer"]
    assert {"--seed", "--world-seed", "--model.d-model", "--feed.atomic-frac"} <= set(lines)
    code, out, _ = latebloom("settings", "composition", "--json")
    table = json.loads(out)
    assert table["recipe"]["facts"] == 2000
    assert {s["option"] for s in table["settings"]} == set(lines)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["grok", "compositon"], "nearest: composition"),
        (["grok", "composition", "--steps", "5"], "say --train.steps (Optimizer steps"),
        (["grok", "--steps=5"], "say --train.steps"),
        (["grok", "question", "--by-length", "false"], "say --feed.by-length"),
        (["grok", "composition", "--otu", "x"], "nearest: --out"),
        (["grok", "composition", "--world-phi", "3"], "nearest: --world.phi"),
        (["grok", "composition", "--world.phy", "3"], "nearest: phi (phi: Inferred training"),
        (["grok", "composition", "--model.d-modell", "3"], "nearest: d-model"),
        (["grok", "composition", "--train.phi", "3"], "say --world.phi"),
        (["grok", "composition", "--train.steps", "0"], "at least 1 (steps: Optimizer steps"),
        (["ask", "runs/x", "--devcie", "cpu"], "nearest: --device"),
        (["ask", "runs/x", "--steps", "3"], "nearest: --step"),
        (["grk"], '"grok"'),
        (["composition"], "latebloom grok composition"),
        (["settings"], "RECIPE is missing"),
        (["ask"], "RUN is missing"),
        (["recipes", "all"], "'all' is one word too many"),
        (["settings", "tens"], "nearest: tense"),
        (["grok", "--world-seed", "-1"], "world_seed is -1"),
        (["grok", "composition", "mine.csv"], "latebloom grok facts --facts mine.csv"),
        (["grok", "mine.csv"], "latebloom grok facts --facts mine.csv"),
        (["grok", "."], "latebloom grok dataset --data ."),
        (["grok", "composition", "--data", "."], "latebloom grok dataset --data ."),
        (["grok", "question", "--facts", "mine.csv"], "latebloom grok facts --facts mine.csv"),
        (["grok", "facts", "mine.csv", "--facts", "mine.csv"], "name two sources"),
        (["grok", "facts"], "--facts FILE"),
        (["grok", "dataset"], "--data DIR"),
        (["grok", "composition", "--many-valued", "drop"], "--many-valued has no effect"),
        (["grok", "--config", "none.toml"], "none.toml is not there"),
        (["grok", "--config", "mine.csv"], "mine.csv: the config is not TOML"),
        (["grok", "composition", "--config", "mine.csv"], "composition has no effect"),
        (["data", "--from", ".", "--many-valued", "drop"], "--many-valued has no effect"),
        (["report", "."], "no config.toml"),
        (["report", "nowhere"], "nowhere"),
    ],
)
def test_what_is_wrong_says_what_to_type(latebloom, tmp_path, facts_file, words, named):
    before = sorted(tmp_path.rglob("*"))
    code, out, err = latebloom(*words)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert named in err
    assert "--threads" not in err
    assert "--resume" not in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--train.steps", "ten"], "must be a whole number (steps: Optimizer steps"),
        (["--train.optimizer", "sgd"], "must be one of muon, muon-all, adamw, lion (op"),
        (["--facts", "mine.csv", "--many-valued", "last"], "world.many_valued is 'last'"),
    ],
)
def test_a_value_of_a_wrong_type_is_explained(tmp_path, facts_file, words, named):
    """In a process of its own, since here the tests' own type checker would be faster."""
    done = subprocess.run(
        [sys.executable, "-m", "latebloom", "grok", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(RESULTS.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr and len(done.stderr.splitlines()) == 1


# Config files and seeds.


def test_a_run_s_config_grows_the_same_run(latebloom, tmp_path):
    words = [*TINY, *SHORT, "--seed", "4", "--world-seed", "9", "--quiet"]
    assert latebloom("grok", "composition", *words, "--out", "one")[0] == 0
    again = ["--threads", "1", "--quiet"]
    code, _, err = latebloom("grok", "--config", "one/config.toml", *again, "--out", "two")
    assert code == 0, err
    one, two = (
        RunConfig.from_toml((tmp_path / n / "config.toml").read_text()) for n in ("one", "two")
    )
    assert one == two
    newest = "checkpoints/step_0000020/model.safetensors"
    assert (tmp_path / "one" / newest).read_bytes() == (tmp_path / "two" / newest).read_bytes()
    code, _, err = latebloom(
        "grok", "--config", "one", *again, "--train.steps", "10", "--seed", "5"
    )
    assert code == 0, err
    three = RunConfig.from_toml((tmp_path / "runs/composition-seed5/config.toml").read_text())
    assert (three.train.steps, three.seed, three.world_seed) == (10, 5, 5)
    assert three.world == one.world


def test_the_seed_is_of_world_and_weights_unless_the_world_has_its_own(latebloom, tmp_path):
    for words in (["--seed", "3"], ["--seed", "4", "--world-seed", "3"], ["--world-seed", "3"]):
        assert latebloom("grok", "composition", *TINY, *SHORT, "--quiet", *words)[0] == 0
    folders = [
        tmp_path / "runs" / f"composition-{n}" for n in ("seed3", "seed4-world3", "seed0-world3")
    ]
    worlds = {(folder / "world.safetensors").read_bytes() for folder in folders}
    weights = {
        (folder / "checkpoints/step_0000000/model.safetensors").read_bytes() for folder in folders
    }
    assert (len(worlds), len(weights)) == (1, 3)


def test_a_wrong_config_file_names_file_and_key(latebloom, tmp_path):
    text = RECIPES["composition"].make().to_toml()
    (tmp_path / "run.toml").write_text(text.replace("phi =", "phy ="))
    code, _, err = latebloom("grok", "--config", "run.toml")
    assert code == 2
    assert "run.toml" in err and "phy" in err


# One's own data.


@pytest.mark.parametrize(
    "words",
    [
        ["--facts", "mine.csv"],
        ["facts", "mine.csv"],
        ["facts", "--facts", "mine.csv"],
        ["facts", "--world.facts", "mine.csv"],
    ],
)
def test_facts_are_meant_however_they_are_said(latebloom, tmp_path, facts_file, words):
    short = [*SHORT, *TINY[12:], "--world.test-id-frac", "0.1", "--quiet", "--out", "run"]
    code, _, err = latebloom("grok", *words, "--many-valued", "first", *short)
    assert code == 0, err
    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert (config["recipe"], config["world"]["facts"]) == ("facts", "mine.csv")
    assert config["world"]["many_valued"] == "first"


def test_data_of_ones_own(latebloom, tmp_path, facts_file):
    sizes = {}
    for rule in ("drop", "first"):
        words = ["--facts", "mine.csv", "--many-valued", rule, "--world.test-id-frac", "0.1"]
        code, out, err = latebloom("data", *words, "--json")
        assert code == 0, err
        splits = json.loads(out)["splits"]
        sizes[rule] = splits["atomic_id"] + splits["atomic_ood"]
    assert sizes == {"drop": 79, "first": 80}
    (tmp_path / "numbers.csv").write_text(
        "name,mass,size\n" + "\n".join(f"t{i},{i * 3 % 17},{i * 5 % 23}" for i in range(30)) + "\n"
    )
    code, out, err = latebloom("data", "--facts", "numbers.csv", "--numeric", "--json")
    assert code == 0, err
    assert json.loads(out)["task"] == "comparison"


# Runs.


@pytest.fixture
def run_folder(latebloom, tmp_path):
    code, _, complaint = latebloom("grok", "composition", *TINY, *SHORT, "--out", "run", "--quiet")
    assert code == 0, complaint
    return tmp_path / "run"


def test_an_entity_is_no_relation(latebloom, run_folder):
    for words, named in (
        (["e1", "e3"], "'e3' is no relation and cannot stand as relation 1; relations: r3, r0"),
        (["e1", "r1", "e2"], "'e2' is no relation and cannot stand as relation 2"),
        (["r1", "r2"], "'r1' is a relation and cannot be the subject"),
    ):
        code, out, err = latebloom("ask", run_folder, *words)
        assert (code, out) == (2, "")
        assert named in err


def test_new_facts_may_bring_relations_but_make_none_of_an_entity(latebloom, run_folder, tmp_path):
    (tmp_path / "new.csv").write_text("subject,relation,object\ne1,likes,e2\n")
    code, _, err = latebloom("ask", run_folder, "e1", "likes", "r1", "--with-facts", "new.csv")
    assert code == 0, err
    code, _, err = latebloom("ask", run_folder, "e1", "e3", "--with-facts", "new.csv")
    assert code == 2
    assert "'e3' is no relation" in err


@pytest.mark.parametrize("command", ["ask", "eval", "lens", "rivals"])
def test_the_device_can_be_named(latebloom, run_folder, command):
    question = ["e1", "r1", "r2"] if command in ("ask", "lens") else []
    code, _, err = latebloom(command, run_folder, *question, "--device", "cpu")
    assert code == 0, err
    code, out, err = latebloom(command, run_folder, *question, "--device", "abacus")
    assert (code, out) == (2, "")
    assert "--device abacus: use auto, cpu, cuda or mps" in err


def test_the_summary_fits_a_narrow_terminal(monkeypatch, run_folder):
    from latebloom.cli import grok

    summary = json.loads((run_folder / "summary.json").read_text())
    for width, columns in ((42, "accuracy"), (80, "95 % interval")):
        shown = io.StringIO()
        console = Console(file=shown, width=width, force_terminal=True, color_system=None)
        monkeypatch.setattr(grok, "out", console)
        grok.show_summary(summary, run_folder)
        lines = shown.getvalue().splitlines()
        assert columns in lines[0] and "sustained" in lines[0]
        table = lines[: 1 + len(summary["splits"])]
        assert [line.split()[0] for line in table[1:]] == list(summary["splits"])
        assert max(map(len, table)) <= width


@pytest.mark.parametrize("evaluations", [False, True])
def test_ctrl_c_tells_how_to_continue(tmp_path, evaluations):
    """A real process, interrupted before or after its first evaluation, then continued."""
    every = "20" if evaluations else "100000"
    words = [*TINY, "--train.steps", "200000", "--train.eval-every", every, "--until", ""]
    command = [sys.executable, "-m", "latebloom", "grok"]
    process = subprocess.Popen(
        [*command, "composition", *words, "--out", "my run"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(RESULTS.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wanted, deadline = tmp_path / "my run" / "checkpoints" / "step_0000025", time.monotonic() + 60
    while not wanted.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "latebloom grok --resume 'my run'" in err
    assert "Traceback" not in err and "error" not in err
    assert (tmp_path / "my run" / "report.html").exists() == evaluations
    assert (
        json.loads((tmp_path / "my run" / "summary.json").read_text())["stopped_by"] == "interrupt"
    )


def test_ctrl_c_while_the_world_is_made(latebloom, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("latebloom.studies.grow.build_world", stop)
    code, out, err = latebloom("grok", "composition", "--quiet")
    assert (code, out) == (130, "")
    assert "before anything was written" in err


def test_ctrl_c_in_the_last_measurement(latebloom, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("latebloom.studies.grow.summarise", stop)
    code, out, err = latebloom("grok", "composition", *TINY, *SHORT, "--out", "run", "--quiet")
    assert (code, out) == (130, "")
    assert "latebloom grok --resume run" in err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_tab_key(latebloom, tmp_path, monkeypatch, shell):
    monkeypatch.setenv("HOME", str(tmp_path))  # the shell's own files stay as they are
    script = tmp_path / "completion"
    code, _, err = latebloom("--install-completion", "--shell", shell, "--output", script)
    assert code == 0, err
    text = script.read_text()
    assert "settings" in text and "world-seed" in text


def test_help_points_to_the_settings(latebloom):
    code, out, _ = latebloom("grok", "--help")
    assert code == 0
    assert "latebloom settings RECIPE" in out
    code, out, _ = latebloom("--help")
    assert "--install-completion" in out
