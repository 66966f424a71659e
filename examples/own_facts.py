"""Grow a model on your own facts, and ask it what no row says.

Writes a small table of a made-up laboratory, grows a run on it, and asks two-hop questions that
were held out. Replace the table by your own: `python examples/own_facts.py facts.csv`.
"""

import sys
from pathlib import Path

import numpy as np

import latebloom


def write_laboratory(path: Path) -> None:
    """60 compounds, 12 targets, 6 pathways, 6 diseases: about 300 facts with one object each."""
    rng = np.random.default_rng(0)
    compounds = [f"compound-{i:02}" for i in range(60)]
    targets, pathways = [f"target-{i}" for i in range(12)], [f"pathway-{i}" for i in range(6)]
    diseases = [f"disease-{i}" for i in range(6)]
    rows = ["subject,relation,object"]
    for compound in compounds:
        rows += [f"{compound},inhibits,{rng.choice(targets)}"]
        rows += [f"{compound},resembles,{rng.choice(compounds)}"]
        rows += [f"{compound},developed-after,{rng.choice(compounds)}"]
    for target in targets:
        rows += [
            f"{target},acts-in,{rng.choice(pathways)}",
            f"{target},marks,{rng.choice(diseases)}",
        ]
    rows += [f"{pathway},drives,{rng.choice(diseases)}" for pathway in pathways]
    path.write_text("\n".join(rows) + "\n")


facts = Path(sys.argv[1] if len(sys.argv) > 1 else "laboratory.csv")
if not facts.exists():
    write_laboratory(facts)
config = latebloom.make_recipe("facts").replace("world", facts=str(facts), many_valued="drop")
folder = Path("runs") / facts.stem
run = latebloom.grow(config, folder, overwrite=folder.exists())
for split, row in run.summary["splits"].items():
    print(f"{split:15} {row['correct']:5} of {row['n']:5}")

for row in run.world.examples("test_id")[:5].tolist():
    *question, truth = run.world.vocabulary.decode(row)
    answer = run.ask(*question)
    print(" ".join(question), "->", answer.answers[0].name, "| facts say", truth)
