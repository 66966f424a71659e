"""The ground floor: which of several processes this is, where torchrun started them.

    torchrun --nproc-per-node 2 -m latebloom grok composition

torchrun starts the same command several times, and tells each process its number by environment
variables. They train one run together (`latebloom.training.together`); the first one, number 0,
writes the run folder and speaks, and the others are quiet.

Covers: torchrun (torch's elastic launch). Does not cover: other launchers, such as SLURM's srun.
"""

import os

MARK = "TORCHELASTIC_RUN_ID"
"""A variable that torchrun alone sets; the numbers' names are used by other launchers as well."""


def number() -> int:
    """The number of this process, from 0; 0 where torchrun started none."""
    return int(os.environ.get("RANK", "0")) if MARK in os.environ else 0


def how_many() -> int:
    """How many processes there are; 1 where torchrun started none."""
    return int(os.environ.get("WORLD_SIZE", "1")) if MARK in os.environ else 1


def number_here() -> int:
    """The number of this process among those on its machine, from 0."""
    return int(os.environ.get("LOCAL_RANK", "0")) if MARK in os.environ else 0
