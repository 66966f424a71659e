"""The feed of questions: which ones a training step sees, and how they are supervised.

Enters: a world and a seed. Leaves: for any step its batch, without state: step 700 of a resumed
run sees what step 700 of an uninterrupted one sees. Every stream goes through its questions in
epochs, each in an order of its own. Questions of one length stay together, so nothing is padded.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from latebloom.model.transformer import Transformer
from latebloom.training.config import ComparisonFeedConfig, QuestionFeedConfig, TrainConfig
from latebloom.training.epochs import Epochs
from latebloom.training.links import link_of
from latebloom.training.objective import (
    NOT_ASKED,
    SET_LOSSES,
    Compared,
    Group,
    Several,
    Spelled,
    Supervision,
    batch_loss,
)
from latebloom.training.shares import questions_for
from latebloom.worlds.answers import FactSets
from latebloom.worlds.splits import ATOMIC, Split
from latebloom.worlds.streams import Draw
from latebloom.worlds.tasks.spelling import Spelling
from latebloom.worlds.world import World


class ToldValues:
    """The values that the atomic facts of a world's training set tell."""

    def __init__(self, world: World, device: torch.device) -> None:
        self.n_words = len(world.vocabulary)
        rows = world.trained_facts().astype(np.int64)
        # The first key lies before all others, so every search ends at some fact.
        keys = np.append(rows[:, 0] * self.n_words + rows[:, 1], -1)
        order = np.argsort(keys)
        self.keys = torch.from_numpy(keys[order]).to(device)
        self.values = torch.from_numpy(np.append(rows[:, 2], NOT_ASKED)[order]).to(device)

    def of(self, tokens: Int[Tensor, "row pos"]) -> Int[Tensor, "row pos"]:
        """For questions `attribute e1 e2`: the value of each entity; NOT_ASKED where not told."""
        wanted = tokens.long() * self.n_words + tokens[:, :1].long()
        place = torch.searchsorted(self.keys, wanted, right=True) - 1
        told = (self.keys[place] == wanted) & (torch.arange(tokens.shape[1]) > 0).to(wanted.device)
        return torch.where(told, self.values[place], NOT_ASKED)


class Stream:
    """Splits that are drawn from together, `count` questions a step, epoch by epoch."""

    def __init__(
        self,
        world: World,
        splits: tuple[str, ...],
        count: int,
        key: list[int],
        device: torch.device,
    ) -> None:
        """key: what the order of the epochs is seeded with.

        Questions are numbered through all splits, those of one length and kind in a row.
        """
        alike: dict[tuple[int, bool], list[ndarray]] = {}
        for name in splits:
            rows = world.examples(name)
            if len(rows):
                alike.setdefault((rows.shape[1], name in ATOMIC), []).append(rows)
        self.tables = [
            (torch.from_numpy(np.concatenate(parts)).to(device), atomic)
            for (_, atomic), parts in sorted(alike.items())
        ]
        self.ends = np.cumsum([len(table) for table, _ in self.tables])
        self.epochs = Epochs(len(self), count, key)

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def groups(self, step: int) -> list[Group]:
        """The questions of a step, in groups of one length."""
        numbers, groups, first = self.epochs.taken(step), [], 0
        for (table, atomic), end in zip(self.tables, self.ends.tolist(), strict=True):
            here = numbers[(numbers >= first) & (numbers < end)] - first
            if len(here):
                rows = table[torch.from_numpy(here).to(table.device)]
                groups.append(Group(rows[:, :-1], rows[:, -1].long(), atomic))
            first = end
        return groups


@dataclass(frozen=True, slots=True)
class Phrasing:
    """How a comparison world's groups are told: facts in either order, values asked for.

    told: the values to ask for after the first loop; None: they are not asked for.
    both_orders: whether every other atomic fact is told as `attribute entity`.
    """

    told: ToldValues | None
    both_orders: bool

    def __call__(self, group: Group) -> Group:
        if group.atomic and self.both_orders:
            # The order within a batch is random, so every other row is a random half.
            turned = group.tokens.clone()
            turned[1::2] = group.tokens[1::2].flip(1)
            return replace(group, tokens=turned)
        if self.told is not None and not group.atomic:
            return replace(group, asked=Compared(group.answers, self.told.of(group.tokens)))
        return group


class WithSets:
    """Groups of questions with several answers, each with the whole set that the facts give it."""

    def __init__(self, world: World) -> None:
        self.task, self.facts = world.task, FactSets(world.facts)
        self.n_names = world.task.n_competing(len(world.vocabulary))

    def __call__(self, group: Group) -> Group:
        if self.task.labels(group.tokens.shape[1]):
            return group  # a label alone is right
        sets = self.task.led_to(self.facts, group.tokens.cpu().numpy())
        weights = np.repeat(1 / sets.sizes, sets.sizes).astype(np.float32)
        parts = (sets.question, sets.member.astype(np.int64), weights)
        rows, members, shares = (torch.from_numpy(part).to(group.tokens.device) for part in parts)
        return replace(group, asked=Several(rows, members, shares, self.n_names))


class WithWords:
    """Groups whose answers are names of several tokens, each with the words of its name."""

    def __init__(self, spelling: Spelling, device: torch.device) -> None:
        self.words = torch.from_numpy(spelling.table).to(device)

    def __call__(self, group: Group) -> Group:
        return replace(group, asked=Spelled(self.words[group.answers]))


class BehindOthers:
    """Groups of a step with the facts before their questions drawn anew.

    Whoever sees a question behind the same facts each time may know it by them, and a fact that is
    told and never composed would be known behind its own alone.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.task, self.facts, self.seed = world.task, world.facts, seed

    def __call__(self, group: Group, step: int) -> Group:
        salt = np.random.default_rng([self.seed, Draw.DISTRACTORS, step]).integers(2**31)
        tokens = self.task.behind_others(self.facts, group.tokens.cpu().numpy(), int(salt))
        moved = torch.from_numpy(tokens).to(group.tokens.device, group.tokens.dtype)
        return replace(group, tokens=moved)


class QuestionFeed:
    """The batches of a run on questions, and their loss.

    With `feed.atomic_frac` two streams are mixed, atomic facts and everything else; without it
    there is one stream, the training set as it lies. Facts that were learned later are a stream of
    their own, where `feed.later_frac` says so.
    """

    def __init__(
        self,
        world: World,
        feed: QuestionFeedConfig,
        train: TrainConfig,
        seed: int,
        device: torch.device,
    ) -> None:
        self.supervision = Supervision(
            every_loop=feed.every_loop,
            every_place=feed.every_place,
            label_smoothing=train.label_smoothing,
            link=link_of(train),
            of_sets=SET_LOSSES[train.set_loss],
        )
        later, trained = (), world.trained
        n_later = round(feed.later_frac * train.batch_size)
        if n_later and Split.ATOMIC_LATER in trained:
            later = (Split.ATOMIC_LATER,)
            trained = tuple(name for name in trained if name not in later)
        left = train.batch_size - (n_later if later else 0)
        compared, n_compared = (), round(feed.compared_frac * left)
        if n_compared and Split.TRAIN_COMPARED in trained:
            compared = (Split.TRAIN_COMPARED,)
            trained = tuple(name for name in trained if name not in compared)
            left -= n_compared
        n_atomic = round(feed.atomic_frac * left)
        if n_atomic:
            atomic = tuple(name for name in trained if name in ATOMIC)
            other = tuple(name for name in trained if name not in ATOMIC)
            shares = [(atomic, n_atomic), (other, left - n_atomic)]
        else:
            shares = [(trained, left)]
        shares += [(later, n_later)] if later else []
        shares += [(compared, n_compared)] if compared else []
        streams = [
            Stream(world, splits, count, [seed, Draw.BATCHES, i], device)
            for i, (splits, count) in enumerate(shares)
        ]
        self.streams = [stream for stream in streams if len(stream)]
        self.behind = BehindOthers(world, seed) if world.task.facts_before else None
        self.phrased: Callable[[Group], Group] | None = None
        if isinstance(feed, ComparisonFeedConfig):
            told = ToldValues(world, device) if feed.values_first else None
            self.phrased = Phrasing(told, feed.both_orders)
        elif world.task.several:
            self.phrased = WithSets(world)
        elif world.task.spelled is not None:
            self.phrased = WithWords(world.task.spelled, device)

    def batch(self, step: int) -> list[Group]:
        """The batch of a step, counted from 1."""
        groups = [group for stream in self.streams for group in stream.groups(step)]
        if self.behind is not None:
            groups = [self.behind(group, step) for group in groups]
        return groups if self.phrased is None else [self.phrased(group) for group in groups]

    def loss(self, model: Transformer, batch: list[Group]) -> Float[Tensor, ""]:
        """The mean loss of a batch, in nats."""
        return batch_loss(model, batch, self.supervision)

    def part(self, batch: list[Group], number: int, of: int) -> list[Group]:
        """The questions that one of several processes works on."""
        return questions_for(batch, number, of)

    def size(self, batch: list[Group]) -> int:
        """How many questions a batch has."""
        return sum(len(group.answers) for group in batch)
