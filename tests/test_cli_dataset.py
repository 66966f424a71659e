"""`latebloom grok dataset`: training on folders in the published formats.

The folders are written here from the formats' descriptions, not by our own writer; what our writer
leaves is trained on as well.
"""

import itertools
import json
import random
import shutil
import tomllib

import pytest

TINY = ["--model.d-model", "16", "--train.batch-size", "16", "--threads", "1", "--quiet"]
SHORT = ["--train.steps", "12", "--train.eval-every", "6", "--until", ""]
SPECIAL = ["<mask>", "<sep>", "<a>", "</a>", "<q>", "</q>"]


def dump(folder, **files):
    folder.mkdir()
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def write_composition(folder):
    """As composition.ipynb writes it: `train.json` without types, `e_` and `r_` tokens."""
    draw = random.Random(0)
    entities, relations = [f"<e_{i}>" for i in range(20)], [f"<r_{i}>" for i in range(4)]
    facts = {(e, r): draw.choice(entities) for e in entities for r in relations}
    ood = set(draw.sample(sorted(facts), 12))

    def item(tokens, answer, **type_):
        text = "".join(tokens)
        return {"input_text": text, "target_text": f"{text}{answer}</a>", **type_}

    train = [item(question, answer) for question, answer in facts.items()]
    pool = {"train_inferred": [], "test_inferred_iid": [], "test_inferred_ood": []}
    for (e, r1), r2 in itertools.product(facts, relations):
        first, second = (e, r1) in ood, (facts[e, r1], r2) in ood
        if first != second:
            continue
        kind = (
            "test_inferred_ood"
            if first
            else draw.choice([*["train_inferred"] * 4, "test_inferred_iid"])
        )
        pool[kind].append(((e, r1, r2), facts[facts[e, r1], r2]))
    train += [item(*one) for one in pool["train_inferred"]]
    test = [item(q, a, type="ood_atomic" if q in ood else "id_atomic") for q, a in facts.items()]
    test += [item(*one, type=kind) for kind, rows in pool.items() for one in rows]
    valid = [item(*one) for one in pool["test_inferred_ood"]]
    vocab = [*entities, *relations, *SPECIAL]
    dump(folder, train=train, test=test, valid=valid, vocab=vocab)
    question, _ = pool["test_inferred_iid"][0]
    return [token.strip("<>").replace("_", "") for token in question]


def compared(folder, hidden):
    """Comparisons, and with `hidden` the complex reasoning task, as their notebooks write them."""
    draw = random.Random(1)
    n, n_attributes, n_values = 16, 2, 5
    close, open_ = ("</q>", "<a>") if hidden else ("", "")
    value = {(e, a): draw.randrange(n_values) for e in range(n) for a in range(n_attributes)}
    ood = {(e, a) for e in range(n - 5, n) for a in range(n_attributes)}

    def atomic(e, a, kind):
        text = f"<q><e_{e}><attr_{a}><mask></q>" if hidden else f"<e_{e}><attr_{a}>"
        target = f"{text}{open_}<{value[e, a]}></a>"
        return {"input_text": text, "target_text": target, "type": kind}

    def comparison(a, e1, e2, kind):
        text = f"<attr_{a}><q><e_{e1}><mask><e_{e2}>{close}"
        label = 1 + (value[e1, a] > value[e2, a]) - (value[e1, a] < value[e2, a])
        return {
            "input_text": text,
            "target_text": f"{text}{open_}<attr_{a}_{label}></a>",
            "type": kind,
        }

    train, test = [], []
    for e, a in value:
        outside = (e, a) in ood
        fact = atomic(e, a, "ood_atomic" if outside else "id_atomic")
        (test if hidden and outside else train).append(fact)
    trained = "train_inferred_topleft" if hidden else "train_inferred"
    for a, (e1, e2) in itertools.product(range(n_attributes), itertools.permutations(range(n), 2)):
        outside = ((e1, a) in ood) + ((e2, a) in ood)
        if outside == 2:
            test.append(comparison(a, e1, e2, "test_inferred_ood"))
        elif outside == 1 and hidden:
            train.append(comparison(a, e1, e2, "train_inferred_cross"))
        elif outside == 0 and draw.random() < 0.2:
            test.append(comparison(a, e1, e2, "test_inferred_iid"))
        elif outside == 0:
            train.append(comparison(a, e1, e2, trained))
    vocab = [f"<e_{e}>" for e in range(n)] + [f"<attr_{a}>" for a in range(n_attributes)]
    vocab += [f"<{v}>" for v in range(n_values)] + SPECIAL
    vocab += [f"<attr_{a}_{k}>" for a in range(n_attributes) for k in range(3)]
    dump(folder, train=train, test=test, valid=test[-3:], vocab=vocab)
    return ["a0", f"e{n - 1}", f"e{n - 2}"]


def write_comparison(folder):
    return compared(folder, hidden=False)


def write_hidden(folder):
    return compared(folder, hidden=True)


QUESTIONS = {
    "train": [
        "her zebra doesn't eat . quest\tdoesn't her zebra eat ?",
        "your quails behind the walrus do comfort some yak . decl\t"
        "your quails behind the walrus do comfort some yak .",
        "some peacock who doesn't amuse her yaks does wait . decl\t"
        "some peacock who doesn't amuse her yaks does wait .",
        "our newts don't sleep . quest\tdon't our newts sleep ?",
    ]
    * 8,
    "val": ["our zebra does eat . quest\tdoes our zebra eat ?"],
    "test": [
        "the vultures who my unicorn does accept don't read . quest\t"
        "don't the vultures who my unicorn does accept read ?",
    ],
}
TENSES = {
    "train": [
        "my walruses near the quails swam . PRESENT\tmy walruses near the quails swim .",
        "the newt read . PRESENT\tthe newt reads .",
        "the tyrannosauruses that the raven amused ate . PAST\t"
        "the tyrannosauruses that the raven amused ate .",
    ]
    * 8,
    "dev": ["the newts read . PRESENT\tthe newts read ."],
    "gen": ["my walruses near the quail swam . PRESENT\tmy walruses near the quail swim ."],
}
FAR = "(a " + " ".join(["(b b)"] * 6) + " a) END"
BRACKETS = {"train": ["(a (b b) a) END", FAR] * 8, "val": [FAR], "test": ["(b (a a) b) " + FAR]}


def write_lines(folder, names, lines):
    folder.mkdir()
    for ending, texts in lines.items():
        (folder / names.format(ending)).write_text("\n".join(texts) + "\n")


@pytest.mark.parametrize(
    ("write", "feed"),
    [
        (write_composition, "questions"),
        (write_comparison, "comparisons"),
        (write_hidden, "comparisons"),
    ],
)
def test_a_published_folder_of_facts_is_trained_on(latebloom, tmp_path, write, feed):
    question = write(tmp_path / "data")
    code, out, err = latebloom("grok", "dataset", "--data", "data", *TINY, *SHORT, "--out", "run")
    assert code == 0, err
    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert (config["recipe"], config["feed"]["kind"]) == ("dataset", feed)
    assert config["world"] == {"valid_frac": 0.0, "kind": "dataset", "folder": "data"}
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert {"test_id", "test_ood"} <= set(summary["splits"])
    whole = summary["splits"]

    # All that follows needs the run folder alone.
    shutil.rmtree(tmp_path / "data")
    newest = max((tmp_path / "run" / "checkpoints").iterdir())
    shutil.rmtree(newest)
    code, _, err = latebloom("grok", "--resume", "run", "--quiet")
    assert code == 0, err
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["splits"] == whole
    code, out, err = latebloom("ask", "run", *question)
    assert code == 0, err
    assert "the facts say" in out
    code, out, err = latebloom("eval", "run", "--json")
    assert code == 0, err
    assert json.loads(out)["splits"]["test_id"]["n"] == whole["test_id"]["n"]
    code, out, err = latebloom("trace", "run", "--step", "12", "--examples", "8", "--json")
    assert code == 0, err


@pytest.mark.parametrize(
    ("names", "lines", "task"),
    [
        ("question.{}", QUESTIONS, "question"),
        ("tense.{}", TENSES, "tense"),
        ("k-2_d-10_{}.txt", BRACKETS, "dyck"),
    ],
)
def test_a_published_folder_of_sentences_is_trained_on(latebloom, tmp_path, names, lines, task):
    write_lines(tmp_path / "data", names, lines)
    words = [*TINY, "--train.steps", "4", "--train.eval-every", "2", "--out", "run"]
    code, _, err = latebloom("grok", "dataset", "data", *words)
    assert code == 0, err
    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert config["feed"]["kind"] == "sentences"
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["task"] == task
    shutil.rmtree(tmp_path / "data")
    assert latebloom("grok", "--resume", "run", "--quiet")[0] == 0
    assert latebloom("eval", "run")[0] == 0
    sentence = lines["test"][0] if "test" in lines else lines["gen"][0]
    sentence = sentence.split(" . ")[0].removesuffix(" END")
    code, _, err = latebloom("trees", "run", *sentence.split())
    assert code == 0, err
    code, _, err = latebloom("ask", "run", "a", "b")
    assert code == 2 and "latebloom trees run" in err


@pytest.mark.parametrize(
    ("recipe", "sizes", "n_loops"),
    [
        ("composition", ["--world.entities", "20", "--world.hops", "3", "--world.phi", "1"], 3),
        (
            "comparison",
            ["--world.entities", "12", "--world.ood-frac", "0.3", "--world.phi", "1"],
            2,
        ),
        (
            "tense",
            [
                *("--world.train", "60", "--world.test-id", "20"),
                *("--world.test-ood", "20", "--world.test-apart", "20"),
            ],
            1,
        ),
    ],
)
def test_what_we_export_is_trained_on(latebloom, tmp_path, recipe, sizes, n_loops):
    code, _, err = latebloom("data", recipe, *sizes, "--to", "data")
    assert code == 0, err
    words = ["--train.steps", "2", "--train.eval-every", "2", "--train.probe", "20"]
    code, _, err = latebloom("grok", "--data", "data", *TINY, *words, "--out", "run")
    assert code == 0, err
    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert config["model"]["n_loops"] == n_loops


def test_the_paper_s_size_is_trained_like_the_paper_s(monkeypatch, tmp_path):
    from latebloom.recipes import dataset
    from latebloom.worlds.published.folder import read_folder

    write_composition(tmp_path / "chains")
    write_hidden(tmp_path / "hidden")
    chains, hidden = (read_folder(tmp_path / name) for name in ("chains", "hidden"))
    assert dataset.dataset_for(chains, "x").model.d_model == 128
    assert dataset.dataset_for(hidden, "x").train.until == "valid_ood>=0.995"
    monkeypatch.setattr(dataset, "LARGE", 20)
    assert dataset.dataset_for(chains, "x").model.d_model == 256
    assert dataset.dataset_for(hidden, "x").train.steps == 12_000


@pytest.mark.parametrize(
    ("spoil", "words", "named"),
    [
        (lambda d: shutil.rmtree(d), [], "data is no folder"),
        (
            lambda d: [p.unlink() for p in d.iterdir()],
            [],
            "holds no data set in a published format",
        ),
        (lambda d: (d / "test.json").unlink(), [], "data/test.json is missing"),
        (lambda d: (d / "vocab.json").write_text("[1"), [], "data/vocab.json, line 1"),
        (lambda d: (d / "train.json").write_text("{}"), [], "data/train.json holds no JSON array"),
        (lambda d: (d / "train.json").write_text('[{"a": 1}]'), [], "data/train.json, item 1"),
        (lambda d: (d / "train.json").write_bytes(b"\xff"), [], "data/train.json: byte 1"),
        (lambda d: (d / "vocab.json").write_text('["<e_0>"]'), [], "<r_0> is not in vocab.json"),
        (lambda d: None, ["--feed.by-length", "true"], "--feed.by-length"),
        (lambda d: None, ["--until", "test_hard>=0.9"], "this world has none of these splits"),
        (lambda d: None, ["--numeric"], "--numeric has no effect on the recipe dataset"),
        (lambda d: None, ["--many-valued", "drop"], "--many-valued has no effect on dataset"),
        (lambda d: None, ["--facts", "data"], "--facts data has no effect on dataset"),
    ],
)
def test_a_bad_folder_is_one_line_and_nothing_is_written(latebloom, tmp_path, spoil, words, named):
    write_composition(tmp_path / "data")
    spoil(tmp_path / "data")
    before = sorted(tmp_path.rglob("*"))
    code, out, err = latebloom("grok", "dataset", "--data", "data", *words, "--quiet")
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert named in err
    assert sorted(tmp_path.rglob("*")) == before


def test_sentences_refuse_a_model_that_cannot_read_them(latebloom, tmp_path):
    write_lines(tmp_path / "data", "question.{}", QUESTIONS)
    words = ["--model.feedback", "replace", "--model.n-loops", "2"]
    code, _, err = latebloom("grok", "dataset", "data", *TINY, *words)
    assert code == 2
    assert "model.feedback" in err
    assert not (tmp_path / "runs").exists()
