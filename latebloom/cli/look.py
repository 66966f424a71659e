"""Looking inside: `latebloom lens` and `latebloom trace`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from latebloom.cli.app import Flag, Json, app, err, out
from latebloom.errors import LatebloomError

if TYPE_CHECKING:
    from latebloom.evaluation.loaded import LoadedRun


@app.command
def lens(
    run: Path,
    *question: str,
    token: tuple[str, ...] = (),
    step: int | None = None,
    device: str = "cpu",
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
        Use the checkpoint of this step instead of the latest.
    device
        Where the model runs: cpu, cuda, mps, or auto for the fastest that is there.
    json_
        Print as JSON.
    """
    from latebloom.evaluation.loaded import load

    loaded = load(run, step=step, device=device)
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
    questions = torch.tensor([vocabulary.encode(words)], device=loaded.model.device)
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


@app.command
def trace(
    run: Path | None = None,
    *,
    step: int | None = None,
    split: str = "train_inferred",
    examples: int = 300,
    noise: Flag = False,
    hf: Path | None = None,
    data: Path | None = None,
    quiet: Flag = False,
    json_: Json = False,
) -> None:
    """Find the circuit: causal tracing and the lens over all checkpoints of a run.

    Parameters
    ----------
    run
        The run folder.
    step
        Only the checkpoint of this step.
    split
        The questions that are traced.
    examples
        How many of them.
    noise
        Also the corruption by noise.
    hf
        A Hugging Face GPT-2 folder instead of a run.
    data
        Its data, in the published format.
    quiet
        Show no progress.
    json_
        Print the records as JSON, a line a checkpoint.
    """
    from latebloom.circuits.examination import ExaminationConfig
    from latebloom.studies.traced import trace_hf, trace_run

    config = ExaminationConfig(split=split, examples=examples, noise=noise)
    if (run is None) == (hf is None) or (hf is None) != (data is None):
        raise LatebloomError("name a RUN, or both --hf DIR and --data DIR")
    if hf is not None and data is not None:
        record = trace_hf(hf, data, config)
        print(json.dumps(record)) if json_ else show_verdict(record)
        return
    assert run is not None
    from latebloom.reports.traced import write_circuit_figures
    from latebloom.training.run_folder import RunFolder

    folder = RunFolder.open(run)
    with Progress(console=err, disable=quiet or not err.is_terminal) as bar:
        total = 1 if step is not None else len(folder.checkpoints())
        task = bar.add_task("checkpoints", total=total)
        records = []
        for record in trace_run(folder, config, step=step, on_step=lambda *_: bar.advance(task)):
            records.append(record)
            if json_:
                print(json.dumps(record), flush=True)
    if not records:
        raise LatebloomError(f"{run} holds no checkpoint yet")
    drawn = write_circuit_figures(run, records) if step is None else []
    if not json_:
        for record in records:
            show_verdict(record)
        for path in drawn:
            out.print(str(path))


def show_verdict(record: Mapping[str, Any]) -> None:
    """One checkpoint's verdict, and why its failures fail."""
    step = f"step {record['step']:>7}  " if "step" in record else ""
    out.print(f"{step}{escape(record['verdict']['words'])}")
    for why in record["failures"].values():
        out.print(f"  {escape(why['words'])}")
    left_out = {name: e["n_left_out"] for name, e in record["trace"].items() if e["n_left_out"]}
    for name, n in left_out.items():
        out.print(f"  {n} of {record['n']} questions left out: no other {name} changes the answer")
