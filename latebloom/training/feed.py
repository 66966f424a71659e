"""The feed: what a training step sees of the data, and the loss of what it saw.

Enters: a run's data and its config. Leaves: a `Feed`, chosen once; the loop knows only this.
"""

from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from latebloom.errors import LatebloomError
from latebloom.model.transformer import Transformer
from latebloom.training.config import QuestionFeedConfig, RunConfig, SentenceFeedConfig
from latebloom.training.questions import QuestionFeed
from latebloom.training.sentences import SentenceFeed
from latebloom.worlds.data import Data
from latebloom.worlds.sentences.corpus import Corpus
from latebloom.worlds.world import World


@runtime_checkable
class Feed(Protocol):
    """Batches and their loss. A batch depends on the seed and the number of its step alone."""

    def batch(self, step: int) -> Any:
        """What the step, counted from 1, sees."""
        ...

    def loss(self, model: Transformer, batch: Any) -> Tensor:
        """The mean loss of a batch in nats, a scalar."""
        ...

    def part(self, batch: Any, number: int, of: int) -> Any:
        """What process `number` of `of` works on of a batch (`latebloom.training.shares`)."""
        ...

    def size(self, batch: Any) -> int:
        """Over how many the loss of a batch is the mean."""
        ...


def make_feed(config: RunConfig, data: Data, device: torch.device) -> Feed:
    """The feed of a run.

    Raises: LatebloomError if the config's feed is not for what the data holds.
    """
    match data, config.feed:
        case Corpus(), SentenceFeedConfig() as feed:
            return SentenceFeed(data, feed, config.train, config.seed, device)
        case World(), QuestionFeedConfig() as feed:
            return QuestionFeed(data, feed, config.train, config.seed, device)
        case _:
            raise LatebloomError(
                f"feed is {type(config.feed).__name__}, which is not for {data.reads}: give"
                " feed=QuestionFeedConfig() for questions, feed=SentenceFeedConfig() for sentences"
            )
