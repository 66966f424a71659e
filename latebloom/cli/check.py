"""Examining a table of facts before anything is trained on it: `latebloom check`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from latebloom.cli.app import Fields, Flag, Json, app, out
from latebloom.cli.options import Asked, config_for
from latebloom.cli.words import OwnData
from latebloom.errors import LatebloomError
from latebloom.neutral import in_json

if TYPE_CHECKING:
    from latebloom.worlds.chains.own import FactsConfig


@app.command
def check(
    file: Path,
    *,
    single: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    inverse: Flag = False,
    many_valued: str = "",
    rows: int = 3,
    world: Fields = None,
    json_: Json = False,
) -> None:
    """Examine a table of facts before training: what is wrong with it, row by row.

    Parameters
    ----------
    file
        The table: CSV, TSV, Excel, Parquet, JSONL or N-Triples.
    single
        A relation that has one object for each subject: where it has more is an error. Can be given
        several times.
    inverse
        Count questions as if every fact were told backwards as well.
    many_valued
        Count as if pairs with several objects were kept (the default), dropped, or cut to the
        first.
    rows
        How many rows to show of each trouble.
    world
        Settings of the world, as in --world.subject drug.
    json_
        Print all of it as JSON, with up to 100 rows of each trouble.
    """
    from latebloom.worlds.chains.checking.check import check_file

    if rows < 1:
        raise LatebloomError(f"--rows is {rows}; show 1 or more")
    asked = Asked(
        own=OwnData(facts=file, many_valued=many_valued, inverse=inverse),
        sections={"world": dict(world or {})},
        trains=True,
    )
    settings = cast("FactsConfig", config_for(asked)[0].world)
    found = check_file(file, replace(settings, single=(*settings.single, *single)))
    if json_:
        print(in_json(json.dumps(found.as_dict(), ensure_ascii=False)))
        return
    for line in found.lines(rows):
        out.print(line, markup=False)
