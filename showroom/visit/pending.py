"""An event that waits for an errand of the shell: a person's question, a model's opinion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from showroom.protocol.messages import Reply
from showroom.voice.advise import AdviceError, Adviser
from showroom.voice.context import Clarify, Context, Understanding
from showroom.voice.replies import command_text, question

UNDERSTOOD = 0.6
"""From this confidence on a sentence is surely none of the showroom's business."""
DELIVERED = "delivered"
"""What an advice says of a question that arrived at the shop."""


@dataclass(frozen=True)
class Pending:
    """One event that is not done yet.

    Attributes:
        ref: its id.
        kind: ``"intent"``: what a sentence means; ``"wording"``: how a reply is worded;
            ``"hand_over"``: whether a question arrived.
        heard, context: of the sentence, for ``"intent"``.
        reply: to be worded, for ``"wording"``.
    """

    ref: str
    kind: Literal["intent", "wording", "hand_over"]
    lang: str
    text: str = ""
    heard: Understanding | None = None
    context: Context = field(default_factory=Context)
    reply: Reply | None = None


NOTHING = Pending("", "intent", "en")
"""No event waits."""

LIKELY = 0.08
"""An advised command is carried out if its intent was at least that likely; else it is asked."""


def unsure(heard: Understanding) -> bool:
    """Whether a sentence is in the band where a second opinion helps."""
    if heard.problem:
        return False
    vague = heard.intent == "out_of_scope" and heard.confidence < UNDERSTOOD
    return heard.clarify is not None or (vague and not heard.commands)


def advised(adviser: Adviser, answer: str, waiting: Pending) -> Understanding:
    """The waiting sentence as the model understands it, where that can be trusted.

    A command whose intent the interpreter thought of itself is carried out; any other is put as a
    question. What breaks a rule counts for nothing.
    """
    heard = waiting.heard
    assert heard is not None
    try:
        commands = adviser.checked(answer, waiting.text) if answer else ()
    except AdviceError:
        return heard
    if not commands:
        return heard
    likely = {name for name, share in heard.candidates if share >= LIKELY}
    if commands[0].action == "ask" or all(c.action in likely for c in commands):
        return replace(heard, intent=commands[0].action, commands=commands, clarify=None)
    if waiting.context.asked is not None:
        return heard
    choice = command_text(commands[0], heard.lang)
    asked = Clarify(question("intent", (choice,), heard.lang), (choice,), (commands,))
    return replace(heard, intent="clarify", clarify=asked)
