"""Memorising is not reasoning: see a model grok."""

import marimo

app = marimo.App(app_title="1 Memorising is not reasoning")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # 1 · Memorising is not reasoning

    A small transformer is going to learn 500 facts, and questions that combine two of them. You will see
    two moments: when it knows its training questions by heart, and when it can answer others. They lie far
    apart. You need no more than some Python; every word is explained when it comes. A *transformer* is the kind of
    network that today's language models are: it reads a row of words, and says which word comes next.
    """)


@app.cell
def _():
    import marimo as mo

    import latebloom
    from latebloom.lessons.guessing import guessed

    return guessed, latebloom, mo


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## A world of made facts

    A *fact* has a subject, a relation and an object. In our world the subjects and objects are called `e0` to
    `e49`, the relations `r0` to `r9`. They mean nothing, so nobody can have learned them before: what the model
    knows, it knows from us. `make_recipe` gives a complete setting by its name, and `build_world` draws
    its world.
    """)


@app.cell
def _(latebloom):
    config = latebloom.make_recipe("bloom")
    world = latebloom.build_world(config.world, config.world_seed)
    names = world.vocabulary.decode
    [" ".join(names(fact)) for fact in world.facts.rows()[:5]]
    return config, names, world


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    A *two-hop question* follows two facts, one after the other: `e7 r3 r1` asks for the `r1` of the `r3` of `e7`.
    The object in the middle is called the *bridge*. Nobody asks for it, and it stands nowhere in the question.

    The model trains on all facts and on many two-hop questions with their answers (`train_inferred`). Some
    questions are held out. They are built of facts that the model sees in *other* questions, so somebody
    who combines facts can answer them (`test_id`; ID is short for *in distribution*).
    """)


@app.cell
def _(names, world):
    {split: (len(rows), " ".join(names(rows[0]))) for split, rows in world.splits.items()}
    return


@app.cell(hide_code=True)
def _(mo):
    guess = mo.ui.text(placeholder="0 to 100", label="percent of the held-out questions")
    mo.vstack(
        [
            mo.md("""
            ## Guess first

            Take the moment at which the model answers 99 % of its training questions. How many of the held-out
            questions does it answer right then?
            """),
            guess,
        ]
    )
    return (guess,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Train

    Training goes in *steps*. At each step the model answers about five hundred of its training questions, and its
    *weights*, the numbers that it consists of, are changed a little, so that it would have answered better. Every 50
    steps, and more often at the beginning, the weights are kept as a file. Such a file is called a *checkpoint*: from it the
    model can be opened later as it was at that step.

    All this takes a minute or two on two cores. What it leaves behind, the *run folder*, is kept: the next time this cell only
    opens it.
    """)


@app.cell
def _(config, latebloom):
    run = latebloom.grow_once(config, "runs/lessons/bloom")
    run.plot()
    return (run,)


@app.cell
def _(guess, guessed, mo, run):
    rows = run.metrics()
    fitted = next(row for row in rows if row["accuracy.train_inferred"] >= 0.99)
    right = 100 * fitted["accuracy.test_id"]
    mo.md(f"""
    At step {fitted["step"]:,} the training questions are known: of the held-out ones **{right:.0f} %** are right.
    {guessed(guess, words="You guessed {} %.")}At the end, step {rows[-1]["step"]:,}, it is
    **{100 * rows[-1]["accuracy.test_id"]:.0f} %**.

    For most of the training the model gets better at something on which it is never corrected: its own
    answers are right already. That is *grokking*, a word for generalisation that comes long after the training
    set is known by heart.
    """)
    return fitted, rows


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Ask it

    `run.ask` puts a question to the model. Below is a held-out one. The answer says what the facts
    have, and whether the model ever saw this question.
    """)


@app.cell
def _(names, run, world):
    question = names(world.examples("test_id")[0][:-1])
    answer = run.ask(*question)
    answer.as_dict()
    return answer, question


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    **Exercise 1.** `latebloom.load(folder, step=...)` opens the model at an earlier checkpoint, the one of that step. Ask the same
    question at the step where training was fitted. Is it right already? Below is a way to do it for
    all held-out questions at once.
    """)


@app.cell
def _(fitted, latebloom, run):
    early_step = min(run.steps, key=lambda step: abs(step - fitted["step"]))
    early = latebloom.load(run.folder.path, step=early_step)
    {
        "step": early_step,
        "held out, right then": early.score("test_id")["test_id"].accuracy,
        "held out, right now": run.score("test_id")["test_id"].accuracy,
    }
    return (early,)


@app.cell(hide_code=True)
def _(mo):
    ood_guess = mo.ui.radio(
        ["none of them", "some of them", "nearly all of them"],
        label="Of the questions over OOD facts it answers in the end",
    )
    mo.vstack(
        [
            mo.md("""
            **Exercise 2.** One fact in five was shown *only alone*: the model knows it, but no question in training
            went through it. Questions that combine two such facts are *OOD*, out of distribution
            (`test_ood`). The model reasons by now. What do you expect?
            """),
            ood_guess,
        ]
    )
    return (ood_guess,)


@app.cell
def _(guessed, mo, ood_guess, run):
    scores = run.score("atomic_ood", "test_ood")
    mo.md(f"""
    {guessed(ood_guess)}It knows **{100 * scores["atomic_ood"].accuracy:.0f} %** of these facts, each
    alone, and answers **{100 * scores["test_ood"].accuracy:.0f} %** of the questions that combine two of them.

    So what it has learned is narrower than "combine facts". Why, and what helps, is the subject of lesson 4;
    lesson 3 looks inside. Lesson 2 asks first why it came so late.
    """)
    return


if __name__ == "__main__":
    app.run()
