"""What a sweep will take: sums over settings, what fits, and what cannot be known."""

from dataclasses import replace

from latebloom.model.transformer import Transformer
from latebloom.recipes.catalogue import RECIPES, make_recipe
from latebloom.studies import estimate as estimates
from latebloom.studies.estimate import Measured, estimate, how_many_fit, measure
from latebloom.studies.sweep import Sweep


def test_settings_beyond_the_measured_count_as_their_mean(small_config, monkeypatch):
    asked = []

    def known(config, device):
        asked.append(config.world.phi)
        return None if config.world.phi == 6 else Measured(10 * config.world.phi, 7)

    monkeypatch.setattr(estimates, "measure", known)
    phis = tuple(float(n) for n in range(1, 9))
    told = estimate(Sweep(base=small_config, vary={"world.phi": phis}, seeds=2).cells())
    assert asked == [1, 2, 3, 4, 5, 6]
    # Five are known, 10 to 50 seconds; three, of which one cannot be made, count as their mean.
    assert told.seconds == 2 * (10 + 20 + 30 + 40 + 50 + 3 * 30)
    assert told.cells == 16
    assert told.steps == 16 * small_config.train.steps
    assert told.parameters == (7, 7)


def test_a_setting_that_is_not_measured_counts_by_its_work(small_config, monkeypatch):
    def slow(config, device):
        return Measured(100.0, 7)

    monkeypatch.setattr(estimates, "measure", slow)
    monkeypatch.setattr(estimates, "ENOUGH", -1.0)
    layers = {"model.n_layers": (1, 2, 4)}
    cells = Sweep(base=small_config, vary=layers, seeds=1).cells()
    assert [cell.config.model.n_layers for cell in cells] == [1, 2, 4]
    # Only the first is measured; twice and four times the layers are so much more work.
    assert estimate(cells).seconds == 700
    # Weights that a run begins with make no setting of its own.
    start = [replace(cell, config=cell.config.replace("start", run="x")) for cell in cells[:1]]
    assert estimate([*cells[:1], *start]).seconds == 200


def test_the_time_of_a_run_is_measured_and_an_impossible_one_is_not_known(
    small_config, small_world
):
    found = measure(small_config, "cpu")
    assert found and found.seconds > 0
    model = Transformer(small_config.model, len(small_world.vocabulary))
    assert found.parameters == sum(one.numel() for one in model.parameters())
    assert measure(small_config.replace("world", phi=900.0), "cpu") is None
    cells = Sweep(base=small_config, vary={"world.phi": (900.0,)}, seeds=1).cells()
    assert estimate(cells).seconds is None
    assert estimate([]).seconds is None


def test_no_more_workers_than_cells_cores_or_memory(monkeypatch):
    cells = Sweep(base=make_recipe("composition"), vary={"world.phi": (1.0, 2.0)}, seeds=4).cells()
    mib = RECIPES["composition"].cost.mib
    monkeypatch.setattr(estimates, "usable_cores", lambda: 4)
    for free, fit in ((mib - 1, 1), (3 * mib, 3), (100 * mib, 4), (None, 4)):
        monkeypatch.setattr(estimates, "free_mib", lambda free=free: free)
        assert how_many_fit(cells) == fit
    assert how_many_fit(cells[:2]) == 2
    assert how_many_fit([]) == 1
