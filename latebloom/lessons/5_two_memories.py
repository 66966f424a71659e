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
    from latebloom.lessons.guessing import guessed

    return Path, guessed, latebloom, mo


@app.cell
def _(latebloom):
    run = latebloom.grow_once(latebloom.make_recipe("composition"), "runs/lessons/composition")
    reached = run.summary["splits"]
    {"ID, held out": reached["test_id"]["accuracy"], "OOD": reached["test_ood"]["accuracy"]}
    return reached, run


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    This model answers two-hop questions (those that follow two facts, such as `e17 r3 r11`, the r11 of the r3 of e17), and the two numbers
    are shares of right answers. *ID, held out* are questions that training never showed, made of facts that it showed in other
    questions. *OOD* (out of distribution) are questions made of facts that it showed only alone. Who else could answer them, with the
    same 2,000 facts outside?

    - A **graph query** looks the first fact up in a table, then the second: what SQL would do.
    - **Retrieval**, which search engines and assistants rely on, takes the facts for sentences and finds those that share
      words with the question. We let it find 20 sentences, and reason over them without a mistake.
    - **Retrieval, asked twice** searches once more, with what the first search found.
    """)


@app.cell(hide_code=True)
def _(mo):
    winner = mo.ui.radio(
        ["the trained model", "the graph query", "retrieval", "all the same"],
        label="Who answers fewest of the questions, the facts being complete?",
    )
    winner
    return (winner,)


@app.cell
def _(guessed, mo, run, winner):
    called = {
        "graph query": "graph query",
        "bm25, k 20": "retrieval",
        "bm25, k 20, asked twice": "retrieval, asked twice",
    }
    rows = [row for row in run.rivals(limit=50) if row["split"] == "test_ood"]
    mo.vstack(
        [
            mo.md(f"""{guessed(winner)}Here are 50 of the OOD questions. *Step* says how many small changes of its weights the trained
            model, called *grown*, has behind it."""),
            mo.ui.table(
                [
                    {
                        "who": called.get(row["rival"], row["rival"]),
                        "right": f"{row['accuracy']:.0%} of {row['n']}",
                        "milliseconds each": round(1000 * row["seconds"], 2),
                    }
                    for row in rows
                    if row["rival"] in called or row["rival"].startswith("grown")
                ],
                selection=None,
            ),
            mo.md("""
            For facts that a complete table holds, looking them up is exact, and nothing that is trained can be better.
            Retrieval has a weakness of its own: it finds sentences that share words with the question, and the second fact
            of a chain shares none but its relation, which about a hundred other facts have, too. It has to ask twice.

            What a trained model adds is what it does where no single fact has the answer. The recipe (a complete setting with a name)
            `hidden-attributes` compares things whose values were never told; `docs/memory.md` has the contest there, and says who wins when a part of the facts is
            wrong.
            """),
        ]
    )
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
    """)


@app.cell(hide_code=True)
def _(mo):
    phone = mo.ui.dropdown(
        ["a table", "retrieval", "a trained model"], label="(a) the phone numbers of a firm"
    )
    teams = mo.ui.dropdown(
        ["a table", "retrieval", "a trained model"],
        label="(b) which of two teams is stronger, from the results of other matches",
    )
    reports = mo.ui.dropdown(
        ["a table", "retrieval", "a trained model"],
        label="(c) what three long reports say, together, of one thing",
    )
    mo.vstack([mo.md("**Exercise.** Which would you take for"), phone, teams, reports])
    return phone, reports, teams


@app.cell
def _(guessed, mo, phone, reports, teams):
    said = guessed(phone, teams, reports, words="You said: {}, {}, {}.")
    mo.md(f"""
    {said}

    - (a) A **table**: exact, and changed in a second.
    - (b) No fact holds the answer, so there is something to learn; a **trained model** can, and so can a simple
      rating: try the simple one first, as `docs/memory.md` does.
    - (c) **Retrieval**, asked more than once. Measure before you trust it: of questions whose answer you know, how
      often does it find *all* the sentences that the answer needs?
    """)
    return


if __name__ == "__main__":
    app.run()
