"""Watch the bridge become the thing that the answer depends on.

Grows the default run (half a minute), then prints for every checkpoint how right the model is, how
well the bridge can be read after the first loop, and how often replacing that state changes the
answer.
"""

from pathlib import Path

import latebloom
from latebloom.circuits.examination import CircuitInstrument
from latebloom.circuits.record import ExaminationConfig
from latebloom.circuits.verdict import Place
from latebloom.studies.checkpoints import walk

folder = Path("runs") / "watched"
if not (folder / "summary.json").exists():
    latebloom.grow(latebloom.make_recipe("composition"), folder, overwrite=folder.exists())
run = latebloom.load(folder)
instrument = CircuitInstrument.of_world(run.world, ExaminationConfig(examples=200))

bridge = Place(loop=0, boundary=1, position=1)  # after the first loop, at the first relation
print("  step  right  bridge readable  bridge used")
for record in walk(folder, instrument):
    readable = record.lens["bridge 1"].reciprocal_rank[bridge]
    used = record.trace["subject"].strength[bridge]
    print(f"{record.step:6} {record.accuracy:6.2f} {readable:16.2f} {used:12.2f}")
