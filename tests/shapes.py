"""The type checker of the tests: shapes and types, with PEP 484's tower (an int is a float).

jaxtyping's import hook writes `@jaxtyping.jaxtyped(typechecker=...)` above every function of the
package. What stands behind that name in the tests is `jaxtyped` below. It asks the same of every
call: beartype looks at the arguments and at the result, and an axis that has a name is equally long
wherever the name stands. jaxtyping's own binds the arguments of each call to their names and looks
at them twice, for the sake of its messages; that took a third of the time of the trainings that
tests run, and of the start of every test process.
"""

import dataclasses
import inspect
from collections.abc import Callable
from functools import wraps
from types import FunctionType, SimpleNamespace
from typing import Any, TextIO, get_args, get_type_hints

import jaxtyping
from beartype import BeartypeConf, FrozenDict, beartype
from jaxtyping import AbstractArray

# beartype asks of a TextIO what StringIO and pytest's own streams have not.
STREAMS = FrozenDict({TextIO: object})
STRICT = beartype(conf=BeartypeConf(is_pep484_tower=True, hint_overrides=STREAMS))
SCOPED = jaxtyping.jaxtyped
"""jaxtyping's own, kept because `jaxtyped` is put in its place."""


def jaxtyped(*, typechecker: Any) -> Callable[[Any], Any]:
    """What the import hook puts above each function and each class: `check`."""
    return check


def check(function: Any) -> Any:
    """The function with its arguments and its result checked, or the class with its `__init__`.

    The checker is made at the first call: most functions are called in few test processes.
    A config looks at its values itself, and is to say in words what is wrong with them.
    """
    if isinstance(function, type):
        if dataclasses.is_dataclass(function) and not hasattr(function.__init__, "__wrapped__"):
            function.__init__ = check(function.__init__)
        return function
    if isinstance(function, (classmethod, staticmethod)):
        return type(function)(check(function.__func__))
    if isinstance(function, property):
        parts = (function.fget, function.fset, function.fdel)
        return property(*(part and check(part) for part in parts))
    if not getattr(function, "__annotations__", None):
        return function
    if function.__qualname__.endswith(("Config.__init__", "Sweep.__init__")):
        return function
    if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
        # Its body runs when it is asked for, amid the calls of others.
        return SCOPED(function, typechecker=STRICT)
    checked: list[Callable] = []

    @wraps(function)
    def scoped(*arguments: Any, **named: Any) -> Any:
        if not checked:
            checked.append(STRICT(resolved(function)))
        if not has_axes:
            return checked[0](*arguments, **named)
        with SCOPED("context"):
            return checked[0](*arguments, **named)

    has_axes = any(map(names_axes, function.__annotations__.values()))
    return scoped


def resolved(function: FunctionType) -> FunctionType:
    """The function with the classes that its annotations name in quotes."""
    names = function.__globals__
    same = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    same.__qualname__, same.__kwdefaults__ = function.__qualname__, function.__kwdefaults__
    same.__module__ = function.__module__
    told = function.__annotations__
    same.__annotations__ = {name: without_quotes(one, names) for name, one in told.items()}
    return same


def without_quotes(annotation: Any, names: dict[str, Any]) -> Any:
    """What an annotation stands for; Any where it is written for type checkers alone: a class that
    only they import, or `array[int]`."""
    holder = SimpleNamespace(__annotations__={"it": annotation})
    try:
        return get_type_hints(holder, names, include_extras=True)["it"]
    except (NameError, TypeError):
        return Any


def names_axes(annotation: Any) -> bool:
    """Whether an annotation has arrays with named axes in it."""
    if isinstance(annotation, type) and issubclass(annotation, AbstractArray):
        return True
    return isinstance(annotation, str) or any(map(names_axes, get_args(annotation)))
