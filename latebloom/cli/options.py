"""From the words of `latebloom grok` and `latebloom data` to the config of a run.

Enters: a recipe's name or a config file, one's own data, and overrides. Leaves: the config, and the
data where they had to be read to choose it. Whatever would have no effect is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from latebloom.cli.words import NO_DATA, OwnData
from latebloom.errors import LatebloomError
from latebloom.recipes.catalogue import RECIPES, make_recipe

if TYPE_CHECKING:
    from latebloom.training.config import RunConfig
    from latebloom.worlds.chains.own import FactsConfig
    from latebloom.worlds.data import Data

OWN_DATA = {
    "facts": "facts",
    "graph": "folder",
    "numeric-table": "facts",
    "sentences": "trees",
    "dataset": "folder",
}
"""The worlds of one's own data, and the setting that names the file or folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the words of a command ask for.

    file: a config file instead of a recipe. source: one's own data, whichever the recipe takes.
    own, data: the same, by their options. sections: overrides by section. trains: whether a model
    is to be trained, or would be: a table with numbers among its facts has a recipe of its own.
    """

    recipe: str = ""
    file: Path | None = None
    source: Path | None = None
    own: OwnData = NO_DATA
    data: Path | None = None
    synonyms: Path | None = None
    phrases: Path | None = None
    seed: int | None = None
    world_seed: int | None = None
    sections: Mapping[str, Mapping[str, str] | None] = field(default_factory=dict)
    trains: bool = False


def config_for(asked: Asked) -> "tuple[RunConfig, Data | None]":
    """The config that is asked for, and its data if they were read to choose it.

    Raises: LatebloomError naming the word that is wrong or has no effect, and what to say instead.
    """
    config = beginning(asked)
    sections = {name: dict(values or {}) for name, values in asked.sections.items()}
    world = sections.setdefault("world", {})
    place = own_place(asked, config.world.kind)
    data = None
    if place:
        world[OWN_DATA[config.world.kind]] = place
    if not config.world.asks and asked.file is None and world.get("folder"):
        # What a data set asks, and so how it is trained, stands in its files.
        from latebloom.recipes.dataset import dataset_for
        from latebloom.worlds.published.folder import read_folder

        data = read_folder(Path(world["folder"]))
        config = dataset_for(data, world["folder"])
    if asked.own.many_valued:
        if not hasattr(config.world, "many_valued"):
            raise LatebloomError(
                f"--many-valued has no effect on {config.recipe}; it is for files of facts:"
                " latebloom grok facts --facts FILE"
            )
        world["many-valued"] = asked.own.many_valued
    if asked.own.inverse:
        if not hasattr(config.world, "inverse"):
            raise LatebloomError(
                f"--inverse has no effect on {config.recipe}; it is for facts: latebloom grok facts"
                " --facts FILE"
            )
        world["inverse"] = "true"
    for name in ("synonyms", "phrases"):
        path = getattr(asked, name)
        if path is None:
            continue
        if not hasattr(config.world, name):
            raise LatebloomError(
                f"--{name} has no effect on {config.recipe}; it is for facts: latebloom grok facts"
                " --facts FILE"
            )
        world[name] = str(path)
    for section, values in sections.items():
        config = config.with_overrides(section, values)
    if asked.trains and asked.file is None:
        other = RECIPES[config.recipe].with_numbers
        if other and measured(config):
            return config_for(replace(asked, recipe=other))
    if asked.seed is not None:
        config = config.with_seed(asked.seed)
    if asked.world_seed is not None:
        config = config.replace(world_seed=asked.world_seed)
    if data is not None:
        from latebloom.worlds.build import with_tests_divided

        data = with_tests_divided(data, config.world, config.world_seed)
    return config, data


def measured(config: "RunConfig") -> bool:
    """Whether the file of a run on facts has numbers that are to be compared.

    Raises: FactsError for a file that cannot be read.
    """
    from latebloom.worlds.chains.own import wants_numbers

    return wants_numbers(cast("FactsConfig", config.world))


def beginning(asked: Asked) -> "RunConfig":
    """The config before anything is overridden: from a file, or of the recipe that is meant."""
    if asked.file is not None:
        if asked.recipe:
            raise LatebloomError(f"RECIPE {asked.recipe} has no effect with --config; leave it out")
        if asked.own.numeric:
            raise LatebloomError("--numeric has no effect with --config; leave it out")
        return read_config(asked.file)
    if asked.own.numeric and asked.recipe not in ("", "facts", "numeric-table"):
        raise LatebloomError(
            f"--numeric has no effect on the recipe {asked.recipe}; say: latebloom grok facts"
            " --facts FILE --numeric"
        )
    name = asked.recipe
    if asked.own.numeric:
        name = "numeric-table"
    elif not name:
        given = {"facts": asked.own.facts, "graph": asked.own.graph, "dataset": asked.data}
        name = next((recipe for recipe, place in given.items() if place), "composition")
    if name not in RECIPES and Path(name).exists():
        means = f"dataset --data {name}" if Path(name).is_dir() else f"facts --facts {name}"
        raise LatebloomError(f"{name} is no recipe; to train on it, say: latebloom grok {means}")
    return make_recipe(name)


def read_config(path: Path) -> "RunConfig":
    """The config in a TOML file, or in the `config.toml` of a run folder.

    Raises: LatebloomError naming the file, the key and what is wrong with it.
    """
    from latebloom.training.config import RunConfig

    file = path / "config.toml" if path.is_dir() else path
    try:
        return RunConfig.from_toml(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LatebloomError(
            f"{file} is not there; --config takes a TOML file, such as a run's config.toml"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LatebloomError(f"{file} cannot be read ({reason})") from error
    except LatebloomError as error:
        raise LatebloomError(f"{file}: {error}") from error


def own_place(asked: Asked, kind: str) -> str:
    """The file or folder of one's own that is named; empty if none is.

    kind: of the world.
    Raises: LatebloomError for one that this world does not read, or for two of them.
    """
    takes = {
        "--facts": (asked.own.facts, ("facts", "numeric-table"), "facts --facts"),
        "--graph": (asked.own.graph, ("graph",), "graph --graph"),
        "--data": (asked.data, ("dataset",), "dataset --data"),
        "SOURCE": (asked.source, tuple(OWN_DATA), ""),
    }
    given = {name: value for name, (value, _, _) in takes.items() if value is not None}
    for name, value in given.items():
        _, kinds, say = takes[name]
        if kind not in kinds:
            say = say or ("dataset --data" if value.is_dir() else "facts --facts")
            shown = value if name == "SOURCE" else f"{name} {value}"
            raise LatebloomError(
                f"{shown} has no effect on {kind}; to train on it, say: latebloom grok {say}"
                f" {value}"
            )
    if len(given) > 1:
        raise LatebloomError(f"{' and '.join(given)} name two sources; give one")
    return str(next(iter(given.values()), ""))
