"""The walker over checkpoints, with instruments that are no part of the package."""

import json
import shutil
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import CircuitRecord, ExaminationConfig
from latebloom.errors import LatebloomError, RunFolderError
from latebloom.model.transformer import Transformer
from latebloom.records import from_json, to_json
from latebloom.run import load
from latebloom.studies.checkpoints import walk
from latebloom.studies.grow import grow
from latebloom.training.run_folder import RunFolder


@dataclass(frozen=True)
class NormConfig:
    rows: int = 3


@dataclass(frozen=True)
class Norm:
    step: int
    norms: np.ndarray
    mean: float
    largest: float | None = None


@dataclass
class NormInstrument:
    """The length of a few embeddings; remembers which steps it was asked for."""

    config: NormConfig = field(default_factory=NormConfig)
    name = "norms"
    format = 1
    record = Norm
    asked: list[int] = field(default_factory=list)

    def examine(self, model: Transformer, step: int) -> Norm:
        assert not model.training
        self.asked.append(step)
        norms = model.embed.weight[: self.config.rows].detach().norm(dim=1).double().numpy()
        return Norm(step, norms, float("nan") if step == 0 else float(norms.mean()))


class CountInstrument:
    """Its record is a plain dict, and it has nothing beyond what the walker needs."""

    name = "counts"
    format = 1
    config = NormConfig()

    def examine(self, model: Transformer, step: int) -> dict:
        return {"parameters": sum(weight.numel() for weight in model.parameters())}


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory) -> Path:
    from latebloom.model.config import ModelConfig
    from latebloom.training.config import RunConfig, TrainConfig
    from latebloom.worlds.chains.made import CompositionConfig

    config = RunConfig(
        world=CompositionConfig(entities=12, relations=4, out_degree=4, ood_frac=0.2, phi=2),
        model=ModelConfig(d_model=16, n_layers=1, n_heads=2),
        train=TrainConfig(steps=4, batch_size=8, eval_every=2, checkpoint_every=2, until=""),
    )
    path = tmp_path_factory.mktemp("runs") / "run"
    grow(config, path, device="cpu", threads=1)
    return path


@pytest.fixture
def run(whole_run, tmp_path) -> RunFolder:
    """The run with none of its records."""
    shutil.copytree(whole_run, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


def test_an_instrument_of_ones_own(run):
    records = list(walk(run, NormInstrument()))
    assert [record.step for record in records] == [c.step for c in run.checkpoints()]
    weights = load(run.path).model.embed.weight[:3].detach()
    assert np.allclose(records[-1].norms, weights.norm(dim=1).numpy())
    assert records[-1].mean == records[-1].norms.mean()
    kept = json.loads((run.path / "norms" / "step_0000000.json").read_text())
    assert kept["mean"] is None
    assert (kept["step"], kept["format"], kept["config"]) == (0, 1, {"rows": 3})
    assert np.isnan(records[0].mean)
    assert records[0].largest is None


def test_the_example_of_the_module_runs(run, capsys):
    import latebloom.studies.checkpoints as module

    lines = module.__doc__.splitlines()
    begin, end = (next(i for i, line in enumerate(lines) if start in line)
                  for start in ("    from dataclasses", "print(norm.step"))  # fmt: skip
    code = textwrap.dedent("\n".join(lines[begin : end + 1]))
    exec(code.replace("runs/composition", str(run.path)).replace("= 100", "= 12"), {})
    printed = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in printed] == [c.step for c in run.checkpoints()]


def test_a_record_may_be_a_dict(run):
    first = list(walk(run.path, CountInstrument()))
    size = load(run.path).model.embed.weight.numel()
    assert all(record["parameters"] >= size for record in first)
    assert [record["step"] for record in first] == [c.step for c in run.checkpoints()]
    assert list(walk(run.path, CountInstrument())) == first


def test_a_half_done_walk_goes_on(run):
    steps = [checkpoint.step for checkpoint in run.checkpoints()]
    first = NormInstrument()
    next(iter(walk(run, first)))
    assert first.asked == steps[:1]
    assert len(list((run.path / "norms").iterdir())) == 1
    told, again = [], NormInstrument()
    list(walk(run, again, on_step=lambda *one: told.append(one)))
    assert again.asked == steps[1:]
    assert told == [(step, step == steps[0]) for step in steps]
    whole = NormInstrument()
    list(walk(run, whole))
    assert whole.asked == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "null",
        lambda text: json.dumps({**json.loads(text), "norms": "long"}),
        lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "mean"}),
        lambda text: json.dumps({**json.loads(text), "format": 0}),
        lambda text: json.dumps({**json.loads(text), "config": {"rows": 2}}),
    ],
)
def test_a_damaged_record_is_made_again(run, damage):
    list(walk(run, NormInstrument()))
    steps = [checkpoint.step for checkpoint in run.checkpoints()]
    path = run.path / "norms" / f"step_{steps[1]:07d}.json"
    whole = path.read_text()
    path.write_text(damage(whole))
    again = NormInstrument()
    list(walk(run, again))
    assert again.asked == [steps[1]]
    assert path.read_text() == whole


def test_another_config_is_another_record(run):
    list(walk(run, NormInstrument()))
    more = NormInstrument(NormConfig(rows=5))
    assert len(next(iter(walk(run, more, step=0))).norms) == 5
    assert more.asked == [0]


def test_records_of_variants_are_kept_beside_each_other(run):
    for rows in (2, 3):
        instrument = NormInstrument(NormConfig(rows))
        instrument.variant = f"-{rows}"
        next(walk(run, instrument, step=0))
    names = sorted(path.name for path in (run.path / "norms").iterdir())
    assert names == ["step_0000000-2.json", "step_0000000-3.json"]


def test_an_examination_that_fails_leaves_nothing(run):
    class Broken(NormInstrument):
        def examine(self, model, step):
            if step:
                raise RuntimeError("no")
            return super().examine(model, step)

    with pytest.raises(RuntimeError):
        list(walk(run, Broken()))
    assert [path.name for path in (run.path / "norms").iterdir()] == ["step_0000000.json"]


@pytest.mark.parametrize("name", ["", "a/b", "..", "checkpoints", "figures"])
def test_a_name_that_cannot_be_a_folder(run, name):
    instrument = NormInstrument()
    instrument.name = name
    with pytest.raises(LatebloomError, match="cannot keep records"):
        walk(run, instrument)


def test_a_record_that_json_does_not_know(run):
    class Odd(CountInstrument):
        def examine(self, model, step):
            return {"model": object()}

    class Other(CountInstrument):
        def examine(self, model, step):
            return Norm(step, np.zeros(1), 0.0)

    with pytest.raises(LatebloomError, match="'counts' cannot be kept"):
        list(walk(run, Odd()))
    with pytest.raises(LatebloomError, match="a Norm, not a dict"):
        list(walk(run, Other()))
    assert not list((run.path / "counts").iterdir())


def test_what_is_not_there_is_said_at_once(run):
    with pytest.raises(RunFolderError, match="no checkpoint of step 77"):
        walk(run, NormInstrument(), step=77)
    with pytest.raises(LatebloomError, match="--device tpu"):
        walk(run, NormInstrument(), device="tpu")
    with pytest.raises(RunFolderError, match="no run folder"):
        walk(run.path / "checkpoints", NormInstrument())
    assert not (run.path / "norms").exists()


def test_circuits_are_kept_whole(run):
    config = ExaminationConfig(examples=10, noise=True)
    instrument = CircuitInstrument.of_world(run.world(), config)
    made = list(walk(run, instrument))
    alone = instrument.examine(load(run.path).model, made[-1].step)
    assert made[-1].as_dict() == alone.as_dict()
    assert np.array_equal(made[-1].trace["subject"].strength, alone.trace["subject"].strength)
    assert made[-1].noise is not None
    text = (run.path / "circuits" / f"step_{alone.step:07d}.json").read_text()
    assert from_json(json.loads(text), CircuitRecord).as_dict() == to_json(alone)
