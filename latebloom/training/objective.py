"""What a batch holds, and its loss.

Questions: cross-entropy of the answer (of a set of answers: with the uniform distribution over it)
after the last loop, of atomic facts after every loop. An
atomic fact needs one loop, so its answer is known after the first; demanding it there is what
makes every loop look facts up with the same weights. Composed questions are supervised after the
last loop alone: nobody tells the model their bridge. Where a comparison comes with the values that
it compares, each is asked for at its entity after the first loop: a fact out of the training set,
looked up amid a question. Where attention goes both ways every token of an atomic fact sees the
whole of it, and each may be asked for the answer (`every_place`): then a fact is known wherever it
stands in a longer question, whatever the order of the words.

Sentences: cross-entropy of every next word, from the start token on.
"""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class One:
    """The one right answer of each question of a group."""

    answers: Int[Tensor, " row"]

    def summed(
        self,
        logits: Float[Tensor, "loop row *place d_vocab"],
        label_smoothing: float,
        link: Link = softmax_link,
    ) -> Float[Tensor, ""]:
        """The cross-entropy of the answers, summed over loops, rows and places, in nats."""
        answers = self.answers.view(1, -1, *[1] * (logits.ndim - 3)).expand(logits.shape[:-1])
        return F.cross_entropy(
            link(logits.flatten(0, -2).float()),
            answers.flatten(),
            label_smoothing=label_smoothing,
            reduction="sum",
        )


@dataclass(frozen=True, slots=True)
class Several:
    """The set of right answers of each question of a group.

    The target is the uniform distribution over the set; smoothing spreads its share over the names
    that may be answers, which are the first `n_names` of the vocabulary.
    rows, members: the answers, each with the row of its question. weights: one by the set's size.
    """

    rows: Int[Tensor, " answer"]
    members: Int[Tensor, " answer"]
    weights: Float[Tensor, " answer"]
    n_names: int

    def summed(
        self,
        logits: Float[Tensor, "loop row *place d_vocab"],
        label_smoothing: float,
        link: Link = softmax_link,
    ) -> Float[Tensor, ""]:
        """The cross-entropy with the sets, summed over loops, rows and places, in nats."""
        of_places = link(logits.float()).log_softmax(-1)
        told = of_places.reshape(*logits.shape[:2], -1, logits.shape[-1]).sum(2)
        of_members = (told[:, self.rows, self.members] * self.weights).sum()
        of_names = told[:, :, : self.n_names].mean(-1).sum() if label_smoothing else 0.0
        return -(1 - label_smoothing) * of_members - label_smoothing * of_names


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
        self,
        logits: Float[Tensor, "loop row place d_vocab"],
        label_smoothing: float,
        link: Link = softmax_link,
    ) -> Float[Tensor, ""]:
        """The cross-entropy of the words, summed over loops, rows and places, in nats."""
        words = self.at_places(logits.shape[2]).expand(logits.shape[:-1])
        return F.cross_entropy(
            link(logits.flatten(0, -2).float()),
            words.flatten(),
            label_smoothing=label_smoothing,
            reduction="sum",
        )


@dataclass(frozen=True, slots=True)
class Group:
    """The questions of a batch that have one length; the answer follows the last token.

    values: in a comparison, the value of each entity as training tells it, and NOT_ASKED
        elsewhere; None unless it is asked for after the first loop.
    sets: where questions have several answers, all of them; `answers` has one of each set.
    spelled: where answers are names of several tokens, those; `answers` has the entities.
    """

    tokens: Int[Tensor, "row pos"]
    answers: Int[Tensor, " row"]
    atomic: bool
    values: Int[Tensor, "row pos"] | None = None
    sets: Several | None = None
    spelled: Spelled | None = None

    @property
    def target(self) -> One | Several | Spelled:
        """What is to be answered."""
        if self.sets is not None:
            return self.sets
        return One(self.answers) if self.spelled is None else self.spelled


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


def batch_loss(
    model: Transformer,
    batch: list[Group],
    *,
    every_loop: bool,
    label_smoothing: float,
    every_place: bool = False,
    link: Link = softmax_link,
) -> Float[Tensor, ""]:
    """Mean loss over the questions of a batch, in nats.

    An atomic fact's losses after its loops are summed. Where feedback is seen ahead only, the
    answer at position p is settled after p loops: loops that cannot change it are not run, but an
    atomic fact keeps the weight that they would have had.
    """
    config = model.config
    total = torch.zeros((), device=model.device)
    for group in batch:
        n_rows, n_tokens = group.tokens.shape
        looped = model.feedback.looped
        if group.values is not None and looped:
            total = total + comparison_loss(model, group, group.values, label_smoothing, link)
            continue
        if every_place and group.atomic:
            total = total + every_place_loss(model, group, label_smoothing, link)
            continue
        if group.spelled is not None:
            total = total + spelled_loss(model, group, group.spelled, label_smoothing, link)
            continue
        at = torch.full((n_rows,), n_tokens - 1, device=group.tokens.device)
        loops = model.feedback.loops_trained(config.n_loops, n_tokens)
        repeated = every_loop and group.atomic and looped
        logits = model(group.tokens, at, n_loops=loops, every_loop=repeated).logits
        target = group.target
        idle = config.n_loops - loops if repeated else 0
        if idle:  # the last answers stand for those of the loops that were not run
            total = total + target.summed(logits[-1:], label_smoothing, link) * (1 + idle)
            logits = logits[:-1]
        if len(logits):
            total = total + target.summed(logits, label_smoothing, link)
    return total / sum(len(group.answers) for group in batch)


def every_place_loss(
    model: Transformer, group: Group, label_smoothing: float, link: Link = softmax_link
) -> Float[Tensor, ""]:
    """The summed loss of atomic facts whose answer is asked for at every token, after every loop.

    Of one loop the mean over the tokens, and of the loops the sum.
    """
    logits = model(group.tokens).logits
    return group.target.summed(logits, label_smoothing, link) / group.tokens.shape[1]


def spelled_loss(
    model: Transformer,
    group: Group,
    spelled: Spelled,
    label_smoothing: float,
    link: Link = softmax_link,
) -> Float[Tensor, ""]:
    """The summed loss of answers of several tokens, each asked for at its place after the last
    loop; of one answer the mean over its words."""
    n_words = spelled.words.shape[1]
    logits = model(group.tokens, every_loop=False).logits[:, :, -n_words:]
    return spelled.summed(logits, label_smoothing, link) / n_words


def comparison_loss(
    model: Transformer,
    group: Group,
    values: Int[Tensor, "row pos"],
    label_smoothing: float,
    link: Link = softmax_link,
) -> Float[Tensor, ""]:
    """The summed loss of comparisons: the label at the end, the values where they are fed back."""
    n_rows, n_tokens = group.tokens.shape
    at = torch.full((n_rows,), n_tokens - 1, device=group.tokens.device)
    found = model(group.tokens, at, every_loop=False, keep_fed_back=True)
    label = F.cross_entropy(
        link(found.logits[-1].float()),
        group.answers,
        label_smoothing=label_smoothing,
        reduction="sum",
    )
    fed = model.feedback.feeds(n_tokens)
    values = values[:, fed.start : fed.stop]
    asked = values != NOT_ASKED
    value = F.cross_entropy(
        link(found.fed_back[0][asked].float()),
        values[asked],
        label_smoothing=label_smoothing,
        reduction="sum",
    )
    return label + value
