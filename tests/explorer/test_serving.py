"""The explorer as the tests in a browser and the pictures have it served."""

import json
import signal
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from benchmarks.serving import free_port, served


def test_it_answers_until_one_is_done_or_has_failed(root):
    with pytest.raises(ZeroDivisionError), served(root) as address:
        with urlopen(f"{address}/api/runs") as told:
            assert "seed0" in {row["name"] for row in json.load(told)}
        assert 1 / 0
    with pytest.raises(URLError):
        urlopen(f"{address}/api/runs")


def test_ctrl_c_ends_it_in_one_line_while_a_page_is_open(root):
    port = free_port()
    command = [sys.executable, "-m", "latebloom", "explore", str(root), "--port", str(port)]
    explorer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        while True:
            assert explorer.poll() is None, explorer.communicate()[1]
            try:
                page = urlopen(f"http://127.0.0.1:{port}/api/events", timeout=60)
                break
            except URLError:
                time.sleep(0.1)
        with page:
            assert page.readline().startswith(b"data: ")
            explorer.send_signal(signal.SIGINT)
            _, said = explorer.communicate(timeout=60)
            assert b"Traceback" not in page.read()
    finally:
        explorer.kill()
        explorer.wait()
    assert said.splitlines() == [f"{root} at http://127.0.0.1:{port}; Ctrl-C ends"]
    assert explorer.returncode == 0
