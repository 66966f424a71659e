"""Trees in a transformer: which of two rules of grammar it learns."""

import marimo

app = marimo.App(app_title="6 Trees in a transformer")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # 6 · Trees in a transformer

    A sentence is written as a row of words, and understood as a tree: *my yak that does sleep* is one thing, and
    that thing *does move*. Nothing tells a language model of trees; it reads rows. This lesson trains a small one
    on sentences whose rule can be read both ways, and finds out which way it took. You need nothing
    from the lessons before.
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
    ## A rule with two readings

    An *auxiliary* is a word such as *does* or *doesn't*. To make a question, English moves one to the front:

    > my yak **does** move . quest **does** my yak move ?

    Each line of our made language is such a pair: a sentence, then the word `quest`, then the question (or the word
    `decl`, and the sentence once more). Two rules explain the example:

    - **linear**: move the *first* auxiliary of the row;
    - **structural**: move the auxiliary of the *main* clause, whatever stands before it.

    They differ only where the subject has a *relative clause* of its own, with an auxiliary in it: *my yak that
    **does** sleep **doesn't** move*. In training such a sentence is never turned into a question.

    To the model a line is a row of *tokens*: its words, and one more in front that marks where the line begins.
    """)


@app.cell
def _(latebloom):
    config = (
        latebloom.make_recipe("question")
        .replace("model", n_layers=4)
        .replace("train", steps=500, eval_every=50, checkpoint_every=100)
    )
    corpus = latebloom.build_world(config.world, config.world_seed)

    def line(split, number):
        """One line of a split, as text; its first token only marks the start."""
        tokens, lengths = corpus.examples(split)
        return " ".join(corpus.vocabulary.decode(tokens[number, 1 : lengths[number]].tolist()))

    {"trained on": [line("train", i) for i in range(4)], "held out": line("test_ood", 0)}
    return config, corpus, line


@app.cell(hide_code=True)
def _(mo):
    rule = mo.ui.radio(
        ["the first auxiliary", "the main auxiliary", "now the one, now the other"],
        label="Which one does the trained model move, in sentences like the held-out one?",
    )
    mo.vstack(
        [
            mo.md("""
            ## Guess first

            All that the model is trained on fits both rules. The first auxiliary is the simpler thing to say. Yet
            children, who hear few sentences that decide it, do not take it.
            """),
            rule,
        ]
    )
    return (rule,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Train

    A transformer with four *layers*, stages of computation that follow each other, reads such lines word by word and
    learns to say the next word. It learns in *steps*: at each it reads a few dozen lines, and its weights, the numbers that make
    it up, are changed a little so that it would have done better. After every 50 steps it is asked the held-out lines.
    Some minutes; what the training leaves in its folder is kept, and opened the next time.
    """)


@app.cell
def _(config, latebloom):
    run = latebloom.grow_once(config, "runs/lessons/question")
    run.plot()
    return (run,)


@app.cell
def _(guessed, mo, rule, run):
    shares = run.rules("test_ood")["test_ood"]
    mo.md(f"""
    {guessed(rule)}In held-out sentences the model moves the **main** auxiliary in
    **{100 * shares["main_auxiliary"]:.0f} %** and the **first** one in **{100 * shares["first_auxiliary"]:.0f} %**.

    A *split* is a set of lines kept together. Two curves above tell more than the end: `test_id` holds new lines of the kinds trained on, and is right early;
    `test_ood` holds those that decide between the rules. What lies between them is time in which the
    rule was not settled. This is one training of a small model, with one *seed*: that is the number from which everything random is
    drawn, such as the lines and the weights at the beginning. With another seed it may end elsewhere. A training of the recipe
    itself, with six layers and 800 steps, ended at .98 (`docs/trees.md`).
    """)
    return (shares,)


@app.cell
def _(mo, run):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    history = run.metrics()
    for name in ("main_auxiliary", "first_auxiliary"):
        axes.plot(
            [row["step"] for row in history],
            [row[f"rules.test_ood.{name}"] for row in history],
            label=name.replace("_", " "),
        )
    axes.set(xlabel="step", ylabel="share of held-out sentences", ylim=(-0.03, 1.03))
    axes.legend(frameon=False)
    most = max(history, key=lambda row: row["rules.test_ood.first_auxiliary"])
    mo.vstack(
        [
            mo.md("Which rule its choices agree with, over the training:"),
            figure,
            mo.md(f"""
            At step {most["step"]} it moved the first auxiliary in
            {most["rules.test_ood.first_auxiliary"]:.0%}: it had not yet made up its mind, and training lines could not tell it
            that it was wrong.
            """),
        ]
    )
    return


@app.cell(hide_code=True)
def _(mo):
    last = mo.ui.radio(
        ["yes, it must follow the structure", "no, another rule of places fits as well"],
        label="If it always moves the main auxiliary here, is the structural rule proved?",
    )
    mo.vstack(
        [
            mo.md("""
            ## A test that can be passed for a wrong reason

            Look at the held-out line above once more, and ask where in the row the main auxiliary stands.
            """),
            last,
        ]
    )
    return (last,)


@app.cell
def _(guessed, last, line, mo, run):
    apart = run.rules("test_apart")["test_apart"]
    mo.md(f"""
    {guessed(last)}In these lines the main auxiliary is always the *last* one, so "move the last" passes
    the test too. The split `test_apart` has sentences in which the object has a relative clause as well, so that the main
    one is neither the first nor the last:

    > {line("test_apart", 0)}

    There the model takes the main one in **{100 * apart["main_auxiliary"]:.0f} %**, the first in
    {100 * apart["first_auxiliary"]:.0f} %, the last in {100 * apart["last_auxiliary"]:.0f} %. Each such test
    rules out some rules, and never all.
    """)
    return (apart,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Does it *read* like a tree?

    A tree says which neighbouring words belong together. Here is a way to draw one from a model. Take a stretch of words,
    and compute the model's states inside it twice: once with all that stands before the stretch, and once without. If the
    two agree, the stretch means the same wherever it stands: it is a part of its own. (By *state* we mean the row of
    numbers that the model holds for each word.) Splitting a sentence again and again where both halves are most
    of their own gives a tree.
    """)


@app.cell
def _(run):
    sentence = "my yak that does sleep doesn't move ."
    print(run.tree(sentence))
    return


@app.cell(hide_code=True)
def _(mo):
    grows = mo.ui.radio(
        ["it rises, together with the curve of the held-out sentences", "it stays where it was"],
        label="The agreement of these trees with those of the grammar, over the training:",
    )
    mo.vstack(
        [
            mo.md("""
            We know the true trees, since the grammar made the sentences. *F1* is the agreement of two trees: the share of parts
            that both have, from 0 to 1. Beside it stands that of trees that always split off the first word
            (`right`), which know nothing of the model.
            """),
            grows,
        ]
    )
    return (grows,)


@app.cell
def _(grows, guessed, mo, run):
    trees = run.trees(sentences=100, max_words=20)
    table = [
        {
            "step": record.step,
            "held out, right": round(record.accuracy["test_ood"], 2),
            "F1, the model's trees": round(record.t_parseval["greedy"].f1, 2),
            "F1, right": round(record.t_parseval["right_branching"].f1, 2),
        }
        for record in trees
    ]
    mo.vstack([mo.md(guessed(grows)), mo.ui.table(table, page_size=20, selection=None)])
    return table, trees


@app.cell
def _(mo, table):
    first, end = table[0], table[-1]
    mo.md(f"""
    From step {first["step"]} to step {end["step"]} the held-out accuracy goes from {first["held out, right"]:.2f} to
    {end["held out, right"]:.2f}, and the F1 of the model's trees from {first["F1, the model's trees"]:.2f} to
    {end["F1, the model's trees"]:.2f}. Trees that know nothing of the model have {end["F1, right"]:.2f}. The paper that brought
    the measure (arXiv:2305.18741) finds that such trees get better in training. A number of one small run neither confirms
    nor refutes it; what this project measured over seeds and depths is in `docs/trees.md`.
    """)
    return


@app.cell(hide_code=True)
def _(mo):
    own = mo.ui.text(
        value="my yak does admire her newt that does sleep .",
        label="your sentence",
        full_width=True,
    )
    mo.vstack(
        [
            mo.md("""
            **Exercise 1.** Write a sentence of your own with the words of the lines above. Which of its words belong together? Say it
            first, then press Enter and look at the tree. A word that the model does not know is refused.
            """),
            own,
        ]
    )
    return (own,)


@app.cell
def _(latebloom, mo, own, run):
    from html import escape

    try:
        drawn = escape(run.tree(own.value))
    except latebloom.LatebloomError as refused:
        shown = mo.callout(str(refused), kind="warn")
    else:
        box = (
            '<samp style="border: 1px solid; display: inline-block; margin: 1px; padding: 1px 4px">'
        )
        boxes = drawn.replace("(", box).replace(")", "</samp>")
        shown = mo.md(f"A box is a part:\n\n{boxes}\n\nThe same in brackets: `{drawn}`")
    shown
    return


@app.cell(hide_code=True)
def _(mo):
    exercise = mo.ui.radio(
        ["2 layers", "4 layers", "10 layers"], label="Which depth generalises best on this world?"
    )
    mo.vstack([mo.md("**Exercise 2.** More layers can learn more. Guess, then check:"), exercise])
    return (exercise,)


@app.cell
def _(exercise, guessed, mo):
    mo.md(f"""
    {guessed(exercise)}In another series, of three seeds for each depth and 800 steps each, two layers end
    at .63 on average, four at .99, six at 1.00, eight at .82 and ten at .65: an inverted U. (The .98 above is of a training
    that does not belong to this series.) `latebloom sweep depth` measures it, in hours.
    """)
    return


if __name__ == "__main__":
    app.run()
