"""The words of the question and tense grammars (arXiv:1802.09091; arXiv:2001.03632)."""

DETERMINERS = ("the", "some", "my", "your", "our", "her")
RELATIVES = ("who", "that")
PREPOSITIONS = ("around", "near", "with", "upon", "by", "behind", "above", "below")
NOUNS = [
    "newt",
    "orangutan",
    "peacock",
    "quail",
    "raven",
    "salamander",
    "tyrannosaurus",
    "unicorn",
    "vulture",
    "walrus",
    "xylophone",
    "yak",
    "zebra",
]
PLURAL_NOUNS = [noun + ("es" if noun.endswith("s") else "s") for noun in NOUNS]
INTRANSITIVE = ["giggle", "smile", "sleep", "swim", "wait", "move", "change", "read", "eat"]
TRANSITIVE = [
    "entertain",
    "amuse",
    "high_five",
    "applaud",
    "confuse",
    "admire",
    "accept",
    "remember",
    "comfort",
]
SINGULAR_AUXILIARIES = ("does", "doesn't")
PLURAL_AUXILIARIES = ("do", "don't")

IRREGULAR_PAST = {"sleep": "slept", "swim": "swam", "read": "read", "eat": "ate"}


def third_person(verb: str) -> str:
    """The present form of the singular: `giggle` gives `giggles`."""
    return verb + "s"


def past(verb: str) -> str:
    """The past form: `wait` gives `waited`, `swim` gives `swam`."""
    return IRREGULAR_PAST.get(verb) or verb + ("d" if verb.endswith("e") else "ed")
