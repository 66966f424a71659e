"""When a run will grok: `latebloom forecast`."""

import json
from pathlib import Path

from latebloom.cli.app import Json, app, out


@app.command
def forecast(
    run: Path,
    *,
    step: int | None = None,
    json_: Json = False,
) -> None:
    """Forecast when the held-out questions of a run will be right, and whether they ever will.

    It reads the setting of the run and its evaluations so far, also while it trains. Forecasts are
    fitted on small runs of looped models on two-hop questions; where a run is not like those, the
    answer says in what.

    Parameters
    ----------
    run
        The run folder.
    step
        What would have been forecast after this step, instead of after the last evaluation.
    json_
        Print as JSON.
    """
    from latebloom.foresight.forecast import forecast as forecast_of

    told = forecast_of(run, at=step)
    if json_:
        print(json.dumps(told.as_dict(), indent=2))
        return
    for line in told.lines():
        out.print(line, markup=False)
