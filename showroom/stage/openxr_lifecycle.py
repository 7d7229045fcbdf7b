"""The life cycle of an OpenXR session as plain data: what to do when its state changes.

States and their order are those of the OpenXR 1.0 specification, section 9.3 "Session Lifecycle".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Step(Enum):
    """What a change of state asks of the application."""

    NOTHING = "nothing"
    BEGIN = "begin"
    END = "end"


@dataclass(frozen=True)
class Lifecycle:
    """Where a session is.

    Attributes:
        state: the runtime's name of it, such as ``"FOCUSED"``.
        running: between begin and end; only then are there frames.
        over: the session is to be destroyed.
        reason: a sentence why it is over; ``""`` when the application asked for it.
        asked: the application has asked to leave.
        gone: it is over because the headset or its runtime went away.
    """

    state: str = "UNKNOWN"
    running: bool = False
    over: bool = False
    reason: str = ""
    asked: bool = False
    gone: bool = False

    @property
    def lossy(self) -> bool:
        """Whether the headset or its software went away: it may come back."""
        return self.over and self.gone

    @property
    def focused(self) -> bool:
        """Whether controllers are ours to read."""
        return self.state == "FOCUSED"

    def asking(self) -> Lifecycle:
        """The application has asked the runtime to end the session."""
        return replace(self, asked=True)

    def entered(self, state: str) -> tuple[Lifecycle, Step]:
        """The session after the runtime moved it to ``state``, and what is to be done now."""
        after = replace(self, state=state)
        if state == "READY" and not self.running:
            return replace(after, running=True), Step.BEGIN
        if state == "STOPPING" and self.running:
            return replace(after, running=False), Step.END
        if state == "EXITING":
            reason = "" if self.asked else "the headset's software ended the visit"
            return replace(after, running=False, over=True, reason=reason), Step.NOTHING
        if state == "LOSS_PENDING":
            return after.lost("the headset was disconnected"), Step.NOTHING
        return after, Step.NOTHING

    def lost(self, reason: str) -> Lifecycle:
        """The session after the runtime or the headset went away."""
        return replace(self, running=False, over=True, reason=reason, gone=True)
