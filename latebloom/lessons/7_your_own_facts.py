"""Your own facts: from a table to sets of answers, and what not to trust."""

import marimo

app = marimo.App(app_title="7 Your own facts")


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # 7 · Your own facts

    Here is a table of facts about drugs, as somebody might have it on a disk. We are going to train a model on it, ask
    it, and find out which of its answers deserve trust. At the end you can put your own table in its place. You need nothing
    from the lessons before.

    *The table is small and made for teaching. Nothing here is medical advice.*
    """)


@app.cell
def _():
    import csv
    from collections import Counter

    import marimo as mo

    import latebloom
    from latebloom.lessons.guessing import guessed

    return Counter, csv, guessed, latebloom, mo


@app.cell
def _(Counter, csv, mo):
    table = mo.notebook_dir() / "pharmacology.csv"
    with table.open(encoding="utf-8", newline="") as file:
        facts = [(row["subject"], row["relation"], row["object"]) for row in csv.DictReader(file)]
    print(len(facts), "facts:", dict(Counter(relation for _, relation, _ in facts)))
    mo.ui.table(
        [dict(zip(("subject", "relation", "object"), fact, strict=True)) for fact in facts],
        page_size=6,
        selection=None,
    )
    return facts, table


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Facts, sets, chains

    Each row is a *fact*: a subject, a relation, an object. Imatinib has several targets, so the question *imatinib
    targets* has a **set** of answers. And facts make chains: *imatinib targets pathway* asks for the pathways of
    the targets of imatinib; what lies in the middle, here a target, is a *bridge*.

    Before any model: what the table holds, and what follows from it, is a matter of looking up. That is exact, takes
    microseconds, and is what you should use for it.
    """)


@app.cell
def _(facts):
    def look_up(subject, relation):
        """All objects of a subject and a relation that the table holds."""
        return {o for s, r, o in facts if (s, r) == (subject, relation)}

    {
        "targets": sorted(look_up("imatinib", "targets")),
        "pathways of the targets": sorted(
            {p for target in look_up("imatinib", "targets") for p in look_up(target, "pathway")}
        ),
    }
    return (look_up,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## What a model could add

    Tables have gaps: somebody forgot a row. No look-up finds what is not there. A model that has learned how the facts hang
    together might guess it. *Might*: so we keep a tenth of the facts back, never show them, and see later how many of them it
    guesses. `inverse=True` tells every fact backwards as well: `^targets` leads from a target to the drugs that have it.
    """)


@app.cell
def _(latebloom, table):
    config = (
        latebloom.make_recipe("facts")
        .replace("world", facts=str(table), inverse=True, missing_frac=0.1)
        .replace("model", dropout=0.1, mlp_ratio=8)
        .replace("train", until="", steps=300, batch_size=512, label_smoothing=0.1)
    )
    world = latebloom.build_world(config.world, config.world_seed, print)
    return config, world


@app.cell(hide_code=True)
def _(mo):
    guess = mo.ui.text(placeholder="0 to 100", label="percent")
    mo.vstack(
        [
            mo.md("""
            The lines above say what the table holds: how many objects a subject and relation have, and how many answers
            the two-hop questions (those over a bridge) have.

            **Guess first.** Of the facts kept back, for how many is the model's *first* guess right?
            """),
            guess,
        ]
    )
    return (guess,)


@app.cell
def _(config, latebloom):
    run = latebloom.grow_once(config, "runs/lessons/pharmacology")
    shown = run.score("atomic_id", "train_inferred")
    {
        "facts shown": shown["atomic_id"].accuracy,
        "questions shown": shown["train_inferred"].accuracy,
    }
    return (run,)


@app.cell
def _(guess, guessed, mo, run):
    ranks = run.summary["ranking"]
    one, two = ranks["1p"]["missing"], ranks["2p"]
    mo.md(f"""
    {guessed(guess, words="You guessed {} %.")}Whatever it was shown it knows. Of facts kept back, the first guess is right in
    **{100 * one["hits1"]:.0f} %** of {one["n"]}, and the right name is among the first ten in
    {100 * one["hits10"]:.0f} %. With {len(run.world.vocabulary)} names to choose from, chance would be well below 1 %. So there is
    something to be found in this table: drugs of one class have much in common.

    Over two hops: where told facts lead to the answer, the first name is right in {100 * two["known"]["hits1"]:.0f} %; where a
    fact on the way was kept back, in {100 * two["missing"]["hits1"]:.0f} %.
    """)
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Four kinds of answers

    `run.ask` says first what an answer rests on, then the names:

    - **told**: the table holds it;
    - **follows**: told facts lead there, over the bridges named;
    - **inferred**: *one* fact lacks on the way, and the model takes it for likely;
    - **never told**: nothing in the table leads there.
    """)


@app.cell
def _(mo, run):
    def asked(*question):
        """What comes first, and what it rests on."""
        answer = run.ask(*question)
        best = (*answer.known, *answer.guesses)[0]
        return {
            "question": " ".join(question),
            "status": answer.status,
            "known": ", ".join(one.name for one in answer.known) or "-",
            "first guess beyond": answer.guesses[0].name,
            "its probability": f"{answer.guesses[0].probability:.0%}",
            "bridges": ", ".join(bridge.name for bridge in best.bridges) or "-",
        }

    mo.ui.table(
        [
            asked("imatinib", "targets"),
            asked("imatinib", "targets", "pathway"),
            asked("ABL1", "^targets"),
            asked("aspirin", "inhibits"),
            asked("omeprazole", "treats"),
        ],
        selection=None,
    )
    return (asked,)


@app.cell(hide_code=True)
def _(mo):
    trust = mo.ui.radio(
        [
            "how often it is right: 20 % means 2 of 10",
            "it orders the guesses, and no more",
        ],
        label="What is such a percentage worth?",
    )
    mo.vstack(
        [
            mo.md("""
            ## Which guess to trust?

            *aspirin inhibits* is `never told`: the table has no such row, and the model has an answer all the same. It always has
            one. Beside it stands a percentage.
            """),
            trust,
        ]
    )
    return (trust,)


@app.cell
def _(guessed, mo, run, trust, world):
    # The facts kept back, asked alone: the first guess, its probability, and whether it is right.
    trials = []
    for row in world.examples("test_links")[:, :-1]:
        put = run.ask(*world.vocabulary.decode(row))
        first = put.guesses[0]
        trials.append((first.probability, first.name in put.held_out, put.question, first.name))
    bands = ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01))
    rows = [
        (low, high, [right for share, right, _, _ in trials if low <= share < high])
        for low, high in bands
    ]
    mo.vstack(
        [
            mo.md(f"{guessed(trust)}The facts kept back tell:"),
            mo.ui.table(
                [
                    {
                        "the model gives its guess": f"{low:.0%} to {min(high, 1):.0%}",
                        "facts": len(found),
                        "right": f"{sum(found) / len(found):.0%}" if found else "-",
                    }
                    for low, high, found in rows
                ],
                selection=None,
            ),
        ]
    )
    return (trials,)


@app.cell
def _(mo, run, trials):
    wrong = max((one for one in trials if not one[1]), key=lambda one: one[0])
    truth = ", ".join(run.ask(*wrong[2]).held_out)
    low_right = [right for share, right, _, _ in trials if share < 0.2]
    record = run.ask("aspirin", "inhibits").record
    mo.md(f"""
    On this table surer guesses are right more often, so the percentage *orders* them. It is not the share of right ones: of
    those below 20 %, {sum(low_right) / len(low_right):.0%} are right. On a table of random facts it errs the other way:
    `docs/own-facts.md` has guesses of 49 % of which 1 in 17 is right.

    And the surest *wrong* guess is no nonsense: `{" ".join(wrong[2])}` gives **{wrong[3]}** with {wrong[0]:.0%}, where the
    table had *{truth}*. A plausible error, said with confidence, is the dangerous kind.

    So read the *record* beside the percentage. `run.ask("aspirin", "inhibits").record` says {record}: of so many facts kept back
    whose questions, like this one, have no known answer (the second number), how many first guesses were right (the first).
    It was measured on *your* table, on facts that the model never saw.
    """)
    return


@app.cell(hide_code=True)
def _(mo):
    names = mo.ui.text(placeholder="1 to 300", label="names")
    mo.vstack(
        [
            mo.md("""
            ## A set with a promise

            Instead of one guess one can ask for a *set* of guesses that holds the missing answer in 90 % of cases. How
            large it must be is measured on a part of the facts kept back (a *split-conformal* cut). How many names
            will it take?
            """),
            names,
        ]
    )
    return (names,)


@app.cell
def _(guessed, mo, names, run):
    coverage = run.summary["coverage"]
    alone, chained = coverage["by_query"]["1p"], coverage["by_query"]["2p"]
    mo.md(f"""
    {guessed(names, words="You said {} names.")}For single facts it holds the answer in {100 * alone["empirical"]:.0f} % of
    {alone["questions"]} tests, with **{alone["mean_size"]:.0f} names** of {len(run.world.vocabulary)} on average; for questions over a bridge in
    {100 * chained["empirical"]:.0f} % of {chained["questions"]}, with {chained["mean_size"]:.0f} names.

    The promise is about kept, and it is worth little: a set that names so much tells you that the model does *not* know. On a table that hangs
    together more, sets are short. Either way the set says it honestly, and the percentage did not.
    """)
    return


@app.cell(hide_code=True)
def _(mo):
    which = mo.ui.radio(
        [
            "told: the table has this very row",
            "follows: over a bridge that I can check",
            "inferred, 70 %, with a record of 3 in 11",
            "never told, 95 %",
        ],
        label="Which answer needs no check beyond the table itself?",
    )
    mo.vstack(
        [
            mo.md("""
            ## What not to trust

            - A **percentage** alone: it is how the model divides its belief among the names, *if* there is an answer.
            - **Silence**: that a name is not among the guesses is no evidence against it.
            - An **average**: the record holds for facts kept back at random. Rows that are missing for a reason, such as
              rare diseases, are another matter.
            - The **table**: the model takes it for true. An error in it is learned like everything else.

            **Exercise 1.** Guess, then check:
            """),
            which,
        ]
    )
    return (which,)


@app.cell
def _(guessed, mo, which):
    fine = guessed(which, words="{}").partition(":")[0] in ("told", "follows", "")
    mo.callout(
        mo.md("""
        *Told* and *follows* rest on the table alone, so both are right: trust them as you trust the table. Of the other two
        the record says how often such guesses were right; 95 % alone says nothing of it.
        """),
        kind="success" if fine else "warn",
    )
    return


@app.cell(hide_code=True)
def _(mo):
    easiest = mo.ui.radio(
        ["metabolised by: 7 objects", "class: 45 objects", "targets: 56 objects"],
        label="Of which of these relations are most of the first guesses right?",
    )
    mo.vstack(
        [
            mo.md("""
            **Exercise 2.** Does the model know more of some relations than of others? One might think that it is easier to guess
            where there are few objects to choose from. Guess, then look at the table:
            """),
            easiest,
        ]
    )
    return (easiest,)


@app.cell
def _(easiest, facts, guessed, mo, trials):
    def objects_of(relation):
        """How many objects a relation has in the whole table; of one told backwards, subjects."""
        backwards, forwards = relation.startswith("^"), relation.removeprefix("^")
        return len({s if backwards else o for s, r, o in facts if r == forwards})

    by_relation = {}
    for _, good, question, _ in trials:
        by_relation.setdefault(question[1], []).append(good)
    mo.vstack(
        [
            mo.md(guessed(easiest)),
            mo.ui.table(
                [
                    {
                        "relation": relation,
                        "objects to choose from": objects_of(relation),
                        "facts kept back": len(of),
                        "right": f"{sum(of) / len(of):.0%}",
                    }
                    for relation, of in sorted(by_relation.items())
                ],
                page_size=20,
                selection=None,
            ),
            mo.md("""
            Compare the second column with the last: were the number of objects all that counts, the relations with the fewest
            would have the most right. What also counts is how much the rest of the table says about an object: the drugs of one
            class share their targets and their side effects. And do not read too much into a row: of 5 facts, one more or less is 20 %.

            Which rows would you add first? Those of a relation that you want to ask about, and that is low in the last column.
            """),
        ]
    )
    return


@app.cell(hide_code=True)
def _(mo, table):
    mine = mo.ui.text(value=str(table), label="the path of your table", full_width=True)
    hoped = mo.ui.text(
        placeholder="0 to 100",
        label="percent of the facts kept back that are guessed right at once",
    )
    begin = mo.ui.run_button(label="Train on it (some minutes)")
    mo.vstack(
        [
            mo.md("""
            **Exercise 3.** Your own table, with columns `subject`, `relation`, `object`. Write its path in place of the one below, guess
            how well the model will do on it, and press the button. Read the record before the guesses.
            """),
            mine,
            hoped,
            begin,
        ]
    )
    return begin, hoped, mine


@app.cell
def _(begin, config, guessed, hoped, latebloom, mine, mo):
    hope = guessed(hoped, words="You guessed {} %. ")
    mo.stop(not begin.value, mo.md("*Not trained yet.*"))
    try:
        own_run = latebloom.grow(
            config.replace("world", facts=mine.value), "runs/lessons/own", overwrite=True
        )
    except latebloom.LatebloomError as refused:
        mo.stop(True, mo.callout(str(refused), kind="warn"))
    kept_back = own_run.world.examples("test_links")[:, :-1]
    replies = [own_run.ask(*own_run.world.vocabulary.decode(row)) for row in kept_back]
    at_once = [reply.guesses[0].name in reply.held_out for reply in replies]
    mo.vstack(
        [
            mo.md(f"""
            {hope}Of {len(at_once)} facts kept back the first guess is right in **{sum(at_once) / max(1, len(at_once)):.0%}**. The first of
            them:
            """),
            mo.ui.table(
                [
                    {
                        "question": " ".join(reply.question),
                        "record": "{} of {}".format(*reply.record) if reply.record else "-",
                        "first guess": reply.guesses[0].name,
                        "the table had": ", ".join(reply.held_out),
                    }
                    for reply in replies[:10]
                ],
                selection=None,
            ),
        ]
    )
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    On the command line it is
    `latebloom grok facts --facts FILE --inverse --world.missing-frac 0.1 --out runs/mine`; `docs/own-facts.md` tells the rest.
    """)


if __name__ == "__main__":
    app.run()
