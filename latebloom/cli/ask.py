"""Asking and measuring: `latebloom ask` and `latebloom eval`."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.markup import escape

from latebloom.cli.app import Json, app, complain, err, out
from latebloom.errors import LatebloomError
from latebloom.neutral import in_json

if TYPE_CHECKING:
    from latebloom.asking.answer import Answer
    from latebloom.asking.selection import Selection
    from latebloom.asking.set_answer import SetAnswer


@app.command
def ask(
    run: Path,
    *question: str,
    step: int | None = None,
    device: str = "cpu",
    top: int = 5,
    with_facts: Path | None = None,
    way: Literal["auto", "at-once", "in-parts"] = "auto",
    json_: Json = False,
) -> None:
    """Ask a run: `latebloom ask RUN JFK country capital`. Without a question: a prompt.

    Parameters
    ----------
    run
        The run folder.
    question
        A subject and its relations, in the order in which the run was asked; an attribute and two
        entities where the run compares. Where questions have several answers also several of them
        with `and` or `and not` between them, and `then` before relations that lead on from there.
        Of a table of numbers also `half-life above 24`, below, top 5 and bottom 5.
    step
        Use the checkpoint of this step instead of the latest.
    device
        Where the model runs: cpu, cuda, mps, or auto for the fastest that is there.
    top
        How many answers to show.
    with_facts
        A file of new facts: CSV, TSV, JSONL or N-Triples. Facts in this file are used first;
        everything else is answered by the model.
    way
        Where questions have several answers, how they are put: at-once, the whole question;
        in-parts, a chain hop by hop, a joined question by its branches; auto, whichever was better
        on the run's questions of validation.
    json_
        Print the answer as JSON.
    """
    from latebloom.run import load

    loaded = load(run, step=step, device=device)
    new = None
    if with_facts is not None:
        from latebloom.asking.told_facts import load_new_facts

        new = load_new_facts(with_facts, loaded.world.vocabulary)
    if question:
        answer = loaded.ask(*question, top=top, new=new, way=way)
        show_answer(answer, as_json=json_)
        if not answer.supported:
            sys.exit(NOTHING_SUPPORTS)
        return
    if json_:
        raise LatebloomError("--json needs a question")
    import readline

    history = run / ".ask_history"
    keeps = not history.is_symlink()  # a link in a run folder may lead anywhere
    if keeps and history.exists():
        readline.read_history_file(history)
    err.print(f"{len(loaded.world.vocabulary)} names; an empty line or Ctrl-D ends")
    try:
        while line := input("? ").strip():
            try:
                show_answer(
                    loaded.ask(*shlex.split(line), top=top, new=new, way=way), as_json=False
                )
            except ValueError as error:
                complain(error)
    except (EOFError, KeyboardInterrupt):
        err.print()
    if keeps:
        readline.write_history_file(history)


STATUS = {
    "told": "told: the table holds the answer",
    "follows": "follows: told facts lead to the answer",
    "inferred": "inferred: one fact on the way was never told",
    "never told": "never told: nothing in the table leads to an answer",
}
"""What stands before an answer, by what it rests on."""
NOTHING_SUPPORTS = 3
"""Exit status where no told fact supports an answer."""


def show_answer(answer: "Answer | SetAnswer | Selection", *, as_json: bool) -> None:
    """An answer for people, or for scripts."""
    from latebloom.asking.selection import Selection
    from latebloom.asking.set_answer import SetAnswer
    from latebloom.asking.set_words import lines_of

    if as_json:
        print(in_json(json.dumps(answer.as_dict(), ensure_ascii=False)))
        return
    if isinstance(answer, SetAnswer | Selection):
        for line in lines_of(answer) if isinstance(answer, SetAnswer) else answer.lines():
            out.print(line, markup=False)
        return
    if answer.status is not None:
        out.print(STATUS[answer.status])
    for rank, guess in enumerate(answer.answers):
        style = "bold" if rank == 0 else "dim"
        out.print(f"[{style}]{guess.probability:7.1%}  {escape(guess.name)}[/{style}]")
    trail = [answer.names[0]]
    for relation, bridge in zip(answer.names[1:], answer.bridges, strict=False):
        trail += [f"-{relation}->", f"{bridge.name} ({bridge.probability:.1%})"]
    if answer.bridges:
        trail += [f"-{answer.names[-1]}->", answer.answers[0].name]
        out.print(f"path   {escape(' '.join(trail))}")
    if answer.truth is not None:
        right = "right" if answer.answers[0].name == answer.truth else "wrong"
        bridges = f" through {', '.join(answer.true_bridges)}" if answer.true_bridges else ""
        out.print(escape(f"{right}: the facts say {answer.truth}{bridges}"))
    shown = "trained on" if answer.shown else "never trained on"
    hops = f"; its hops: {', '.join(answer.hops)}" if answer.hops else ""
    out.print(f"this question was {shown}{hops}")
    for note in answer.notes:
        out.print(f"note: {escape(note)}")


@app.command(name="eval")
def evaluate(
    run: Path,
    *,
    step: int | None = None,
    all_: Annotated[bool, Parameter(name="--all", negative=())] = False,
    device: str = "cpu",
    json_: Json = False,
) -> None:
    """Measure every split of a run, every example counted; of sentences also the rules followed.

    Parameters
    ----------
    run
        The run folder.
    step
        Use the checkpoint of this step instead of the latest.
    all_
        Every checkpoint, a line each.
    device
        Where the model runs: cpu, cuda, mps, or auto for the fastest that is there.
    json_
        Print as JSON, a line a checkpoint.
    """
    from latebloom.run import load
    from latebloom.training.run_folder import RunFolder

    steps = [c.step for c in RunFolder.open(run).checkpoints()] if all_ else [step]
    for one in steps:
        loaded = load(run, step=one, device=device)
        scores, rules = loaded.score(), loaded.rules()
        if json_:
            table = {split: score.as_dict() for split, score in scores.items()}
            told = {"step": loaded.step, "splits": table}
            print(json.dumps(told | ({"rules": rules} if rules else {})))
        else:
            line = "  ".join(f"{split} {score.accuracy:.3f}" for split, score in scores.items())
            out.print(f"step {loaded.step}  {line}")
            for split, shares in rules.items():
                said = "  ".join(f"{rule} {share:.3f}" for rule, share in shares.items())
                out.print(f"  {split} follows  {said}")
