"""Grow a model on your own facts, and ask it what no row says.

Writes a small table of a made-up laboratory, grows a run on it, and asks two-hop questions that
were held out. Replace the table by your own: `python examples/own_facts.py facts.csv`.
"""

import sys
from pathlib import Path

import numpy as np

import latebloom

SIZES = {"compound": 60, "target": 12, "pathway": 6, "disease": 6}
RELATIONS = {  # by the kind of its subject: each relation, and the kind of its object
    "compound": {"inhibits": "target", "resembles": "compound", "developed-after": "compound"},
    "target": {"acts-in": "pathway", "marks": "disease"},
    "pathway": {"drives": "disease"},
}

facts = Path(sys.argv[1] if len(sys.argv) > 1 else "laboratory.csv")
if not facts.exists():
    rng = np.random.default_rng(0)
    rows = [f"{kind}-{i},{relation},{to}-{rng.integers(SIZES[to])}"
            for kind, relations in RELATIONS.items() for i in range(SIZES[kind])
            for relation, to in relations.items()]  # fmt: skip
    facts.write_text("\n".join(["subject,relation,object", *rows]) + "\n")

config = latebloom.make_recipe("facts").replace("world", facts=str(facts), many_valued="drop")
folder = Path("runs") / facts.stem
run = latebloom.grow(config, folder, overwrite=folder.exists())
for split, row in run.summary["splits"].items():
    print(f"{split:15} {row['correct']:5} of {row['n']:5}")

for row in run.world.examples("test_id")[:5].tolist():
    *question, truth = run.world.vocabulary.decode(row)
    answer = run.ask(*question)
    print(" ".join(question), "->", answer.answers[0].name, "| facts say", truth)
