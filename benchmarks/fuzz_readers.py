"""Every reader of what is written outside of latebloom, as a function of bytes.

Enters: an empty folder. Leaves: a `Reader` for each format, with valid inputs to begin from. What
reads a file is given one; what reads a folder is given one with the other files whole, so that the
changed one is read to its end, and not stopped by a checksum that belongs to another layer
(`benchmarks.faults` damages whole run folders).
"""

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.torch
import torch
from hypothesis import strategies as st

from benchmarks import fuzz_inputs as made
from benchmarks.faults import CONFIG
from latebloom.asking.reading import read_questions
from latebloom.circuits.record import CircuitRecord
from latebloom.model.config import ModelConfig
from latebloom.model.hf_weights import config_to_hf, load_hf, read_hf_vocabulary, weights_to_hf
from latebloom.model.transformer import Transformer
from latebloom.reading import parse_json, unseal
from latebloom.records import from_json
from latebloom.reports.page import contest
from latebloom.rivals.answer_cache import AnswerCache
from latebloom.rivals.endpoint import Response, asked_pause, read_completion
from latebloom.studies.grow import grow
from latebloom.studies.study import read_study
from latebloom.training.lock import owner_of
from latebloom.training.manifest import check_manifest
from latebloom.training.opened import load_model
from latebloom.training.run_folder import RunFolder
from latebloom.training.structure import SECTIONS
from latebloom.training.until import parse_until
from latebloom.training.written import read_evaluations, read_machine, read_summary
from latebloom.worlds.chains.called import with_wording
from latebloom.worlds.chains.checking.check import check_file
from latebloom.worlds.chains.graph import GraphConfig, make_graph_world, read_graph
from latebloom.worlds.chains.own import FactsConfig, make_facts_world
from latebloom.worlds.comparisons.own import NumericTableConfig, make_numeric_table
from latebloom.worlds.data import load_data
from latebloom.worlds.published.folder import read_folder
from latebloom.worlds.sentences.treebank import SentencesConfig, make_sentences
from latebloom.worlds.world import World

FACTS = [("a", "r", "b"), ("b", "s", "c"), ("c", "r", "d"), ("d", "s", "a"), ("a", "s", "c")]
PENN = b"(S (NP (D the) (N owl)) (VP (V sees) (NP (D a) (N cat))))\n(S (N Ann) (V sleeps))\n"
CONLLU = "\n".join(
    "\t".join((str(i), word, "_", "_", "_", "_", str(head), "_", "_", "_"))
    for i, word, head in ((1, "the", 2), (2, "owl", 3), (3, "sees", 0))
).encode()
STUDY = b'recipe = "composition"\nseeds = 2\n[vary.world]\nphi = [3.6, 7.2]\n[train]\nsteps = 50\n'
REPLY = {
    "choices": [{"message": {"role": "assistant", "content": "yes"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}
SMALL = ModelConfig(
    d_model=8, n_layers=1, n_heads=2, n_loops=1, feedback="none", positions="learned",
    max_positions=4,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """Something that reads what somebody else wrote.

    name: what it reads. read: from bytes; raises a LatebloomError for what it refuses.
    seeds: valid inputs. shape: files of its form with any content, None where changes will do.
    share: of the usual number of inputs; less for what takes milliseconds.
    """

    name: str
    read: Callable[[bytes], object]
    seeds: Sequence[bytes]
    shape: st.SearchStrategy[bytes] | None = None
    share: float = 1.0


def readers(folder: Path) -> list[Reader]:
    """All of them; folder: an empty one, which they write their files in."""
    return [*of_facts(folder), *of_sentences(folder), *of_runs(folder), *of_others(folder)]


def at(path: Path, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """A reader of the file at a path, as a function of its content."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def put(content: bytes) -> object:
        path.write_bytes(content)
        return read(path)

    return put


def table(rows: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    return "\n".join(delimiter.join(row) for row in rows).encode() + b"\n"


def of_facts(folder: Path) -> list[Reader]:
    """Tables of facts and numbers, graphs, synonyms and phrases."""
    named = [("subject", "relation", "object"), *FACTS]
    lines = [json.dumps(dict(zip(named[0], row, strict=True))) for row in FACTS]
    iri = "<http://example.org/{}>"
    triples = [" ".join(iri.format(name) for name in row) + " ." for row in FACTS]
    book, sheet = openpyxl.Workbook(), io.BytesIO()
    for row in named:
        book.worksheets[0].append(row)
    book.save(sheet)
    columns = pa.table({key: [row[i] for row in FACTS] for i, key in enumerate(named[0])})
    pq.write_table(columns, packed := io.BytesIO())
    seeds: dict[str, tuple[list[bytes], st.SearchStrategy[bytes] | None, float]] = {
        ".csv": ([table(named), table(FACTS, ";"), table(FACTS)], made.tables(), 1.0),
        ".tsv": ([table(named, "\t")], made.tables("\t"), 1.0),
        ".jsonl": (
            ["\n".join(lines).encode(), b'["a","r","b"]\n["b","s","c"]\n'],
            made.json_like([lines[0].encode()]),
            1.0,
        ),
        ".nt": (["\n".join(triples).encode()], None, 1.0),
        ".xlsx": ([sheet.getvalue()], None, 0.1),
        ".parquet": ([packed.getvalue()], None, 0.2),
    }

    def world(path: Path) -> object:
        return make_facts_world(config_of(path), seed=0)

    def checked(path: Path) -> object:
        return check_file(path, FactsConfig()).lines(3)

    found = [
        Reader(f"facts{ending}", at(folder / f"facts{ending}", world), *of)
        for ending, of in seeds.items()
    ]
    check = at(folder / "check.csv", checked)
    return [
        *found,
        Reader("check of a table", check, [table(named), table(FACTS)], made.tables(), 0.3),
        *of_graphs_and_numbers(folder),
        *of_words(make_facts_world(config_of(save(folder / "known.csv", table(named))), 0), folder),
    ]


def config_of(path: Path) -> FactsConfig:
    return FactsConfig(facts=str(path), ood_frac=0.0)


def of_graphs_and_numbers(folder: Path) -> list[Reader]:
    """The folder of a graph, and a table of numbers to compare."""
    graph = GraphConfig(folder=str(folder / "graph"), ood_frac=0.0)
    triples = table(FACTS, "\t")
    numbers = table([("river", "length", "flow"), ("a", "1", "2"), ("b", "2", ""), ("c", "4", "9")])

    def linked(_: Path) -> object:
        return make_graph_world(read_graph(graph), graph, seed=0)

    def compared(path: Path) -> object:
        config = NumericTableConfig(facts=str(path), ood_frac=0, test_id_frac=0)
        return make_numeric_table(config, 0)

    put = at(folder / "graph" / "train.txt", linked)
    save(folder / "graph" / "test.txt", table(FACTS[:1], "\t"))
    compare = at(folder / "numbers.csv", compared)
    return [
        Reader("graph folder", put, [triples], made.tables("\t"), 0.5),
        Reader("table of numbers", compare, [numbers], made.tables(",")),
    ]


def of_words(known: World, folder: Path) -> list[Reader]:
    """What people call the names of a world, and what they ask. known: a world of facts."""

    def called(path: Path) -> object:
        return with_wording(known, str(path), "")

    def phrased(path: Path) -> object:
        return with_wording(known, "", str(path))

    def asked(content: bytes) -> object:
        return read_questions(known, content.decode("utf-8", "replace").split(" "))

    names, phrases = b"name,synonym\na,alpha\n", b"relations,phrase\nr / s,what is the r of {}\n"
    two = made.tables(",", 2)
    return [
        Reader("synonyms", at(folder / "names.csv", called), [names], two),
        Reader("phrases", at(folder / "phrases.csv", phrased), [phrases], two),
        Reader("a question", asked, [b"a r s", b"a r and b s"]),
    ]


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def of_sentences(folder: Path) -> list[Reader]:
    """Treebanks, and the published formats of sentences and questions."""

    def trees(path: Path) -> object:
        return make_sentences(SentencesConfig(trees=str(path)), seed=0)

    asked = folder / "asked"
    lines = [
        b"her zebra doesn't eat . quest\tdoesn't her zebra eat ?\n",
        b"my raven that does swim does eat . decl\tmy raven that does swim does eat .\n",
    ]
    for ending in ("val", "test", "gen"):
        at(asked / f"question.{ending}", lambda path: path)(lines[0])
    chains = folder / "chains"
    item = {"input_text": "<e_0><r_0>", "target_text": "<e_0><r_0><e_1></a>", "type": "id_atomic"}
    vocabulary = [*(f"<e_{i}>" for i in range(3)), "<r_0>", "<mask>", "<sep>", "<a>", "</a>"]
    for name, content in (("train", [item]), ("test", []), ("vocab", vocabulary)):
        at(chains / f"{name}.json", lambda path: path)(json.dumps(content).encode())
    whole = {name: (chains / f"{name}.json").read_bytes() for name in ("train", "vocab")}

    def mended(name: str) -> Callable[[bytes], object]:
        def read(content: bytes) -> object:
            for other, old in whole.items():
                (chains / f"{other}.json").write_bytes(content if other == name else old)
            return read_folder(chains)

        return read

    return [
        Reader("Penn trees", at(folder / "a.mrg", trees), [PENN], made.penn(), 0.5),
        Reader("CoNLL-U", at(folder / "a.conllu", trees), [CONLLU + b"\n\n" + CONLLU],
               made.conllu(), 0.3),
        Reader("question.train", at(asked / "question.train", lambda _: read_folder(asked)), lines,
               None, 0.1),
        *(Reader(f"{name}.json", mended(name), [whole[name]], made.json_like([whole[name]]))
          for name in whole),
    ]  # fmt: skip


def of_runs(folder: Path) -> list[Reader]:
    """The files of a run folder."""
    run = folder / "run"
    grow(CONFIG, run, device="cpu", threads=1)
    opened = RunFolder.open(run)
    (step := opened.newest()).tensors("model")
    data = opened.data()

    def state(_: Path) -> object:
        return step.state()

    def weights(path: Path) -> object:  # the checksum is made to fit, so that the rest is read
        text = json.loads(whole["state.json"])
        text["sha256"][path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        del text["crc32"]
        places["state.json"].write_text(json.dumps(text))
        try:
            return load_model(CONFIG, data, step)
        finally:
            places["state.json"].write_bytes(whole["state.json"])

    def evaluations(path: Path) -> object:
        return list(read_evaluations(path))

    def config(path: Path) -> object:
        return RunFolder(path.parent).config()

    read: dict[str, Callable[[Path], object]] = {
        "config.toml": config,
        "environment.json": lambda path: read_machine(path),
        "metrics.jsonl": evaluations,
        "summary.json": lambda path: read_summary(path),
        "manifest.json": lambda path: check_manifest(path.parent),
        "vocabulary.json": lambda path: load_data(path.parent),
        "world.safetensors": lambda path: load_data(path.parent),
        "state.json": state,
        "model.safetensors": weights,
    }
    places = {
        name: step.folder / name if (step.folder / name).exists() else run / name for name in read
    }
    whole = {name: path.read_bytes() for name, path in places.items()}
    fields = [name for section in SECTIONS for name in vars_of(getattr(CONFIG, section))]

    def alone(name: str) -> Callable[[bytes], object]:
        """Reads one file; the others are whole, as it is again afterwards."""

        def put(content: bytes) -> object:
            places[name].write_bytes(content)
            try:
                return read[name](places[name])
            finally:
                places[name].write_bytes(whole[name])

        return put

    def shape(name: str) -> st.SearchStrategy[bytes] | None:
        if name == "config.toml":
            return made.toml_like(SECTIONS, [*fields, "seed", "recipe", "kind"])
        return made.json_like([whole[name]]) if "json" in name else None

    cheap = {"config.toml": 0.3, "model.safetensors": 0.3, "world.safetensors": 0.5}
    return [
        *(Reader(f"run: {name}", alone(name), seeds(whole[name]), shape(name), cheap.get(name, 1.0))
          for name in read),
        Reader("run: rivals.json", at(folder / "rivals.json", contest),
               [b'{"rows": []}', json.dumps({"rows": [RIVAL]}).encode()],
               made.json_like([json.dumps({"rows": [RIVAL]}).encode()])),
        Reader("run: answers.jsonl", at(folder / "answers.jsonl", AnswerCache),
               [b'{"key":"k","text":"t","prompt_tokens":1,"completion_tokens":1,"seconds":0.5}\n']),
        Reader("run: a trace", kept, [b'{"step": 1, "lens": [], "effects": []}'],
               made.json_like([b'{"step": 1, "lens": {}, "effects": {}, "split": ""}'])),
        Reader("run: .lock", at(folder / "lock", owner_of), [b'{"pid":1,"host":"h","since":1.0}']),
    ]  # fmt: skip


RIVAL = {
    **{"rival": "lookup", "question_type": "2 hops", "split": "test_id", "n": 3, "accuracy": 0.5},
    **{"ci95": [0.1, 0.9], "wrong": 1, "cannot_decide": 0, "invalid": 0, "recall": None},
    **{"seconds": 1.0, "tokens": 2},
}


def kept(content: bytes) -> object:
    """A record of an instrument; what is none is made again, so any ValueError will do."""
    try:
        return from_json(unseal(parse_json(content.decode("utf-8"))), CircuitRecord)
    except (ValueError, KeyError, TypeError):
        return None


def vars_of(config: Any) -> list[str]:
    """The fields of a config."""
    return list(type(config).__dataclass_fields__)


def seeds(content: bytes) -> list[bytes]:
    """A valid file, and where it has a seal the same without, which is read further."""
    if b'"crc32"' not in content:
        return [content]
    lines = [json.loads(line) for line in content.splitlines()] if b"\n{" in content else [
        json.loads(content)
    ]  # fmt: skip
    bare = [json.dumps({k: v for k, v in one.items() if k != "crc32"}) for one in lines]
    return [content, "\n".join(bare).encode() + b"\n"]


def of_others(folder: Path) -> list[Reader]:
    """Hugging Face folders, studies, stop rules, and what an endpoint answers."""
    hf = folder / "hf"
    config = json.dumps(config_to_hf(SMALL, 6)).encode()
    torch.manual_seed(0)
    weights = safetensors.torch.save(weights_to_hf(Transformer(SMALL, 6)))
    words = json.dumps({word: i for i, word in enumerate("abcdef")}).encode()
    for name, content in (("config.json", config), ("model.safetensors", weights)):
        at(hf / name, lambda path: path)(content)

    def hf_config(content: bytes) -> object:
        (hf / "config.json").write_bytes(content)
        (hf / "model.safetensors").write_bytes(weights)
        return load_hf(hf)

    def hf_weights(content: bytes) -> object:
        (hf / "config.json").write_bytes(config)
        (hf / "model.safetensors").write_bytes(content)
        return load_hf(hf)

    def reply(content: bytes) -> object:
        text = content.decode("utf-8", "replace")
        asked_pause(Response(429, "", text[:40]))
        return read_completion(Response(200, text, ""), 0.5)

    answer = json.dumps(REPLY).encode()
    return [
        Reader("Hugging Face config.json", hf_config, [config], made.json_like([config]), 0.4),
        Reader("Hugging Face weights", hf_weights, [weights], None, 0.4),
        Reader("Hugging Face vocab.json", at(hf / "vocab.json", lambda _: read_hf_vocabulary(hf)),
               [words], made.json_like([words])),
        Reader("a study", at(folder / "study.toml", read_study), [STUDY],
               made.toml_like(["vary", *SECTIONS], ["phi", "steps", "seeds", "recipe", "world"]),
               0.5),
        Reader("a stop rule", lambda content: parse_until(content.decode("utf-8", "replace")),
               [b"valid_ood>=0.99", b"test_id>=0.5,test_ood>=0.9"]),
        Reader("an endpoint's reply", reply, [answer], made.json_like([answer]), 2.0),
    ]  # fmt: skip
