"""In what two configs differ.

Enters: two `RunConfig`s. Leaves: their fields by names such as `train.steps`, and those that are
not alike.
"""

from dataclasses import asdict
from typing import Any

from latebloom.training.config import RunConfig
from latebloom.training.structure import SECTIONS


def difference(config: RunConfig, wanted: RunConfig) -> str:
    """The first field in which a config is not the wanted one: `train.steps is 24, not 30`."""
    for name, (found, other) in differences(config, wanted).items():
        return f"{name} is {found!r}, not {other!r}"
    return "nothing differs"


def differences(config: RunConfig, wanted: RunConfig) -> dict[str, tuple[Any, Any]]:
    """Every field in which two configs differ, with the value in each; None where one has none."""
    found, other = flat(config), flat(wanted)
    return {
        name: (found.get(name), other.get(name))
        for name in {**other, **found}
        if found.get(name) != other.get(name)
    }


def flat(config: RunConfig) -> dict[str, Any]:
    """Every field with its value, by names such as `train.steps`."""
    told = asdict(config)
    fields = {name: value for name, value in told.items() if name not in SECTIONS}
    for section in SECTIONS:
        fields |= {f"{section}.{name}": value for name, value in told[section].items()}
    return fields
