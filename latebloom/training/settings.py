"""The settings of a run, each with its option, type, default and documentation.

Enters: a config, or the class of one. Leaves: `Setting` objects. What a setting means stands once,
in the docstring line under its field, and is read from the source.
"""

import ast
import dataclasses
import inspect
import textwrap
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from latebloom.checked import fields_of

TYPES = {bool: "true|false", int: "INT", float: "FLOAT", str: "TEXT"}
"""How the types of settings are called in the command's help."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a config that the command can set.

    option: as it is typed, `--world.phi`. type: `INT`, `true|false`, the words to choose from.
    default: its value as it is typed. about: what it means.
    """

    option: str
    type: str
    default: str
    about: str

    def as_dict(self) -> dict[str, str]:
        """All of it for JSON."""
        return dataclasses.asdict(self)


@cache
def field_docs(kind: type) -> Mapping[str, str]:
    """The docstring under each field of a dataclass, its own and inherited, in one line each."""
    docs = dict.fromkeys((field.name for field in dataclasses.fields(kind)), "")
    for base in reversed(kind.__mro__):
        found = _docs_in_source(base) if dataclasses.is_dataclass(base) else ()
        docs |= {name: doc for name, doc in found if doc and name in docs}
    return docs


def _docs_in_source(kind: type) -> Iterator[tuple[str, str]]:
    """Each annotated name of a class with the string that follows it in the source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError):  # typed at a prompt, or frozen into a program
        return
    body = typing.cast(ast.ClassDef, tree.body[0]).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            doc = after.value if isinstance(after, ast.Expr) else None
            text = doc.value if isinstance(doc, ast.Constant) else ""
            yield node.target.id, " ".join(str(text).split())


def type_in_words(hint: Any) -> str:
    """A field's type as the command's help calls it: `INT`, `drop|first|error`, `INT,...`."""
    if typing.get_origin(hint) is Literal:
        return "|".join(map(str, typing.get_args(hint)))
    if typing.get_origin(hint) is tuple:
        return f"{type_in_words(typing.get_args(hint)[0])},..."
    return TYPES.get(hint, getattr(hint, "__name__", str(hint)))


def value_in_words(value: Any) -> str:
    """A value as it is typed after its option."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return ",".join(map(value_in_words, value))
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)


def settings_of(section: str, part: Any) -> list[Setting]:
    """The settings of one section of a config, with the values that they have in it."""
    docs = field_docs(type(part))
    return [
        Setting(
            option=f"--{section}.{name.replace('_', '-')}",
            type=type_in_words(hint),
            default=value_in_words(getattr(part, name)),
            about=docs.get(name, ""),
        )
        for name, hint in fields_of(type(part))
        if name != "kind"
    ]
