"""Asking for what answers several questions at once: `fluconazole inhibits ^metabolised-by and pain
^treats` asks for what is metabolised by what fluconazole inhibits, and treats pain.

Enters: the questions of its branches, as tokens. Leaves: a `SetAnswer`. What the told facts give to
every branch *follows*. Beyond that names are ordered by the product of what the model gives them in
each branch; one that all branches but one have by told facts is *inferred*, others never were told.

Source: of the product, CQD (Arakelyan et al., arXiv:2011.03459). A run holds out no such questions,
so nothing is known of how good these guesses are, and no cut is given.
"""

from collections.abc import Sequence

import numpy as np
import torch

from latebloom.asking.answer import FOLLOWS, INFERRED, NEVER
from latebloom.asking.names import score_names
from latebloom.asking.reading import AND
from latebloom.asking.set_answer import Member, SetAnswer
from latebloom.asking.ways import Ways
from latebloom.model.transformer import Transformer
from latebloom.worlds.answers import FactSets, follow_sets
from latebloom.worlds.world import World


def ask_all(
    model: Transformer, world: World, branches: Sequence[Sequence[int]], top: int
) -> SetAnswer:
    """What answers all of several questions, two or more."""
    facts, words = FactSets(world.facts), world.vocabulary.words
    names = [world.task.names(np.array([tokens])) for tokens in branches]
    known = [follow_sets(one, [facts])[-1].member for one in names]
    scores = torch.stack(
        [score_names(model, world.task, torch.tensor([list(tokens)]))[0] for tokens in branches]
    )
    likely = scores.sum(0).softmax(0).double().numpy()
    order = np.argsort(-likely, kind="stable")
    ways = [Ways.of(model, world, facts, one) for one in names]
    branches_with = np.sum([np.isin(order, one) for one in known], axis=0)
    given = order[branches_with == len(branches)].tolist()
    rest, of_rest = (some[branches_with < len(branches)] for some in (order, branches_with))
    left = max(1e-12, 1 - float(likely[given].sum()))
    question: list[str] = []
    for tokens in branches:
        question += [AND] * bool(question) + world.vocabulary.decode(tokens)
    members = tuple(
        Member(
            words[i],
            FOLLOWS,
            float(likely[i]),
            tuple(bridge for way in ways for bridge in way.told_to(i, words)),
        )
        for i in given
    )
    guesses = tuple(
        Member(
            words[i],
            INFERRED if n == len(branches) - 1 else NEVER,
            min(1.0, float(likely[i]) / left),
            tuple(bridge for way in ways for bridge in way.to(i, words)),
        )
        for i, n in zip(rest[:top].tolist(), of_rest[:top].tolist(), strict=True)
    )
    return SetAnswer(
        question=tuple(question),
        status=FOLLOWS if members else guesses[0].status if guesses else NEVER,
        known=members,
        guesses=guesses,
        in_set=None,
        named=int(np.isin(order[: len(given)], given).sum()),
        record=None,
        held_out=(),
    )
