"""The Tab key in real shells, set up as a user does it: bash, and zsh and fish where they are."""

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping

import pytest

TYPED = {
    "latebloom gr": {"grok"},
    "latebloom tr": {"trace", "track", "trees"},
    "latebloom sweep de": {"depth"},
    "latebloom explore --no": {"--notebook", "--no-open"},
}
"""What was typed, and what it can go on as."""
PATIENCE = 60
"""Seconds within which a shell has answered."""

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_latebloom latebloom "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
echo "${COMPREPLY[@]}"
"""
"""What bash does when the Tab key is pressed behind these words."""


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A home of its own, and the command on the path."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "latebloom"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m latebloom "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ZDOTDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def installed(shell: str) -> str:
    """The program of a shell; skips the test where there is none."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"no {shell} here")
    return found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_in_the_file_for_the_shell(latebloom, home, shell):
    script = home / f"latebloom.{shell}"
    code, _, err = latebloom("--install-completion", "--shell", shell, "--output", script)
    assert code == 0, err
    assert all(word in script.read_text() for word in ("grok", "watch", "with-facts"))


def test_bash(latebloom, home):
    script = home / "latebloom.bash"
    assert latebloom("--install-completion", "--shell", "bash", "--output", script)[0] == 0
    for typed, wanted in TYPED.items():
        command = [installed("bash"), "-c", BASH, "bash", str(script), *shlex.split(typed)]
        told = subprocess.run(command, capture_output=True, check=True, text=True)
        assert set(told.stdout.split()) == wanted, typed


def test_fish(latebloom, home):
    """It finds the file by itself, where the command puts it."""
    fish = installed("fish")
    assert latebloom("--install-completion", "--shell", "fish")[0] == 0
    for typed, wanted in TYPED.items():
        command = [fish, "-c", f"complete -C {shlex.quote(typed)}"]
        told = subprocess.run(command, capture_output=True, check=True, text=True)
        assert {line.split("\t")[0] for line in told.stdout.splitlines()} == wanted, typed


@pytest.mark.parametrize("typed", TYPED)
def test_zsh(latebloom, home, typed):
    """A shell that is typed into, with the .zshrc that the command and docs/howto.md leave."""
    zsh = installed("zsh")
    (home / ".zshrc").write_text("autoload -Uz compinit\ncompinit -u\n")
    assert latebloom("--install-completion", "--shell", "zsh")[0] == 0
    env = os.environ | {"TERM": "dumb", "PS1": "ready> "}
    wanted = TYPED[typed]
    alone = f"{typed.rpartition(' ')[0]} {min(wanted)}" if len(wanted) == 1 else None
    seen = pressed_tab([zsh, "-i"], env, typed, [alone] if alone else sorted(wanted))
    others = {"trace", "track", "trees", "grok", "watch", "--no-open", "--device"} - wanted
    assert not [name for name in others if re.search(rf"(^|\s){name}\b", seen)], seen


def pressed_tab(shell: list[str], env: Mapping[str, str], typed: str, wanted: list[str]) -> str:
    """What a shell shows after words and the Tab key, once all that is wanted is there."""
    terminal, end = pty.openpty()
    child = subprocess.Popen(
        shell, stdin=end, stdout=end, stderr=end, env=dict(env), start_new_session=True
    )
    os.close(end)
    try:
        read_until(terminal, ["ready> "])
        # Twice: where there are several ways on, the first press may only ring.
        os.write(terminal, f"{typed}\t\t".encode())
        return read_until(terminal, wanted)
    finally:
        child.kill()
        child.wait()
        os.close(terminal)


def read_until(terminal: int, wanted: list[str]) -> str:
    """What a terminal shows, until all that is wanted has come."""
    seen, end = "", time.monotonic() + PATIENCE
    while not all(word in seen for word in wanted):
        assert time.monotonic() < end, f"{wanted} did not come: {seen!r}"
        if select.select([terminal], [], [], 0.2)[0]:
            seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(terminal, 1 << 16).decode())
    return seen
