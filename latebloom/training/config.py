"""What a run is told: its world, its model, its feed and its training, in one `RunConfig`.

Enters: dataclasses. Leaves: validated configs. A value of a wrong type or out of range is an error
of one line that names the field, whether it comes from a file, the command or Python.
`latebloom.training.structure` reads and writes them as TOML and as words of the command.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from latebloom.checked import check_fields
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.training import structure
from latebloom.training.acceleration import AcceleratorConfig
from latebloom.training.start import StartConfig
from latebloom.training.until import parse_until
from latebloom.worlds.build import WorldConfig
from latebloom.worlds.chains.made import CompositionConfig
from latebloom.worlds.config import WorldSettings
from latebloom.worlds.streams import check_seed


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionFeedConfig:
    """How the questions of a batch are chosen and supervised."""

    kind: Literal["questions"] = "questions"
    """Which feed this is."""
    atomic_frac: float = 0.5
    """Fraction of a batch that is atomic facts; 0 draws from the whole training set as it lies."""
    every_loop: bool = True
    """Supervise atomic facts after every loop, not only after the last."""
    every_place: bool = False
    """Ask for an atomic fact's answer at every token, not only at the last; for looped models whose
    attention goes both ways."""
    later_frac: float = 0.0
    """Fraction of a batch that is facts which the run learned later (`latebloom learn`), where it
    learned some; 0: they are drawn with the other atomic facts."""
    compared_frac: float = 0.0
    """Fraction of a batch that is comparisons, where a world asks these beside chains; 0: they are
    drawn with the chains."""

    def __post_init__(self) -> None:
        check_fields(self, "feed")
        for name in ("atomic_frac", "later_frac", "compared_frac"):
            if not 0 <= getattr(self, name) < 1:
                raise LatebloomError(f"feed.{name} is {getattr(self, name)}; it must lie in [0, 1)")

    def check_model(self, model: ModelConfig) -> None:
        """Refuses `every_place` where a token has not seen the question, or loops say nothing.

        Raises: LatebloomError naming the setting and the way out.
        """
        if not self.every_place:
            return
        if not model.both_ways:
            raise LatebloomError(
                "feed.every_place asks for the answer at tokens that, with model.attention causal,"
                " have not seen the whole question: set model.attention both"
            )
        if not model.feeds_back:
            raise LatebloomError(
                "feed.every_place is for models that feed their predictions back: set"
                " model.feedback replace"
            )
        if not self.every_loop:
            raise LatebloomError(
                "feed.every_place asks for atomic facts after every loop: set feed.every_loop true"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonFeedConfig(QuestionFeedConfig):
    """The same for comparisons, which can be helped to look their values up."""

    kind: Literal["comparisons"] = "comparisons"  # type: ignore[assignment]
    """Which feed this is."""
    values_first: bool = False
    """Ask a looped model, after the first loop of a trained comparison, for the two values that
    it compares; facts that it is trained on anyway."""
    both_orders: bool = False
    """Tell every other atomic fact of a comparison world as `attribute entity`, the order in which
    a comparison names them, instead of `entity attribute`."""

    def __post_init__(self) -> None:
        QuestionFeedConfig.__post_init__(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class SentenceFeedConfig:
    """How the lines of a batch are chosen; every word of every line is supervised."""

    kind: Literal["sentences"] = "sentences"
    """Which feed this is."""
    by_length: bool = True
    """Put sentences of one length together, and about as many words into each batch; otherwise
    batches are drawn as the lines come, all of `train.batch_size` lines."""

    def __post_init__(self) -> None:
        check_fields(self, "feed")

    def check_model(self, model: ModelConfig) -> None:
        """Refuses models that cannot read a sentence word by word.

        Raises: LatebloomError naming the setting and the way out.
        """
        if model.feeds_back:
            raise LatebloomError(
                f"model.feedback is {model.feedback!r}; sentences are read by models without"
                " feedback: set --model.feedback none"
            )
        if model.both_ways:
            raise LatebloomError(
                f"model.attention is {model.attention!r}; a sentence is read word by word, and none"
                " may see the next: set --model.attention causal"
            )


FeedConfig = QuestionFeedConfig | ComparisonFeedConfig | SentenceFeedConfig
"""How training sees a world; the field `kind` tells them apart in a file."""

FEEDS: Mapping[str, tuple[type, ...]] = {
    "questions": (QuestionFeedConfig,),
    "chains": (QuestionFeedConfig,),
    "comparisons": (ComparisonFeedConfig, QuestionFeedConfig),
    "sentences": (SentenceFeedConfig,),
}
"""The feeds that have an effect on what a world asks, the one with all its settings first."""


MUON_LR = 0.02
"""Muon's usual peak learning rate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig(AcceleratorConfig):
    """How the model is trained, measured and saved."""

    steps: int = 600
    """Optimizer steps at most; the learning rate's schedule spans them."""
    batch_size: int = 256
    """Questions in a batch; of sentences the number of lines (their mean with feed.by_length)."""
    optimizer: Literal["muon", "muon-all", "adamw", "lion"] = "muon"
    """Muon for the hidden matrices (muon-all: embeddings and read-out too) with AdamW elsewhere;
    or AdamW, or Lion (arXiv:2302.06675), for all."""
    lr: float = 5e-3
    """AdamW's or Lion's peak learning rate; Lion's is usually some ten times smaller."""
    muon_lr: float = MUON_LR
    """Muon's peak learning rate."""
    weight_decay: float = 0.1
    """Decoupled weight decay of matrices; biases, norms and gains have none."""
    beta2: float = 0.95
    """AdamW's second-moment decay; Lion's own two are as published."""
    warmup_steps: int = 20
    """Steps of linear warm-up."""
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    """How the learning rate falls after the warm-up, to zero at `steps`."""
    label_smoothing: float = 0.0
    """Share of the target's probability that is spread over the vocabulary."""
    set_loss: Literal["softmax", "binary"] = "softmax"
    """How a set of answers is learned: softmax lets the names compete for one answer, with the
    members as likely as each other; binary tells each name on its own whether it is a member."""
    average_frac: float = 0.0
    """How far back the running average of the weights reaches, as a fraction of the steps so far
    (see latebloom.training.averaging); the average is what is measured and saved. 0: none."""
    grad_clip: float = 1.0
    """Largest gradient norm; 0 does not clip."""
    precision: Literal["auto", "float32", "bf16"] = "auto"
    """bf16 autocast: auto takes it on a GPU, and on a bf16 processor from d_model 256 on."""
    eval_every: int = 25
    """Steps between two evaluations."""
    probe: int = 500
    """Examples of each split in an evaluation during training; the last takes them all."""
    checkpoint_every: int = 25
    """Steps between two checkpoints, once they are sparse; the first ones are denser."""
    keep: int = 0
    """Checkpoints kept, the newest; 0 keeps all."""
    until: str = "valid_id>=0.99 and valid_ood>=0.99"
    """Stop when this holds at three evaluations in a row; empty: run all steps."""

    def __post_init__(self) -> None:
        check_fields(self, "train")
        for name in ("steps", "batch_size", "eval_every", "probe", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise LatebloomError(
                    f"train.{name} is {getattr(self, name)}; it must be at least 1"
                )
        for name in ("label_smoothing", "average_frac"):
            if not 0 <= getattr(self, name) < 1:
                raise LatebloomError(
                    f"train.{name} is {getattr(self, name)}; it must lie in [0, 1)"
                )
        if not 0 < self.beta2 < 1:
            raise LatebloomError(f"train.beta2 is {self.beta2}; it must lie in (0, 1)")
        for name in ("lr", "muon_lr", "weight_decay", "warmup_steps", "grad_clip", "keep"):
            if getattr(self, name) < 0:
                raise LatebloomError(f"train.{name} is {getattr(self, name)}; it must be 0 or more")
        self.check_accelerators()
        parse_until(self.until)

    def idle(self, *, sets: bool = True) -> list[str]:
        """Settings that were changed and have no effect beside the others, each as a sentence.

        sets: whether questions may have several answers.
        """
        found = self.idle_accelerators()
        if self.optimizer in ("adamw", "lion") and self.muon_lr != MUON_LR:
            found.append(
                f"train.muon_lr {self.muon_lr} has no effect with train.optimizer {self.optimizer}"
            )
        if self.set_loss != "softmax" and not sets:
            found.append(
                f"train.set_loss {self.set_loss} has no effect: questions have one answer here"
            )
        if self.set_loss == "binary":
            found += [
                f"train.{name} has no effect on sets with train.set_loss binary"
                for name, usual in (("stablemax", False), ("logit_temperature", 1.0))
                if getattr(self, name) != usual
            ]
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class RunConfig:
    """All that makes a run: with the same machine and versions, the same numbers come out."""

    recipe: str = "composition"
    """The recipe that this config began as."""
    seed: int = 0
    """Seed of the weights, the batches and the dropout."""
    world_seed: int = 0
    """Seed of the world: what is true in it and what is held out."""
    world: WorldConfig = field(default_factory=CompositionConfig)
    """What is true and what is held out."""
    model: ModelConfig = field(default_factory=ModelConfig)
    """The transformer."""
    feed: FeedConfig = field(default_factory=QuestionFeedConfig)
    """How training sees the world."""
    train: TrainConfig = field(default_factory=TrainConfig)
    """The training."""
    start: StartConfig = field(default_factory=StartConfig)
    """Where the weights of step 0 come from."""

    def __post_init__(self) -> None:
        check_fields(self, "config")
        check_seed(self.seed)
        check_seed(self.world_seed, "world_seed")
        if self.world.asks:
            check_feed(self.feed, self.model, self.world.asks)

    def to_toml(self) -> str:
        """The config as TOML, every field written out."""
        return structure.to_toml(self)

    @classmethod
    def from_toml(cls, text: str) -> "RunConfig":
        """Reads what `to_toml` wrote, in this or an earlier version.

        Raises: LatebloomError naming the key that is unknown, or the value that does not fit.
        """
        return structure.structured(structure.read_toml(text), cls, "config")

    def with_seed(self, seed: int) -> "RunConfig":
        """This config with another seed, of the world as well."""
        return dataclasses.replace(self, seed=seed, world_seed=seed)

    def replace(self, section: str = "", /, **values: Any) -> "RunConfig":
        """This config with some fields changed: `config.replace("world", phi=2.0, hops=3)`.

        section: `world`, `model`, `feed`, `train` or `start`; empty for the config's own fields
        (`seed`).
        Raises: LatebloomError naming an unknown field or a value that does not fit.
        """
        if not section:
            return structure.replaced(self, "config", values)
        if section not in structure.SECTIONS:
            raise LatebloomError(
                f"a config has no section {section!r}; it has {', '.join(structure.SECTIONS)}"
            )
        part = structure.replaced(getattr(self, section), section, values)
        return dataclasses.replace(self, **{section: part})

    def with_overrides(self, section: str, values: Mapping[str, str]) -> "RunConfig":
        """This config with fields of a section set from the words of a command.

        Raises: LatebloomError naming an unknown field or a value that does not fit.
        """
        typed = structure.from_words(self, section, values)
        if not typed:
            return self
        try:
            return self.replace(section, **typed)
        except LatebloomError as error:
            part = getattr(self, section)
            raise type(error)(structure.with_doc(str(error), section, part, typed)) from error


def check_feed(feed: FeedConfig, model: ModelConfig, asks: str) -> None:
    """Refuses settings without effect on what a world asks, and models that cannot read it.

    Raises: LatebloomError naming the setting and the way out.
    """
    if type(feed) not in FEEDS[asks]:
        wanted = FEEDS[asks][0]
        raise LatebloomError(
            f"feed is {type(feed).__name__}, but this world asks {asks}: give"
            f" feed={wanted.__name__}()"
        )
    feed.check_model(model)


def check_reach(config: RunConfig) -> None:
    """Refuses a model that cannot see, or not in its loops, what the questions of its world join.

    It is checked when a run begins, since a config is made section by section.
    Raises: LatebloomError naming the setting and the way out.
    """
    world, model = config.world, config.model
    if not isinstance(world, WorldSettings):
        return
    if 0 < model.window < world.window_wanted:
        raise LatebloomError(
            f"model.window is {model.window}, but the questions of this world join what lies"
            f" {world.window_wanted} tokens apart: set model.window {world.window_wanted}"
        )
    if model.feeds_back and model.n_loops < world.loops_wanted:
        raise LatebloomError(
            f"model.n_loops is {model.n_loops}, but the questions of this world take"
            f" {world.loops_wanted} steps: set model.n_loops {world.loops_wanted}"
        )
