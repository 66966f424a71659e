"""What every test shares: one thread, jaxtyping's shapes checked by beartype, and no waiting for
the disk."""

import os
import shutil
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import jaxtyping
import pytest
import shapes
import torch

CHECKED = (
    *("worlds", "model", "asking", "rivals", "training", "evaluation", "circuits", "trees"),
    *("foresight", "recipes", "studies", "reports"),
)
"""The rooms whose arguments and results are checked in every test."""

jaxtyping.jaxtyped = shapes.jaxtyped
jaxtyping.install_import_hook([f"latebloom.{room}" for room in CHECKED], "shapes.check")

torch.set_num_threads(1)

# No test loses power, and a run flushes dozens of small files. What is flushed, and when, is what
# tests/test_power.py asks; it puts a recorder in this place.
os.fsync = lambda _: None


def pytest_terminal_summary(terminalreporter):
    """Says how many tests no browser ran, which the dots of skipped tests would hide."""
    skipped = terminalreporter.stats.get("skipped", [])
    without = [one for one in skipped if "no browser: " in str(one.longrepr)]
    if without:
        reason = str(without[0].longrepr).split("no browser: ")[1].rstrip("')")
        terminalreporter.write_line(
            f"NOT RUN: {len(without)} tests of the pages in a browser ({reason});"
            " `make test-browser` brings one and runs them"
        )


@pytest.fixture
def small_world():
    """Twelve entities, four relations: 48 facts and all that follows from them."""
    from latebloom.worlds.chains.made import CompositionConfig, make_composition

    config = CompositionConfig(
        entities=12, relations=4, out_degree=4, ood_frac=0.2, phi=2, test_id_frac=0.1
    )
    return make_composition(config, seed=3)


@pytest.fixture(scope="session")
def small_config():
    """A run over `small_world`'s sizes that takes well under a second."""
    from latebloom.model.config import ModelConfig
    from latebloom.training.config import RunConfig, TrainConfig
    from latebloom.worlds.chains.made import CompositionConfig

    return RunConfig(
        seed=3,
        world=CompositionConfig(
            entities=12, relations=4, out_degree=4, ood_frac=0.2, phi=2, test_id_frac=0.1
        ),
        model=ModelConfig(d_model=16, n_layers=1, n_heads=2, window=2, dropout=0.1),
        train=TrainConfig(
            steps=24, batch_size=16, eval_every=8, checkpoint_every=8, warmup_steps=4, until=""
        ),
    )


@pytest.fixture(scope="session")
def small_grown(small_config, tmp_path_factory):
    """The folder of a run of `small_config`, grown once; who may change it takes `small_run`."""
    from latebloom.studies.grow import grow

    folder = tmp_path_factory.mktemp("small") / "run"
    grow(small_config, folder, device="cpu", threads=1)
    return folder


@pytest.fixture
def small_run(small_grown, tmp_path):
    """A copy of that run, as `run`."""
    return shutil.copytree(small_grown, tmp_path / "run")


@pytest.fixture
def chat_server():
    """A server that speaks the chat protocol."""
    from chat_server import ChatServer

    server = ChatServer()
    yield server
    server.stop()


@pytest.fixture
def latebloom(monkeypatch, capsys, tmp_path):
    """Runs the command in an empty folder; gives (exit code, standard output, standard error)."""
    from latebloom.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["latebloom", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def grown_before(tmp_path_factory):
    """By the words of `latebloom grok`: the run that they left, and the text that they printed."""
    kept: dict[tuple, tuple] = {}

    def keep(words, folder, text):
        kept[words] = shutil.copytree(folder, tmp_path_factory.mktemp("kept") / "run"), text

    return kept, keep


@pytest.fixture
def grok(latebloom, grown_before, tmp_path):
    """Has `latebloom grok WORDS` leave a run in `run`; gives its folder and what was printed.

    The same words are trained once a process, and copied then.
    """
    before, keep = grown_before

    def grow(*words):
        if words in before:
            folder, text = before[words]
            return shutil.copytree(folder, tmp_path / "run"), text
        code, text, complaint = latebloom("grok", *words, "--out", "run", "--quiet")
        assert code == 0, complaint
        keep(words, tmp_path / "run", text)
        return tmp_path / "run", text

    return grow
