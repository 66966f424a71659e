"""Runs that were never grown: stories written by hand or by a formula, for tests of forecasts."""

import math

import numpy as np

from latebloom.foresight.early import Sizes, Story
from latebloom.recipes.chains import bloom_looped


def told(steps=200, every=5, came=None, phi=5.8, came_ood=None, **train):
    """A looped run whose accuracies rise along one curve each, through .9 at `came`."""
    config = bloom_looped().replace("world", phi=phi)
    config = config.replace("train", steps=steps, eval_every=every, **train)
    facts = config.world.entities * config.world.relations
    sizes = Sizes(facts, int(phi * facts * 0.8), 60, phi)
    records = []
    for step in range(every, steps + 1, every):
        record = one(step, came or math.inf, came_ood or math.inf)
        records.append(record)
        story = Story(config, sizes, tuple(records))
        if story.came("id") and story.came("ood"):
            break
    return Story(config, sizes, tuple(records))


def one(step, came, came_ood):
    """An evaluation."""
    shares = {"atomic_id": rise(step, came / 2), "train_inferred": rise(step, came * 0.8)}
    shares |= {"test_id": rise(step, came), "test_ood": rise(step, came_ood)}
    shares |= {"valid_id": rise(step, came), "valid_ood": rise(step, came_ood)}
    losses = {split: math.log(60) * (1 - share) + 0.01 for split, share in shares.items()}
    signs = {"weight_norm": 20 + step / 50, "logit_scale": 1 + step / 100, "gradient_entropy": 0.8}
    return {"step": step, "accuracy": shares, "signs": signs | {"loss": losses}}


def rise(step, came):
    """A share that reaches .9 at `came`."""
    return 1 / (1 + math.exp(-5 * math.log(step / came) - math.log(9))) if came < math.inf else 0.1


def study(n=30, seed=0):
    """Runs whose steps follow from phi and the rate, a sixth of which end before they get there."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        phi, rate = float(rng.uniform(1, 6)), float(rng.choice([0.002, 0.005, 0.01]))
        came = 250 * phi**-0.4 * (rate / 0.002) ** -0.5 * math.exp(0.1 * rng.normal())
        found.append(told(came=came, came_ood=came * 1.2, phi=phi, lr=rate))
    return found
