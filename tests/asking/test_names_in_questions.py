"""Names in questions: exact, by Unicode, synonyms, in words; what is unknown is asked back."""

import json

import pytest

from latebloom.asking.reading import read_questions
from latebloom.errors import FactsError, LatebloomError, RunFolderError, UnknownNameError
from latebloom.worlds.build import build_world
from latebloom.worlds.chains.called import with_wording
from latebloom.worlds.chains.own import FactsConfig
from latebloom.worlds.data import as_world
from latebloom.worlds.world import World

TABLE = """imatinib,targets,ABL
imatinib,targets,KIT
imatinib,side effect,oedema
morphine,targets,\u03bc-opioid receptor
paracetamol,treats,pain
morphine,treats,pain
ABL,pathway,growth
KIT,pathway,growth
KIT,pathway,melanin
TNF-\u03b1,pathway,growth
growth,part of,life"""
SYNONYMS = """name,synonym
paracetamol,acetaminophen
side effect,adverse effect
KIT,CD117
KIT,ABL
aspirin,ASA
"""
PHRASES = """relations,phrase
targets,which targets does {} have
targets / pathway,which pathways does {} act on
^treats,what is {} treated with
adverse effect,what are the adverse effects of {}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    for name, text in (("facts", TABLE), ("synonyms", SYNONYMS), ("phrases", PHRASES)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def world(folder, told):
    paths = {name: str(folder / f"{name}.csv") for name in ("facts", "synonyms", "phrases")}
    config = FactsConfig(**paths, inverse=True, ood_frac=0, test_id_frac=0, largest_share=1)
    return as_world(build_world(config, 0, told.append), folder)


def names(world, *question):
    tokens = read_questions(world, question)
    assert isinstance(tokens, list)
    return world.vocabulary.decode(tokens)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("imatinib", "imatinib"),
        ("IMATINIB", "imatinib"),
        ("\u00b5-opioid receptor", "\u03bc-opioid receptor"),
        ("mu opioid receptor", "\u03bc-opioid receptor"),
        ("tnf alpha", "TNF-\u03b1"),
        ("acetaminophen", "paracetamol"),
        ("Acetaminophen\u200b", "paracetamol"),
        ("cd117", "KIT"),
    ],
)
def test_a_name_is_found_however_it_is_written(world, word, name):
    assert names(world, word, "targets")[0] == name


def test_relations_have_synonyms_too_and_backwards(world):
    assert names(world, "imatinib", "Adverse-Effect") == ["imatinib", "side effect"]
    assert names(world, "oedema", "^adverse effect") == ["oedema", "^side effect"]


def test_a_name_of_the_table_goes_before_a_synonym(world, told):
    assert names(world, "ABL", "pathway") == ["ABL", "pathway"]
    text = "\n".join(told)
    assert "row 5: 'ABL' is a name of the table; passed over" in text
    assert "row 6: 'aspirin' is no name of the table; passed over" in text


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Which targets does imatinib have?", ["imatinib", "targets"]),
        ("which pathways does IMATINIB act on", ["imatinib", "targets", "pathway"]),
        ("what is pain treated with?", ["pain", "^treats"]),
        ("what are the adverse effects of imatinib", ["imatinib", "side effect"]),
        # Not a phrase to the letter, and like one.
        ("what targets does imatinib have", ["imatinib", "targets"]),
        ("which pathway does acetaminophen act on?", ["paracetamol", "targets", "pathway"]),
    ],
)
def test_questions_in_words(world, sentence, question):
    assert names(world, sentence) == question
    assert names(world, *sentence.split()) == question


def test_what_is_unknown_is_asked_back(world):
    with pytest.raises(UnknownNameError, match=r"'imatinb'; nearest: imatinib.*did you mean imat"):
        names(world, "imatinb", "targets")
    with pytest.raises(UnknownNameError, match=r"'imatinb'; nearest: imatinib"):
        names(world, "which targets does imatinb have")
    with pytest.raises(LatebloomError, match=r"like no phrase.*nearest phrase: 'which pathways"):
        names(world, "on how many pathways is there a train to imatinib")
    with pytest.raises(LatebloomError, match="'not' is not in the nearest one; write the names"):
        names(world, "what targets does imatinib not have")
    with pytest.raises(LatebloomError, match="no name of this run stands in it"):
        names(world, "is the moon made of cheese")


def test_what_is_asked_wrongly_in_names_is_no_sentence(world):
    with pytest.raises(LatebloomError, match="imatinib") as refusal:
        names(world, "imatinib", "imatinib", "targets")
    assert "phrase" not in str(refusal.value)


def test_the_run_folder_keeps_them_and_trusts_nothing(world, tmp_path):
    world.save(tmp_path)
    assert World.load(tmp_path).wording == world.wording
    file = tmp_path / "vocabulary.json"
    table = json.loads(file.read_text())
    for change in (
        {"synonyms": {"x": "no such name"}},
        {"synonyms": {"ABL": "KIT"}},
        {"synonyms": {"x": 7}},
        {"phrases": [["what is {}"]]},
        {"phrases": [["no place", "targets"]]},
        {"phrases": [["what is {}", "no such relation"]]},
    ):
        file.write_text(json.dumps(table | change))
        with pytest.raises(RunFolderError):
            World.load(tmp_path)


def test_a_world_without_them_is_written_as_ever(world, tmp_path):
    from dataclasses import replace

    from latebloom.worlds.wording import NOTHING_SAID

    replace(world, wording=NOTHING_SAID).save(tmp_path)
    assert not {"synonyms", "phrases"} & set(json.loads((tmp_path / "vocabulary.json").read_text()))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("synonyms", "KIT,x\nABL,x\n", "row 2: 'x' is a synonym of 'KIT' and of 'ABL'"),
        ("synonyms", "KIT,x,y\n", "row 1: give name and synonym, two cells"),
        ("phrases", "targets,which targets\n", "row 1: write {} once"),
        ("phrases", "targets,{}?\n", "row 1: write {} once"),
        ("phrases", "target,which {}\n", "row 1: unknown name 'target'; nearest: targets"),
    ],
)
def test_files_that_are_wrong_are_told_by_row(world, tmp_path, name, text, message):
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    paths = {"synonyms": "", "phrases": ""} | {name: str(path)}
    with pytest.raises(FactsError) as refusal:
        with_wording(world, **paths)
    assert message in str(refusal.value)
