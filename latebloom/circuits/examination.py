"""Everything at once for one model, and for all checkpoints of a training.

Enters: a world and a model (or steps with models). Leaves: JSON-ready records: lens, trace,
verdict, failures and progress measures. `examine_training` writes one file a checkpoint into
`RUN/circuits/` and passes over the checkpoints that it has examined before in the same way.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latebloom.circuits.failures import explain_failures
from latebloom.circuits.lens import Lens, logit_lens
from latebloom.circuits.probe import Probe, make_probe
from latebloom.circuits.progress import Groups, group_by_bridge, measure
from latebloom.circuits.states import States, read_answers, run_states
from latebloom.circuits.tracing import (
    Effect,
    run_corrupted,
    trace_corruptions,
    trace_cross_query,
    trace_inputs,
    trace_noise,
)
from latebloom.circuits.verdict import Verdict, judge
from latebloom.errors import LatebloomError
from latebloom.files import write_text
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.streams import check_seed
from latebloom.worlds.world import Split, World

FORMAT = 1
"""Version of the records; older ones are made again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExaminationConfig:
    """What is looked at."""

    split: str = Split.TRAIN_INFERRED
    """The questions that lens, trace and verdict are about; the paper's are training examples."""
    failing: tuple[str, ...] = (Split.TEST_OOD,)
    """Splits whose wrong answers are explained; those that the world lacks are passed over."""
    examples: int = 300
    """Questions of a split at most; the paper has 300."""
    seed: int = 0
    """Draws questions, replacements, donors and noise."""
    noise: bool = False
    """Also patches clean states into runs with noise on the subject's embedding (ROME)."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if self.examples < 1:
            raise LatebloomError(f"trace.examples is {self.examples}; it must be at least 1")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is put to every model: the probes and the groups, drawn once for all checkpoints."""

    config: ExaminationConfig
    probe: Probe
    failing: tuple[Probe, ...] = ()
    inside: Groups | None = None
    outside: Groups | None = None

    @classmethod
    def of_world(cls, world: World, config: ExaminationConfig) -> "Subject":
        """What is drawn from a world; groups by bridge only where there are bridges.

        Raises: WorldError if it lacks the split; ProbeError if its questions cannot be probed.
        """

        def probe(split: str) -> Probe:
            return make_probe(world, split, n=config.examples, seed=config.seed)

        main = probe(config.split)
        if not main.chained:
            return cls(config=config, probe=main)
        outside, drawn_from = None, None
        if len(world.splits.get(Split.TEST_OOD, ())):
            outside = group_by_bridge(world, Split.TEST_OOD, seed=config.seed)
            drawn_from = np.unique(outside.bridge)
        inside = group_by_bridge(world, config.split, only=drawn_from, seed=config.seed)
        if not len(inside.bridge):
            inside = group_by_bridge(world, config.split, seed=config.seed)
        failing = (name for name in config.failing if len(world.splits.get(name, ())))
        return cls(
            config=config,
            probe=main,
            failing=tuple(probe(name) for name in failing),
            inside=inside,
            outside=outside,
        )


def examine(model: Transformer, subject: Subject) -> dict[str, Any]:
    """The record of one model; nan stands as None."""
    probe = subject.probe
    states, lens = look(model, probe)
    said, _ = read_answers(model, states.final, torch.from_numpy(probe.answers))
    accuracy = float((said == torch.from_numpy(probe.answers)).float().mean())
    corrupted = run_corrupted(model, states, probe.corruptions)
    effects = trace_corruptions(model, states, probe.answers, probe.corruptions, corrupted)
    moved = trace_moved(model, probe, corrupted)
    verdict = judge(probe, lens, effects, moved, accuracy)
    record: dict[str, Any] = {
        "format": FORMAT,
        "config": asdict(subject.config),
        "n": len(probe.answers),
        "n_loops": states.n_loops,
        "n_layers": states.n_layers,
        "places": list(probe.places),
        "accuracy": accuracy,
        "lens": lens_record(lens),
        "trace": {name: effect_record(effect) for name, effect in effects.items()},
        "cross_query": {name: effect_record(effect) for name, effect in moved.items()},
        "verdict": verdict.as_dict(),
        "failures": explain_all(model, subject, verdict),
    }
    found = [step for step in verdict.steps if step.used_at is not None]
    reach = trace_inputs(
        model,
        states,
        probe.corruptions,
        corrupted,
        [step.used_at for step in found if step.used_at],
    )
    record["inputs"] = {
        name: dict(zip((step.name for step in found), shares, strict=True))
        for name, shares in reach.items()
    }
    if subject.config.noise:
        noise = trace_noise(model, states, probe.answers, 0, seed=subject.config.seed)
        record["noise"] = effect_record(noise)
    rows = np.concatenate((probe.questions, probe.answers[:, None]), axis=1)
    record["progress"] = measure(
        model, subject.inside, subject.outside, rows, n_loops=states.n_loops
    )
    return without_nan(record)


def look(model: Transformer, probe: Probe) -> tuple[States, Lens]:
    """The states of a probe's questions, and the lens on all its named tokens."""
    loops = loops_needed(model.config, probe.questions.shape[1])
    states = run_states(model, probe.question_tensor(), n_loops=loops)
    return states, logit_lens(model, states, probe.named_tensors())


def trace_moved(model: Transformer, probe: Probe, corrupted: Sequence[States]) -> dict[str, Effect]:
    """The cross-query effect of each step of a chain, by the step's name.

    corrupted: from `run_corrupted`.
    """
    pairs = zip(probe.corruptions, corrupted, strict=True)
    subject, other = next(((c, o) for c, o in pairs if c.position == 0), (None, None))
    if not probe.chained or subject is None or other is None:
        return {}
    return {
        step.name: trace_cross_query(
            model, probe.questions, probe.answers, subject, other, donors, hop=step.position
        )
        for step, donors in zip(probe.steps, probe.donors, strict=True)
    }


def explain_all(model: Transformer, subject: Subject, verdict: Verdict) -> dict[str, Any]:
    """Why each failing split fails, by its name."""
    explained = {}
    for probe in subject.failing:
        if probe.chained and len(probe.steps) == len(verdict.steps):
            states, lens = look(model, probe)
            failures = explain_failures(model, probe, states, lens, verdict)
            explained[probe.split] = failures.as_dict()
    return explained


def examine_training(
    models: Iterable[tuple[int, Callable[[], Transformer]]],
    subject: Subject,
    folder: Path,
    *,
    on_step: Callable[[int, bool], None] = lambda step, done_before: None,
) -> Iterator[dict[str, Any]]:
    """The record of every checkpoint, in order, with its `step`.

    models: steps, each with a function that loads the model; it is not called for a checkpoint
    examined before. folder: where `step_NNNNNNN.json` is written (made if missing).
    on_step: called after each checkpoint; the second argument tells whether it was done before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for step, load in models:
        path = folder / f"step_{step:07d}.json"
        record = read_record(path, subject.config)
        done_before = record is not None
        if record is None:
            record = {"step": step} | examine(load(), subject)
            write_text(path, json.dumps(record) + "\n")
        on_step(step, done_before)
        yield record


def read_record(path: Path, config: ExaminationConfig) -> dict[str, Any] | None:
    """A record made before with the same config; None if there is none, or it is cut short."""
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    wanted = json.loads(json.dumps(asdict(config)))
    fits = record.get("format") == FORMAT and record.get("config") == wanted
    return record if fits else None


def lens_record(lens: Lens) -> dict[str, Any]:
    """Means over the questions, `[loop][boundary][pos]`, of each named token."""
    return {
        name: {
            "reciprocal_rank": lens.reciprocal_rank(name).tolist(),
            "mean_rank": lens.mean_rank(name).tolist(),
            "probability": lens.mean_probability(name).tolist(),
        }
        for name in lens.rank
    }


def effect_record(effect: Effect) -> dict[str, Any]:
    """An effect with its grids `[loop][boundary][pos]` as lists."""
    return {
        key: value.tolist() if isinstance(value, np.ndarray) else value
        for key, value in asdict(effect).items()
    }


def without_nan(value: Any) -> Any:
    """The same with None for nan, which JSON does not know."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return value
