"""What `--help` shows at its end: commands to try, and what each exit code means.

A new command gets its lines here; a test parses each of them with the command's own parser.
"""

from cyclopts import App

EXIT_CODES = {
    0: "done",
    1: "some runs of a series failed; the others are kept",
    2: "what was asked cannot be done: the line on standard error says what to change",
    3: "done, and the result is not to be relied on: no told fact supports the answer (`ask`), or"
    " the new run does not know all that it was told (`learn`)",
    130: "stopped by Ctrl-C; the last line says how to go on",
}
"""What the command's exit codes mean, everywhere."""

EXAMPLES = {
    "": (
        ("tour", "see it first: one page, nothing to wait for"),
        ("bloom", "watch a late bloom, a minute and a half"),
        ("grok composition", "train the default model"),
        ("ask runs/composition-seed0 e17 r3 r11", "a question never shown"),
        ("grok facts --facts drugs.csv --out runs/drugs", "your own facts"),
        ("doctor", "what this machine can do, what is missing"),
    ),
    "ask": (
        ("ask runs/composition-seed0 e17 r3 r11", "one question"),
        ("ask runs/composition-seed0", "a prompt for many"),
        ("ask runs/drugs newdrug inhibits pathway --with-facts new.csv", "facts from later"),
        ("ask runs/drugs asthma ^treats and tremor ^causes", "what answers both"),
    ),
    "bloom": (
        ("bloom", "into runs/bloom"),
        ("bloom --seed 1 --json", "another seed, for a script"),
    ),
    "compare": (
        ("compare runs/composition-seed0 runs/composition-seed1", "one figure, one table"),
        ("compare runs/a runs/b --to runs.csv --json", "for a script"),
    ),
    "check": (
        ("check drugs.csv", "what is wrong with it, row by row"),
        ("check drugs.csv --single class --json", "a class each, for a script"),
    ),
    "construct": (
        ("construct composition", "weights for 2,000 facts, in a second"),
        ("construct bloom", "the same for a plain transformer, OOD included"),
        ("construct graph --graph umls", "answers are sets; missing facts are guessed"),
        ("construct comparison", "which of two values is greater"),
    ),
    "data": (
        ("data composition", "how many questions of which kind"),
        ("data composition --to published", "write them as files"),
        ("data facts drugs.csv", "what your own facts would give"),
    ),
    "doctor": (
        ("doctor", "versions, speed, load, what is missing"),
        ("doctor --json", "the same for a script or a report of a fault"),
    ),
    "eval": (
        ("eval runs/composition-seed0", "the newest checkpoint, every example"),
        ("eval runs/composition-seed0 --all --json", "every checkpoint, a line each"),
    ),
    "explore": (
        ("explore runs", "all runs of a folder, at http://127.0.0.1:8321"),
        ("explore runs --json", "the list that the page shows, for a script"),
        ("explore runs/composition-seed0 --notebook", "one run, asked in a notebook's cell"),
    ),
    "forecast": (
        ("forecast runs/bloom-looped-seed0", "when it will be there, and whether"),
        ("forecast runs/bloom-looped-seed0 --step 40 --json", "as it looked after 40 steps"),
    ),
    "fourier": (("fourier runs/modular-seed0", "the frequencies of every checkpoint"),),
    "lessons": (
        ("lessons", "what there is to learn"),
        ("lessons 1", "open the first in the browser"),
        ("lessons 1 --json", "only copy it, and print where it is"),
    ),
    "export": (("export runs/composition-seed0 exported/composition", "a Hugging Face folder"),),
    "grok": (
        ("grok composition", "the default model on 2,000 made facts"),
        ("grok composition --world.phi 2 --seed 1", "another world"),
        ("grok facts --facts drugs.csv --out runs/drugs", "your own facts"),
        ("grok --config runs/composition-seed0/config.toml", "the same run again"),
        ("grok --resume runs/composition-seed0", "go on with a stopped run"),
    ),
    "learn": (
        ("learn runs/drugs --facts more.csv", "new facts, in a new run beside the old one"),
        ("learn runs/drugs --facts mended.csv --replace --out runs/drugs2", "corrected ones"),
    ),
    "lens": (
        ("lens runs/composition-seed0 e17 r3 r11", "what each state would answer"),
        ("lens runs/composition-seed0 e17 r3 r11 --token e42", "where e42 ranks in each"),
        ("lens runs/drugs imatinib targets pathway --without KIT", "answers that rest on KIT"),
    ),
    "plan": (
        ("plan --facts drugs.csv", "steps, minutes and accuracy to expect"),
        ("plan --facts drugs.csv --json", "for a script"),
    ),
    "recipes": (
        ("recipes", "names, sizes, times"),
        ("recipes --json", "with every figure"),
    ),
    "report": (("report runs/composition-seed0", "draw the page again"),),
    "reproduce": (
        ("reproduce", "the claims, and what was found"),
        ("reproduce late-bloom --seeds 5", "put one to the test (an hour)"),
        ("reproduce phi --size paper --dry-run", "what the published sizes would cost"),
        ("reproduce accelerators --world bloom-looped", "which accelerator helps with facts"),
    ),
    "rivals": (
        ("rivals runs/drugs", "retrieval and exact inference"),
        ("rivals runs/drugs --endpoint http://127.0.0.1:8000/v1 --model m", "and a model"),
    ),
    "settings": (
        ("settings composition", "every option, its default and meaning"),
        ("settings composition --json", "the same for a script"),
    ),
    "sweep": (
        ("sweep composition --vary world.phi=2,9 --seeds 3", "six runs, one table"),
        ("sweep composition --vary world.phi=2,9 --dry-run", "list them, with time and memory"),
        ("sweep study.toml --workers 4", "a study in a file, four runs at a time"),
    ),
    "sweep show": (
        ("sweep show runs/composition-by-phi", "table and figure"),
        ("sweep show runs/composition-by-phi --to phi.parquet", "and the rows as a file"),
    ),
    "sweep depth": (("sweep depth --recipes question --depths 2,4 --seeds 2", "four runs"),),
    "tour": (
        ("tour", "the page opens in the browser"),
        ("tour --out tour.html --no-open", "only write it, to hand it on"),
    ),
    "trace": (
        ("trace runs/composition-seed0", "when the circuit formed"),
        ("trace runs/composition-seed0 --step 400 --json", "one checkpoint"),
    ),
    "track": (
        ("track runs/composition-seed0", "for: tensorboard --logdir tensorboard"),
        ("track runs/composition-seed0 --to wandb", "to Weights & Biases"),
    ),
    "trees": (
        ("trees runs/question-seed0", "how tree-like, at every checkpoint"),
        ("trees runs/question-seed0 the newt does sleep", "the tree of one sentence"),
    ),
    "watch": (
        ("watch runs/composition-seed0", "follow a training that runs elsewhere"),
        ("watch runs/composition-seed0 --once --json", "where it is now"),
    ),
}
"""By command: what to type after `latebloom`, and what it does."""


def block(name: str) -> str:
    """The examples of a command as a block of Markdown."""
    lines = [f"# {why}\nlatebloom {words}" for words, why in EXAMPLES[name]]
    return "\n".join(["```", *lines, "```"])


def exit_codes() -> str:
    """The exit codes as a sentence."""
    return "Exit codes: " + "; ".join(f"{code}, {means}" for code, means in EXIT_CODES.items())


def teach(app: App) -> None:
    """Puts the examples under the help of the command and of each of its parts."""
    for name in EXAMPLES:
        part = app
        for word in name.split():
            part = part[word]
        parts = [block(name)]
        if part.help_epilogue and (part is app or part.help_epilogue != app.help_epilogue):
            parts.append(part.help_epilogue)
        if part is app:
            parts.append(exit_codes() + ".")
        part.help_epilogue = "\n\n".join(parts)
