"""The ground floor: threads that wait for each other must not burn the processor while they do.

torch's OpenMP threads meet many times a step. By default each spins at the meeting point until
the last has come. Beside other work that is slow: the last one waits for a core on which another
spins. A bounded spin then sleeps. It costs next to nothing on a quiet machine (`python -m
benchmarks.busy` measures both).

Covers: GNU OpenMP, which torch's Linux wheels bring. Does not cover: the number of threads.
"""

import os
import sys

VARIABLE = "GOMP_SPINCOUNT"
SPINS = "100000"
"""Rounds of the waiting loop before a thread sleeps: a fraction of a millisecond."""
CHOSEN_BY_USER = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
"""Where one of these is set already, it stays."""


def bound_spinning() -> None:
    """Sets the bound for this process and those it starts, unless the user chose.

    OpenMP reads it once, when torch is loaded, so this has to come before.
    """
    if "torch" not in sys.modules and not any(name in os.environ for name in CHOSEN_BY_USER):
        os.environ[VARIABLE] = SPINS


def spinning_in_words() -> str:
    """How threads wait: what is set, or that nothing is."""
    told = [f"{name}={os.environ[name]}" for name in CHOSEN_BY_USER if name in os.environ]
    return ", ".join(told) or "not bounded: torch was loaded before latebloom"
