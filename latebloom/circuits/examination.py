"""The circuits' instrument: lens, trace, verdict, failures and progress measures of one model.

Enters: a world, once, and then any number of models that were trained on it. Leaves: a
`CircuitRecord` for each. What is put to the models (questions, replacements, groups) is drawn once,
so the records of one instrument can be compared.

    instrument = CircuitInstrument.of_world(run.world, ExaminationConfig(examples=300))
    record = instrument.examine(run.model)
    print(record.verdict.words())

Over all checkpoints of a run: `latebloom.studies.checkpoints.walk(run, instrument)`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch

from latebloom.circuits.failures import Failures, explain_failures
from latebloom.circuits.held_out import Unseen
from latebloom.circuits.lens import Lens, logit_lens
from latebloom.circuits.measures import Groups, group_by_bridge, measure
from latebloom.circuits.probe import Probe, make_probe
from latebloom.circuits.record import FORMAT, CircuitRecord, ExaminationConfig, LensMeans
from latebloom.circuits.states import States, read_answers, run_states
from latebloom.circuits.tracing import (
    Effect,
    run_corrupted,
    trace_corruptions,
    trace_cross_query,
    trace_inputs,
    trace_noise,
)
from latebloom.circuits.verdict import Verdict, holding, judge, places_of
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.worlds.splits import Split
from latebloom.worlds.world import World


@dataclass(frozen=True, slots=True)
class CircuitInstrument:
    """What is put to every model: the probes and the groups, drawn once for all checkpoints.

    probe: the questions that are traced. unseen: like ones that were not trained on, None where the
    world holds none out. failing: those of the splits whose failures are explained.
    inside, outside: ID and OOD questions grouped by bridge; None where there are no bridges.
    """

    config: ExaminationConfig
    probe: Probe
    unseen: Unseen | None = None
    failing: tuple[Probe, ...] = ()
    inside: Groups | None = None
    outside: Groups | None = None

    name: str = field(default="circuits", init=False)
    format: int = field(default=FORMAT, init=False)
    record: ClassVar[type[CircuitRecord]] = CircuitRecord

    @classmethod
    def of_world(cls, world: World, config: ExaminationConfig) -> "CircuitInstrument":
        """What is drawn from a world; groups by bridge only where there are bridges.

        Raises: WorldError if it lacks the split; ProbeError if its questions cannot be probed.
        """

        def probe(split: str) -> Probe:
            return make_probe(world, split, n=config.examples, seed=config.seed)

        main = probe(config.split)
        unseen = Unseen.beside(world, main)
        if not main.chained:
            return cls(config=config, probe=main, unseen=unseen)
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
            unseen=unseen,
            failing=tuple(probe(name) for name in failing),
            inside=inside,
            outside=outside,
        )

    def examine(self, model: Transformer, step: int | None = None) -> CircuitRecord:
        """The record of one model. step: of its checkpoint, if it is one."""
        probe, config = self.probe, self.config
        states, lens = look(model, probe)
        said, _ = read_answers(model, states.final, torch.from_numpy(probe.answers))
        accuracy = float((said == torch.from_numpy(probe.answers)).float().mean())
        corrupted = run_corrupted(model, states, probe.corruptions)
        effects = trace_corruptions(model, states, probe.answers, probe.corruptions, corrupted)
        moved, control = trace_moved(model, probe, lens, corrupted)
        held_out = None if self.unseen is None else self.unseen.score(model)
        on_new = math.nan if held_out is None else held_out.score.accuracy
        causal = not model.config.both_ways
        verdict = judge(probe, lens, effects, moved, control, accuracy, on_new, causal=causal)
        rows = np.concatenate((probe.questions, probe.answers[:, None]), axis=1)
        return CircuitRecord(
            step=step,
            config=config,
            n=len(probe.answers),
            n_loops=states.n_loops,
            n_layers=states.n_layers,
            places=tuple(probe.places),
            accuracy=accuracy,
            held_out=held_out,
            lens={name: LensMeans.of(lens, name) for name in lens.rank},
            trace=effects,
            cross_query=moved,
            other_bridge=control,
            coincide={name: donors.coincide for name, donors in probe.donors.items()},
            verdict=verdict,
            failures=explain_all(model, self.failing, verdict),
            inputs=read_inputs(model, probe, states, corrupted, verdict),
            noise=trace_noise(model, states, probe.answers, 0, seed=config.seed)
            if config.noise
            else None,
            progress=measure(model, self.inside, self.outside, rows, n_loops=states.n_loops),
        )


def look(model: Transformer, probe: Probe) -> tuple[States, Lens]:
    """The states of a probe's questions, and the lens on all its named tokens."""
    loops = loops_needed(model.config, probe.questions.shape[1], probe.hops)
    states = run_states(model, probe.question_tensor(), n_loops=loops)
    return states, logit_lens(model, states, probe.named_tensors())


def trace_moved(
    model: Transformer, probe: Probe, lens: Lens, corrupted: Sequence[States]
) -> tuple[dict[str, Effect], dict[str, Effect]]:
    """The cross-query effect of each step by its name: with the same bridge, and with another one.

    Patched is each position of `places_of`; a step that can stand at none of them is left out.
    Where tokens see both ways several hold a step at once, and one alone, against the others,
    decides little: so all states of a boundary that hold it are moved together.
    corrupted: from `run_corrupted`.
    """
    moved: dict[str, Effect] = {}
    control: dict[str, Effect] = {}
    pairs = zip(probe.corruptions, corrupted, strict=True)
    by_name = {corruption.name: (corruption, states) for corruption, states in pairs}
    for step in probe.steps:
        positions = places_of(step, len(probe.places), causal=not model.config.both_ways)
        if step.name not in probe.donors or not positions:
            continue
        corruption, states = by_name[step.corruption]
        donors = probe.donors[step.name]
        together = holding(lens, step.name) if model.config.both_ways else None
        for effects, rows, whose in (
            (moved, donors.same, "question"),
            (control, donors.other, "bridge"),
        ):
            effects[step.name] = trace_cross_query(
                model,
                probe.questions,
                probe.answers,
                corruption,
                states,
                rows,
                leads=donors.leads,
                positions=positions,
                together=together,
                name=f"{step.name} from another {whose}",
            )
    return moved, control


def explain_all(
    model: Transformer, failing: Sequence[Probe], verdict: Verdict
) -> dict[str, Failures]:
    """Why each failing split fails, by its name."""
    explained = {}
    for probe in failing:
        if probe.chained and len(probe.steps) == len(verdict.steps):
            states, lens = look(model, probe)
            explained[probe.split] = explain_failures(model, probe, states, lens, verdict)
    return explained


def read_inputs(
    model: Transformer,
    probe: Probe,
    states: States,
    corrupted: Sequence[States],
    verdict: Verdict,
) -> dict[str, dict[str, float]]:
    """How often each corruption changes what is read where a step is used, by corruption and step.

    corrupted: from `run_corrupted`.
    """
    found = {step.name: step.used_at for step in verdict.steps if step.used_at is not None}
    reach = trace_inputs(model, states, probe.corruptions, corrupted, list(found.values()))
    return {name: dict(zip(found, shares, strict=True)) for name, shares in reach.items()}
