"""Look inside: the logit lens, patching, and the bridge that you find yourself."""

import marimo

app = marimo.App(app_title="3 Look inside")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # 3 · Look inside

    The model of lesson 1 answers questions that it never saw, such as `e7 r6 r5`, the r5 of the r6 of e7. *How?* If it combines
    two facts, the object between them, the *bridge*, must be somewhere inside, though it stands neither in the question nor in the answer. We are going to read it,
    and then to prove that it is used.
    """)


@app.cell
def _():
    import marimo as mo

    import latebloom
    from latebloom.lessons.guessing import guessed

    return guessed, latebloom, mo


@app.cell
def _(latebloom):
    run = latebloom.grow_once(latebloom.make_recipe("bloom"), "runs/lessons/bloom")
    world = run.world
    question = world.vocabulary.decode(world.examples("test_id")[0][:-1])
    answer = run.ask(*question)
    print(
        "question", *question, "| answer", answer.answers[0].name, "| bridge", *answer.true_bridges
    )
    return answer, question, run, world


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Reading: the logit lens

    A transformer carries one *state* for each word of the question, a row of 128 numbers, and each layer adds
    something to it. Only the last state is turned into an answer. But nothing stops us from turning *every*
    state into one, in the same way as the last: what would the model say if it ended here? That is the *logit
    lens*. A row below is a boundary between layers (layer 0 is what enters), a column is a word of the
    question.
    """)


@app.cell
def _(question, run):
    [
        {
            "after layer": glimpse.layer,
            **{
                f"{place}: {word}": f"{guess.name} {guess.probability:.0%}"
                for place, (word, guess) in enumerate(
                    zip(question, glimpse.guesses, strict=True), 1
                )
            },
        }
        for glimpse in run.lens(*question)
    ]
    return


@app.cell(hide_code=True)
def _(mo):
    where = mo.ui.dropdown(
        ["at the subject", "at the first relation", "at the second relation"],
        label="Where does the bridge stand?",
    )
    mo.vstack([mo.md("**Find it.** The bridge's name is printed above the table."), where])
    return (where,)


@app.cell
def _(answer, guessed, mo, question, run, where):
    bridge = answer.true_bridges[0]
    standing = [
        (glimpse.layer, place, one.probability)
        for glimpse in run.lens(*question, names=[bridge])
        for place, one in enumerate(glimpse.names[bridge])
    ]
    most = max(probability for _, _, probability in standing)
    layer, place, probability = next(found for found in standing if found[2] > most / 2)
    names = ["at the subject", "at the first relation", "at the second relation"]
    mo.md(f"""
    {guessed(where)}From the top of the table down, the bridge `{bridge}` is first read **{names[place]}**, after layer
    {layer} ({probability:.0%}). Subject and first relation are seen by then, which is all that is needed.
    """)
    return (bridge,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Proving: change it, and see what happens

    That something can be read does not mean that it is *used*. A model that knows the answer by heart could have
    the bridge lying about all the same. So we intervene: take a question, spoil its subject, so that the
    answer is wrong; then put back one single state, taken from a *third* question that reaches the same bridge
    from elsewhere. If the right answer comes back, it went through this state.

    A *step* of training is one small change of the model's weights, the numbers that it consists of. A *checkpoint* is a file in
    which the weights of one step were kept, so that we can look into the model as it was then. `run.trace` puts back every
    state of 200 questions, one at a time, at every checkpoint of the training.
    """)


@app.cell
def _(run):
    records = run.trace(examples=200)
    records[-1].verdict.words()
    return (records,)


@app.cell
def _(records):
    [
        {
            "step": record.step,
            "training": round(record.accuracy, 2),
            "held out": round(record.verdict.held_out, 2),
            "brought back": round(record.verdict.restored, 2),
        }
        for record in records[:: max(1, len(records) // 12)]
    ]
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    Read the last two columns. When the training questions are known by heart (`training` near 1), little
    comes back at first: these answers do not go through the bridge. Then both columns rise together. What you
    see is the *circuit* forming, the parts of the model that together combine two facts.
    """)


@app.cell(hide_code=True)
def _(mo):
    control = mo.ui.radio(
        ["about as many", "half of them", "next to none"],
        label="How many right answers come back with the state of another bridge?",
    )
    mo.vstack(
        [
            mo.md("""
            **Exercise.** An experiment needs a control: put in the state of a question with *another* bridge. If any state
            brought the answer back, the bridge would prove nothing. Guess, then check:
            """),
            control,
        ]
    )
    return (control,)


@app.cell
def _(control, guessed, mo, records):
    share = records[-1].verdict.steps[0].other_moved
    mo.md(f"""
    {guessed(control)}It is {share:.1%}: `records[-1].verdict.steps[0].other_moved`. So it is what the state *says*
    that counts, not that something was put in.
    """)
    return


if __name__ == "__main__":
    app.run()
