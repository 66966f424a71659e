"""The elements world: the 118 chemical elements, compared by their measured properties.

Enters: how well filled a property must be, and the scale. Leaves: a comparison `World` with the
elements' symbols and the properties' names (`melting_point Fe Cu`).

The numbers come from the package mendeleev (extra `elements`): every numeric property of its
table of elements, melting and boiling point, and the first three ionization energies. Left out
are codes and numbers about the record rather than the element (`NOT_MEASURED`), properties with
fewer than `MIN_VALUES` different numbers, and properties that are less filled than asked. Of an
element with several solid forms the melting and boiling point are those of the form that melts: a
change into another form (grey tin, rhombic sulfur) and sublimation are passed over.

Source: mendeleev (MIT licence), https://github.com/lmmentel/mendeleev.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from latebloom.errors import WorldError
from latebloom.files import import_extra
from latebloom.worlds.comparisons.own import NumberTable, ScaleConfig, world_of_numbers
from latebloom.worlds.world import World

MIN_VALUES = 10
"""Different numbers that a property must have to be worth comparing."""
NOT_MEASURED = (
    "group_id",
    "series_id",
    "atomic_weight_uncertainty",
    "dipole_polarizability_unc",
    "mendeleev_number",
    "pettifor_number",
    "glawe_number",
    "discovery_year",
    "price_per_kg",
)
IONIZATION = ("first", "second", "third")


@dataclass(frozen=True, kw_only=True, slots=True)
class ElementsConfig(ScaleConfig):
    """A world of chemical elements."""

    kind: Literal["elements"] = "elements"
    """Which world this is."""
    min_filled: float = 0.75
    """Fraction of the elements that a property must be known of."""

    def __post_init__(self) -> None:
        ScaleConfig.__post_init__(self)
        if not 0 < self.min_filled <= 1:
            raise WorldError(f"world.min_filled is {self.min_filled}; it must lie in (0, 1]")


def make_elements(config: ElementsConfig, seed: int) -> World:
    """The elements with the seed's splits; the same seed and package give the same bytes.

    Raises: MissingExtraError if mendeleev is not there; WorldError if no property is filled enough.
    """
    return world_of_numbers(load_element_table(config), config, seed)


def load_element_table(config: ElementsConfig) -> NumberTable:
    """The elements' properties, elements by atomic number, properties by name.

    Raises: as `make_elements`.
    """
    fetch = import_extra("mendeleev.fetch", "elements", "the elements world").fetch_table
    table = fetch("elements").set_index("atomic_number", drop=False).sort_index()
    numeric = table.select_dtypes("number").drop(columns=list(NOT_MEASURED), errors="ignore")
    numeric = numeric.join(phase_transitions(fetch)).join(ionization_energies(fetch))
    filled = numeric.notna().mean() >= config.min_filled
    varied = numeric.nunique() >= MIN_VALUES
    numeric = numeric.loc[:, filled & varied].sort_index(axis=1)
    if not len(numeric.columns):
        raise WorldError(
            f"world.min_filled is {config.min_filled}: no property is known of so many elements;"
            " lower it"
        )
    return NumberTable(
        source="mendeleev",
        entities=tuple(table["symbol"]),
        attributes=tuple(numeric.columns),
        number=numeric.to_numpy(np.float64),
    )


def phase_transitions(fetch: Any) -> Any:
    """Melting and boiling point by atomic number, in kelvin."""
    table = fetch("phasetransitions")
    normal = table["is_transition"].isna() & table["is_sublimation_point"].isna()
    # Where an element only sublimes, that row is all there is, and stays empty.
    kept = table[normal].drop_duplicates("atomic_number").set_index("atomic_number")
    return kept[["melting_point", "boiling_point"]]


def ionization_energies(fetch: Any) -> Any:
    """The first ionization energies by atomic number, in electronvolts."""
    table = fetch("ionizationenergies")
    wide = table[table["ion_charge"] < len(IONIZATION)].pivot_table(
        index="atomic_number", columns="ion_charge", values="ionization_energy", aggfunc="first"
    )
    return wide.rename(columns={i: f"{n}_ionization_energy" for i, n in enumerate(IONIZATION)})
