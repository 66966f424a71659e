"""How much of this machine's speed a training step reaches, at four sizes.

    python -m benchmarks.peak [--device auto]

First the matrix product is measured in float32 and in bf16, then a step of each size, whose
operations torch counts. The share is that of the product in the dtype that the step's own products
have. Prints a table in Markdown; one thread on a processor.
"""

import argparse
from collections.abc import Mapping
from typing import Any

import torch

from latebloom.recipes.catalogue import make_recipe
from latebloom.recipes.published import late_bloom_published
from latebloom.studies.machine import DTYPES, product_speed, step_speed
from latebloom.training.config import RunConfig
from latebloom.training.device import choose_device


def sizes() -> Mapping[str, RunConfig]:
    """What is trained, by name."""
    return {
        "default: composition, width 128, batch 256": make_recipe("composition"),
        "reader: two layers run twice, width 128": make_recipe("reader"),
        "paper: 8 layers, width 768, batch 512": late_bloom_published(),
        "sentences as published: width 512, batch 8": make_recipe("question-published"),
    }


def shares(device: torch.device, configs: Mapping[str, RunConfig]) -> dict[str, Any]:
    """GFLOP/s of the product by dtype, and of a step at each size, with its share."""
    products = {name: product_speed(dtype, device) for name, dtype in DTYPES.items()}
    steps: dict[str, Any] = {}
    for name, config in configs.items():
        gflop, seconds, dtype = step_speed(config, device)
        reached = gflop / seconds
        steps[name] = {
            "gflop": gflop,
            "seconds": seconds,
            "dtype": dtype,
            "share": reached / products[dtype],
        }
    return {"products": products, "steps": steps}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto")
    device = choose_device(parser.parse_args().device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    found = shares(device, sizes())
    for name, speed in found["products"].items():
        print(f"a matrix product in {name}: {speed:,.0f} GFLOP/s")
    print("| step | GFLOP | ms | dtype | share of the product |\n|---|---|---|---|---|")
    for name, one in found["steps"].items():
        cells = f"{one['gflop']:.1f} | {one['seconds'] * 1000:.0f} | {one['dtype']}"
        print(f"| {name} | {cells} | {one['share']:.0%} |")


if __name__ == "__main__":
    main()
