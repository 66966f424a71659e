"""What a batch holds, and its loss.

Questions: cross-entropy of the answer (of a set of answers: `SET_LOSSES`) after the last loop, of
atomic facts after every loop. An atomic fact needs one loop, so its answer is known after the
first; demanding it there is what makes every loop look facts up with the same weights. Composed
questions are supervised after the last loop alone: nobody tells the model their bridge. Where a
comparison comes with the values that it compares, each is asked for at its entity after the first
loop: a fact out of the training set, looked up amid a question. Where attention goes both ways
every token of an atomic fact sees the whole of it, and each may be asked for the answer
(`every_place`): then a fact is known wherever it stands in a longer question, whatever the order of
the words.

Sentences: cross-entropy of every next word, from the start token on.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from latebloom.model.transformer import Transformer
from latebloom.training.links import Link, softmax_link

NOT_ASKED = -100
"""Stands where a token is asked for no value; the index that cross-entropy passes over."""
NO_WORD = -100
"""The target where a line has ended; torch's cross-entropy leaves it out."""


Summands = Iterator[Float[Tensor, ""]]
"""Parts of a loss, in nats."""


SetLoss = Callable[["Several", Float[Tensor, "loop row place d_vocab"], "Supervision"], Tensor]
"""The loss of sets of answers, summed over loops, rows and places, in nats."""


def shared_out(
    sets: "Several", logits: Float[Tensor, "loop row place d_vocab"], how: "Supervision"
) -> Float[Tensor, ""]:
    """Cross-entropy with the uniform distribution over the set: names compete for one answer."""
    told = how.link(logits).log_softmax(-1).sum(2)
    of_members = (told[:, sets.rows, sets.members] * sets.weights).sum()
    smoothing = how.label_smoothing
    of_names = told[:, :, : sets.n_names].mean(-1).sum() if smoothing else 0.0
    return -(1 - smoothing) * of_members - smoothing * of_names


def name_by_name(
    sets: "Several", logits: Float[Tensor, "loop row place d_vocab"], how: "Supervision"
) -> Float[Tensor, ""]:
    """Binary cross-entropy: each token is told whether it is an answer, on its own.

    The mean over the tokens; smoothing spreads its share over the names. The sigmoid of a logit is
    then the probability that the name is in the set, however many others are, so that answers to
    several questions can be weighed against each other. The field calls it 1-N scoring or KvsAll.

    Source: arXiv:1707.01476 (ConvE), section 5.
    """
    n_loops, n_rows, n_places, d_vocab = logits.shape
    target = logits.new_zeros(n_rows, d_vocab)
    target[:, : sets.n_names] = how.label_smoothing / sets.n_names
    target[sets.rows, sets.members] += 1 - how.label_smoothing
    wanted = target[:, None].expand(n_loops, n_rows, n_places, d_vocab)
    return F.binary_cross_entropy_with_logits(logits, wanted, reduction="sum") / d_vocab


SET_LOSSES: Mapping[str, SetLoss] = {"softmax": shared_out, "binary": name_by_name}
"""By `train.set_loss`."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """Where a model is told that it was right or wrong, and how the loss counts it.

    every_loop: atomic facts are asked for after every loop. every_place: and at every token.
    link: from logits to what the cross-entropy takes. of_sets: the loss of a set of answers.
    """

    every_loop: bool
    label_smoothing: float
    every_place: bool = False
    link: Link = softmax_link
    of_sets: SetLoss = shared_out


@runtime_checkable
class Asked(Protocol):
    """What the questions of a group ask for."""

    def summed(
        self, logits: Float[Tensor, "loop row *place d_vocab"], how: Supervision
    ) -> Float[Tensor, ""]:
        """The cross-entropy, summed over loops, rows and places, in nats."""
        ...

    def losses(self, model: Transformer, group: "Group", how: Supervision) -> Summands:
        """The summed loss of a group that asks for this, in parts that are to be added up."""
        ...

    def take(self, rows: Int[Tensor, " some"]) -> "Asked":
        """What some of the questions ask for."""
        ...


@dataclass(frozen=True, slots=True)
class One:
    """The one right answer of each question of a group."""

    answers: Int[Tensor, " row"]

    def summed(
        self, logits: Float[Tensor, "loop row *place d_vocab"], how: Supervision
    ) -> Float[Tensor, ""]:
        answers = self.answers.view(1, -1, *[1] * (logits.ndim - 3)).expand(logits.shape[:-1])
        return cross_entropies(logits, answers, how)

    def losses(self, model: Transformer, group: "Group", how: Supervision) -> Summands:
        yield from answer_losses(model, group, self, how)

    def take(self, rows: Int[Tensor, " some"]) -> "One":
        return One(self.answers[rows])


@dataclass(frozen=True, slots=True)
class Several:
    """The set of right answers of each question of a group.

    Smoothing spreads its share over the names that may be answers, which are the first `n_names` of
    the vocabulary.
    rows, members: the answers, each with the row of its question. weights: one by the set's size.
    """

    rows: Int[Tensor, " answer"]
    members: Int[Tensor, " answer"]
    weights: Float[Tensor, " answer"]
    n_names: int

    def summed(
        self, logits: Float[Tensor, "loop row *place d_vocab"], how: Supervision
    ) -> Float[Tensor, ""]:
        places = logits.float().reshape(*logits.shape[:2], -1, logits.shape[-1])
        return how.of_sets(self, places, how)

    def losses(self, model: Transformer, group: "Group", how: Supervision) -> Summands:
        yield from answer_losses(model, group, self, how)

    def take(self, rows: Int[Tensor, " some"]) -> "Several":
        """The sets of some questions, which are numbered anew."""
        n = 1 + int(torch.cat((self.rows, rows)).max())
        place = torch.full((n,), -1, device=rows.device)
        place[rows] = torch.arange(len(rows), device=rows.device)
        kept = place[self.rows] >= 0
        parts = place[self.rows[kept]], self.members[kept], self.weights[kept]
        return Several(*parts, self.n_names)


@dataclass(frozen=True, slots=True)
class Spelled:
    """The right answer of each question of a group, where answers are names of several tokens.

    words: the tokens of each name, which are read at the last places of the question.
    """

    words: Int[Tensor, "row word"]

    def at_places(self, n_places: int) -> Int[Tensor, "row place"]:
        """What is asked for at so many places, which end the question: the words of the name in
        turn, so that the last word is asked for at the last place, and at every place before it
        that lies a whole number of names away."""
        n_words = self.words.shape[1]
        turn = (torch.arange(n_places, device=self.words.device) - n_places) % n_words
        return self.words[:, turn]

    def summed(
        self, logits: Float[Tensor, "loop row place d_vocab"], how: Supervision
    ) -> Float[Tensor, ""]:
        words = self.at_places(logits.shape[2]).expand(logits.shape[:-1])
        return cross_entropies(logits, words, how)

    def losses(self, model: Transformer, group: "Group", how: Supervision) -> Summands:
        """Each word is asked for at its place after the last loop; of a name the mean over its
        words."""
        if how.every_place and group.atomic:
            yield every_place_loss(model, group, self, how)
            return
        n_words = self.words.shape[1]
        logits = model(group.tokens, every_loop=False).logits[:, :, -n_words:]
        yield self.summed(logits, how) / n_words

    def take(self, rows: Int[Tensor, " some"]) -> "Spelled":
        return Spelled(self.words[rows])


@dataclass(frozen=True, slots=True)
class Compared:
    """The label of each comparison of a group, and the values that it compares.

    values: that of each entity as training tells it, and NOT_ASKED elsewhere. A model with loops is
    asked for them after the first one, where they are fed back.
    """

    labels: Int[Tensor, " row"]
    values: Int[Tensor, "row pos"]

    def summed(
        self, logits: Float[Tensor, "loop row *place d_vocab"], how: Supervision
    ) -> Float[Tensor, ""]:
        return One(self.labels).summed(logits, how)

    def losses(self, model: Transformer, group: "Group", how: Supervision) -> Summands:
        if not model.feedback.looped:
            yield from answer_losses(model, group, self, how)
            return
        n_rows, n_tokens = group.tokens.shape
        at = torch.full((n_rows,), n_tokens - 1, device=group.tokens.device)
        found = model(group.tokens, at, every_loop=False, keep_fed_back=True)
        label = cross_entropies(found.logits[-1], self.labels, how)
        fed = model.feedback.feeds(n_tokens)
        values = self.values[:, fed.start : fed.stop]
        asked = values != NOT_ASKED
        yield label + cross_entropies(found.fed_back[0][asked], values[asked], how)

    def take(self, rows: Int[Tensor, " some"]) -> "Compared":
        return Compared(self.labels[rows], self.values[rows])


def cross_entropies(
    logits: Float[Tensor, "*some d_vocab"], targets: Int[Tensor, "*some"], how: Supervision
) -> Float[Tensor, ""]:
    """The cross-entropy of tokens, summed, in nats."""
    return F.cross_entropy(
        how.link(logits.reshape(-1, logits.shape[-1]).float()),
        targets.flatten(),
        label_smoothing=how.label_smoothing,
        reduction="sum",
    )


@dataclass(frozen=True, slots=True)
class Group:
    """The questions of a batch that have one length; the answer follows the last token.

    answers: the entity, value or label; of a set one of its members.
    asked: what is asked for, where it is more than that.
    """

    tokens: Int[Tensor, "row pos"]
    answers: Int[Tensor, " row"]
    atomic: bool
    asked: Asked | None = None

    @property
    def target(self) -> Asked:
        """What is asked for."""
        return One(self.answers) if self.asked is None else self.asked

    def take(self, rows: Int[Tensor, " some"]) -> "Group":
        """Some of the questions."""
        asked = None if self.asked is None else self.asked.take(rows)
        return Group(self.tokens[rows], self.answers[rows], self.atomic, asked)


@dataclass(frozen=True, slots=True)
class Sentences:
    """Lines that are read together: at every position the next word is to be told.

    tokens: the lines without their last word, padded. targets: the next words, `NO_WORD` where
    there is none.
    """

    tokens: Int[Tensor, "line pos"]
    targets: Int[Tensor, "line pos"]


def sentence_loss(
    model: Transformer,
    batch: Sentences,
    *,
    label_smoothing: float,
    link: Link = softmax_link,
) -> Float[Tensor, ""]:
    """Mean loss over the words of a batch, in nats; every word counts alike."""
    logits = model(batch.tokens, every_loop=False).logits[-1]
    return F.cross_entropy(
        link(logits.flatten(0, 1).float()),
        batch.targets.flatten(),
        ignore_index=NO_WORD,
        label_smoothing=label_smoothing,
    )


def batch_loss(model: Transformer, batch: list[Group], how: Supervision) -> Float[Tensor, ""]:
    """Mean loss over the questions of a batch, in nats; an atomic fact's losses after its loops
    are summed."""
    total = torch.zeros((), device=model.device)
    for group in batch:
        for part in group.target.losses(model, group, how):
            total = total + part
    return total / sum(len(group.answers) for group in batch)


def answer_losses(model: Transformer, group: Group, target: Asked, how: Supervision) -> Summands:
    """The summed loss of answers that follow the last token, in parts.

    Where feedback is seen ahead only, the answer at position p is settled after p loops: loops that
    cannot change it are not run, but an atomic fact keeps the weight that they would have had.
    """
    if how.every_place and group.atomic:
        yield every_place_loss(model, group, target, how)
        return
    n_rows, n_tokens = group.tokens.shape
    at = torch.full((n_rows,), n_tokens - 1, device=group.tokens.device)
    loops = model.feedback.loops_trained(model.config.n_loops, n_tokens)
    repeated = how.every_loop and group.atomic and model.feedback.looped
    logits = model(group.tokens, at, n_loops=loops, every_loop=repeated).logits
    idle = model.config.n_loops - loops if repeated else 0
    if idle:  # the last answers stand for those of the loops that were not run
        if len(logits) > 1:
            yield target.summed(logits[:-1], how)
            logits = logits[-1:]
        yield target.summed(logits, how) * (1 + idle)
    else:
        yield target.summed(logits, how)


def every_place_loss(
    model: Transformer, group: Group, target: Asked, how: Supervision
) -> Float[Tensor, ""]:
    """The summed loss of atomic facts whose answer is asked for at every token, after every loop.

    Of one loop the mean over the tokens, and of the loops the sum.
    """
    return target.summed(model(group.tokens).logits, how) / group.tokens.shape[1]
