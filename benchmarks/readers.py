"""Many readers of the explorer: answers a second, the slowest answer, and what memory does.

    python -m benchmarks.readers RUNS [--readers 50] [--seconds 60]

Serves a folder of runs on a free port, lets so many threads read the list, curves, pages and
answers by turns, and prints a line for each kind of question, and the server's memory at the
start, in the middle and at the end. Leaves nothing.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import psutil

from benchmarks.serving import free_port


def get(address: str) -> bytes:
    """What is at an address.

    Raises: OSError if it is not answered by 200.
    """
    with urlopen(address, timeout=120) as answer:
        return answer.read()


def read(home: str, names: list[str], until: float, times: dict[str, list[float]]) -> None:
    """One reader: asks this and that until the time is over."""
    while time.monotonic() < until:
        name = random.choice(names)
        kind, query = random.choice(
            [
                ("api/runs", {}),
                ("api/records", {"name": name}),
                ("api/lens", {"name": name}),
                ("api/events", {"once": "true"}),
                ("run", {"name": name}),
            ]
        )
        began = time.monotonic()
        get(f"{home}/{kind}?{urlencode(query)}")
        times[kind].append(time.monotonic() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    told = parser.parse_args()
    port = free_port()
    home = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "latebloom", "explore", str(told.runs), "--port", str(port)]
    with subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}) as server:
        try:
            for _ in range(600):
                try:
                    runs = json.loads(get(f"{home}/api/runs"))
                    break
                except OSError:
                    time.sleep(0.1)
            else:
                sys.exit("the explorer does not answer")
            names = [run["name"] for run in runs if run["accuracy"]]
            process = psutil.Process(server.pid)
            for name in names:  # every page drawn and model opened once, as far as they are kept
                get(f"{home}/api/lens?{urlencode({'name': name})}")
            memory = [process.memory_info().rss]
            times: dict[str, list[float]] = {
                kind: [] for kind in ("api/runs", "api/records", "api/lens", "api/events", "run")
            }
            until = time.monotonic() + told.seconds
            readers = [
                threading.Thread(target=read, args=(home, names, until, times))
                for _ in range(told.readers)
            ]
            for one in readers:
                one.start()
            time.sleep(told.seconds / 2)
            memory.append(process.memory_info().rss)
            for one in readers:
                one.join()
            memory.append(process.memory_info().rss)
        finally:
            server.terminate()
    for kind, seconds in times.items():
        share = np.array(seconds or [np.nan])
        print(
            f"{kind:12} {len(seconds):6} answers, median {1000 * np.median(share):.0f} ms,"
            f" 99 of 100 within {1000 * np.quantile(share, 0.99):.0f} ms"
        )
    print("server:", ", ".join(f"{one / 2**20:.0f} MiB" for one in memory))


if __name__ == "__main__":
    main()
