"""A set of answers in words: what it rests on first, then the names.

Enters: a `SetAnswer`. Leaves: lines for people.
"""

from collections.abc import Mapping

from latebloom.asking.answer import INFERRED, TOLD
from latebloom.asking.bridges import SHOWN_BRIDGES, Bridge
from latebloom.asking.choosing import in_words
from latebloom.asking.cut import NOMINAL
from latebloom.asking.set_answer import SetAnswer

MOST_KNOWN = 20
"""Answers that the facts give which are listed, at most."""


def lines_of(answer: SetAnswer) -> list[str]:
    """A set of answers for people: what it rests on first."""
    return [*answer.notes, *known_lines(answer), *guess_lines(answer)]


def known_lines(answer: SetAnswer) -> list[str]:
    """What the facts say."""
    n = len(answer.known)
    if not n:
        if answer.status == INFERRED:
            return ["inferred: no path of told facts leads to an answer"]
        return ["never told: nothing in the table leads to an answer"]
    what = "answer" if n == 1 else "answers"
    verb = "the table holds" if answer.status == TOLD else "told facts lead to"
    out = [f"{answer.status}: {verb} {n} {what}; the model names {answer.named} of {n}"]
    for one in answer.known[:MOST_KNOWN]:
        through = ", ".join(bridge.name for bridge in one.bridges[:SHOWN_BRIDGES])
        more = len(one.bridges) - SHOWN_BRIDGES
        others = f" and {more} more" if more > 0 else ""
        out.append(f"  {one.name}" + (f"  through {through}{others}" if through else ""))
    return out + ([f"  ... and {n - MOST_KNOWN} more"] if n > MOST_KNOWN else [])


def guess_lines(answer: SetAnswer) -> list[str]:
    """What the model adds."""
    if not answer.guesses:
        return []
    what = "guesses beyond that" if answer.known else "guesses of the model"
    out = [f"{what} ({record_in_words(answer.record)}):"]
    for one in answer.guesses:
        through = ", ".join(bridge_in_words(bridge) for bridge in one.bridges)
        rests = f"  {one.status}, through {through}" if through else f"  {INFERRED}" * one.inferred
        out.append(f"  {one.probability:6.1%}  {one.name}{rests}")
    if answer.in_set is not None:
        first = "first guess holds" if answer.in_set == 1 else f"first {answer.in_set} guesses hold"
        more = "one more answer" if answer.known else "an answer"
        out.append(f"  where there is {more}, the {first} it in {NOMINAL:.0%} of cases")
    if answer.asked is not None:
        out.append(f"  {in_words(answer.asked)}")
    if answer.held_out:
        right = answer.guesses[0].name in answer.held_out
        out.append(
            f"{'right' if right else 'wrong'}: held out on purpose was {', '.join(answer.held_out)}"
        )
    return out


def record_in_words(record: tuple[int, int] | None) -> str:
    """How often first guesses were right."""
    if record is None:
        return "nothing of the kind was held out, so nothing is known of such guesses"
    right, of = record
    return f"first guess right in {right} of {of} trials where a fact was held out"


def bridge_in_words(bridge: Bridge) -> str:
    """A bridge, its share, and what lacks."""
    lacks: Mapping[tuple[bool, bool], str] = {
        (True, True): "",
        (True, False): ", the second fact lacks",
        (False, True): ", the first fact lacks",
        (False, False): ", both facts lack",
    }
    return f"{bridge.name} ({bridge.share:.0%}{lacks[bridge.before, bridge.after]})"
