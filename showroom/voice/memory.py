"""What a conversation remembers of a command that was carried out."""

from __future__ import annotations

from dataclasses import replace

from ..protocol.messages import Command
from .context import Change, Context
from .furnishing import copy
from .shopping import SHOP_ACTIONS

SILENT = frozenset(("undo", "redo", "help", "greet", "report"))
"""Commands that nothing later leans on."""


LONGEST = 32
"""Of how many changes a conversation knows."""


def noted(context: Context, command: Command, target: str = "", before: str = "") -> Context:
    """The context after a command: what was last changed, and what was last talked about.

    Args:
        target: the product that it turned out to be about, where the command does not name it.
        before: the colour or size that it replaced, where the context's things do not tell.
    """
    about = target or command.target
    if command.action in SHOP_ACTIONS or command.action == "report":
        previous = copy(command, target=about)
        return replace(context, topic=about or context.topic, previous=previous)
    if command.action in ("undo", "redo"):
        return _travelled(context, command.action)
    if command.action in SILENT:
        return replace(context, undid=False)
    last = copy(command, target=about)
    change = Change(last, before or _replaced(last, context))
    return replace(
        context,
        last=last,
        topic=_left(about, context) if _cleared(last, context) else about or context.topic,
        previous=None,
        undid=False,
        past=(*context.past, change)[-LONGEST:],
        ahead=(),
    )


def so_already(command: Command, context: Context) -> bool:
    """Whether what a command sets was set so last, or is so by what the context knows."""
    if command.action == "set_color" and command.color:
        thing = context.thing(command.target)
        return thing is not None and thing.color == command.color
    if command.action != "set_choice":
        return False
    same = (command.target, command.part, command.parameter)
    set_so = [
        c.command.option
        for c in context.past
        if c.command.action == "set_choice"
        and (c.command.target, c.command.part, c.command.parameter) == same
    ]
    return set_so[-1:] == [command.option]


def _cleared(command: Command, context: Context) -> bool:
    """Whether a command takes a piece of furniture out of the room."""
    thing = context.thing(command.target)
    return command.action == "take_off" and thing is not None and thing.kind == "furniture"


def _left(gone: str, context: Context) -> str:
    """What is talked about once a thing is gone: what was changed before it and is still there."""
    earlier = [c.command.target for c in reversed(context.past)]
    still = [t for t in (context.topic, *earlier) if t != gone and context.here(t)]
    return still[0] if still else ""


def _travelled(context: Context, way: str) -> Context:
    """The context after a change was taken back or restored."""
    source, other = (context.past, context.ahead)
    if way == "redo":
        source, other = other, source
    topic = (source[-1].command.target if source else "") or context.topic
    source, other = source[:-1], (*other, *source[-1:])
    past, ahead = (source, other) if way == "undo" else (other, source)
    return replace(context, undid=way == "undo", past=past, ahead=ahead, topic=topic)


def _replaced(command: Command, context: Context) -> str:
    """The colour or size that a command replaces, as far as the context knows."""
    thing = context.thing(command.target)
    if command.action == "set_choice":
        return next(
            (
                c.command.option
                for c in reversed(context.past)
                if (c.command.action, c.command.target, c.command.part)
                == (command.action, command.target, command.part)
            ),
            "",
        )
    if thing is None:
        return ""
    return {"set_color": thing.color, "set_size": thing.size}.get(command.action, "")
