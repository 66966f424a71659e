"""The fields of a config that can vary: their names, their values, how both are written.

Enters: a config and `world.phi`, or the word `world.phi=3.6,7.2` of a command. Leaves: values of
the field's type, configs with them, and names of folders in which a person can read them.
"""

import difflib
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_origin

import numpy as np

from latebloom.checked import fields_of
from latebloom.errors import LatebloomError
from latebloom.training.config import RunConfig
from latebloom.training.structure import SECTIONS, parse_value

LONGEST = 120
"""Characters of a run folder's name, before a hash stands for the rest."""


def axes_from_words(base: RunConfig, words: Sequence[str]) -> dict[str, list[Any]]:
    """The grid that `world.phi=3.6,7.2` and the like stand for, as the command has them.

    A value that is itself a list has `+` between its parts: `world.test-hops=4+5,6+7`.
    Raises: LatebloomError for a word of another form, or a field that does not exist or is there
    twice.
    """
    found: dict[str, list[Any]] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not equals:
            raise LatebloomError(f"--vary {word}: write FIELD=VALUE,VALUE, like world.phi=3.6,7.2")
        field = known_field(base, name)
        if field in found:
            raise LatebloomError(f"--vary names {field} twice")
        hint = hint_of(base, field)
        texts = [text.strip() for text in values.split(",")] if values.strip() else []
        found[field] = [
            parse_value(text.replace("+", ",") if get_origin(hint) is tuple else text, hint)
            for text in texts
        ]
    return found


def known_field(config: RunConfig, name: str) -> str:
    """A field that can be varied, written as in a config.

    Raises: LatebloomError naming the nearest, if there is none of this name.
    """
    field = name.strip().replace("-", "_")
    if field == "seed":
        raise LatebloomError("seed is not a field to vary: say how many with --seeds")
    known = ["world_seed"] + [
        f"{section}.{one}"
        for section in SECTIONS
        for one, _ in fields_of(type(getattr(config, section)))
        if one != "kind"
    ]
    if field in known:
        return field
    near = [one for one in known if short_name(one) == short_name(field)]
    near = near or difflib.get_close_matches(field, known, n=3, cutoff=0.5)
    some = f"nearest: {', '.join(near)}" if near else "write SECTION.FIELD, like world.phi"
    raise LatebloomError(f"{name}: there is no such field to vary; {some}")


def hint_of(config: RunConfig, field: str) -> Any:
    """The type of a field."""
    section, _, name = field.rpartition(".")
    return dict(fields_of(type(getattr(config, section) if section else config)))[name]


def value_in(config: RunConfig, field: str) -> Any:
    """The value of a field such as `world.phi`."""
    section, _, name = field.rpartition(".")
    return getattr(getattr(config, section) if section else config, name)


def with_values(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """A config with fields such as `world.phi` changed, those of a section all at once.

    Raises: LatebloomError for a value that does not fit.
    """
    for part in ("", *SECTIONS):
        split = {field.rpartition(".")[::2]: value for field, value in values.items()}
        some = {name: value for (section, name), value in split.items() if section == part}
        if some:
            config = config.replace(part, **some)
    return config


def plain(value: Any) -> Any:
    """A value as a config holds it: NumPy's numbers as Python's, a list as a tuple."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(map(plain, value)) if isinstance(value, (list, tuple)) else value


def short_name(field: str) -> str:
    """A field without its section."""
    return field.rpartition(".")[2]


def name_of(setting: RunConfig, values: Mapping[str, Any]) -> str:
    """The readable name of a setting: `composition-phi=3.6-weight_decay=0.03`.

    Where a value cannot stand in the name of a folder as it is, a hash of the config follows.
    """
    shorts = [short_name(field) for field in values]
    parts = [setting.recipe]
    for field, value in values.items():
        short = short_name(field)
        parts.append(f"{short if shorts.count(short) == 1 else field}={words_of(value)}")
    text = "-".join(parts)
    name = re.sub(r"[^a-z0-9._+=-]+", "_", text)[:LONGEST]
    if name == text:
        return name
    return f"{name}-{hashlib.sha256(setting.to_toml().encode()).hexdigest()[:8]}"


def words_of(value: Any) -> str:
    """A value as the command would have it, `2` for 2.0."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "+".join(map(words_of, value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
