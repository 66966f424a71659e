"""One name in several spellings: what two people write for the same thing.

Enters: a name. Leaves: keys that forgive more and more:

- `bare`: Unicode in one form (NFKC: the micro sign becomes the Greek mu, a full-width A an A),
  nothing invisible, white space as one space each.
- `folded`: and no letter case.
- `skeleton`: and no spaces, hyphens, points or quotes between letters, and Greek letters by their
  names: `TNF-α`, `TNF alpha` and `tnfα` are one. Between two digits everything stays: 1.5 is not
  15, and 2-3 is not 23.

Covers: what is written differently. Does not cover: other names for the same thing (synonyms), and
letters of several alphabets that look alike, which `mixes_alphabets` tells.
"""

import re
import unicodedata
from collections.abc import Sequence

INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Characters without width, and those that turn the direction of writing."""
PARTS = r"[\s\-_.,'’‐-―]"
"""What may stand between the parts of a name, or be left out."""
BETWEEN = re.compile(rf"(?<=[^\W\d_]){PARTS}+(?=\w)|(?<=\w){PARTS}+(?=[^\W\d_])")
GREEK = {
    code: unicodedata.name(chr(code)).split()[-1].lower()
    for code in range(0x3B1, 0x3CA)
    if "FINAL" not in unicodedata.name(chr(code))
}
"""Small Greek letters and their names."""
LIKE = 50
"""How alike two names must be, of 100, for the one to be proposed for the other."""
LATIN, CYRILLIC = re.compile("[A-Za-z]"), re.compile("[\u0400-\u04ff]")


def bare(name: str) -> str:
    """A name without what cannot be seen in it."""
    if name.isalnum() and name.isascii():
        return name
    if not name.isascii():
        name = INVISIBLE.sub("", unicodedata.normalize("NFKC", name))
    return " ".join(name.split())


def folded(name: str) -> str:
    """A name without what cannot be seen in it, and without letter case."""
    return bare(name).casefold()


def skeleton(name: str) -> str:
    """What is left of a name when spaces, hyphens and the letter case do not count."""
    return skeleton_of(folded(name))


def skeleton_of(key: str) -> str:
    """The skeleton of a name that is folded already."""
    if not key.isascii():
        key = key.translate(GREEK)
    return key if key.isalnum() else BETWEEN.sub("", key)


def nearest_of(name: str, names: Sequence[str], n: int = 3) -> list[str]:
    """At most so many names that are most like this one, best first: those that begin with it, then
    by their letters, whatever their case."""
    from rapidfuzz import fuzz, process

    wanted = folded(name)
    begun = [one for one in names if folded(one).startswith(wanted)][:n] if wanted else []
    alike = process.extract(
        wanted, names, scorer=fuzz.ratio, processor=folded, limit=n, score_cutoff=LIKE
    )
    return list(dict.fromkeys([*begun, *(one for one, _, _ in alike)]))[:n]


def mixes_alphabets(name: str) -> bool:
    """Whether a name has Latin and Cyrillic letters, which may look the same."""
    return not name.isascii() and bool(LATIN.search(name) and CYRILLIC.search(name))
