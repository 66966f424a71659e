"""The type checker of the tests: shapes and types, with PEP 484's tower (an int is a float)."""

from collections.abc import Callable
from typing import TextIO

from beartype import BeartypeConf, FrozenDict, beartype

# beartype asks of a TextIO what StringIO and pytest's own streams have not.
STREAMS = FrozenDict({TextIO: object})
STRICT = beartype(conf=BeartypeConf(is_pep484_tower=True, hint_overrides=STREAMS))


def check(function: Callable) -> Callable:
    """The function with its arguments and its result checked.

    A config looks at its values itself, and is to say in words what is wrong with them.
    """
    if function.__qualname__.endswith(("Config.__init__", "Sweep.__init__")):
        return function
    return STRICT(function)
