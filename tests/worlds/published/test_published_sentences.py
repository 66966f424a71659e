"""Lines of the published formats: written by hand from the definition, and written and read."""

import numpy as np
import pytest

from latebloom.errors import CorpusError
from latebloom.worlds.published import sentences as published
from latebloom.worlds.published.sentences import (
    read_published,
    read_published_lines,
    task_of_files,
    write_published,
)
from latebloom.worlds.sentences.dyck import DyckConfig, brackets_of, make_dyck
from latebloom.worlds.sentences.lines import Lines
from latebloom.worlds.sentences.question import QuestionConfig, make_question
from latebloom.worlds.sentences.tense import TenseConfig, make_tense

# Made up from the grammar: each shape of noun phrase and relative clause once.
QUESTIONS = [
    "her zebra doesn't eat . quest\tdoesn't her zebra eat ?",
    "your quails behind the walrus do comfort some yak . decl\t"
    "your quails behind the walrus do comfort some yak .",
    "my raven that does swim doesn't admire our newts . quest\t"
    "doesn't my raven that does swim admire our newts ?",
    "the vultures who my unicorn does accept don't read . quest\t"
    "don't the vultures who my unicorn does accept read ?",
    "some peacock who doesn't amuse her yaks does wait . decl\t"
    "some peacock who doesn't amuse her yaks does wait .",
    "our salamander does confuse the zebras that do high_five your quail . quest\t"
    "does our salamander confuse the zebras that do high_five your quail ?",
]
TENSES = [
    "my walruses near the quail swam . PRESENT\tmy walruses near the quail swim .",
    "her unicorn who read comforted the yaks that my newt admired . PRESENT\t"
    "her unicorn who reads comforts the yaks that my newt admires .",
    "the tyrannosauruses that the raven amused ate . PAST\t"
    "the tyrannosauruses that the raven amused ate .",
]


def test_question_lines_parse_with_their_trees():
    lines = read_published_lines(QUESTIONS, "question")
    assert len(lines) == 6
    # ((my raven) (that (does swim))) (doesn't (admire (our newts)))
    assert set(lines.tree(2)) == {
        (0, 8), (0, 4), (0, 1), (2, 4), (3, 4), (5, 8), (6, 8), (7, 8)
    }  # fmt: skip
    # ((the vultures) (who ((my unicorn) (does accept)))) (don't read)
    assert set(lines.tree(3)) == {
        (0, 8), (0, 6), (0, 1), (2, 6), (3, 6), (3, 4), (5, 6), (7, 8)
    }  # fmt: skip
    assert lines.words.tolist() == [4, 9, 9, 9, 9, 11]


def test_tense_lines_parse_with_their_trees():
    lines = read_published_lines(TENSES, "tense")
    # ((my walruses) (near (the quail))) swam
    assert set(lines.tree(0)) == {(0, 5), (0, 4), (0, 1), (2, 4), (3, 4)}
    # ((the tyrannosauruses) (that ((the raven) amused))) ate
    assert set(lines.tree(2)) == {(0, 6), (0, 5), (0, 1), (2, 5), (3, 5), (3, 4)}
    assert (lines.target - lines.prompt).tolist() == [5, 4, 6]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("her zebra doesn't fly . decl her zebra doesn't fly .", "line 2: the word 'fly'"),
        ("her zebra don't eat . decl her zebra don't eat .", "line 2: the grammar does not make"),
        ("her zebra does eat . quest her zebra does eat ?", "line 2: 'her' is not what"),
        ("her zebra does eat .", "line 2: expected 'SENTENCE . decl|quest OUTPUT'"),
    ],
)
def test_what_does_not_parse_is_named_with_its_line(text, told):
    with pytest.raises(CorpusError) as caught:
        read_published_lines([QUESTIONS[0], text], "question")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    # In a file with blank lines it is the line that an editor shows.
    with pytest.raises(CorpusError) as caught:
        read_published_lines(["\n", QUESTIONS[0], " \n", "\n", text], "question")
    assert told.replace("line 2", "line 5") in str(caught.value)


def test_blank_lines_are_left_out():
    spaced = [line for text in QUESTIONS for line in ("\n", text)]
    one, other = (read_published_lines(texts, "question") for texts in (QUESTIONS, spaced))
    np.testing.assert_array_equal(one.tokens, other.tokens)
    brackets = brackets_of(["", "(a a) END", "", "(b b) (a a)"])
    np.testing.assert_array_equal(brackets.tokens, brackets_of(["(a a)", "(b b) (a a)"]).tokens)


def corpora():
    sizes = {"train": 300, "test_id": 40, "test_ood": 50}
    return [
        make_question(QuestionConfig(**sizes), 2),
        make_tense(TenseConfig(**sizes), 2),
        make_dyck(DyckConfig(**sizes), 2),
        make_dyck(DyckConfig(**sizes, kinds=5, depth=4), 2),
    ]


@pytest.mark.parametrize("corpus", corpora(), ids=lambda corpus: corpus.task.name)
def test_written_and_read_back(corpus, tmp_path):
    paths = write_published(corpus, tmp_path)
    assert len(paths) == 3
    again = read_published(tmp_path, corpus.task.name)
    assert again.vocabulary == corpus.vocabulary
    # The format has no file for the lines apart.
    assert set(again.splits) == {"train", "test_id", "test_ood"}
    for split in again.splits:
        one, other = corpus.lines(split), again.lines(split)
        everything = np.arange(len(one))
        for name in Lines.__dataclass_fields__:
            both = [getattr(lines.take(everything), name) for lines in (one, other)]
            np.testing.assert_array_equal(*both, err_msg=f"{split} {name}")
    second = tmp_path / "again"
    for path, copy in zip(paths, write_published(again, second), strict=True):
        assert path.read_bytes() == copy.read_bytes()


def write_brackets(folder, name: str, *lines: str) -> None:
    for ending in ("train", "val", "test"):
        (folder / f"{name}_{ending}.txt").write_text("".join(f"{line} END\n" for line in lines))


def test_bracket_files_are_named_by_their_kinds_and_depth(tmp_path):
    write_brackets(tmp_path, "k-3_d-10", "(a (c (a a) c) a)", "(b b) (c c)")
    corpus = read_published(tmp_path, "dyck")
    assert corpus.vocabulary.words == ("<s>", "(a", "(b", "(c", "a)", "b)", "c)")
    assert corpus.lines("train").tokens[1, :5].tolist() == [0, 2, 5, 3, 6]
    names = {path.name for path in write_published(corpus, tmp_path / "again")}
    assert names == {f"k-3_d-3_{ending}.txt" for ending in ("train", "val", "test")}


def test_a_published_line_may_be_longer_than_any_that_is_drawn(tmp_path):
    longer = DyckConfig().max_tokens // 2 + 100
    write_brackets(tmp_path, "k-2_d-2", "(b (a a) b)" + " (a a)" * longer)
    corpus = read_published(tmp_path, "dyck")
    assert corpus.longest == 1 + 4 + 2 * longer
    assert len(corpus.lines("train").tree(0)) == 3 + longer


def test_the_set_of_bracket_files_must_be_clear(tmp_path):
    with pytest.raises(CorpusError, match=r"holds no k-KINDS_d-DEPTH_train\.txt"):
        read_published(tmp_path, "dyck")
    write_brackets(tmp_path, "k-2_d-10", "(a a) (b b)", "(c c)")
    with pytest.raises(CorpusError, match=r"k-2_d-10_train\.txt: line 2: '\(c' is no bracket"):
        read_published(tmp_path, "dyck")
    write_brackets(tmp_path, "k-20_d-3", "(a a)")
    with pytest.raises(CorpusError, match="several sets of bracket files, k-20_d-3, k-2_d-10"):
        read_published(tmp_path, "dyck")
    many = tmp_path / "many"
    many.mkdir()
    write_brackets(many, "k-27_d-3", "(a a)")
    with pytest.raises(CorpusError, match=r"k-27_d-3_train\.txt: .* 27 kinds of brackets"):
        read_published(many, "dyck")


def test_what_a_folder_holds(tmp_path):
    assert task_of_files(tmp_path) is None
    write_brackets(tmp_path, "k-2_d-10", "(a a)")
    assert task_of_files(tmp_path) == "dyck"
    (tmp_path / "tense.train").write_text(TENSES[0] + "\n")
    with pytest.raises(CorpusError, match="holds files of tense and dyck; give a folder with one"):
        task_of_files(tmp_path)


def test_a_missing_or_empty_file_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"holds no question\.train"):
        read_published(tmp_path, "question")
    for ending in ("train", "val", "test"):
        (tmp_path / f"question.{ending}").write_text("\n")
    with pytest.raises(CorpusError, match=r"question\.train: the file of question lines is empty"):
        read_published(tmp_path, "question")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(a (b a) b)", "line 2: 'a)', word 3, closes no bracket"),
        ("(a (b b)", "line 2: 1 brackets are left open"),
        ("(a x a)", "line 2: 'x' is no bracket"),
    ],
)
def test_brackets_that_do_not_nest_are_named(text, told):
    with pytest.raises(CorpusError) as caught:
        brackets_of(["(a a) (b b) END", text])
    assert told in str(caught.value)
    with pytest.raises(CorpusError) as caught:
        brackets_of(["(a a) (b b) END", "\n", "", text])
    assert told.replace("line 2", "line 4") in str(caught.value)


def test_the_files_appear_all_together_or_not_at_all(tmp_path, monkeypatch):
    corpus = make_question(QuestionConfig(train=30, test_id=10, test_ood=10), 2)
    write = published.write_lines

    def no_room_for_the_last(corpus, lines, path):
        write(corpus, lines, path)
        if path.name.endswith(".test"):
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(published, "write_lines", no_room_for_the_last)
        with pytest.raises(CorpusError, match="data cannot be written: No space left"):
            write_published(corpus, tmp_path / "data")
    assert list(tmp_path.iterdir()) == []
    write_published(corpus, tmp_path / "data")
    with pytest.raises(CorpusError, match="data exists; give a new folder"):
        write_published(corpus, tmp_path / "data")
