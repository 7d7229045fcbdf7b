"""Ellipsis: sentences that only say what is different from the change before.

"The sofa as well", "half of that", "down one", "not the black one": each inherits from an earlier
change whatever it does not name. What the rules do not account for word by word is left to the
classifier.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol.messages import Command
from .amount import fewer, onward, overdone, total
from .backward import earlier, excess, half, retreat, taken_back
from .context import Context
from .ellipsis import says
from .instead import instead, sitting, swapped, valued
from .onward import count, further, lifted, same, step
from .phrase import Phrase

RULES = (
    taken_back, earlier, half, fewer, excess, overdone, retreat, step, count, onward, total,
    further, same, lifted, sitting, swapped, instead, valued,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What an elliptic phrase comes to.

    Attributes:
        kind: ``taken_back``, ``earlier``, ``half``, ``step``, ``count``, ``same`` or ``instead``.
    """

    kind: str
    commands: tuple[Command, ...]

    @property
    def corrects(self) -> bool:
        """Whether it puts right the change before, so that words around it are reasons."""
        return self.kind in ("taken_back", "earlier", "half", "step", "overdone", "total")


def follow_up(phrase: Phrase, context: Context, *, refused: bool = False) -> FollowUp | None:
    """What a phrase comes to that leans on an earlier change, or None.

    Args:
        refused: the phrase before it said no.
    """
    refused = refused or says("meant", phrase) or phrase.has("answer", "no")
    for rule in RULES:
        made = rule(phrase, context, refused)
        if made:
            return FollowUp(rule.__name__, made)
    return None
