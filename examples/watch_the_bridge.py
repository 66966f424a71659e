"""Watch the bridge become the thing that the answer depends on.

Grows the default run (half a minute), then prints for every checkpoint how right the model is on
held-out questions, how well the bridge can be read after the first loop, and how many answers come
back to spoilt questions when that state is taken from another question with the same bridge.
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
print("  step  held out  bridge readable  bridge used")
for record in walk(folder, instrument):
    readable = record.lens["bridge 1"].reciprocal_rank[bridge]
    used = record.cross_query["bridge 1"].strength[0, 1, 0]  # from its own position on
    print(f"{record.step:6} {record.verdict.held_out:9.2f} {readable:16.2f} {used:12.2f}")
