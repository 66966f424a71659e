"""What a training run is told: `TrainConfig`, and the complete `RunConfig`, read and written.

Enters: dataclasses, TOML, or `--section.field value` pairs. Leaves: validated configs. An unknown
key, a wrong type or a value out of range is a one-line error that names the field.
"""

import dataclasses
import math
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import cattrs
import tomli_w

from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig
from latebloom.training.until import parse_until
from latebloom.worlds.build import SentenceWorldConfig, WorldConfig
from latebloom.worlds.composition import CompositionConfig
from latebloom.worlds.streams import check_seed


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """How the model is trained, measured and saved."""

    steps: int = 600
    """Optimizer steps at most; the learning rate's schedule spans them."""
    batch_size: int = 256
    """Questions in a batch; of sentences the mean number of lines, where batches are by length."""
    by_length: bool = True
    """Put sentences of one length together, and about as many words into each batch; otherwise
    batches are drawn as the lines come, all of `batch_size` lines. No effect on questions."""
    atomic_frac: float = 0.5
    """Fraction of a batch that is atomic facts; 0 draws from the whole training set as it lies."""
    every_loop: bool = True
    """Supervise atomic facts after every loop, not only after the last."""
    values_first: bool = False
    """Ask a looped model, after the first loop of a trained comparison, for the two values that
    it compares; facts that it is trained on anyway."""
    both_orders: bool = False
    """Tell every other atomic fact of a comparison world as `attribute entity`, the order in which
    a comparison names them, instead of `entity attribute`."""
    optimizer: Literal["muon", "adamw"] = "muon"
    """Muon for the hidden matrices with AdamW elsewhere, or AdamW for all."""
    lr: float = 5e-3
    """AdamW's peak learning rate."""
    muon_lr: float = 0.02
    """Muon's peak learning rate."""
    weight_decay: float = 0.1
    """Decoupled weight decay of matrices; biases, norms and gains have none."""
    beta2: float = 0.95
    """AdamW's second-moment decay."""
    warmup_steps: int = 20
    """Steps of linear warm-up."""
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    """How the learning rate falls after the warm-up, to zero at `steps`."""
    label_smoothing: float = 0.0
    """Share of the target's probability that is spread over the vocabulary."""
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
    until: str = "test_id>=0.99 and test_ood>=0.99"
    """Stop when this holds at three evaluations in a row; empty: run all steps."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "eval_every", "probe", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise LatebloomError(
                    f"train.{name} is {getattr(self, name)}; it must be at least 1"
                )
        for name in ("atomic_frac", "label_smoothing", "average_frac"):
            if not 0 <= getattr(self, name) < 1:
                raise LatebloomError(
                    f"train.{name} is {getattr(self, name)}; it must lie in [0, 1)"
                )
        if not 0 < self.beta2 < 1:
            raise LatebloomError(f"train.beta2 is {self.beta2}; it must lie in (0, 1)")
        for name in ("lr", "muon_lr", "weight_decay", "warmup_steps", "grad_clip", "keep"):
            if getattr(self, name) < 0:
                raise LatebloomError(f"train.{name} is {getattr(self, name)}; it must be 0 or more")
        parse_until(self.until)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunConfig:
    """All that makes a run: with the same machine and versions, the same numbers come out."""

    recipe: str = "composition"
    """The recipe that this config began as."""
    seed: int = 0
    """Seed of the world, the weights, the batches and the dropout."""
    world: WorldConfig = field(default_factory=CompositionConfig)
    """What is true and what is held out."""
    model: ModelConfig = field(default_factory=ModelConfig)
    """The transformer."""
    train: TrainConfig = field(default_factory=TrainConfig)
    """The training."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for section in ("world", "model", "train"):
            self._check_numbers(section)
        if isinstance(self.world, SentenceWorldConfig):
            self._check_sentences()
        elif not self.train.by_length:
            raise LatebloomError(
                "train.by_length is false, which has no effect on questions; leave it true"
            )

    def _check_numbers(self, section: str) -> None:
        """Refuses nan, which slips through comparisons with a bound, and infinity.

        A world's phi may be infinite: then all questions that are not held out are trained on.
        """
        told = getattr(self, section)
        for setting in dataclasses.fields(told):
            value = getattr(told, setting.name)
            if not isinstance(value, float) or (section == "world" and math.isinf(value)):
                continue
            if not math.isfinite(value):
                raise LatebloomError(f"{section}.{setting.name} is {value}; give a finite number")

    def _check_sentences(self) -> None:
        """Refuses what has no effect on sentences, and models that cannot read them."""
        for name in ("atomic_frac", "every_loop", "values_first", "both_orders"):
            told = getattr(self.train, name)
            if told:
                off = "0" if name == "atomic_frac" else "false"
                raise LatebloomError(
                    f"train.{name} is {told}, which has no effect on sentences; set"
                    f" --train.{name.replace('_', '-')} {off}"
                )
        if self.model.feedback != "none":
            raise LatebloomError(
                f"model.feedback is {self.model.feedback!r}; sentences are read by models without"
                " feedback: set --model.feedback none"
            )

    def to_toml(self) -> str:
        """The config as TOML, every field written out."""
        return tomli_w.dumps(cattrs.unstructure(self))

    @classmethod
    def from_toml(cls, text: str) -> "RunConfig":
        """Reads what `to_toml` wrote.

        Raises: LatebloomError naming the key that is unknown, or the value that does not fit.
        """
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise LatebloomError(f"the config is not TOML: {error}") from error
        return structure(table, cls, "config")

    def with_seed(self, seed: int) -> "RunConfig":
        """This config with another seed."""
        return dataclasses.replace(self, seed=seed)

    def with_overrides(self, section: str, values: Mapping[str, str]) -> "RunConfig":
        """This config with fields of `world`, `model` or `train` set from text.

        Raises: LatebloomError naming an unknown field or a value that does not fit.
        """
        if not values:
            return self
        table = cattrs.unstructure(getattr(self, section))
        old = getattr(self, section)
        known = {f.name: f for f in dataclasses.fields(old)}
        hints = typing.get_type_hints(type(old))
        for name, text in values.items():
            key = name.replace("-", "_")
            if key not in known or key == "kind":
                raise LatebloomError(
                    f"--{section}.{name}: there is no such setting; {section} has"
                    f" {', '.join(k for k in known if k != 'kind')}"
                )
            table[key] = parse_value(text, hints[key])
        return dataclasses.replace(self, **{section: structure(table, type(old), section)})


def parse_value(text: str, hint: Any) -> Any:
    """The value that a word on the command line stands for: `9`, `true`, `4,6,10`, or the word."""
    if typing.get_origin(hint) is tuple:
        return [parse_value(part, typing.get_args(hint)[0]) for part in text.split(",") if part]
    if hint is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if hint in (int, float):
        try:
            return hint(text)
        except ValueError:
            return text
    return text


def _strict(kind: type) -> Any:
    """A hook that refuses what Python would silently convert (`"no"` to True, 1.5 to 1)."""

    def structure_one(value: Any, _: Any) -> Any:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value) is not kind:
            raise ValueError(f"{value!r} is not {'an' if kind is int else 'a'} {kind.__name__}")
        return value

    return structure_one


CONVERTER = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
for _kind in (bool, int, float, str):
    CONVERTER.register_structure_hook(_kind, _strict(_kind))


T = typing.TypeVar("T")


def structure(table: Mapping[str, Any], kind: type[T], place: str) -> T:
    """Builds a config from a table.

    Raises: LatebloomError, one line for the first thing that is wrong.
    """
    try:
        return CONVERTER.structure(table, kind)
    except cattrs.BaseValidationError as group:
        raise LatebloomError(first_reason(group, place)) from group


def first_reason(error: BaseException, place: str) -> str:
    """The first thing that is wrong in a group of validation errors, in one line."""
    if isinstance(error, cattrs.BaseValidationError):
        first = error.exceptions[0]
        notes = getattr(first, "__notes__", [])
        field = next((note.name for note in notes if hasattr(note, "name")), "")
        return first_reason(first, f"{place}.{field}" if field else place)
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return f"{place}: there is no setting {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, LatebloomError):
        return str(error)
    return f"{place}: {error}"
