"""What constructed weights say: capacity, and what training makes of them.

    python -m benchmarks.construct RUNS     # makes what is missing there, then results/construct.*

Seeds from 100 on. *Capacity*: the looped model of `composition` and of `composition-paper` at
several widths of the MLP, each as it is (--as-is). *Training on*: the plain model of `bloom`,
constructed, then trained with the recipe's rates, held constant, at three weight decays.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib.pyplot as plt

from latebloom.recipes.catalogue import make_recipe
from latebloom.studies.construct import construct
from latebloom.studies.grow import resume
from latebloom.training.run_folder import RunFolder

SEEDS = (100, 101, 102, 103, 104)
DECAYS = (0.0, 0.1, 0.3)
STEPS = 150
WIDTHS = {"composition": (1, 2, 3, 4), "composition-paper": (16, 40)}
SPLITS = ("atomic_id", "atomic_ood", "train_inferred", "test_id", "test_ood")
RESULTS = Path(__file__).parents[1] / "results"


def trained_on(folder: Path, seed: int, decay: float) -> list[dict[str, Any]]:
    """The evaluations of a constructed `bloom` that was trained on."""
    run = folder / f"bloom-seed{seed}-decay{decay:g}"
    if not (run / "done").exists():
        config = make_recipe("bloom").with_seed(seed)
        config = config.replace(
            "train",
            steps=STEPS,
            weight_decay=decay,
            schedule="constant",
            eval_every=25,
            probe=200,
            checkpoint_every=STEPS,
        )
        construct(config, run, threads=1, overwrite=True)
        resume(run, threads=1, device="cpu")
        (run / "done").touch()
    return list(RunFolder.open(run).metrics())


def held(folder: Path, recipe: str, ratio: int, seed: int) -> dict[str, Any]:
    """The summary of a constructed looped model with an MLP of this width."""
    run = folder / f"{recipe}-seed{seed}-ratio{ratio}"
    if not (run / "summary.json").exists():
        config = make_recipe(recipe).with_seed(seed).replace("model", mlp_ratio=ratio)
        construct(config, run, threads=1, overwrite=True, widen=False)
    return RunFolder.open(run).summary()


def capacity(folder: Path) -> Iterator[str]:
    """Rows of the table of capacity, one a recipe and width."""
    yield "| world | facts | MLP | parameters | facts a parameter | atomic | ID | OOD | seconds |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for recipe, ratios in WIDTHS.items():
        config = make_recipe(recipe)
        seeds = SEEDS if recipe == "composition" else SEEDS[:1]
        for ratio in ratios:
            found = [held(folder, recipe, ratio, seed) for seed in seeds]
            facts = sum(found[0]["splits"][s]["n"] for s in ("atomic_id",)) + sum(
                found[0]["splits"][s]["n"] for s in ("atomic_ood",)
            )
            world = config.world
            facts = getattr(world, "entities", 0) * getattr(world, "out_degree", 0) or facts
            parameters = found[0]["parameters"]
            right = [
                fmean(one["splits"][s]["accuracy"] for one in found)
                for s in ("atomic_id", "test_id", "test_ood")
            ]
            yield (
                f"| {recipe} ({len(seeds)} seeds) | {facts:,} | {ratio * config.model.d_model:,} |"
                f" {parameters:,} | {facts / parameters:.4f} |"
                f" {' | '.join(f'{one:.3f}' for one in right)} |"
                f" {fmean(one['seconds'] for one in found):.1f} |"
            )


def going_on(folder: Path) -> Iterator[str]:
    """Rows of what training makes of a constructed plain model; the figure beside them."""
    figure, axes = plt.subplots(1, len(DECAYS), figsize=(9, 3), sharey=True)
    yield f"| decay | step | {' | '.join(SPLITS)} | OOD, each seed |"
    yield "|---|---|" + "---|" * (len(SPLITS) + 1)
    runs = {d: [] for d in DECAYS}
    for seed in SEEDS:
        for decay in DECAYS:
            runs[decay].append(trained_on(folder, seed, decay))
    for axis, decay in zip(axes, DECAYS, strict=True):
        steps = [record["step"] for record in runs[decay][0]]
        mean = {
            split: [fmean(r[i]["accuracy"][split] for r in runs[decay]) for i in range(len(steps))]
            for split in SPLITS
        }
        for split in ("atomic_ood", "train_inferred", "test_id", "test_ood"):
            axis.plot(steps, mean[split], label=split)
        axis.set(title=f"weight decay {decay:g}", xlabel="step", ylim=(-0.02, 1.02))
        for i, step in enumerate(steps):
            each = ", ".join(f"{r[i]['accuracy']['test_ood']:.2f}" for r in runs[decay])
            row = " | ".join(f"{mean[split][i]:.3f}" for split in SPLITS)
            yield f"| {decay:g} | {step} | {row} | {each} |"
    axes[0].set_ylabel("accuracy")
    axes[-1].legend()
    figure.tight_layout()
    figure.savefig(RESULTS / "construct.png", dpi=130)


def main(folder: Path) -> None:
    """Makes all runs that are missing and writes the page."""
    page = [
        "# Constructed weights",
        "",
        "Made by `python -m benchmarks.construct`. Everything in these weights is built in.",
        "",
        "## Capacity of the looped model",
        "",
        *capacity(folder),
        "",
        f"## A constructed plain model, trained on for {STEPS} steps ({len(SEEDS)} seeds)",
        "",
        *going_on(folder),
        "",
    ]
    (RESULTS / "construct.md").write_text("\n".join(page))
    print(json.dumps({"written": str(RESULTS / "construct.md")}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
