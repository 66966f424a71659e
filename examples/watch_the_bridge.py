"""Watch the bridge become the thing that the answer depends on.

Grows the default run (half a minute), then prints for every checkpoint how right the model is, how
well the bridge can be read after the first loop, and how often replacing that state changes the
answer.
"""

from functools import partial
from pathlib import Path

import latebloom
from latebloom.circuits.examination import ExaminationConfig, Subject, examine_training
from latebloom.evaluation.loaded import load_model

folder = Path("runs") / "watched"
if not (folder / "summary.json").exists():
    latebloom.grow(latebloom.make_recipe("composition"), folder, overwrite=folder.exists())
run = latebloom.load(folder)
subject = Subject.of_world(run.world, ExaminationConfig(examples=200))
models = [(c.step, partial(load_model, run.config, run.world, c)) for c in run.folder.checkpoints()]

after_first_loop, first_relation = (0, 1), 1
print("  step  right  bridge readable  bridge used")
for record in examine_training(models, subject, folder / "circuits"):
    loop, layer = after_first_loop
    readable = record["lens"]["bridge 1"]["reciprocal_rank"][loop][layer][first_relation]
    used = record["trace"]["subject"]["strength"][loop][layer][first_relation]
    print(f"{record['step']:6} {record['accuracy']:6.2f} {readable:16.2f} {used:12.2f}")
