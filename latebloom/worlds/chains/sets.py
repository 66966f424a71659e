"""From facts with several answers to a world: what is trained on, and what is held out.

Enters: triples that are told, triples that never are (the *missing* facts), a config. Leaves: a
`World` whose questions are answered by sets.

- Told: every pair of a subject and a relation is asked with the whole set of its objects. Some of
  these pairs are OOD: no trained question goes through one of them.
- `train_inferred`: two-hop questions over the told facts, each with all its answers, less those
  that are held out. `test_id`: the same, held out; all of it follows from what was told.
- `test_oi`, `test_io`, `test_ood`: questions through OOD pairs, asked for the answers that no path
  gives with fewer OOD pairs.
- `test_links`: the missing facts, asked alone. `test_missing`: two-hop questions, asked for the
  answers that no path of told facts gives. Their other answers, which are known, are passed over.

A question that is answered by nearly every name says nothing and is left out (`largest_share`).
Where missing facts come from two files, those of the first are validation: its questions are asked
for what it adds to the told facts, and the tests for what the second adds to both.

- With `hops` 3: `train_hops_3`, three-hop questions whose parts of two hops are none of those held
  out, `test_hops_3`, the same held out, and `test_missing_3`. They are drawn at random, and at most
  as many as there are of two hops.

Covers: one hop to three. Does not cover: longer chains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.answers import FactSets
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.draw import mark_ood
from latebloom.worlds.chains.joined import Graphs, Joining
from latebloom.worlds.chains.set_questions import Drawing, Part
from latebloom.worlds.chains.sets_config import SetsConfig, check_settings
from latebloom.worlds.chains.triples import Triples
from latebloom.worlds.chains.world import distinct_names, laid_out, layout_of
from latebloom.worlds.splits import ATOMIC, Split, as_valid, shape_split
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.graph import GraphTask
from latebloom.worlds.tasks.queries import WORDS, QueryTask
from latebloom.worlds.validation import with_validation
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.wording import INVERSE
from latebloom.worlds.world import World


def world_of_sets(
    triples: Triples,
    entities: Sequence[str],
    relations: Sequence[str],
    config: SetsConfig,
    rng: np.random.Generator,
    seed: int,
) -> World:
    """The world of all questions over the facts, its splits drawn.

    relations: none of them the name of an entity.
    Raises: WorldError for settings that questions with several answers do not know, or for more
    than the facts give; FactsError if they make no two-hop question.
    """
    check_settings(config)
    if config.inverse:
        triples, relations = told_both_ways(triples, entities, relations)
    return world_of_triples(triples, entities, relations, config, rng, seed)


def told_both_ways(
    triples: Triples, entities: Sequence[str], relations: Sequence[str]
) -> tuple[Triples, list[str]]:
    """The facts and each read backwards, and the relations with their inverses after them."""
    backwards = (INVERSE + name for name in relations)
    inverses = distinct_names(backwards, [*entities, *relations], "inverse")
    return triples.with_inverses(len(relations)), [*relations, *inverses]


def world_of_triples(
    triples: Triples,
    entities: Sequence[str],
    relations: Sequence[str],
    config: SetsConfig,
    rng: np.random.Generator,
    seed: int,
) -> World:
    """The world of all questions over facts that are told as they stand; see `world_of_sets`."""
    told = facts_with_ood(triples.told, config.ood_frac, rng)
    drawn = Drawing(told, triples, len(entities), config, rng)
    trained, tested = drawn.splits()
    layout, fillers = layout_of(config, entities, relations)
    task = GraphTask(layout, entities=len(entities))
    if config.shapes:
        words = [*entities, *relations]
        fillers = distinct_names(WORDS, words, "join")
        task = QueryTask(
            layout, len(entities), both=len(words), less=len(words) + 1, shapes=config.shapes
        )
        more_trained, more_tested = joined(drawn, task, trained, tested, seed)
        for shape in config.shapes:
            if not len(more_trained[shape_split(shape, "train")][0]):
                raise WorldError(
                    f"world.shapes names {shape}, of which these facts leave no question to train"
                    f" on (world.phi is {config.phi:g}); leave it out"
                )
        trained, tested = trained | more_trained, tested | more_tested
    splits, sets = {}, {}
    for name, (rows, answers) in {**trained, **tested}.items():
        if len(rows):
            whole = np.concatenate((rows, answers.any_asked()[:, None]), axis=1).astype(np.int32)
            splits[name] = laid_out(whole, layout, in_each=name in ATOMIC)
            if name in tested:
                sets[name] = answers
    world = World(
        task=task,
        vocabulary=Vocabulary((*entities, *relations, *fillers)),
        facts=told,
        splits=splits,
        trained=tuple(name for name in trained if name in splits),
        sets=sets,
    )
    if not len(triples.valid):
        return world
    # Its facts for validation came apart; of the other tests a share is set aside as ever.
    missing = (
        *(Split.TEST_LINKS, Split.TEST_MISSING, Split.TEST_MISSING_3),
        *(shape_split(shape, "test_missing") for shape in config.shapes),
    )
    apart = set(map(as_valid, missing))
    aside = {name: rows for name, rows in splits.items() if name in apart}
    kept = {name: rows for name, rows in splits.items() if name not in (*apart, *missing)}
    divided = with_validation(replace(world, splits=kept), config.valid_frac, seed)
    tests = {name: rows for name, rows in splits.items() if name in missing}
    return replace(
        divided,
        splits={**divided.splits, **tests, **aside},
        sets={**sets, **divided.sets},
    )


def joined(
    drawn: Drawing,
    task: QueryTask,
    trained: Mapping[str, Part],
    tested: Mapping[str, Part],
    seed: int,
) -> tuple[dict[str, Part], dict[str, Part]]:
    """The splits of questions that join branches, trained and held out; none of the others changes
    with them."""
    graphs = Graphs(drawn.inside, drawn.outside, drawn.by_stage)
    rng = np.random.default_rng([seed, Draw.JOINED])
    joining = Joining(graphs, task, drawn.config, drawn.most, rng)
    two_hop = [rows for rows, _ in tested.values() if rows.shape[1] == 3]
    return joining.splits(len(trained[Split.TRAIN_INFERRED][0]), two_hop)


def facts_with_ood(
    rows: Int[ndarray, "fact 3"], ood_frac: float, rng: np.random.Generator
) -> Facts:
    """The told facts; all facts of an OOD pair are marked."""
    facts = Facts.of_rows(rows.astype(np.int32))
    if not ood_frac:
        return facts
    pairs = FactSets(facts)
    ood = mark_ood(len(pairs), ood_frac, rng)
    return replace(facts, ood=ood[pairs.find(facts.subject, facts.relation)])
