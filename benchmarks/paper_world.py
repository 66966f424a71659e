"""Seconds and memory to make the paper's composition world (2,000 entities, phi 18)."""

import resource
import time

from latebloom.worlds.chains.made import CompositionConfig, make_composition


def main() -> None:
    began = time.perf_counter()
    world = make_composition(
        CompositionConfig(
            entities=2000, relations=200, ood_frac=0.05, phi=18.0, test_id_frac=0.005
        ),
        seed=0,
    )
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = sum(len(split) for split in world.splits.values())
    print(f"the paper's world, {rows:,} examples: {seconds:.2f} s, peak {peak:.0f} MiB")


if __name__ == "__main__":
    main()
