"""Why late: two ways to know an answer, phi, and weight decay."""

import marimo

app = marimo.App(app_title="2 Why late")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # 2 · Why late?

    In lesson 1 a model knew its training questions long before it could answer others. There are two ways to
    know an answer. One can keep each question with its answer, as in a list; or one can keep the *facts* and
    combine them. The list is quick to learn, one entry at a time. Combining needs two parts that fit together,
    and is worth nothing until both are there. This lesson turns two knobs that decide between them.

    The words that it needs:

    - A fact that stands alone, such as `e7 r3 e20`, is called *atomic*.
    - A question that follows two facts is called *composed*. The two-hop questions of lesson 1 are: `e7 r3 r1` asks for
      the `r1` of the `r3` of `e7`.
    - *Held out* are composed questions that training never shows, though it shows their facts.
    - A *step* of training is one small change of the model's weights, the numbers that it consists of.
    - The *seed* is the number from which everything random is drawn: the facts, the weights at the beginning, the order of
      the questions. With another seed the same training comes out somewhat different.
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
    ## First knob: phi

    A list grows with every question. A way to combine facts does not. *Phi* is the number of composed questions
    in training for each fact: with phi 2 the list is short, with phi 6 it is three times as long, and the
    facts to be combined are the same 500.
    """)


@app.cell(hide_code=True)
def _(mo):
    which = mo.ui.radio(
        ["phi 2", "phi 6", "both the same"],
        label="Which model answers more held-out questions after 800 steps?",
    )
    which
    return (which,)


@app.cell
def _(latebloom):
    config = latebloom.make_recipe("bloom").replace("train", steps=800, keep=2)
    by_phi = {
        phi: latebloom.grow_once(config.replace("world", phi=float(phi)), f"runs/lessons/phi{phi}")
        for phi in (2, 4, 6)
    }
    {
        f"phi {phi}": {
            "training": round(run.summary["splits"]["train_inferred"]["accuracy"], 3),
            "held out": round(run.summary["splits"]["test_id"]["accuracy"], 3),
        }
        for phi, run in by_phi.items()
    }
    return by_phi, config


@app.cell
def _(by_phi, guessed, mo, which):
    held = {phi: run.summary["splits"]["test_id"]["accuracy"] for phi, run in by_phi.items()}
    mo.md(f"""
    {guessed(which)}All three know their training questions. Of the held-out ones the model with phi 2
    gets {100 * held[2]:.0f} %, with phi 4 {100 * held[4]:.0f} %, with phi 6 {100 * held[6]:.0f} %.

    The paper that found this (arXiv:2405.15071) says it so: not the *amount* of data decides, but the *ratio*
    of composed to atomic facts. Below some ratio the list stays the cheaper way, and the model keeps it
    for good.
    """)
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Second knob: weight decay

    Why should a model that makes no mistake in training change at all? One reason may be *weight decay*: at each step
    every weight is drawn a little towards zero. A list needs many large weights, one group for each entry; a
    way to combine facts serves all questions with the same weights. Under that pressure combining should win in the end, as long
    as it answers the same training questions. Let us take the pressure away.
    """)


@app.cell(hide_code=True)
def _(mo):
    expected = mo.ui.text(
        placeholder="0 to 100", label="percent held out, without any weight decay"
    )
    expected
    return (expected,)


@app.cell
def _(by_phi, config, expected, guessed, latebloom, mo):
    bare = latebloom.grow_once(
        config.replace("world", phi=6.0).replace("train", weight_decay=0.0),
        "runs/lessons/no-decay",
    )
    mo.md(f"""
    {guessed(expected, words="You expected {} %.")}Without decay it is
    **{100 * bare.summary["splits"]["test_id"]["accuracy"]:.0f} %** after 800 steps, with decay
    {by_phi[6].config.train.weight_decay:g} it was **{100 * by_phi[6].summary["splits"]["test_id"]["accuracy"]:.0f} %**.
    Training is at {100 * bare.summary["splits"]["train_inferred"]["accuracy"]:.0f} % either way. So the pressure helps, and it is
    not the whole reason: whatever was left without it came without it.
    """)
    return (bare,)


@app.cell(hide_code=True)
def _(mo):
    more = mo.ui.radio(
        [
            "held-out questions come sooner still",
            "the model no longer learns its training questions",
            "nothing changes",
        ],
        label="Three times the decay, 1.0: what do you expect?",
    )
    try_it = mo.ui.run_button(label="Train it (a minute or two)")
    mo.vstack([mo.md("**Exercise.** Guess, then press the button to check."), more, try_it])
    return more, try_it


@app.cell
def _(config, guessed, latebloom, mo, more, try_it):
    mo.stop(not try_it.value, mo.md("*Not trained yet.*"))
    strong = latebloom.grow_once(
        config.replace("world", phi=6.0).replace("train", weight_decay=1.0),
        "runs/lessons/strong-decay",
    ).summary["splits"]
    mo.md(f"""
    {guessed(more)}With decay 1.0 the training questions are at
    **{100 * strong["train_inferred"]["accuracy"]:.0f} %** after 800 steps, the held-out ones at
    **{100 * strong["test_id"]["accuracy"]:.0f} %**.
    """)
    return (strong,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    One seed proves nothing. `latebloom sweep bloom --vary world.phi=2,4,6 --seeds 5` trains the same series
    with five seeds each, and shows the means with their intervals.
    """)


if __name__ == "__main__":
    app.run()
