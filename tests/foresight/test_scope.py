"""What is said of a run that is not like those of the fit."""

from benchmarks.forecast_study import LOOPED
from latebloom.foresight.forecast import load_forecaster
from latebloom.foresight.scope import Scope
from latebloom.recipes.chains import bloom, bloom_looped
from latebloom.recipes.sentences import question

FITTED = [
    bloom_looped().replace("train", lr=rate).replace("world", phi=phi)
    for rate in (0.002, 0.01)
    for phi in (1.0, 5.0)
]


def test_within_the_ranges_nothing_is_said():
    scope = Scope.of(FITTED)
    assert scope.ranges == {"world.phi": (1.0, 5.0), "train.lr": (0.002, 0.01)}
    inside = bloom_looped().replace("train", lr=0.004, until="", eval_every=7)
    assert scope.outside(inside.replace("world", phi=2.5).with_seed(8)) == []


def test_each_departure_is_named_with_what_was_fitted():
    scope = Scope.of(FITTED)
    other = FITTED[0].replace("train", lr=0.1, optimizer="adamw")
    assert scope.outside(other) == [
        "train.optimizer adamw (muon)",
        "train.lr 0.1 (0.002 to 0.01)",
    ]
    assert "model.feedback none (ahead)" in scope.outside(bloom())


def test_another_sort_of_world_has_settings_that_the_fit_has_not():
    assert any("no such setting" in words for words in Scope.of(FITTED).outside(question()))


def test_what_is_shipped_calls_its_own_study_inside():
    """Also settings that came after the study: at their defaults they do what was done before."""
    (looped,) = (kind for kind in load_forecaster().kinds if kind.name == "looped")
    config = LOOPED.config({name: some[0] for name, some in LOOPED.fitted.items()}, 100)
    assert looped.scope.outside(config) == []
    other = config.replace("start", run="runs/other")
    assert looped.scope.outside(other) == ["start.run runs/other (no such setting)"]
