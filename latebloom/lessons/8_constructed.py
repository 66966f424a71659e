"""Weights without training: what a model can hold, and what training finds."""

import marimo

app = marimo.App(app_title="8 Weights without training")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # 8 · Weights without training

    Lesson 4 ended with a plain transformer that fails at questions whose facts were never combined in training. Is it
    *unable* to answer them, or did training only not find how? There is a way to know: write the weights down
    ourselves.
    """)


@app.cell
def _():
    import time

    import marimo as mo

    import latebloom
    from latebloom.lessons.guessing import guessed

    return guessed, latebloom, mo, time


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## The words again

    A *fact* is a subject, a relation and an object, `e17 r3 e42`. A *two-hop question* `e17 r3 r1` asks for the `r1` of the
    `r3` of `e17`; the object in the middle, here `e42`, is the *bridge*. Some facts are shown only alone and never
    inside a two-hop question; questions that combine two of these are called *OOD*, out of distribution. Questions
    over the other facts, held out, are called *ID*.

    A transformer has two kinds of parts. *Attention* copies something from one word of the question to another. An
    *MLP* works on one word at a time: it has many *units*, each of which looks for a pattern and, where it finds it,
    adds something. A *layer* is attention, then an MLP.
    """)


@app.cell(hide_code=True)
def _(mo):
    possible = mo.ui.radio(
        [
            "no: two layers cannot combine facts that were never combined",
            "yes: there are such weights",
        ],
        label="Are there weights with which the plain model of two layers answers the OOD questions?",
    )
    mo.vstack([mo.md("## Guess first"), possible])
    return (possible,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Write them down

    `construct` computes weights from the facts, one unit of an MLP for each fact. No question is shown, nothing is
    repeated, nothing gets better with time.

    1. Attention copies the subject to where the first relation stands.
    2. In the lower layer, the unit of the fact *(e17, r3)* sees both there, and adds `e42`: the bridge.
    3. Attention of the upper layer copies the bridge to where the second relation stands.
    4. There the unit of the fact *(e42, r1)* adds its object: the answer.
    """)


@app.cell
def _(latebloom, time):
    config = latebloom.make_recipe("bloom")
    began = time.perf_counter()
    built = latebloom.construct(config, "runs/lessons/constructed", overwrite=True)
    seconds = time.perf_counter() - began
    scores = built.score("atomic_id", "atomic_ood", "test_id", "test_ood")
    {split: f"{one.accuracy:.0%} of {one.n}" for split, one in scores.items()}
    return built, config, scores, seconds


@app.cell
def _(guessed, mo, possible, scores, seconds):
    mo.md(f"""
    {guessed(possible)}It took {seconds:.1f} seconds, the measurement included, and of the OOD questions
    **{100 * scores["test_ood"].accuracy:.0f} %** are right. So the *architecture*, which is the parts of a model
    and how they are put together, *can* hold it. That training of
    the plain model ends near 0 % says something about training: no training question goes through an OOD fact as its
    *second* hop, so nothing ever asks the upper layer to store it.
    """)
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Look inside

    Since we wrote it, we know what must be seen. The *logit lens* turns every state, that is what the model holds for a
    word after a layer, into the answer that the model would give if it ended there. Where will the bridge
    appear, where the answer?
    """)


@app.cell
def _(built):
    world = built.world
    question = world.vocabulary.decode(world.examples("test_ood")[0][:-1])
    asked = built.ask(*question)
    print(*question, "->", asked.answers[0].name, "| bridge", *asked.true_bridges)
    [
        f"after layer {glimpse.layer}: "
        + "   ".join(f"{guess.name} {guess.probability:.0%}" for guess in glimpse.guesses)
        for glimpse in built.lens(*question)
    ]
    return asked, question, world


@app.cell(hide_code=True)
def _(mo):
    twice = mo.ui.radio(["once", "twice"], label="How often does the plain model store each fact?")
    mo.vstack(
        [
            mo.md("""
            ## What it costs

            Read points 2 and 4 above again: the two layers do not share their units.
            """),
            twice,
        ]
    )
    return (twice,)


@app.cell
def _(guessed, latebloom, mo, twice):
    looped = latebloom.construct(
        latebloom.make_recipe("bloom-looped"), "runs/lessons/constructed-looped", overwrite=True
    )
    right = looped.score("test_ood")["test_ood"].accuracy
    mo.md(f"""
    {guessed(twice)}Twice: once below for first hops, once above for second ones. A model that runs *one* layer
    twice needs each only once. Constructed for the same facts it has {looped.summary["parameters"]:,} weights
    and answers {100 * right:.0f} % of the OOD questions. For it the upper store of a fact *is* the lower one, so
    whatever it learned of a fact alone serves both hops.
    """)
    return (looped,)


@app.cell(hide_code=True)
def _(mo):
    stays = mo.ui.radio(
        ["it stays right: the weights are right already", "it comes apart"],
        label="Train on from the constructed weights, with weight decay. What happens?",
    )
    mo.vstack(
        [
            mo.md("""
            ## Train on from there

            Training changes the weights a little at each of many *steps*. Lesson 2 said that *weight decay*, which at each step also draws
            every weight a little towards zero, prefers the
            circuit that combines facts to the list of memorised questions. Here the model begins with a perfect circuit.
            """),
            stays,
        ]
    )
    return (stays,)


@app.cell
def _(config, guessed, latebloom, mo, stays):
    short = config.replace(
        "train", steps=75, warmup_steps=0, schedule="constant", eval_every=25, checkpoint_every=25
    )
    latebloom.construct(short, "runs/lessons/constructed-on", overwrite=True)
    on = latebloom.resume("runs/lessons/constructed-on")
    mo.vstack(
        [
            mo.md(guessed(stays)),
            mo.ui.table(
                [
                    {
                        "step": row["step"],
                        "single facts": round(row["accuracy.atomic_id"], 2),
                        "trained questions": round(row["accuracy.train_inferred"], 2),
                        "held out, ID": round(row["accuracy.test_id"], 2),
                        "held out, OOD": round(row["accuracy.test_ood"], 2),
                    }
                    for row in on.metrics()
                ],
                selection=None,
            ),
        ]
    )
    return on, short


@app.cell
def _(mo, on):
    end = on.metrics()[-1]
    mo.md(f"""
    At step {end["step"]} single facts are at {end["accuracy.atomic_id"]:.2f} and OOD questions at
    {end["accuracy.test_ood"]:.2f}. A constructed circuit is *a* solution, not one that this training keeps: decay shrinks
    weights whatever they are good for, and ours stand at exact thresholds. So from "there are such weights" it does not follow
    that training would stay with them, or ever get there.
    """)
    return


@app.cell(hide_code=True)
def _(mo):
    without = mo.ui.radio(
        ["the same: it comes apart", "it comes apart, only later", "it stays as it is"],
        label="Train on without weight decay. What happens to the constructed circuit?",
    )
    press = mo.ui.run_button(label="Train it (half a minute)")
    mo.vstack(
        [
            mo.md("""
            **Exercise 1.** Was it the decay, or would any training have done it? The *loss* is the number that training makes
            smaller: how much the model is surprised by the right answers of a step, on average, and 0 where it is sure of all of
            them. Guess, then press the button: what does the loss do, and what do the weights?
            """),
            without,
            press,
        ]
    )
    return press, without


@app.cell
def _(guessed, latebloom, mo, press, short, without):
    said = guessed(without)
    mo.stop(not press.value, mo.md("*Not trained yet.*"))
    latebloom.construct(
        short.replace("train", weight_decay=0.0), "runs/lessons/constructed-bare", overwrite=True
    )
    bare = latebloom.resume("runs/lessons/constructed-bare").metrics()
    mo.vstack(
        [
            mo.ui.table(
                [
                    {
                        "step": row["step"],
                        "loss": round(row["loss"], 3),
                        "length of all weights": round(row["signs.weight_norm"], 1),
                        "single facts": round(row["accuracy.atomic_id"], 2),
                        "held out, OOD": round(row["accuracy.test_ood"], 2),
                    }
                    for row in bare
                    if "loss" in row  # before the first step there is none
                ],
                selection=None,
            ),
            mo.md(f"""
            {said}Of the OOD questions {100 * bare[-1]["accuracy.test_ood"]:.0f} % are right at step {bare[-1]["step"]}, and the loss is
            {bare[-1]["loss"]:.3f}. Where the loss is 0, training finds nothing to change: the weights stay as they were written. (Their
            *length* is the square root of the sum of their squares.) So what took the circuit apart above was the decay.
            """),
        ]
    )
    return (bare,)


@app.cell(hide_code=True)
def _(mo):
    own = mo.ui.radio(
        ["what the architecture can hold", "what training finds", "both"],
        label="A paper constructs weights that solve a task. What has it shown?",
    )
    mo.vstack([mo.md("**Exercise 2.** Guess, then read:"), own])
    return (own,)


@app.cell
def _(guessed, mo, own):
    right_one = guessed(own, words="{}").strip() in ("what the architecture can hold", "")
    mo.callout(
        mo.md("""
        A construction shows that the architecture can hold a solution, and nothing more. What training finds has to be
        trained, with several *seeds*: numbers from which the weights at the beginning are drawn. `docs/construct.md` has the
        figures of this project, larger worlds included.
        """),
        kind="success" if right_one else "warn",
    )
    return


if __name__ == "__main__":
    app.run()
