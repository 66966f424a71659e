"""Readers, given inputs that coverage guides: those that reach new code are changed again.

    pip install atheris
    python -m benchmarks.fuzz_guided 5000 100 facts.csv "a study"

Prints a line of JSON for each reader: what came of its inputs. `benchmarks.fuzz` calls it in a
process of its own, since atheris changes the code of latebloom while it is loaded; each reader has
a fork, since atheris ends the process when it is done.
"""

import json
import os
import sys
import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SAID = "guided: "
"""What a line with an outcome begins with."""


def is_there() -> bool:
    """Whether atheris is installed."""
    return find_spec("atheris") is not None


def main() -> None:
    n, seed, wanted = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["latebloom"], enable_loader_override=False):
        from benchmarks.fuzz import Tally, be_careful, inputs_for, put
        from benchmarks.fuzz_readers import Reader, readers

    def guide(reader: Reader, corpus: Path) -> None:
        tally, begun = Tally(reader.name), time.process_time()
        corpus.mkdir()
        for number, valid in enumerate(reader.seeds):
            (corpus / str(number)).write_bytes(valid)
        runs = inputs_for(reader, n)
        words = [f"-seed={seed}", f"-atheris_runs={runs}", "-max_len=20000", "-verbosity=0"]

        def each(content: bytes) -> None:
            put(reader, content, tally)

        atheris.Setup(["fuzz", *words, str(corpus)], each)
        try:
            atheris.Fuzz()  # it leaves by SystemExit
        finally:
            tally.guided, tally.seconds = tally.inputs, time.process_time() - begun
            ways = {"ways": sorted(tally.refusals)}
            print(SAID + json.dumps(tally.as_dict() | ways), flush=True)

    be_careful()
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as name:
        for number, reader in enumerate(readers(Path(name).resolve())):
            if wanted and reader.name not in wanted:
                continue
            if child := os.fork():
                os.waitpid(child, 0)
                continue
            try:
                guide(reader, Path(name) / f"corpus-{number}")
            finally:
                os._exit(0)


if __name__ == "__main__":
    main()
