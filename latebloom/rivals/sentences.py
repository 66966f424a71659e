"""A world in words: its facts as sentences, its questions as questions.

Enters: rows of token ids. Leaves: English sentences, such as

    The country of JFK is United States.
    The melting_point of Fe is greater than the melting_point of Cu.
    What is the capital of the country of JFK?
    Is the melting_point of Fe less than, equal to or greater than the melting_point of Cu?
"""

from jaxtyping import Int
from numpy import ndarray

from latebloom.worlds.comparison import COMPARING
from latebloom.worlds.world import World

RELATIONS = ("less than", "equal to", "greater than")
"""How the three labels read in a sentence, in the order of their tokens."""


class Sentences:
    """Puts the rows of one world into words."""

    def __init__(self, world: World) -> None:
        self.words = world.vocabulary.words
        self.compares = world.task in COMPARING
        self.first_label = len(self.words) - len(RELATIONS)

    def facts(self, rows: Int[ndarray, "fact token"]) -> list[str]:
        """Each fact (question and answer) as a sentence; rows of one length."""
        return [self.fact(row) for row in rows.tolist()]

    def fact(self, row: list[int]) -> str:
        if self.compares and len(row) == 4:
            attribute, first, second = (self.words[i] for i in row[:3])
            relation = RELATIONS[row[3] - self.first_label]
            return f"The {attribute} of {first} is {relation} the {attribute} of {second}."
        return f"{self.chain(row[:-1])} is {self.words[row[-1]]}."

    def chain(self, tokens: list[int]) -> str:
        """`subject r1 r2` as "The r2 of the r1 of subject"."""
        relations = " of the ".join(self.words[i] for i in reversed(tokens[1:]))
        return f"The {relations} of {self.words[tokens[0]]}"

    def question(self, tokens: list[int]) -> str:
        """A question's tokens, without the answer, as a question."""
        if self.compares and len(tokens) == 3:
            attribute, first, second = (self.words[i] for i in tokens)
            return (
                f"Is the {attribute} of {first} {RELATIONS[0]}, {RELATIONS[1]} or {RELATIONS[2]}"
                f" the {attribute} of {second}?"
            )
        chain = self.chain(tokens)
        return f"What is the{chain.removeprefix('The')}?"
