"""What a language model is asked, and how its answer is read.

Enters: facts and a question in words. Leaves: the messages of a chat; out of the model's text a
`Reply`. The four ways of the paper's table (arXiv:2405.15071, section 5): answering at once or
thinking first, with the facts that retrieval finds or with all facts about what is asked.

Reading is strict: the answer must stand alone, or on its own after the last "Final answer:".
Anything else, a sentence that contains the answer included, is invalid.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from latebloom.rivals.reply import CANNOT_DECIDE, Reply

Style = Literal["direct", "cot"]
UNDECIDED = "cannot decide"
MARK = "final answer:"
SYSTEM = (
    "You answer a question from the facts that are given, and from nothing else. All names are"
    " made up."
)
CHOICES = "Possible answers: {}."
ENTITY = f"The answer is one name, exactly as it is written in the facts, or: {UNDECIDED}."
DIRECT = "Reply with the answer alone, without any other word."
THINK = 'Think step by step. Then write a last line "Final answer: " followed by the answer alone.'

Message = Mapping[str, str]


def write_messages(
    facts: Sequence[str],
    question: str,
    *,
    style: Style,
    labels: Sequence[str] = (),
    remark: str = "",
) -> list[Message]:
    """The chat that asks one question.

    labels: the possible answers; empty: any name may be one. remark: what a reader of the facts
    must know besides.
    """
    choices = CHOICES.format(", ".join((*labels, UNDECIDED))) if labels else ENTITY
    told = "\n".join(facts) if facts else "(no fact was found)"
    ask = DIRECT if style == "direct" else THINK
    return [
        {"role": "system", "content": " ".join(filter(None, (SYSTEM, remark)))},
        {"role": "user", "content": f"Facts:\n{told}\n\nQuestion: {question}\n{choices}\n{ask}"},
    ]


def read_reply(text: str, answers: Mapping[str, int], style: Style) -> Reply:
    """The answer in a model's text.

    answers: token id of each possible answer, as it is written and in lower case.
    style: of a `cot` text only what follows the last "Final answer:" counts; a `direct` text may
        leave that mark out.
    """
    marks = list(re.finditer(re.escape(MARK), text, re.IGNORECASE))
    if style == "cot" and not marks:
        return Reply("invalid")
    after = text[marks[-1].end() :] if marks else text
    said = re.sub(r"^[\s\"'*`_]+|[\s\"'*`_.]+$", "", after)
    if said.casefold() == UNDECIDED:
        return CANNOT_DECIDE
    for form in (said, said.casefold()):
        if form in answers:
            return Reply("answered", answers[form])
    return Reply("invalid")


def count_tokens(messages: Sequence[Message]) -> int:
    """About how many tokens messages have: one for four characters, and four for a message."""
    return sum(4 + len(message["content"]) // 4 for message in messages)
