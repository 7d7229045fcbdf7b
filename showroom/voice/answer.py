"""Answers to the question that was asked the turn before."""

from __future__ import annotations

from ..protocol.messages import Command
from .context import Context
from .phrase import Phrase
from .text import normalise


def answered(phrases: list[Phrase], context: Context) -> tuple[Command, ...] | None:
    """The commands chosen by an answer, ``()`` for "no", or None if it answers nothing.

    "Yes" takes the first choice, "the second one" the second; words that occur in one choice only
    pick that one.
    """
    asked = context.asked
    if asked is None or not phrases:
        return None
    phrase = phrases[0]
    if len(phrases) == 1 and phrase.has("ordinal") and asked.commands:
        index = int(phrase.first("ordinal") or "1") - 1
        return asked.commands[index] if index < len(asked.commands) else None
    spoken = " ".join(t.text for t in phrase.content)
    named = {product for t in phrase if (product := t.get("product"))}
    hits = [
        commands
        for choice, commands in zip(asked.choices, asked.commands, strict=False)
        if _says(spoken, normalise(choice).plain) or (commands and commands[0].target in named)
    ]
    if len(phrases) == 1 and len(hits) == 1:
        return hits[0]
    color = phrase.first("color")
    told = [
        commands
        for commands in asked.commands
        if color and commands and (thing := context.thing(commands[0].target))
        if thing.color == color
    ]
    if len(phrases) == 1 and len(told) == 1 and len(phrase.content) < 4:
        return told[0]
    only_answers = all(
        t.kind in ("answer", "filler", "act") and t.get("answer") for t in phrase.content
    )
    if len(phrases) == 1 and phrase.content and only_answers:
        if phrase.has("answer", "no"):
            return ()
        if phrase.has("answer", "yes") and len(asked.commands) == 1:
            return asked.commands[0]
        if phrase.has("answer", "yes") and asked.commands:
            return asked.commands[0]
    return None


def _says(spoken: str, choice: str) -> bool:
    """Whether what was said is (in) a choice, or the other way round."""
    return bool(spoken) and (spoken in choice or choice in spoken)
