"""The laboratory of a page: the model itself, its names and facts, packed for the page's script.

Enters: a run folder. Leaves: a `Laboratory`, which `lab/*.js` asks, looks into and changes in the
reader's browser, or a sentence that says why there is none.

Weights are rounded to sixteen bits; what a question is, is the task's to say, as everywhere. What
the page has to know of sentences is put together by `latebloom.reports.packed_lines`.

Covers: models of every shape of `ModelConfig`, of facts and of sentences. Does not cover: parts and
tasks of one's own, models of which not even one checkpoint has room.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.asking.answer import readable_steps
from latebloom.asking.calibration import MISSING, calibrate
from latebloom.asking.cut import NOMINAL
from latebloom.errors import LatebloomError
from latebloom.model.feedback import loops_needed
from latebloom.model.transformer import Transformer
from latebloom.reports.asked_apart import asked_apart, asks
from latebloom.reports.grown_trees import trees_over_training
from latebloom.reports.packed_lines import describe_corpus
from latebloom.reports.packing import (
    MOST_CHARACTERS,
    TooLargeError,
    how_many,
    pack_weights,
    pack_whole,
    telling,
)
from latebloom.reports.recording import Record, title_of
from latebloom.reports.restored import restored_over_training
from latebloom.training.opened import load_model, open_run
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.splits import is_validation
from latebloom.worlds.world import World

MOST_ROWS = 100_000
"""Questions of a split that the page holds; it then knows of any question whether it is there."""
SOME_ROWS = 1_000
"""Questions that it holds of a larger split."""
MOST_FACTS = 100_000
"""Facts that the page holds; of more it holds none, and marks neither bridges nor answers."""


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What the page's script runs.

    data: for JSON: config, tensors, names, facts, shapes of questions, splits, checkpoints.
    weights: of each of `data["checkpoints"]`, in their order. apart: where the page and
    `latebloom ask` part, as sentences.
    """

    data: Mapping[str, Any]
    weights: Sequence[str]
    apart: Sequence[str] = ()


def make_laboratory(run_dir: Path, records: Sequence[Record]) -> Laboratory | str:
    """The laboratory of a run, or why there is none, as the end of a sentence."""
    try:
        return pack_run(run_dir, records)
    except (LatebloomError, TooLargeError) as error:
        return str(error).replace(str(run_dir), run_dir.name)


def pack_run(
    run_dir: Path, records: Sequence[Record], steps: Sequence[int] | None = None
) -> Laboratory:
    """The laboratory of a run.

    steps: of the checkpoints that it is to hold; None: those that tell most.
    Raises: LatebloomError if the run has no weights, or none that the page can run or hold;
    TooLargeError if sixteen bits cannot hold them.
    """
    run = open_run(run_dir)
    parameters = sum(parameter.numel() for parameter in run.model.parameters())
    room = how_many(parameters)
    if not room:
        raise LatebloomError(
            f"its {parameters:,} parameters would take more than the {MOST_CHARACTERS // 10**6} MB"
            " that this file has room for"
        )
    pack = PACKS[run.data.reads]
    described = pack.describe(run.data, run.model)
    found = {one.step: one for one in run.folder.checkpoints()}
    if steps is None:
        steps = telling(sorted(found), curves_of(records), room)
    models = [load_model(run.config, run.data, found[step]) for step in steps]
    data = {
        "config": dataclasses.asdict(run.config.model),
        "tensors": [[name, p.numel()] for name, p in run.model.named_parameters()],
        "parameters": parameters,
        "title": title_of(run.config.recipe, run.config.seed),
        "checkpoints": [
            checkpoint(step, records) | pack.of_checkpoint(run.data, model)
            for step, model in zip(steps, models, strict=True)
        ],
        "in_all": len(found),
        "restored": restored_over_training(run_dir),
        "grown": trees_over_training(run_dir),
        **described,
    }
    apart = pack.apart(run.data, run.folder.asked(run.folder.newest()))
    return Laboratory(data, [weights_of(model) for model in models], apart)


def weights_of(model: Transformer) -> str:
    """The weights of a model, packed, in the order of its named parameters."""
    return pack_weights([p.detach().numpy().ravel() for _, p in model.named_parameters()])


def curves_of(records: Sequence[Record]) -> dict[int, dict[str, float]]:
    """Accuracy by step and split, without validation splits."""
    return {
        int(record["step"]): {
            split: float(share)
            for split, share in record["accuracy"].items()
            if share is not None and not is_validation(split)
        }
        for record in records
    }


def checkpoint(step: int, records: Sequence[Record]) -> dict[str, Any]:
    """What the page says of one checkpoint: its step and its phase."""
    before = [record for record in records if record["step"] <= step]
    return {"step": step, "phase": str(before[-1].get("phase") or "") if before else ""}


def cuts_of(world: World, model: Transformer) -> dict[str, Any]:
    """Where a model's lists of guesses are cut, of a world whose questions have several answers.

    A cut (`latebloom.asking.cut`) is measured for each number of hops, and apart for questions that
    have known answers besides (`beside`). `distance` is in nats below the likeliest guess.
    """
    if not world.task.several:
        return {}
    kinds = [(f"{hops}p", MISSING) for hops in sorted(hops_asked(world))]
    cuts = [
        {
            "hops": int(kind[0].removesuffix("p")),
            "beside": beside,
            "distance": found.cut.distance,
            "questions": found.cut.questions,
            "nominal": NOMINAL,
        }
        for beside in (True, False)
        for kind, found in calibrate(model, world, kinds, beside_known=beside).items()
        if np.isfinite(found.cut.distance)
    ]
    return {"cuts": cuts}


def hops_asked(world: World) -> set[int]:
    """The numbers of hops that the questions of a world have."""
    return {world.task.hops(world.splits[name].shape[1] - 1) for name in shown(world)}


def shown(world: World) -> list[str]:
    """The splits whose questions the page can ask."""
    return [name for name in world.splits if asks(world, name)]


def describe_world(world: World, model: Transformer) -> dict[str, Any]:
    """What the page has to know to ask a question and to say what is true.

    Raises: LatebloomError for names of several tokens, and for facts before the questions.
    """
    if world.task.spelled is not None:
        raise LatebloomError("its names have several tokens, and this page reads answers of one")
    if world.task.facts_before:
        raise LatebloomError("facts stand before its questions, and this page draws none")
    pools: dict[tuple[int, ...], int] = {}
    limit = model.positions.limit
    widths = sorted({world.splits[name].shape[1] - 1 for name in shown(world)})
    shapes = [
        shape_of(world, model, n_tokens, pools)
        for n_tokens in widths
        if limit is None or n_tokens <= limit
    ]
    known = len(world.facts) <= MOST_FACTS
    rows = np.column_stack((world.facts.rows(), world.facts.ood)) if known else np.empty((0, 4))
    return {
        "reads": world.reads,
        "words": list(world.vocabulary.words),
        "derives": world.task.derives if known else "",
        "several": world.task.several,
        "n_names": world.task.n_competing(len(world.vocabulary)),
        "facts": pack_whole(rows.astype(np.int64)),
        "shapes": shapes,
        "pools": [pack_whole(np.array(pool, np.int64)) for pool in pools],
        "splits": [split_of(world, name) for name in shown(world) if not is_validation(name)],
    }


def shape_of(
    world: World, model: Transformer, n_tokens: int, pools: dict[tuple[int, ...], int]
) -> dict[str, Any]:
    """What a question of so many tokens is.

    pools: the sets of names that may stand at a place, with their numbers; those that are new are
    added. `kind` says it in a word; `orders` tells where the names stand, as they are worked out,
    in each order in which they may stand; `fixed` the token at each place that always holds the
    same, null elsewhere.
    """
    task, first_free = world.task, len(world.vocabulary)
    n_names = task.names(np.arange(n_tokens)[None]).shape[1]
    # Names that are no tokens, so that fillers can be told from them; twice and twice plus one, so
    # that where the sum of a row decides its order, one row of each order comes. Where questions
    # of several kinds have as many names, their first name tells them apart, an entity or none.
    names = (
        first_free + 2 * np.arange(n_names)[None] + np.eye(1, n_names, dtype=np.int64) * [[0], [1]]
    )
    laid = task.lay(names)
    if laid.shape[1] != n_tokens:
        names[:, 0] = 0, 1
        laid = task.lay(names)
    found = [
        tuple(int(np.flatnonzero(row == name)[0]) for name in row_names)
        for row, row_names in zip(laid, names, strict=True)
    ]
    orders = dict.fromkeys(found)
    places = task.places(n_tokens)
    allowed = task.candidates(world.facts, n_tokens)
    everywhere = np.arange(len(world.vocabulary))
    first = min(orders, key=lambda order: order != tuple(sorted(order)))
    sees = set(readable_steps(model, task, n_tokens))
    return {
        "kind": task.kind_of_question(n_tokens),
        "orders": [list(order) for order in sorted(orders, key=lambda order: order != first)],
        "fixed": [None if i in found[0] else int(token) for i, token in enumerate(laid[0])],
        "places": list(places),
        "pools": [
            pools.setdefault(
                tuple((allowed[i] if len(allowed[i]) else everywhere).tolist()), len(pools)
            )
            for i in first
        ],
        "steps": [
            {"name": step.name, "position": step.position, "readable": step in sees}
            for step in task.steps(n_tokens)
        ],
        "labels": list(task.labels(n_tokens)),
        "loops": loops_needed(model.config, n_tokens, task.hops(n_tokens)),
    }


def split_of(world: World, name: str) -> dict[str, Any]:
    """The questions of a split with their answers, all of them if there are not too many."""
    rows = world.examples(name)
    whole = len(rows) <= MOST_ROWS
    kept = len(rows) if whole else SOME_ROWS
    sets = {"sets": asked_of(world, name, kept)} if world.task.several else {}
    return {
        "name": name,
        "holds": world.meaning(name).holds,
        "judged": world.meaning(name).judged,
        "trained": name in world.trained,
        "tokens": rows.shape[1],
        "whole": whole,
        "rows": pack_whole(rows[:kept]),
        **sets,
    }


def asked_of(world: World, name: str, kept: int) -> dict[str, Any]:
    """The answers that the first questions of a split ask for, where they have several: those of
    question i are `member[first[i]:first[i + 1]]`."""
    answers = world.answers(name, slice(kept))
    first = np.concatenate(([0], np.cumsum(answers.n_asked)))
    return {"first": pack_whole(first), "member": pack_whole(answers.member[answers.asked])}


@dataclass(frozen=True, slots=True)
class Pack:
    """How the page is told of what a model reads.

    describe: what the page has to know to ask, and to say what is true. of_checkpoint: what it is
    told of each checkpoint besides. apart: where the page and `latebloom ask` part, from what the
    run keeps of how it is asked.
    """

    describe: Callable[[Any, Transformer], dict[str, Any]]
    of_checkpoint: Callable[[Any, Transformer], dict[str, Any]]
    apart: Callable[[Any, Mapping[str, Any]], list[str]]


PACKS: Mapping[str, Pack] = {
    World.reads: Pack(describe_world, cuts_of, asked_apart),
    Corpus.reads: Pack(describe_corpus, lambda corpus, model: {}, lambda corpus, kept: []),
}
"""By what a run's model reads."""
