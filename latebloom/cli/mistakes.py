"""What is said when the words of a command do not fit: the nearest option, setting or command.

Enters: the error of the parser, and the words. Leaves: one line that says what to type.
"""

import difflib
import typing
from collections.abc import Sequence

from cyclopts import (
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from latebloom.recipes.catalogue import RECIPES, nearest

CUTOFF = 0.6
"""How alike two words must be for one to be taken for the other, in [0, 1]."""


def in_words(error: CycloptsError, words: Sequence[str]) -> str:
    """The parser's complaint, with what was meant where we know better."""
    if isinstance(error, UnknownOptionError):
        return unknown_option(error, words)
    if isinstance(error, UnknownCommandError) and words:
        if words[0].startswith("-"):
            return f"unknown option {words[0]}; see latebloom --help"
        near = [name for name in nearest(words[0], RECIPES) if name == words[0]]
        if near:
            return f"{words[0]} is a recipe, not a command: latebloom grok {words[0]}"
    command = " ".join(("latebloom", *(error.command_chain or ())))
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        place = error.argument
        if place.index is not None and error.keyword is None and not place.tokens:
            name = place.name.lstrip("-").upper().replace("-", "_")
            return f"{name} is missing; see {command} --help"
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        word = error.unused_tokens[0]
        return f"{word!r} is one word too many; see {command} --help"
    return str(error)


def unknown_option(error: UnknownOptionError, words: Sequence[str]) -> str:
    """That there is no such option, and the options or settings that it is like."""
    option = (error.token.keyword or error.token.value or "").partition("=")[0]
    command = " ".join(("latebloom", *(error.command_chain or ())))
    options = [name for argument in error.argument_collection for name in argument.names]
    settings = settings_for(words) if "--world" in options else {}
    bare = option.lstrip("-").replace("_", "-")
    exact = [name for name in settings if name.partition(".")[2] == bare]
    if exact:
        return f"unknown option {option}; say {exact[0]}{quoted(settings, exact[0])}"
    listed = [name for name in options if name.startswith("--") and "." not in name]
    near = difflib.get_close_matches(option, [*listed, *settings], n=1, cutoff=CUTOFF)
    by_name = {name.partition(".")[2]: name for name in settings}
    near += [by_name[n] for n in difflib.get_close_matches(bare, by_name, n=1, cutoff=0.8)]
    if not near:
        return f"unknown option {option}; see {command} --help"
    return f"unknown option {option}; nearest: {', '.join(dict.fromkeys(near))}"


def quoted(settings: dict[str, str], option: str) -> str:
    """What a setting means, in brackets."""
    return f" ({settings[option]})" if settings[option] else ""


def settings_for(words: Sequence[str]) -> dict[str, str]:
    """Options of settings and what they mean: those of the recipe that is named, or all."""
    from latebloom.model.config import ModelConfig
    from latebloom.training.config import FEEDS, TrainConfig
    from latebloom.training.settings import field_docs
    from latebloom.training.start import StartConfig
    from latebloom.training.structure import SECTIONS
    from latebloom.worlds.build import WorldConfig

    named = next((word for word in words[1:2] if word in RECIPES), "")
    if named:
        config = RECIPES[named].make()
        kinds = [(section, type(getattr(config, section))) for section in SECTIONS]
    else:
        kinds = [("world", kind) for kind in typing.get_args(WorldConfig)]
        kinds += [("model", ModelConfig), ("train", TrainConfig), ("start", StartConfig)]
        kinds += [("feed", kind) for some in FEEDS.values() for kind in some]
    return {
        f"--{section}.{name.replace('_', '-')}": doc
        for section, kind in kinds
        for name, doc in field_docs(kind).items()
        if name != "kind"
    }
