"""What a sweep will take: sums over settings, what fits, and what cannot be known."""

from latebloom.recipes.catalogue import RECIPES, make_recipe
from latebloom.studies import estimate as estimates
from latebloom.studies.estimate import estimate, how_many_fit, seconds_of
from latebloom.studies.sweep import Sweep


def test_settings_beyond_the_measured_count_as_their_mean(small_config, monkeypatch):
    asked = []

    def known(config, device):
        asked.append(config.world.phi)
        return None if config.world.phi == 6 else 10 * config.world.phi

    monkeypatch.setattr(estimates, "seconds_of", known)
    phis = tuple(float(n) for n in range(1, 9))
    told = estimate(Sweep(base=small_config, vary={"world.phi": phis}, seeds=2).cells())
    assert asked == [1, 2, 3, 4, 5, 6]
    # Five are known, 10 to 50 seconds; three, of which one cannot be made, count as their mean.
    assert told.seconds == 2 * (10 + 20 + 30 + 40 + 50 + 3 * 30)
    assert told.cells == 16


def test_the_time_of_a_run_is_measured_and_an_impossible_one_is_not_known(small_config):
    assert seconds_of(small_config, "cpu") > 0
    assert seconds_of(small_config.replace("world", phi=900.0), "cpu") is None
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
