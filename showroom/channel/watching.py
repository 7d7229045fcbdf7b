"""Who may look on at somebody else's visit, and what they may not do there."""

from __future__ import annotations

from collections.abc import Sequence

from showroom.protocol.errors import ProtocolError
from showroom.protocol.messages import Event, Hello

from .session import Session
from .tokens import Grant, same_secret

MAX_OBSERVERS = 8
"""So many may look on at one visit."""

LATEST = "*"
"""The visit that was begun last, for those who may watch all."""


def watchable(sessions: Sequence[Session], hello: Hello, grant: Grant) -> Session:
    """The visit that a hello asks to look on at.

    Whoever has its watch key may: the visitor gave it to them. By name, or the latest, only who may
    watch all.

    Args:
        sessions: the open visits, oldest first.

    Raises:
        ProtocolError: ``watch`` where there is none for them, ``busy`` where too many look on.
    """
    session = _found(sessions, hello.watch, grant)
    if session is None:
        names = ", a visit's name, or *" if grant.may("watch") else ""
        raise ProtocolError(
            "watch",
            "there is no such visit to look on at",
            field="watch",
            expected=f"the watch key of a visit's welcome{names}",
            got="another",
            ref=hello.id,
        )
    if session.audience >= MAX_OBSERVERS:
        raise ProtocolError(
            "busy",
            "enough others look on already",
            expected=f"at most {MAX_OBSERVERS}",
            got="more",
            ref=hello.id,
        )
    return session


def _found(sessions: Sequence[Session], wanted: str, grant: Grant) -> Session | None:
    own = [s for s in sessions if grant.visit in ("", s.name)]
    for session in own:
        if same_secret(wanted, session.watch):
            return session
    if not grant.may("watch"):
        return None
    if wanted == LATEST:
        return next((s for s in reversed(own) if s.attached), None)
    return next((s for s in own if s.name == wanted), None)


def only_looks(event: Event) -> ProtocolError:
    """The refusal of an event from one who looks on."""
    return ProtocolError(
        "watch",
        "one who looks on changes nothing",
        field="type",
        expected="ack, ping, bye",
        got=str(event.__struct_config__.tag),
        ref=getattr(event, "id", ""),
    )
