"""The type checker of the tests: shapes and types, with PEP 484's tower (an int is a float)."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
