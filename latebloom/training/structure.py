"""Configs as TOML and as the words of a command, read and written.

Enters: TOML, or `--section.field value` pairs. Leaves: validated dataclasses. An unknown key, a
wrong type or a value out of range is a one-line error that names the field.
"""

import dataclasses
import difflib
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import cattrs
import tomli_w

from latebloom.checked import fields_of
from latebloom.errors import LatebloomError
from latebloom.model.config import ModelConfig, has_effect
from latebloom.reading import parse_toml
from latebloom.training.settings import field_docs
from latebloom.worlds.splits import VALID

SECTIONS = ("world", "model", "feed", "train", "start")
"""The parts of a run's config, each a table in `config.toml`."""
MOVED = ("atomic_frac", "every_loop", "values_first", "both_orders", "by_length")
"""Settings of `train` in run folders of format 1 that are `feed`'s now."""
NO_DOCS: Mapping[str, str] = {}
SETTINGS = {"questions": MOVED[:2], "comparisons": MOVED[:4], "sentences": MOVED[4:]}
"""Those that each feed has."""
WRITTEN = {"recipe", "seed", "world", "model", "train"}
"""What every config has that a run wrote down."""
FEED_OF_WORLD = dict.fromkeys(
    ("comparison", "elements", "numeric-table", "hidden-attributes"), "comparisons"
) | dict.fromkeys(("question", "tense", "dyck", "sentences"), "sentences")
"""The feed of each world of format 1; of all others it is `questions`."""
T = TypeVar("T")


def to_toml(config: Any) -> str:
    """A config as TOML, every field written out."""
    return tomli_w.dumps(cattrs.unstructure(config))


def read_toml(text: str) -> dict[str, Any]:
    """TOML as a table; that of an earlier run folder is brought into today's form.

    Raises: LatebloomError if it is not TOML.
    """
    try:
        table = parse_toml(text)
    except ValueError as error:
        raise LatebloomError(f"the config is not TOML: {error}") from error
    train = table.get("train")
    old = isinstance(train, dict) and any(name in train for name in MOVED)
    return with_whole_tests(from_format_1(table) if old and "feed" not in table else table)


def with_whole_tests(table: dict[str, Any]) -> dict[str, Any]:
    """The same config; one that a run wrote before tests were divided says that they were whole.

    Such a file names every setting that there was; in one that a person wrote, a setting that is
    not named has its default.
    """
    world, train = table.get("world"), table.get("train")
    if not (table.keys() >= WRITTEN and isinstance(world, dict) and isinstance(train, dict)):
        return table
    divided = "valid_frac" in world or VALID in str(train.get("until", VALID))
    if divided or world.get("kind") == "given":
        return table
    return table | {"world": world | {"valid_frac": 0.0}}


def from_format_1(table: dict[str, Any]) -> dict[str, Any]:
    """The config of a run folder of format 1: one seed for all, no feed.

    Settings without effect, which were accepted then, are left out.
    """
    kind = FEED_OF_WORLD.get(table.get("world", {}).get("kind", ""), "questions")
    train = dict(table["train"])
    moved = {name: train.pop(name) for name in MOVED if name in train}
    feed = {"kind": kind} | {name: moved[name] for name in SETTINGS[kind] if name in moved}
    model = dict(table.get("model", {}))
    usual = ModelConfig()
    positions = model.get("positions", usual.positions)
    for name, there in has_effect(positions, model.get("feedback", usual.feedback)).items():
        if not there:
            model.pop(name, None)
    seed = table.get("seed", 0)
    return table | {"model": model, "train": train, "feed": feed, "world_seed": seed}


def replaced(config: T, section: str, values: Mapping[str, Any]) -> T:
    """A config with some fields changed, checked like every other.

    Raises: LatebloomError naming an unknown field, or a value that does not fit.
    """
    known = [name for name, _ in fields_of(type(config)) if name != "kind"]
    for name in values:
        if name not in known:
            raise LatebloomError(
                unknown_setting(section, name, known, docs=field_docs(type(config)))
            )
    lists = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    return dataclasses.replace(config, **lists)  # type: ignore[type-var]


def from_words(config: Any, section: str, words: Mapping[str, Any]) -> dict[str, Any]:
    """The typed values that the words of a command stand for, by field of a section.

    Raises: LatebloomError naming an unknown field.
    """
    kind = type(getattr(config, section))
    hints = dict(fields_of(kind))
    known = [name for name in hints if name != "kind"]
    typed = {}
    for name, text in words.items():
        key = name.replace("-", "_")
        if key not in known:
            others = (s for s in SECTIONS if key in dict(fields_of(type(getattr(config, s)))))
            raise LatebloomError(
                unknown_setting(f"--{section}", name, known, next(others, ""), field_docs(kind))
            )
        # From Python a value may come as it is.
        typed[key] = parse_value(text, hints[key]) if isinstance(text, str) else text
    return typed


def unknown_setting(
    section: str,
    name: str,
    known: Sequence[str],
    other: str = "",
    docs: Mapping[str, str] = NO_DOCS,
) -> str:
    """That there is no such setting, and the nearest ones.

    section: as the message calls it; options of the command begin with `--`.
    other: a section that has a setting of this name.
    docs: what the known settings mean.
    """
    typed = section.startswith("--")
    key = name.replace("-", "_")
    if other:
        return f"{section}.{name}: there is no such setting; say --{other}.{name}"
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
    spelled = [one.replace("_", "-") if typed else one for one in near or known]
    some = f"nearest: {', '.join(spelled)}" if near else f"it has {', '.join(spelled)}"
    doc = docs.get(near[0], "") if near else ""
    quoted = f" ({spelled[0]}: {doc})" if doc else ""
    return f"{section}.{name}: there is no such setting; {some}{quoted}"


def with_doc(message: str, section: str, config: Any, names: Iterable[str]) -> str:
    """A message about the value of a setting, with what the setting means.

    names: the settings that the message may be about.
    """
    docs = field_docs(type(config))
    about = next((n for n in names if message.startswith(f"{section}.{n} is ")), "")
    return f"{message} ({about}: {docs[about]})" if docs.get(about) else message


def parse_value(text: str, hint: Any) -> Any:
    """The value that a word on the command line stands for: `9`, `true`, `4,6,10`, or the word."""
    if typing.get_origin(hint) is tuple:
        return tuple(
            parse_value(part, typing.get_args(hint)[0]) for part in text.split(",") if part
        )
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


def structured(table: Mapping[str, Any], kind: type[T], place: str) -> T:
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
