"""What a user can get wrong. The command prints the message in one line and exits with 2."""

import re

OUT_OF_MEMORY = re.compile("can't allocate memory|out of memory", re.IGNORECASE)
"""How torch says it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory of the machine, or of its GPU, is not enough."""
    told = isinstance(error, RuntimeError) and OUT_OF_MEMORY.search(str(error))
    return isinstance(error, MemoryError) or bool(told)


class LatebloomError(ValueError):
    """A user's mistake: the message names the place, the value and the way out, in one line.

    What it quotes may have several lines: a name out of a file, the complaint of a library.
    """

    def __str__(self) -> str:
        return " ".join(line.strip() for line in super().__str__().splitlines())


class UnknownNameError(LatebloomError):
    """A name that the world does not hold."""

    def __init__(self, name: str, nearest: list[str]) -> None:
        self.name = name
        self.nearest = nearest
        hint = f"; nearest: {', '.join(nearest)}; did you mean {nearest[0]}?" if nearest else ""
        super().__init__(f"unknown name {name!r}{hint}")


class WorldError(LatebloomError):
    """A world that cannot be made as asked."""


class FactsError(LatebloomError):
    """A file of facts that cannot be read."""


class MissingExtraError(LatebloomError):
    """A package that an extra of latebloom brings, and that is not installed."""


class RunFolderError(LatebloomError):
    """A run folder that is missing, in the way, of another version, or damaged."""


class BusyError(RunFolderError):
    """A run folder that another process is writing."""


class TrainingError(LatebloomError):
    """A training that cannot go on."""


class RivalError(LatebloomError):
    """A rival that cannot be asked: no key, no endpoint, a setting out of range."""


class CorpusError(LatebloomError):
    """Sentences or trees that cannot be read, made, or fitted to a model."""
