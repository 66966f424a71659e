"""`latebloom rivals`, `ask --with-facts`, and tables of one's own numbers, as a user types them."""

import json

import pytest

TINY = [
    *("--world.entities", "12", "--world.relations", "4", "--world.out-degree", "4"),
    *("--world.phi", "2", "--world.test-id-frac", "0.1", "--world.ood-frac", "0.2"),
    *("--model.d-model", "16", "--train.batch-size", "16", "--threads", "1"),
    *("--train.steps", "10", "--train.eval-every", "10", "--until", ""),
]
NUMBERS = "metal,melting,density\n" + "".join(
    f"m{i},{i * 7 % 31},{i * 11 % 29}\n" for i in range(24)
)


@pytest.fixture
def run_folder(grok):
    return grok("composition", *TINY)[0]


def test_the_table_goes_to_standard_output_and_into_the_report(latebloom, run_folder):
    code, out, err = latebloom("rivals", run_folder, "--limit", "5", "--splits", "test_id,test_ood")
    assert code == 0
    assert out == (run_folder / "rivals.md").read_text()
    assert len(out.splitlines()) == 2 + 8 * 2
    assert "symbolic" in err
    latebloom("report", run_folder)
    assert "Against external memory" in (run_folder / "report.html").read_text()
    code, out, err = latebloom("rivals", run_folder, "--limit", "2", "--json", "--quiet")
    assert (code, err) == (0, "")
    assert json.loads(out)["rows"][0]["rival"] == "grown model, step 10"


def test_what_a_language_model_costs_is_told_first(latebloom, run_folder, chat_server):
    pytest.importorskip("httpx")
    words = ["rivals", run_folder, "--limit", "2", "--splits", "test_ood"]
    words += ["--endpoint", chat_server.address, "--model", "m", "--style", "direct,cot"]
    code, out, _ = latebloom(*words, "--estimate")
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()] == ["m, direct", "m, cot"]
    code, out, _ = latebloom(*words, "--estimate", "--json")
    assert json.loads(out)["m, cot"]["requests"] == 2
    assert not chat_server.requests
    code, out, err = latebloom(*words, "--quiet")
    assert code == 0
    assert err.count("2 requests (0 answered before)") == 2
    assert "| m, cot | two-hop, test_ood | 2 |" in out
    assert len(chat_server.requests) == 4


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--splits", "test_x"], "no split 'test_x'"),
        (["--limit", "-1"], "--limit is -1"),
        (["--closure", "20,many"], "--closure '20,many': give whole numbers"),
        (["--style", "fast"], "--style 'fast'"),
        (["--estimate"], "give --endpoint too"),
        (["--endpoint", "somewhere", "--model", "m"], "is no address"),
        (["--endpoint", "https://far.example/v1", "--model", "m"], "OPENAI_API_KEY"),
        (["--step", "77"], "no checkpoint of step 77"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(latebloom, run_folder, monkeypatch, words, named):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    code, out, err = latebloom("rivals", run_folder, *words)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert named in err


def test_asking_with_new_facts(latebloom, run_folder, tmp_path):
    (tmp_path / "new.csv").write_text("subject,relation,object\nNovel,r1,e5\ne7,r2,Novel\n")
    code, out, _ = latebloom("ask", run_folder, "novel", "r1", "r2", "--with-facts", "new.csv")
    assert code == 0
    assert "Novel -r1-> e5 (100.0%) -r2-> " in out
    assert "its hops: new, " in out
    assert "hop 2, e5 r2: from the model" in out
    code, out, _ = latebloom("ask", run_folder, "e7", "r2", "--with-facts", "new.csv", "--json")
    answer = json.loads(out)
    assert answer["answers"] == [{"name": "Novel", "probability": 1.0}]
    assert answer["truth"] == "Novel"
    code, _, err = latebloom("ask", run_folder, "e7", "r2", "r3", "--with-facts", "new.csv")
    assert code == 2
    assert "no token for 'Novel'" in err
    code, _, err = latebloom("ask", run_folder, "e7", "r2", "--with-facts", "none.csv")
    assert code == 2
    assert "none.csv" in err


def test_ones_own_numbers(latebloom, tmp_path):
    (tmp_path / "metals.csv").write_text(NUMBERS)
    words = ["grok", "facts", "--facts", "metals.csv", "--numeric", *TINY[12:], "--out", "run"]
    code, out, err = latebloom(*words)
    assert code == 0, err
    assert "metals.csv: 24 entities, 2 attributes, 48 numbers (0 missing)" in err
    assert "test_ood" in out
    code, out, _ = latebloom("ask", "run", "melting", "m1", "m2")
    assert code == 0
    assert "the facts say <" in out
    assert "this question was" in out
    assert "hop" not in out
    code, _, err = latebloom("ask", "run", "m1", "melting", "m2")
    assert code == 2
    assert "ask ATTRIBUTE ENTITY ENTITY, as in melting m0 m1" in err


def test_numeric_goes_with_facts_alone(latebloom, tmp_path):
    code, _, err = latebloom("grok", "atlas", "--numeric", "--quiet")
    assert code == 2
    assert "--numeric has no effect on the recipe atlas" in err
    code, _, err = latebloom("grok", "--numeric", "--quiet")
    assert code == 2
    assert "--facts FILE --numeric" in err
    (tmp_path / "words.csv").write_text("metal,melting\niron,hot\ntin,1\nzinc,2\n")
    code, _, err = latebloom("grok", "facts", "--numeric", "--facts", "words.csv", "--quiet")
    assert code == 2
    assert "'hot' is not a number" in err
