"""Parametric and non-parametric memory: facts in the weights, and facts outside."""

import marimo

app = marimo.App(app_title="5 Two kinds of memory")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # 5 · Two kinds of memory

    A trained model has its facts in its weights: *parametric* memory. A database, a search engine, a prompt with
    documents have them outside: *non-parametric* memory. This lesson puts the same questions to both, and asks
    what each is good for.
    """)


@app.cell
def _():
    from pathlib import Path

    import marimo as mo

    import latebloom

    return Path, latebloom, mo


@app.cell
def _(latebloom):
    run = latebloom.grow_once(latebloom.make_recipe("composition"), "runs/lessons/composition")
    run.summary["splits"]["test_ood"]
    return (run,)


@app.cell(hide_code=True)
def _(mo):
    winner = mo.ui.radio(
        ["the trained model", "looking the facts up, one after the other", "they are equal"],
        value="the trained model",
        label="Who answers two-hop questions better, the facts being complete?",
    )
    winner
    return (winner,)


@app.cell
def _(run):
    rows = run.rivals(limit=50)
    [
        {
            "rival": row["rival"],
            "split": row["split"],
            "right": f"{row['accuracy']:.0%}",
            "milliseconds each": round(1000 * row["seconds"], 2),
        }
        for row in rows
    ]
    return (rows,)


@app.cell
def _(mo, winner):
    mo.md(f"""
    You said: {winner.value}. For facts that a complete table holds, looking them up is exact, and nothing that is
    trained can be better. *Retrieval* has a weakness of its own: it finds sentences that share words with
    the question, and the second fact of a chain shares none. It has to ask twice.

    What a trained model adds is what it does where no single fact has the answer. Recipe `hidden-attributes`
    compares things whose values were never told; `docs/memory.md` has the contest there, and says who wins when a
    part of the facts is wrong.
    """)
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## A fact that came later

    Weights do not change by themselves. What is told after training has to come from outside, and can then be
    *combined* with what is inside: the new fact is used first, everything else the model answers.
    """)


@app.cell
def _(Path, run):
    told = Path("runs/lessons/new.csv")
    told.write_text("subject,relation,object\nnewcomer,r3,e42\n")
    later = run.ask("newcomer", "r3", "r11", new=told)
    known = run.ask("e42", "r11")
    later.answers[0].name, known.answers[0].name
    return (later,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    The model never heard of `newcomer`. The first hop came from the file, the second from the weights.

    **Exercise.** Which would you take, a table, retrieval or a trained model, for (a) the phone numbers of a firm,
    (b) "which of these two teams is stronger", from the results of other matches, (c) a question over three
    documents that nobody has read together? What would you want to measure before you trust it?
    """)


if __name__ == "__main__":
    app.run()
