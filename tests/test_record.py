"""Where a figure comes from: the commit, and whether the code differs from it."""

import subprocess

from benchmarks.record import commit_of_code, in_words, provenance, short


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return done.stdout.strip()


def test_a_commit_is_named_and_said_to_be_changed(tmp_path):
    (tmp_path / "latebloom").mkdir()
    code, page = tmp_path / "latebloom" / "code.py", tmp_path / "page.md"
    code.write_text("a = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    page.write_text("no code\n")
    assert commit_of_code(tmp_path) == commit
    code.write_text("a = 2\n")
    assert commit_of_code(tmp_path) == f"{commit}-changed"
    assert short(f"{commit}-changed") == f"{commit[:12]}-changed"


def test_outside_of_a_checkout_the_commit_is_unknown(tmp_path):
    assert commit_of_code(tmp_path) == "unknown"
    assert short("unknown") == "unknown"


def test_provenance_in_words():
    made = provenance()
    assert in_words(made).startswith(f"Commit {short(made['commit'])}, {made['date']}, ")
    assert made["machine"]["cores"] >= 1
    assert made["machine"]["processor"] in in_words(made)
