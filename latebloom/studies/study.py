"""A study as a TOML file: a recipe, what is fixed, what varies, how many seeds.

```toml
recipe = "composition"
seeds = 3

[vary.world]
phi = [3.6, 7.2]

[vary.train]
weight_decay = [0.03, 0.1]

[train]
steps = 500
```
Enters: the file. Leaves: a `Sweep`. As a Python function a study is `latebloom.sweep`.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latebloom.errors import LatebloomError
from latebloom.reading import parse_toml, read_text
from latebloom.recipes.catalogue import make_recipe
from latebloom.studies.sweep import Sweep
from latebloom.training.structure import SECTIONS

SUFFIX = ".toml"
"""What the name of a study's file ends with."""
KEYS = ("recipe", "seeds", "vary", *SECTIONS)
"""What a study may hold."""


def read_study(path: Path) -> Sweep:
    """The sweep that a file describes.

    Raises: LatebloomError naming the file and what is wrong in it.
    """
    try:
        table = parse_toml(read_text(path))
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise LatebloomError(f"{path} cannot be read as a study ({told})") from error
    try:
        return study_of(table)
    except LatebloomError as error:
        raise LatebloomError(f"{path}: {error}") from error


def study_of(table: Mapping[str, Any]) -> Sweep:
    """The sweep that a table describes.

    Raises: LatebloomError for a key that a study does not have, or a value that does not fit.
    """
    for name in table:
        if name not in KEYS:
            near = difflib.get_close_matches(name, KEYS, n=1)
            some = f"nearest: {near[0]}" if near else f"it may hold {', '.join(KEYS)}"
            raise LatebloomError(f"a study has no {name!r}; {some}")
    recipe = table.get("recipe")
    if not isinstance(recipe, str):
        raise LatebloomError('it names no recipe; write recipe = "composition" on its first line')
    config = make_recipe(recipe)
    for section in SECTIONS:
        fixed = as_table(section, table.get(section, {}))
        config = config.replace(section, **{k.replace("-", "_"): v for k, v in fixed.items()})
    vary = flat(as_table("vary", table.get("vary", {})))
    for section in SECTIONS:
        for name in table.get(section, {}):
            field = f"{section}.{name}".replace("-", "_")
            if field in vary:
                raise LatebloomError(f"{field} is fixed and varies; leave one out")
    return Sweep(base=config, vary=vary, seeds=table.get("seeds", 3))


def as_table(name: str, value: Any) -> Mapping[str, Any]:
    """A value that must be a table.

    Raises: LatebloomError if it is not.
    """
    if not isinstance(value, Mapping):
        raise LatebloomError(f"{name} is {value!r}; it must be a table, [{name}]")
    return value


def flat(vary: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that vary by names such as `world.phi`, however they were nested."""
    found: dict[str, Any] = {}
    for name, value in vary.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{one}".replace("-", "_"): some for one, some in value.items()}
        else:
            found[name.replace("-", "_")] = value
    return found
