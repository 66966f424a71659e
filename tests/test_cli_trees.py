"""`latebloom grok question` and `latebloom trees` as one types them."""

import json

import pytest

SIZES = {
    "--world.train": 60,
    "--world.test-id": 20,
    "--world.test-ood": 20,
    "--world.test-apart": 20,
    "--model.d-model": 16,
    "--model.n-layers": 2,
    "--train.steps": 8,
    "--train.eval-every": 4,
    "--train.checkpoint-every": 20,
    "--train.batch-size": 8,
}
SET_ASIDE = ("valid_ood", "valid_apart")
"""Of so few lines nothing is set aside where fewer than five are judged: in `test_id`."""
SMALL = [word for pair in SIZES.items() for word in pair]


@pytest.fixture
def grown(grok):
    return json.loads(grok("question", *SMALL, "--json")[1])


def test_a_run_on_sentences_from_end_to_end(latebloom, grown, tmp_path):
    assert set(grown["splits"]) == {"train", "test_id", "test_ood", "test_apart", *SET_ASIDE}
    assert grown["splits"]["test_ood"]["n"] == 16
    followed = grown["splits"]["test_apart"]["rules"]
    assert followed["main_auxiliary"] == grown["splits"]["test_apart"]["accuracy"]
    code, text, _ = latebloom("eval", "run", "--json")
    assert json.loads(text)["rules"]["test_apart"] == followed
    code, text, _ = latebloom("eval", "run")
    assert f"test_apart follows  main_auxiliary {followed['main_auxiliary']:.3f}" in text
    code, text, _ = latebloom("trees", "run", "--sentences", "6")
    assert code == 0
    assert "without a model: right branching" in text
    assert "measured on 6 sentences" in text
    code, text, _ = latebloom("trees", "run", "--sentences", "6", "--json")
    records = [json.loads(line) for line in text.splitlines()]
    assert [record["step"] for record in records] == [0, 4, 8]
    assert (tmp_path / "run" / "figures" / "tree-projections.svg").exists()
    page = (tmp_path / "run" / "report.html").read_text()
    assert "How tree-like the model reads sentences</h2>" in page


def test_from_python_the_records_are_the_same(latebloom, grown):
    import latebloom as package

    _, text, _ = latebloom("trees", "run", "--sentences", "6", "--json")
    records = package.load("run").trees(sentences=6)
    assert [one.as_dict() for one in records] == [json.loads(line) for line in text.splitlines()]
    (last,) = package.load("run").trees(step=8, sentences=6)
    assert last.t_parseval == records[-1].t_parseval


def test_the_tree_of_one_sentence(latebloom, grown):
    sentence = "the newt that does sleep does giggle"
    code, text, _ = latebloom("trees", "run", sentence)
    assert code == 0
    assert text.replace("(", "").replace(")", "").strip() == sentence
    assert text.count("(") == text.count(")") == 6
    code, text, _ = latebloom("trees", "run", "the newt does giggle", "--step", "4", "--json")
    told = json.loads(text)
    assert told["step"] == 4
    assert [0, 3] in told["spans"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trees", "run", "the gnu does giggle"], "gnu"),
        (["trees", "run", "--exact"], "--exact"),
        (["trees", "run", "--step", "5"], "no checkpoint of step 5"),
        (["ask", "run", "the", "newt"], "latebloom trees"),
        (["lens", "run"], "latebloom trees"),
        (["trace", "run"], "latebloom trees"),
        (["rivals", "run"], "latebloom trees"),
        (["grok", "question", "--train.atomic-frac", "0.5"], "there is no such setting"),
    ],
)
def test_a_mistake_is_one_line(latebloom, grown, words, said):
    code, _, complaint = latebloom(*words)
    assert code == 2
    assert said in complaint
    assert complaint.count("\n") == 1


def test_a_series_over_depths(latebloom, tmp_path):
    words = [*SMALL[:10], "--train.steps", "4", "--train.eval-every", "2", "--out", "series"]
    words += [
        "--train.checkpoint-every",
        "1",
        "--recipes",
        "question",
        "--depths",
        "1,2",
        "--seeds",
        "1",
    ]
    code, text, told = latebloom("sweep", "depth", *words)
    assert code == 0
    assert "run 2 of 2: question-depth2-seed0" in told
    assert (tmp_path / "series" / "depth.svg").exists()
    code, text, _ = latebloom("sweep", "depth", *words, "--quiet", "--json")
    assert [row["depth"] for row in json.loads(text)["runs"]] == [1, 2]
    code, _, complaint = latebloom("sweep", "depth", "--depths", "two")
    assert code == 2
    assert "--depths 'two'" in complaint


def test_the_data_of_a_sentence_world(latebloom, tmp_path):
    sizes = SMALL[:8]
    code, text, _ = latebloom("data", "question", *sizes, "--to", "published", "--json")
    assert code == 0
    told = json.loads(text)
    assert told["phi"] is None
    assert told["splits"] == {
        **{"train": 60, "test_id": 20, "test_ood": 16, "test_apart": 16},
        **dict.fromkeys(SET_ASIDE, 4),
    }
    assert len((tmp_path / "published" / "question.train").read_text().splitlines()) == 60


def as_published(sizes):
    """The sizes of the splits that published files hold: tests whole, and none for lines apart."""
    tests = {name: n for name, n in sizes.items() if not name.startswith("valid_")}
    tests.pop("test_apart", None)
    aside = {name.replace("valid_", "test_"): n for name, n in sizes.items() if "valid_" in name}
    return {name: n + aside.get(name, 0) for name, n in tests.items()}


@pytest.mark.parametrize("recipe", ["question", "tense", "dyck"])
def test_published_sentences_out_in_and_trained_on(latebloom, tmp_path, recipe):
    settings = SMALL[:8]
    if recipe == "dyck":
        # Few lines have brackets far enough apart to be judged.
        settings = ["--world.train", "600", "--world.test-id", "200", "--world.test-ood", "20"]
        settings += ["--world.kinds", "5"]
    code, text, _ = latebloom("data", recipe, *settings, "--to", "published", "--json")
    assert code == 0
    told = json.loads(text)
    sizes = told["splits"] = as_published(told["splits"])
    code, text, _ = latebloom("data", "--from", "published", "--to", "copy", "--json")
    assert (code, json.loads(text)) == (0, told)
    for path in (tmp_path / "published").iterdir():
        assert (tmp_path / "copy" / path.name).read_bytes() == path.read_bytes()
    code, _, complaint = latebloom("data", recipe, *settings, "--to", "published")
    assert (code, complaint) == (2, "error: published exists; give a new folder\n")
    files = ["--world.files", "published"]
    assert latebloom("data", recipe, *files, "--json")[1] == text
    code, text, told = latebloom("grok", recipe, *files, *SMALL[8:], "--out", "run", "--json")
    assert code == 0
    assert set(json.loads(text)["splits"]) == {"train", "test_id", "test_ood"}
    assert f"lines read: {sizes['train']} train, {sizes['test_id']} test_id" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data", "tense", "--from", "published"], "RECIPE has no effect with --from"),
        (["data", "--from", "published", "--world.train", "3"], "--world has no effect"),
        (["data", "--from", "nowhere"], "nowhere is no folder"),
        (["grok", "dyck", "--world.files", "published", "--quiet"], "no k-KINDS_d-DEPTH_train.txt"),
        (["data", "--from", "published"], "question.train: line 4: the word 'gnu'"),
        (["grok", "question", "--world.files", "published", "--quiet"], "question.train: line 4:"),
        (["grok", "tense", "--world.files", "nowhere", "--quiet"], "nowhere holds no tense.train"),
    ],
)
def test_published_sentences_that_cannot_be_read(latebloom, tmp_path, words, said):
    assert latebloom("data", "question", *SMALL[:8], "--to", "published")[0] == 0
    path = tmp_path / "published" / "question.train"
    first, rest = path.read_text().split("\n", 1)
    path.write_text(f"{first}\n\n\nthe gnu does eat . decl\tthe gnu does eat .\n{rest}")
    code, text, complaint = latebloom(*words)
    assert (code, text) == (2, "")
    assert said in complaint
    assert complaint.count("\n") == 1
