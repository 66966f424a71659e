"""Looking inside one question: `latebloom lens`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from latebloom.cli.app import Json, app, out

if TYPE_CHECKING:
    from latebloom.evaluation.loaded import LoadedRun


@app.command
def lens(
    run: Path,
    *question: str,
    token: tuple[str, ...] = (),
    step: int | None = None,
    json_: Json = False,
) -> None:
    """Show what every state of a run would answer to one question.

    Parameters
    ----------
    run
        The run folder.
    question
        A subject and its relations; without it, the first question of the OOD test.
    token
        Show the rank and the probability of this name instead; may be given several times.
    step
        The checkpoint of this step instead of the newest.
    json_
        Print as JSON.
    """
    from latebloom.evaluation.loaded import load

    loaded = load(run, step=step)
    world = loaded.world
    words = list(question)
    if not words:
        words = world.example()
    rows = read_states(loaded, words, token)
    if json_:
        print(json.dumps({"step": loaded.step, "question": words, "states": rows}))
        return
    table = Table(box=None)
    table.add_column("")
    for word in words:
        table.add_column(escape(word))
    for row in rows:
        place = f"loop {row['loop']}, layer {row['layer']}"
        for name, seen in row["tokens"].items():
            cells = [f"{one['rank']:>4} [dim]{one['probability']:.0%}[/dim]" for one in seen]
            table.add_row(f"{place}, {escape(name)}", *cells)
        if not token:
            cells = [
                f"{escape(g['name'])} [dim]{g['probability']:.0%}[/dim]" for g in row["guesses"]
            ]
            table.add_row(place, *cells)
    out.print(table)
    counted = "; ranks count from 0" if token else ""
    out.print(f"step {loaded.step}; layer 0 is what enters the loop{counted}")


def read_states(
    loaded: "LoadedRun", words: list[str], tokens: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The likeliest token at every boundary and position, and how the named ones stand there."""
    import torch

    from latebloom.circuits.lens import logit_lens
    from latebloom.circuits.states import run_states
    from latebloom.model.feedback import loops_needed

    vocabulary = loaded.world.vocabulary
    questions = torch.tensor([vocabulary.encode(words)])
    loops = loops_needed(loaded.model.config, len(words))
    states = run_states(loaded.model, questions, n_loops=loops)
    named = {word: torch.tensor(vocabulary.encode([word])) for word in tokens}
    seen = logit_lens(loaded.model, states, named)
    with torch.no_grad():
        best = loaded.model.logits(states.stream[:, :, 0]).softmax(-1).max(-1)

    def place(loop: int, layer: int) -> dict[str, Any]:
        guesses = zip(
            best.indices[loop, layer].tolist(), best.values[loop, layer].tolist(), strict=True
        )
        return {
            "loop": loop + 1,
            "layer": layer,
            "guesses": [
                {"name": vocabulary.words[token], "probability": probability}
                for token, probability in guesses
            ],
            "tokens": {
                word: [
                    {"rank": rank, "reciprocal_rank": 1 / (1 + rank), "probability": probability}
                    for rank, probability in zip(
                        seen.rank[word][loop, layer, :, 0].tolist(),
                        seen.probability[word][loop, layer, :, 0].tolist(),
                        strict=True,
                    )
                ]
                for word in tokens
            },
        }

    return [
        place(loop, layer) for loop in range(states.n_loops) for layer in range(states.n_layers + 1)
    ]
