"""Questions to a table of numbers: all above a mark, the greatest, and values in their unit."""

import json
import math

import pytest
import torch

from latebloom.asking.numbers import ask_numbers
from latebloom.errors import LatebloomError, UnknownNameError
from latebloom.model.config import ModelConfig
from latebloom.model.transformer import Transformer
from latebloom.training.config import ComparisonFeedConfig, TrainConfig
from latebloom.training.questions import QuestionFeed
from latebloom.worlds.comparisons.own import NumericTableConfig, make_numeric_table
from latebloom.worlds.units import number_of, unit_of, without_unit

DRUGS = {"a": 18, "b": 4, "c": 17, "d": 40, "e": None, "f": 9, "g": 24, "h": 4}
MODEL = {"d_model": 32, "n_layers": 1, "feedback": "replace", "max_distance": 1}


def config_in(folder, **settings):
    path = folder / "drugs.csv"
    rows = [
        f"{drug},{'' if hours is None else hours},{i}"
        for i, (drug, hours) in enumerate(DRUGS.items())
    ]
    path.write_text("drug,half-life (h),mass\n" + "\n".join(rows) + "\n")
    return NumericTableConfig(facts=str(path), ood_frac=0, test_id_frac=0, phi=0, **settings)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return config_in(tmp_path_factory.mktemp("numbers"))


@pytest.fixture(scope="module")
def world(config):
    return make_numeric_table(config, seed=0)


@pytest.fixture(scope="module")
def knowing(world):
    """A model that knows every number it was told."""
    torch.manual_seed(0)
    model = Transformer(ModelConfig(**MODEL), len(world.vocabulary))
    train = TrainConfig(steps=150, batch_size=64)
    feed = QuestionFeed(world, ComparisonFeedConfig(atomic_frac=0.5), train, 0, torch.device("cpu"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(1, train.steps + 1):
        optimizer.zero_grad()
        feed.loss(model, feed.batch(step)).backward()
        optimizer.step()
    return model.eval()


@pytest.fixture(scope="module")
def ignorant(world):
    """A model that knows nothing."""
    torch.manual_seed(1)
    return Transformer(ModelConfig(**MODEL), len(world.vocabulary)).eval()


def names(chosen):
    return [one.name for one in chosen]


def test_all_above_a_mark_greatest_first(knowing, world, config):
    found = ask_numbers(knowing, world, config, ["half-life", "above", "16"], 5)
    assert names(found.told) == ["d", "g", "a", "c"]
    assert [one.number for one in found.told] == [40, 24, 18, 17]
    assert (found.named, found.beyond, found.unit, found.untold) == (4, 0, "h", ("e",))


def test_below_and_the_edge_itself_is_left_out(knowing, world, config):
    found = ask_numbers(knowing, world, config, ["half-life (h)", "below", "9"], 5)
    assert names(found.told) == ["b", "h"] and found.named == 2


@pytest.mark.parametrize(
    ("word", "count", "expected"),
    [("top", "2", ["d", "g"]), ("bottom", "3", ["b", "h", "f"]), ("top", "100", None)],
)
def test_the_greatest_and_the_least(knowing, world, config, word, count, expected):
    found = ask_numbers(knowing, world, config, ["half-life", word, count], 5)
    assert names(found.told) == (expected or ["d", "g", "a", "c", "f", "b", "h"])
    assert found.named == len(found.told)


def test_what_the_model_does_not_know_is_counted(ignorant, world, config):
    """The table's part stays exact; the model's part says how little it knows."""
    found = ask_numbers(ignorant, world, config, ["half-life", "above", "16"], 5)
    assert names(found.told) == ["d", "g", "a", "c"]
    hours = {one.name: one.recalled for one in found.told}
    assert found.named == sum(value > 16 for value in hours.values()) < 4 or found.beyond


def test_nothing_there_is_said_and_not_supported(knowing, world, config):
    found = ask_numbers(knowing, world, config, ["half-life", "above", "1000"], 5)
    assert not found.supported and found.status == "never told"
    assert found.lines()[0] == "never told: no number of the table lies there"


def test_it_is_json_and_lines(knowing, world, config):
    found = ask_numbers(knowing, world, config, ["half-life", "above", "16h"], 5)
    table = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert table["question"] == ["half-life (h)", "above", "16 h"]
    assert table["told"][0]["name"] == "d" and table["told"][0]["number"] == 40
    assert found.lines()[:2] == ["told: the table holds 4; the model names 4 of 4", "  d  40 h"]
    assert found.lines()[-1] == "left out, since the table has no number of them: e"


def test_a_value_comes_back_in_its_unit(knowing, world, config):
    answer = ask_numbers(knowing, world, config, ["c", "half-life (h)"], 2)
    assert answer.answers[0].name == "17 h (rank 3)"
    assert answer.truth == "17 h (rank 3)"


def test_a_bin_is_a_range(tmp_path):
    config = config_in(tmp_path, scale="bins", bins=2)
    world = make_numeric_table(config, seed=0)
    torch.manual_seed(0)
    model = Transformer(ModelConfig(**MODEL), len(world.vocabulary)).eval()
    answer = ask_numbers(model, world, config, ["c", "half-life (h)"], 2)
    assert answer.truth == "4 to 17 h (bin 1)"
    found = ask_numbers(model, world, config, ["half-life", "above", "16"], 5)
    assert {one.recalled for one in found.told} <= {6.5, 24.0}


def test_a_comparison_stays_a_comparison(knowing, world, config):
    answer = ask_numbers(knowing, world, config, ["half-life (h)", "d", "b"], 3)
    assert {one.name for one in answer.answers} == {"<", "=", ">"}


@pytest.mark.parametrize("question", [["e", "half-life (h)"], ["half-life (h)", "a", "e"]])
def test_a_number_that_the_table_lacks_is_said(knowing, world, config, question):
    """However sure the model is, nothing supports what it says."""
    answer = ask_numbers(knowing, world, config, question, 1)
    assert answer.status == "never told" and not answer.supported
    assert answer.notes[-1] == "the table has no half-life (h) of e, and nothing else tells it"
    whole = ask_numbers(knowing, world, config, ["mass", "a", "e"], 1)
    assert whole.supported and not any("the table has no" in note for note in whole.notes)


def test_a_table_that_is_gone(knowing, world, tmp_path):
    """A value keeps its rank and says why; what needs the numbers is refused."""
    gone = NumericTableConfig(facts=str(tmp_path / "gone.csv"))
    answer = ask_numbers(knowing, world, gone, ["c", "half-life (h)"], 1)
    assert answer.answers[0].name == "rank 3" and "no such file" in answer.notes[-1]
    with pytest.raises(LatebloomError, match="no such file"):
        ask_numbers(knowing, world, gone, ["half-life", "above", "3"], 1)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (["half-life", "above", "much"], "'much' is no number"),
        (["half-life", "above"], "'' is no number"),
        (["half-life", "above", "3", "days"], "is told in h"),
        (["mass", "above", "3", "g"], "has no unit"),
        (["half-life", "top", "0"], "say how many"),
        (["half-life", "top", "2.5"], "say how many"),
    ],
)
def test_what_cannot_be_meant_is_refused(knowing, world, config, question, said):
    with pytest.raises(LatebloomError, match=said):
        ask_numbers(knowing, world, config, question, 5)


def test_an_unknown_attribute_is_asked_back(knowing, world, config):
    with pytest.raises(UnknownNameError, match="did you mean half-life"):
        ask_numbers(knowing, world, config, ["halflife", "above", "3"], 5)


def test_units_and_marks():
    assert unit_of("half-life (h)") == "h" and without_unit("half-life (h)") == "half-life"
    assert unit_of("mass") == "" and without_unit("mass") == "mass"
    assert number_of("1.5e3 g/mol", "g/mol", "molar mass") == 1500
    assert math.isclose(number_of("-4", "h", "x"), -4)
