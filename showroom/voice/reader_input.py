"""What the reader sees of a sentence and its context.

A row of pieces (the encoder's subwords) with marks of what the lexicon found there, a row of things
with marks of what they are, and a row of what happened before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..protocol.messages import Command
from .context import Context
from .embedding import pieces_of
from .frame import things
from .lexicon import Token
from .phrase import Phrase

PIECES = 72
"""Longer sentences are cut."""
_BEFORE = 3


@dataclass(frozen=True)
class Input:
    """A sentence as the reader sees it.

    Attributes:
        text: its plain form.
        pieces: ids of its subwords, with those of begin and end.
        over: per piece which tokens it is of.
        marks: per piece names of what the lexicon found there.
        things: ids of the things of the context, and ``thing_marks`` what each is.
        before: per change before what it was, the latest first.
    """

    text: str
    pieces: tuple[int, ...]
    over: tuple[tuple[int, ...], ...]
    marks: tuple[tuple[str, ...], ...]
    things: tuple[str, ...]
    thing_marks: tuple[tuple[str, ...], ...]
    before: tuple[tuple[str, ...], ...]


def input_of(tokens: Sequence[Token], context: Context) -> Input:
    """A scanned sentence and its context as the reader sees them."""
    text = Phrase(tuple(tokens)).text
    ids, lengths = pieces_of(text)
    ends: list[int] = []
    for token in tokens:
        ends.append((ends[-1] if ends else 0) + len(token.text.replace(" ", "")))
    over: list[tuple[int, ...]] = []
    at = token_at = 0
    for length in lengths:
        first = token_at
        at += length
        while token_at < len(ends) and ends[token_at] < at:
            token_at += 1
        over.append(tuple(range(first, min(token_at + 1, len(ends)))) if length else ())
        if token_at < len(ends) and ends[token_at] == at:
            token_at += 1
    named = [_marks(token) for token in tokens]
    marks = tuple(tuple(dict.fromkeys(m for i in row for m in named[i])) for row in over)
    seen = things(context)
    return Input(
        text,
        tuple(ids[:PIECES]),
        tuple(over[:PIECES]),
        marks[:PIECES],
        tuple(t.id for t in seen),
        tuple(_thing_marks(t.id, context) for t in seen),
        _before(context),
    )


def _marks(token: Token) -> list[str]:
    out = []
    for rank, (kind, value) in enumerate(token.senses):
        out.append(kind)
        if kind not in ("word", "punct", "product", "factor") and value:
            out.append(f"{kind}={value}")
        if not rank:
            out.append(f"first {kind}")
    return out


def _thing_marks(name: str, context: Context) -> tuple[str, ...]:
    thing = context.thing(name)
    assert thing is not None
    out = [f"category={thing.category}", f"kind={thing.kind}", "is thing"]
    if thing.color:
        out.append(f"color={thing.color}")
    roles = {
        "worn": context.worn,
        "pointed": context.pointed,
        "topic": context.topic,
        "last": context.last.target if context.last else "",
    }
    out += [f"is {role}" for role, target in roles.items() if target == name]
    if context.here(name):
        out.append("is here")
    if name in context.listed:
        at = context.listed.index(name)
        out += ["is listed", f"is listed {at + 1}"]
        if at == len(context.listed) - 1:
            out.append("is listed last")
    return tuple(out)


def _before(context: Context) -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = []
    if context.previous is not None:
        rows.append(_command_marks(context.previous, context, "previous"))
    past = [c.command for c in reversed(context.past)] or [c for c in (context.last,) if c]
    rows += [
        _command_marks(command, context, f"last {at}") for at, command in enumerate(past[:_BEFORE])
    ]
    state = ["is state"]
    state += [f"{name}" for name, on in (("asked", context.asked), ("undid", context.undid)) if on]
    state += ["wears nothing"] if not context.worn else []
    rows.append(tuple(state))
    return tuple(rows)


def _command_marks(command: Command, context: Context, role: str) -> tuple[str, ...]:
    out = [role, f"did {command.action}"]
    told = ("part", "color", "size", "near", "direction", "option", "parameter")
    out += [f"{name}={value}" for name in told if (value := getattr(command, name))]
    if command.delta:
        out.append("did +" if command.delta > 0 else "did -")
    if command.factor:
        out.append("did +" if command.factor > 1 else "did -")
    if command.size_step:
        out.append("did +" if command.size_step > 0 else "did -")
    if thing := context.thing(command.target):
        out += [f"category={thing.category}", f"kind={thing.kind}"]
    return tuple(out)
