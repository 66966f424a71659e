"""Upper and lower layers: why OOD fails, and what loops give."""

import marimo

app = marimo.App(app_title="4 Upper and lower layers")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # 4 · Upper and lower layers

    The model of lesson 1 knows every fact, combines facts that it has seen combined, and fails at those that it
    only saw alone. This lesson finds out why, and mends it.

    The words again: a *two-hop question* `e7 r6 r5` follows two facts, each a *hop*; the object between them is the *bridge*. A
    fact is *ID*, in distribution, if training showed it inside two-hop questions too, and *OOD*, out of distribution, if it
    showed it only alone. A question is called so if both its facts are. *Held out* means that training never showed the question.
    A *token* is a word as the model reads it: here each of `e7`, `r6` and `r5` is one. A *layer* is a stage of computation through
    which every token goes, and the model has several, one above the other. The *logit lens* of lesson 3 reads what the model would say
    if it ended after some layer.
    """)


@app.cell
def _():
    import marimo as mo

    import latebloom
    from latebloom.lessons.guessing import guessed

    return guessed, latebloom, mo


@app.cell
def _(latebloom):
    plain = latebloom.grow_once(latebloom.make_recipe("bloom"), "runs/lessons/bloom")
    {
        "both facts seen combined": plain.score("test_id")["test_id"].accuracy,
        "both facts seen only alone": plain.score("test_ood")["test_ood"].accuracy,
    }
    return (plain,)


@app.cell(hide_code=True)
def _(mo):
    hop = mo.ui.radio(
        [
            "the first: then the bridge is not found",
            "the second: the bridge is found, and the way ends there",
            "it makes no difference",
        ],
        label="Which of the two facts must have been seen combined?",
    )
    mo.vstack(
        [
            mo.md("""
            ## Which hop fails?

            A question has two facts, so there are four kinds. Let only *one* of the two facts be OOD, and see which one does the
            harm.
            """),
            hop,
        ]
    )
    return (hop,)


@app.cell
def _(guessed, hop, mo, plain):
    kinds = plain.score("test_id", "test_oi", "test_io", "test_ood")
    first, second = kinds["test_oi"].accuracy, kinds["test_io"].accuracy
    mo.vstack(
        [
            mo.md(guessed(hop)),
            mo.ui.table(
                [
                    {
                        "first fact": one,
                        "second fact": two,
                        "split": split,
                        "right": f"{kinds[split].accuracy:.0%}",
                    }
                    for split, one, two in (
                        ("test_id", "seen combined", "seen combined"),
                        ("test_oi", "only alone", "seen combined"),
                        ("test_io", "seen combined", "only alone"),
                        ("test_ood", "only alone", "only alone"),
                    )
                ],
                selection=None,
            ),
            mo.md(f"""
            Both do harm, the second more: with the first fact OOD {first:.0%} are right, with the second {second:.0%}.
            Where is the bridge in the latter? If the first layer has it, the first hop is done, and the second alone is lost.
            """),
        ]
    )
    return


@app.cell
def _(plain):
    world = plain.world
    names = world.vocabulary.decode

    def bridge_after(layer, split, most=100):
        """Share of the questions of a split whose bridge is read at the first relation there."""
        rows = world.examples(split)[:most]
        found = 0
        for row in rows:
            asked = names(row[:-1])
            (true_bridge,) = plain.ask(*asked).true_bridges
            found += plain.lens(*asked)[layer].guesses[1].name == true_bridge
        return found / len(rows)

    bridges = {
        split: {f"after layer {layer}": bridge_after(layer, split) for layer in (1, 2)}
        for split in ("test_id", "test_oi", "test_io", "test_ood")
    }
    bridges
    return bridges, names, world


@app.cell
def _(bridges, mo):
    mo.md(f"""
    The second hop is the work of layer 2, so a bridge helps only if it is there after layer 1.

    - **Second fact OOD** (`test_io`): after layer 1 the bridge is read in {bridges["test_io"]["after layer 1"]:.0%}, and the answer is
      wrong nearly always. The first hop works. The second needs the fact *(bridge, relation)* in layer 2; and a fact that was never
      the second of two was never needed there.
    - **First fact OOD** (`test_oi`): after layer 1 the bridge is there in {bridges["test_oi"]["after layer 1"]:.0%} only; in the others it comes
      with layer 2, too late. A fact that was only ever asked alone has two layers' time.

    Either way a plain transformer has to store a fact in each layer in which it is needed, and training stores it only
    where it was asked for.
    """)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## One set of layers, used twice

    If upper and lower layers are *the same* layers, each fact is stored once, for both hops. The looped model
    has one layer and runs it once for every hop. After each run, a *loop*, what it expects is fed back into the question.
    The same facts, the same questions:
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
def _(looped, names, world):
    question = names(world.examples("test_ood")[0][:-1])
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
    hop, and a token that sees itself and the one before it. Such parts, and how they are put together, are the *architecture* of
    a model: it is there before any training. The control: train the model on facts *alone*, with no *composed* question at all, that
    is none of two hops (*phi*, the number of composed questions for each fact, is 0). Whatever it answers then, it did not
    learn from composed questions.
    """)


@app.cell(hide_code=True)
def _(mo):
    built_in = mo.ui.text(
        placeholder="0 to 100", label="percent of the ID questions, from facts alone"
    )
    built_in
    return (built_in,)


@app.cell
def _(built_in, guessed, latebloom, mo):
    control = (
        latebloom.make_recipe("bloom-looped").replace("world", phi=0.0).replace("train", until="")
    )
    facts_only = latebloom.grow_once(control, "runs/lessons/looped-phi0")
    alone = facts_only.score("test_id", "test_ood")
    mo.md(f"""
    {guessed(built_in, words="You guessed {} %.")}It is **{100 * alone["test_id"].accuracy:.0f} %** of the ID and
    **{100 * alone["test_ood"].accuracy:.0f} %** of the OOD questions: a large part of the ability is in the
    architecture. That makes it a good tool and a weak proof. The ladder in `docs/results.md` takes the model apart, one
    part at a time, and shows which parts give something away and which do not.
    """)
    return (alone,)


@app.cell(hide_code=True)
def _(mo):
    nothing = mo.ui.text(
        placeholder="0 to 100", label="percent of the ID questions, from facts alone"
    )
    read = mo.ui.run_button(label="Train it (some minutes)")
    mo.vstack(
        [
            mo.md("""
            **Exercise.** `latebloom.make_recipe("reader")` has none of these parts: all words see each other, and it learns any
            order of words. What does it answer if it is trained on facts alone? Guess, then press the button to check.
            """),
            nothing,
            read,
        ]
    )
    return nothing, read


@app.cell
def _(guessed, latebloom, mo, nothing, read):
    mo.stop(not read.value, mo.md("*Not trained yet.*"))
    reader = latebloom.grow_once(
        latebloom.make_recipe("reader").replace("world", phi=0.0).replace("train", until=""),
        "runs/lessons/reader-phi0",
    ).score("test_id")
    mo.md(f"""
    {guessed(nothing, words="You guessed {} %.")}It is **{100 * reader["test_id"].accuracy:.0f} %**: what it does with composed questions it
    has learned from composed questions.
    """)
    return (reader,)


if __name__ == "__main__":
    app.run()
