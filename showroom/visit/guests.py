"""Guests' wishes about a host's room: sent by their visits, granted by the host's."""

from __future__ import annotations

import msgspec

from showroom.fit.errors import FitError
from showroom.fit.furnishing import Viewer
from showroom.protocol.messages import Command, ErrorUpdate, Granted, Update, Wish
from showroom.voice.replies import reply

from .actions import carry_out
from .company import Sent, Sharing, check_wish, wish_of
from .dialogue import Dialogue
from .picking import pick
from .presence import Presence
from .refused import RefusedError, refused
from .state import History

UNNAMED = "~"
"""Begins the names of a guest's events that have no id."""


def send_wish(
    command: Command, lang: str, ref: str, here: Presence, dialogue: Dialogue
) -> Wish | None:
    """What a guest's command asks of the host's room, on its way; None if it asks nothing.

    Raises:
        RefusedError: guests may not do that; what is meant is not there.
    """
    if command.action == "choose" and command.option and not command.target:
        chosen = pick(command.option, dialogue.listed, here.state, here.shop)
        command = msgspec.structs.replace(command, target=chosen, option="")
    sharing = here.sharing
    wish = wish_of(command, here.state, here.shop, dialogue.pointed, sharing)
    if wish is None:
        return None
    if wish.target:
        dialogue.done(command, wish.target)
    sharing.count += 1
    key = ref or f"{UNNAMED}{sharing.count}"
    sharing.sent.setdefault(key, Sent(lang)).left += 1
    viewer = (here.viewer.x, here.viewer.z, here.viewer.yaw)
    return Wish(ref=key, command=wish, lang=lang, viewer=viewer)


def settle_wish(event: Granted, sharing: Sharing) -> tuple[Sent, str] | None:
    """What a guest's event waited for, with its id, once nothing of it is left."""
    waiting = sharing.sent.get(event.ref)
    if waiting is None:
        return None
    waiting.left -= 1
    waiting.texts.append(event.text or reply("host_away", waiting.lang))
    if event.code:
        waiting.failed = event
    else:
        sharing.latest = True
    if waiting.left > 0:
        return None
    del sharing.sent[event.ref]
    return waiting, "" if event.ref.startswith(UNNAMED) else event.ref


def failure(failed: Granted, ref: str) -> ErrorUpdate:
    """A refusal as a client that sent a command gets it."""
    return ErrorUpdate(
        code=failed.code,
        message=failed.message,
        field=failed.field,
        expected=failed.expected,
        got=failed.got,
        ref=ref,
    )


def grant(wish: Wish, here: Presence, history: History, dialogue: Dialogue) -> list[Update]:
    """Do in the host's room what a guest wishes; what cannot be done changes nothing."""
    command, before = wish.command, here.state
    try:
        if command.action in ("undo", "redo"):
            makers = history.makers if command.action == "undo" else history.unmakers
            if not makers or makers[-1] != wish.who:
                raise RefusedError(
                    "changed_since",
                    "others have changed the room since",
                    field="action",
                    expected="the guest's own change to be the last",
                    got=command.action,
                )
            updates = travel(command.action, here, history)
            text = reply("undone" if command.action == "undo" else "redone", wish.lang)
        else:
            check_wish(command, before)
            deed = carry_out(command, before, here.shop, Viewer(*wish.viewer))
            updates = here.become(deed.state, "")
            text = reply(deed.kind, wish.lang, **deed.slots)
            if here.state != before:
                history.push(before, wish.who)
    except (RefusedError, FitError) as error:
        no = error if isinstance(error, RefusedError) else refused(error)
        return [
            Granted(
                ref=wish.ref,
                text=dialogue.refused(no, wish.lang),
                code=no.code,
                message=no.message,
                field=no.field,
                expected=no.expected,
                got=no.got,
            )
        ]
    return [*updates, Granted(ref=wish.ref, text=text)]


def travel(way: str, here: Presence, history: History, ref: str = "") -> list[Update]:
    """Take the last change back, or make it again.

    Raises:
        RefusedError: there is none.
    """
    state = history.undo(here.state) if way == "undo" else history.redo(here.state)
    if state is None:
        raise RefusedError(
            f"nothing_to_{way}", f"there is nothing to {way}", field="action", got=way
        )
    return here.become(state, ref)
