"""What training on a table will take and come to, before any: `latebloom plan`."""

import json
from typing import TYPE_CHECKING, cast

from latebloom.cli.app import Fields, Json, app, out
from latebloom.cli.options import Asked, config_for
from latebloom.cli.words import NO_DATA, OwnData
from latebloom.errors import LatebloomError
from latebloom.neutral import in_json

if TYPE_CHECKING:
    from latebloom.worlds.chains.own import FactsConfig


@app.command
def plan(
    *,
    own: OwnData = NO_DATA,
    seed: int = 0,
    world: Fields = None,
    json_: Json = False,
) -> None:
    """Plan a training on your own facts: steps, time, memory, and the accuracy to expect.

    It takes seconds and trains nothing. Each figure comes with an interval, fitted on runs over
    tables from elsewhere. It plans for sets of answers, with every fact told backwards as well and
    a tenth of the facts kept back.

    Parameters
    ----------
    seed
        Which facts are kept back, to see how many of them counting alone finds.
    world
        Settings of the world, as in --world.subject drug.
    json_
        Print as JSON.
    """
    from latebloom.foresight.plan import plan as plan_of

    if own.facts is None or own.numeric or own.graph is not None:
        raise LatebloomError("a plan is for a file of facts; say: latebloom plan --facts FILE")
    asked = Asked(own=own, sections={"world": dict(world or {})})
    told = plan_of(cast("FactsConfig", config_for(asked)[0].world), seed=seed)
    if json_:
        print(in_json(json.dumps(told.as_dict(), ensure_ascii=False)))
        return
    for line in told.lines():
        out.print(line, markup=False)
