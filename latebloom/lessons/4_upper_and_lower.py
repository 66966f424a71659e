"""Upper and lower layers: why OOD fails, and what loops give."""

import marimo

app = marimo.App(app_title="4 Upper and lower layers")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # 4 · Upper and lower layers

    The model of lesson 1 knows every fact, combines facts that it has seen combined, and fails at those that it
    only saw alone (OOD). This lesson finds out why, and mends it.
    """)


@app.cell
def _():
    import marimo as mo

    import latebloom

    return latebloom, mo


@app.cell
def _(latebloom):
    plain = latebloom.grow_once(latebloom.make_recipe("bloom"), "runs/lessons/bloom")
    world = plain.world
    names = world.vocabulary.decode
    question = names(world.examples("test_ood")[0][:-1])
    answer = plain.ask(*question)
    print(*question, "->", answer.answers[0].name, "| the facts say", answer.truth)
    print("bridge:", *answer.true_bridges)
    return answer, names, plain, question, world


@app.cell(hide_code=True)
def _(mo):
    hop = mo.ui.radio(
        [
            "the first hop: it does not find the bridge",
            "the second hop: it has the bridge, and is lost there",
        ],
        value="the first hop: it does not find the bridge",
        label="What goes wrong?",
    )
    mo.vstack([mo.md("## Which hop fails?"), hop])
    return (hop,)


@app.cell
def _(answer, hop, mo, plain, question):
    bridge = answer.true_bridges[0]
    best = max(
        one.probability
        for glimpse in plain.lens(*question, names=[bridge])
        for one in glimpse.names[bridge]
    )
    failures = plain.trace(step=plain.steps[-1])[0].failures["test_ood"]
    mo.md(f"""
    You said: {hop.value}. In this question the bridge is read with {best:.0%}. Over 300 such questions:
    *{failures.words()}*.

    So the first hop works. The second needs the fact *(bridge, relation)* in an **upper** layer, since the
    lower ones are over when the bridge is known. In training, a fact that was never the second of two was
    never needed up there, so it was only stored below. A plain transformer has to learn each fact twice.
    """)
    return (bridge,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## One set of layers, used twice

    If upper and lower layers are *the same* layers, each fact is stored once, for both hops. The looped model
    has one layer and runs it once for every hop; after each loop it feeds what it expects back into the question. The
    same facts, the same questions:
    """)


@app.cell
def _(latebloom, plain):
    looped = latebloom.grow_once(latebloom.make_recipe("bloom-looped"), "runs/lessons/bloom-looped")
    {
        "plain": {s: round(v.accuracy, 3) for s, v in plain.score("test_id", "test_ood").items()},
        "looped": {s: round(v.accuracy, 3) for s, v in looped.score("test_id", "test_ood").items()},
    }
    return (looped,)


@app.cell
def _(looped, question):
    [
        f"loop {glimpse.loop}, layer {glimpse.layer}: "
        + "  ".join(f"{guess.name} {guess.probability:.0%}" for guess in glimpse.guesses)
        for glimpse in looped.lens(*question)
    ]
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## What is learned, and what is built in?

    Be suspicious of such a good figure. The looped model has parts made for this kind of question: a loop for each
    hop, and a token that sees itself and the one before it. The control: train it on facts *alone*, with no composed
    question at all (phi 0). Whatever it answers then, it did not learn from composed questions.
    """)


@app.cell(hide_code=True)
def _(mo):
    built_in = mo.ui.slider(0, 100, value=0, label="percent of the ID questions, from facts alone")
    built_in
    return (built_in,)


@app.cell
def _(built_in, latebloom, mo):
    control = (
        latebloom.make_recipe("bloom-looped").replace("world", phi=0.0).replace("train", until="")
    )
    facts_only = latebloom.grow_once(control, "runs/lessons/looped-phi0")
    alone = facts_only.score("test_id", "test_ood")
    mo.md(f"""
    You guessed {built_in.value} %. It is **{100 * alone["test_id"].accuracy:.0f} %** of the ID and
    **{100 * alone["test_ood"].accuracy:.0f} %** of the OOD questions: a large part of the ability is in the
    architecture. That makes it a good tool and a weak proof. The ladder in `docs/results.md` takes the model apart, one
    part at a time, and shows which parts give something away and which do not.

    **Exercise.** `latebloom.make_recipe("reader")` has none of these parts: all words see each other, and it
    learns any order of words. Train it with phi 0 (two minutes). What does it answer?
    """)
    return


if __name__ == "__main__":
    app.run()
