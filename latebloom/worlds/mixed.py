"""The mixed world: chains and comparisons over one set of facts, in one vocabulary.

Enters: sizes and a seed. Leaves: a `World`. Entities have relations to each other, as in the
composition world, and attributes with values, as in the comparison world; both are told as atomic
facts in one layout. Trained on are two-hop chains, of which some end in a value, and comparisons;
held out are both kinds, in distribution and out of it. A fact that is OOD is neither composed nor
compared in training.

Source: arXiv:2405.15071, sections 3 and 4, put together. Differs: there each is a data set and a
model of its own.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray

from latebloom.errors import WorldError
from latebloom.worlds.atomic import Facts
from latebloom.worlds.chains.draw import ChainConfig, make_splits, mark_ood, refuse_distractors
from latebloom.worlds.chains.world import laid_out, layout_of
from latebloom.worlds.comparisons.made import (
    PairConfig,
    check_sizes,
    comparisons,
    draw_id_questions,
    draw_table,
    mark_entities,
    members,
)
from latebloom.worlds.pairs import PairSpace
from latebloom.worlds.splits import ATOMIC, Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.comparison import LABELS
from latebloom.worlds.tasks.layout import Order
from latebloom.worlds.tasks.mixed import MixedTask
from latebloom.worlds.vocabulary import Vocabulary
from latebloom.worlds.world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class MixedConfig(ChainConfig):
    """A made world of random facts and random values, with chains and comparisons over them."""

    kind: Literal["mixed"] = "mixed"
    """Which world this is."""
    entities: int = 100
    """Entities; each has every relation and every attribute."""
    relations: int = 20
    """Relations, each to a uniformly drawn entity."""
    attributes: int = 10
    """Attributes, which are told like relations; their objects are values."""
    values: int = 20
    """Values of each attribute, uniform."""
    compared: float = 12.6
    """Comparisons trained on for each ID fact of an attribute; `phi` counts the chains."""
    order: Order = "relation-first"
    """How the names of a question stand: `h of r1 of r2 ?` and `e1 e2 of a ?`, or `r2 of r1 of h ?`
    and `a of e1 e2 ?`, or mixed: facts in both orders, of the questions half in each."""
    fillers: bool = True
    """Chains and comparisons are told apart by the words between the names; must be true."""

    def __post_init__(self) -> None:
        ChainConfig.__post_init__(self)
        refuse_distractors(self, "questions of a mixed world")
        check_sizes(self.entities, self.attributes, self.values)
        if self.relations < 1:
            raise WorldError(f"world.relations is {self.relations}; it must be at least 1")
        if not self.fillers:
            raise WorldError(
                "world.fillers is false; in a mixed world a chain `r r h` and a comparison `a e e`"
                " would have three tokens each: leave it true"
            )

    @property
    def pairs(self) -> PairConfig:
        """The settings of its comparisons."""
        return PairConfig(
            phi=self.compared,
            ood_frac=self.ood_frac,
            test_id_frac=self.test_id_frac,
            max_test=self.max_test,
        )


def make_mixed(config: MixedConfig, seed: int) -> World:
    """Draws facts, values and splits; the same seed gives the same bytes.

    Raises: WorldError if the sizes do not hold what is asked for.
    """
    rng = np.random.default_rng([seed, Draw.MIXED])
    n, n_relations = config.entities, config.relations
    table = draw_table(n, config.attributes, config.values, rng)
    relations = [f"r{i}" for i in range(n_relations)]
    ood = mark_entities(np.ones_like(table.value, bool), config.ood_frac, rng)
    facts = told_facts(config, table.value, ood, rng)
    splits, trained = make_splits(facts, config, rng)
    layout, fillers = layout_of(
        config, table.entities, [*relations, *table.attributes, *table.values]
    )
    words = (*table.entities, *relations, *table.attributes, *table.values, *fillers, *LABELS)
    task = MixedTask(layout, entities=n, first_label=len(words) - len(LABELS))
    rows = {name: laid_out(r, layout, in_each=name in ATOMIC) for name, r in splits.items()}

    space, rest = PairSpace(members(~ood)), PairSpace(members(ood))
    asked, held_out = draw_id_questions(space, int((~ood).sum()), config.pairs, rng)
    outside = rest.rows(
        rng.choice(2 * len(rest), min(2 * len(rest), config.max_test), replace=False)
    )
    for name, some in (
        (Split.TRAIN_COMPARED, asked),
        (Split.TEST_COMPARED_ID, held_out),
        (Split.TEST_COMPARED_OOD, outside),
    ):
        if len(some):
            # `comparisons` knows no relations and no fillers, which stand before these tokens.
            names = comparisons(table, some) + np.array(
                [n_relations, 0, 0, n_relations + len(fillers)]
            )
            tokens = task.lay(names[:, :-1])
            rows[name] = np.concatenate((tokens, names[:, -1:]), axis=1).astype(np.int32)
    return World(
        task=task,
        vocabulary=Vocabulary(words),
        facts=facts,
        splits={str(name): some for name, some in rows.items()},
        trained=(*trained, *([str(Split.TRAIN_COMPARED)] if len(asked) else [])),
    )


def told_facts(
    config: MixedConfig,
    value: Int[ndarray, "entity attribute"],
    ood: Bool[ndarray, "entity attribute"],
    rng: np.random.Generator,
) -> Facts:
    """The facts of all relations, and then those of all attributes, entity by entity.

    value: index of each value. ood: which values are never composed and never compared.
    """
    n, n_relations = config.entities, config.relations
    subject, relation = np.divmod(np.arange(n * n_relations), n_relations)
    entity, attribute = np.divmod(np.arange(value.size), config.attributes)
    first_value = n + n_relations + config.attributes
    return Facts(
        subject=np.concatenate((subject, entity)).astype(np.int32),
        relation=np.concatenate((n + relation, n + n_relations + attribute)).astype(np.int32),
        object=np.concatenate(
            (rng.integers(0, n, n * n_relations), first_value + value.ravel())
        ).astype(np.int32),
        ood=np.concatenate((mark_ood(n * n_relations, config.ood_frac, rng), ood.ravel())),
    )
