"""What a conversation remembers of a command that was carried out."""

from __future__ import annotations

from dataclasses import replace

from ..protocol.messages import Command
from .context import Context
from .furnishing import copy
from .shopping import SHOP_ACTIONS

SILENT = frozenset(("undo", "redo", "help", "greet", "report"))
"""Commands that nothing later leans on."""


def noted(context: Context, command: Command, target: str = "") -> Context:
    """The context after a command: what was last changed, and what was last talked about.

    Args:
        target: the product that it turned out to be about, where the command does not name it.
    """
    about = target or command.target
    if command.action in SHOP_ACTIONS or command.action == "report":
        previous = copy(command, target=about)
        return replace(context, topic=about or context.topic, previous=previous)
    if command.action in SILENT:
        return replace(context, undid=command.action == "undo")
    last = copy(command, target=about)
    return replace(context, last=last, topic=about or context.topic, previous=None, undid=False)
