"""The contest: `latebloom rivals`."""

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from latebloom.cli.app import Flag, Json, app, err
from latebloom.errors import LatebloomError
from latebloom.neutral import in_json, neutral


@app.command
def rivals(
    run: Path,
    *,
    splits: str = "",
    limit: int = 0,
    k: int = 20,
    closure: str = "20,100,200",
    bradley_terry: Flag = False,
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
    device: str = "cpu",
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Put a run's test questions to baselines: retrieval, exact inference, a language model.

    The table is written to RUN/rivals.json and RUN/rivals.md, and is part of the next report. A
    language model's key is read from the environment variable OPENAI_API_KEY; an endpoint on this
    machine needs none. Answers are cached. Re-run the same command to resume.

    Parameters
    ----------
    run
        The run folder.
    splits
        The splits to ask, separated by commas; without it, every test split.
    limit
        At most so many questions of each split; 0 asks all.
    k
        Facts that retrieval reads in a round.
    closure
        Facts that retrieval reads in a round if it searches until nothing new comes up, separated
        by commas; "" leaves these rivals out.
    bradley_terry
        Add the Bradley-Terry model where values are hidden (extra `pairs`).
    dense
        Add retrieval by sentence embeddings (extra `dense`).
    endpoint
        Add a language model at this OpenAI-compatible address, such as http://127.0.0.1:8000/v1.
    model
        The language model's name there.
    style
        How the language model is asked: direct, cot (step by step), or both as direct,cot.
    retrieval
        What selects the facts in its prompt: none (all that fit), bm25, dense, or several with
        commas.
    context_tokens
        At most so many tokens of facts in its prompt.
    at_once
        Concurrent requests to the language model.
    price_in
        Dollars per million input tokens, for the estimate.
    price_out
        Dollars per million output tokens, for the estimate.
    estimate
        Only show what the language model would cost, and ask it nothing.
    step
        Use the checkpoint of this step instead of the latest.
    device
        Where the model runs: cpu, cuda, mps, or auto for the fastest that is there.
    quiet
        Show no progress; what a language model will cost is shown all the same.
    json_
        Print the table as JSON.
    """
    from latebloom.run import load
    from latebloom.studies.contested import ContestConfig, estimate_contest, hold_contest

    config = ContestConfig(
        splits=words(splits),
        limit=limit,
        k=k,
        closure=numbers(closure),
        bradley_terry=bradley_terry,
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
        raise LatebloomError("--estimate shows what a language model costs; give --endpoint too")
    loaded = load(run, step=step, device=device)

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
        print(in_json(json.dumps(table, indent=2, ensure_ascii=False)))
    else:
        print(neutral((run / "rivals.md").read_text(encoding="utf-8")), end="")


def words(text: str) -> tuple[Any, ...]:
    """`a,b` as two words."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def numbers(text: str) -> tuple[int, ...]:
    """`20,100` as two numbers.

    Raises: LatebloomError for what is none.
    """
    try:
        return tuple(map(int, words(text)))
    except ValueError:
        raise LatebloomError(f"--closure {text!r}: give whole numbers, such as 20,100") from None
