"""The contest: `latebloom rivals`."""

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from latebloom.cli.app import Flag, Json, app, err
from latebloom.errors import LatebloomError


@app.command
def rivals(
    run: Path,
    *,
    splits: str = "",
    limit: int = 0,
    k: int = 20,
    dense: Flag = False,
    endpoint: str = "",
    model: str = "",
    style: str = "direct",
    retrieval: str = "none",
    context_tokens: int = 100_000,
    at_once: int = 8,
    price_in: float = 0.0,
    price_out: float = 0.0,
    estimate: Annotated[bool, Parameter(negative=())] = False,
    step: int | None = None,
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Put a run's test questions to retrieval, to exact inference, and to a language model.

    The table is kept as RUN/rivals.json and RUN/rivals.md, and stands in the next report. A
    language model's key is read from the environment variable OPENAI_API_KEY; an endpoint on this
    machine needs none. Its answers are kept: say the same again to go on with a contest that
    stopped.

    Parameters
    ----------
    run
        The run folder.
    splits
        The splits to ask, with commas; without it, every test split.
    limit
        Questions of a split at most; 0 asks all.
    k
        Facts that retrieval finds for a question.
    dense
        Retrieval by sentence embeddings takes part (extra `dense`).
    endpoint
        A language model takes part: its OpenAI-compatible address, as http://127.0.0.1:8000/v1.
    model
        The language model's name there.
    style
        How it is asked: direct, cot (step by step), or both as direct,cot.
    retrieval
        What finds the facts for it: none (all that fit), bm25, dense, or several with commas.
    context_tokens
        Tokens of facts in its prompt at most.
    at_once
        Its questions under way at the same time.
    price_in
        Dollars for a million tokens it reads, for the estimate.
    price_out
        Dollars for a million tokens it writes, for the estimate.
    estimate
        Only tell what the language model would cost.
    step
        The checkpoint of this step instead of the newest.
    quiet
        Show no progress; what a language model will cost is told all the same.
    json_
        Print the table as JSON.
    """
    from latebloom.run import load
    from latebloom.studies.contested import ContestConfig, estimate_contest, hold_contest

    config = ContestConfig(
        splits=words(splits),
        limit=limit,
        k=k,
        dense=dense,
        endpoint=endpoint,
        model=model,
        styles=words(style),
        finders=words(retrieval),
        context_tokens=context_tokens,
        at_once=at_once,
        price_in=price_in,
        price_out=price_out,
    )
    if estimate and not endpoint:
        raise LatebloomError("--estimate tells what a language model costs: give --endpoint too")
    loaded = load(run, step=step)

    def tell(line: str) -> None:
        err.print(line, markup=False)

    if estimate:
        costs = estimate_contest(loaded, config)
        if json_:
            print(json.dumps({name: cost.as_dict() for name, cost in costs.items()}, indent=2))
        else:
            print("\n".join(f"{name}: {cost}" for name, cost in costs.items()))
        return
    table = hold_contest(
        loaded, config, tell=tell if not quiet else lambda line: None, tell_cost=tell
    )
    if json_:
        print(json.dumps(table, indent=2, ensure_ascii=False))
    else:
        print((run / "rivals.md").read_text(), end="")


def words(text: str) -> tuple[Any, ...]:
    """`a,b` as two words."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
