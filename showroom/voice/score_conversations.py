"""Score understanding over scripted conversations.

``python -m showroom.voice.score_conversations FILE`` prints a row of figures.

A script is a JSON line: ``start`` has the shop's ``things`` (those ``placed`` can be seen), what is
``worn`` and ``listed``; each turn has what is said, the product pointed at, what is ``want``-ed
(with other right readings under ``or``) and whether it is a ``follow_up``. The state goes on as the
engine itself understood the turns before, right or wrong, in a room that carries out what it is
told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..protocol.messages import Command
from .context import Context, Thing, Understanding
from .effect import intent_of, same_commands, slots
from .furnishing import copy
from .interpreter import Interpreter
from .interval import wilson
from .memory import noted
from .phrase import category_kind
from .score import done_by, load

_QUIET = frozenset(("help", "greet"))
_SIZES = ("XS", "S", "M", "L", "XL", "XXL")
_Snapshot = tuple[tuple[Thing, ...], str]


@dataclass
class Room:
    """A shop and what one visitor has made of it, as the conversation sees it.

    Attributes:
        stock: all products of the shop; those in ``context.things`` can be seen.
    """

    stock: tuple[Thing, ...]
    context: Context
    done: list[_Snapshot] = field(default_factory=list)
    undone: list[_Snapshot] = field(default_factory=list)

    @staticmethod
    def of(start: dict[str, Any]) -> Room:
        """The room at the start of a script."""
        context = Context.from_dict({k: v for k, v in start.items() if k != "placed"})
        seen = set(start.get("placed", [t.id for t in context.things])) | {context.worn}
        here = tuple(t for t in context.things if t.id in seen)
        shelf = tuple(t for t in context.things if t.id in context.listed and t not in here)
        stock = context.things
        return Room(stock, replace(context, things=here, shelf=shelf, stock=stock))

    def carry_out(self, command: Command) -> Command:
        """Do what a command says; hands back the command with the product it came to."""
        before = (self.context.things, self.context.worn)
        target = self._meant(command)
        action = command.action
        if action in ("undo", "redo"):
            self._travel(action)
            self.context = noted(self.context, command)
            return command
        context = noted(self.context, command, target)
        if action in ("show", "try_on", "choose", "place") and target:
            listed = self._matching(command)
            found = next((t for t in self.stock if t.id == target), None)
            if found is not None and not context.here(target):
                context = replace(context, things=(*context.things, found))
            if action == "show" and len(listed) > 1:
                context = replace(context, listed=tuple(t.id for t in listed))
        shelf = [t for t in self.stock if t.id in context.listed and t not in context.things]
        context = replace(context, shelf=tuple(shelf))
        if action == "try_on":
            context = replace(context, worn=target)
        if action == "take_off":
            worn = target in ("", context.worn)
            things = context.things if worn else tuple(t for t in context.things if t.id != target)
            context = replace(context, worn="" if worn else context.worn, things=things)
        if command.color and action == "set_color":
            context = self._dyed(context, target, command.color)
        if action == "set_size":
            context = self._sized(context, target, command)
        self.context = context
        if (context.things, context.worn) != before:
            self.done.append(before)
            self.undone.clear()
        return self._settled(copy(command, target=target))

    def _settled(self, command: Command) -> Command:
        """The command without what only told which product it is about."""
        found = next((t for t in self.stock if t.id == command.target), None)
        if command.action not in ("try_on", "take_off", "choose") or found is None:
            return command
        color = "" if command.color == found.color else command.color
        return copy(command, color=color, option="")

    def _travel(self, way: str) -> None:
        here, there = (self.done, self.undone) if way == "undo" else (self.undone, self.done)
        if here:
            there.append((self.context.things, self.context.worn))
            things, worn = here.pop()
            self.context = replace(self.context, things=things, worn=worn)

    def _dyed(self, context: Context, target: str, color: str) -> Context:
        thing = context.thing(target)
        if thing is None:
            return context
        things = tuple(replace(t, color=color) if t.id == target else t for t in context.things)
        colors = list(context.colors)
        for seen in (thing.color, color):
            if seen and colors[-1:] != [seen]:
                colors.append(seen)
        return replace(context, things=things, colors=tuple(colors))

    def _sized(self, context: Context, target: str, command: Command) -> Context:
        """The context with a garment in the size that a command asks for."""
        thing = context.thing(target)
        size = command.size
        if thing is not None and command.size_step and thing.size in _SIZES:
            at = _SIZES.index(thing.size) + command.size_step
            size = _SIZES[min(max(at, 0), len(_SIZES) - 1)]
        if thing is None or not size:
            return context
        things = tuple(replace(t, size=size) if t.id == target else t for t in context.things)
        return replace(context, things=things)

    def _matching(self, command: Command) -> list[Thing]:
        wanted = command.target
        found = [t for t in self.stock if wanted in (t.id, t.category, t.kind)]
        exact = [t for t in found if command.color in ("", t.color)]
        return exact or found

    def _meant(self, command: Command) -> str:
        """The id that a command's target comes to."""
        target = command.target
        if target and all(t.id != target for t in self.stock):
            found = self._matching(command)
            here = (self.context.worn, self.context.topic)
            if command.option == "other":
                found = [t for t in found if t.id not in here] or found
            shown = [t for t in found if self.context.here(t.id)]
            if command.action in ("show", "try_on", "choose"):
                return found[0].id if found else target
            worn = [t.id for t in shown if t.id == self.context.worn]
            return worn[0] if worn else shown[0].id if len(shown) == 1 else target
        if target:
            return target
        kind = "garment" if command.action in ("set_size", "try_on", "take_off") else ""
        for key in (self.context.pointed, self.context.worn):
            thing = self.context.thing(key)
            if thing is not None and kind in ("", category_kind(thing.category)):
                return key
        return ""


@dataclass
class Tally:
    """Figures of a run: turns and follow-ups, those understood, and those carried out wrongly."""

    conversations: int = 0
    turns: int = 0
    right: int = 0
    follow_ups: int = 0
    followed: int = 0
    wrong: int = 0
    whole: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    errors: list[tuple[str, str, dict[str, Any], Understanding]] = field(default_factory=list)


def is_right(
    want: dict[str, Any],
    got: Understanding,
    raw: Sequence[Command],
    done: Sequence[Command],
    context: Context | None = None,
) -> bool:
    """Whether an understanding is one of the right readings.

    Args:
        raw: its commands that change something; ``done`` the same with the products that they
            came to.
        context: tells what kinds of products they are about.
    """
    readings = [want, *want.get("or", ())]
    for reading in readings:
        if reading.get("ask"):
            if got.clarify is not None:
                return True
            continue
        name = reading.get("intent", "")
        commands = [Command(**c) for c in reading.get("commands", ()) if c["action"] not in _QUIET]
        placed = {name, got.intent} == {"move", "place"} and len(commands) == len(raw)
        if (intent_of(got.intent, name) != name and not placed) or got.clarify is not None:
            continue
        wanted = _settled(commands)
        if any(same_commands(wanted, _settled(c), context) for c in (raw, done)):
            return True
    return False


def _settled(commands: Sequence[Command]) -> list[Command]:
    """Commands written alike where they come to the same.

    What is moved to a place without a distance is placed there; armrests are had or not.
    """
    out = []
    for command in commands:
        aimed = command.action == "move" and command.near and not command.direction
        if aimed and command.delta is None:
            command = copy(command, action="place")
        if command.part == "armrest" and command.option == "with":
            command = copy(command, option="yes")
        out.append(command)
    return out


def reason(want: dict[str, Any], got: Understanding, done: Sequence[Command]) -> str:
    """What is not right of a turn: question, intent, number of commands, or the first field."""
    if got.clarify is not None:
        return "asked"
    if want.get("ask"):
        return "not asked"
    name = want.get("intent", "")
    if intent_of(got.intent, name) != name:
        return "rejected" if got.intent == "out_of_scope" else "intent"
    commands = [Command(**c) for c in want.get("commands", ()) if c["action"] not in _QUIET]
    if len(commands) != len(done):
        return "count"
    for a, b in zip(commands, done, strict=True):
        x, y = slots(a), slots(b)
        for key in ("action", *x, *y):
            if getattr(a, key) != getattr(b, key):
                return key
    return "other"


def play(scripts: Iterable[dict[str, Any]], interpreter: Interpreter | None = None) -> Tally:
    """Play scripts and count."""
    engine = interpreter or Interpreter()
    tally = Tally()
    for script in scripts:
        tally.conversations += 1
        room = Room.of(script["start"])
        whole = True
        for turn in script["turns"]:
            room.context = replace(room.context, pointed=turn.get("point", "") or "")
            hint = script["lang"] if script["lang"] in ("en", "zh") else ""
            got = engine.understand(turn["say"], hint, room.context)
            raw = [c for c in done_by(got) if c.action not in _QUIET]
            carried = [room.carry_out(c) for c in got.commands]
            done = [c for c in carried if c in raw or c.action in {r.action for r in raw}]
            topic = room.context.topic if got.commands else got.about or room.context.topic
            room.context = replace(room.context, asked=got.clarify, topic=topic)
            ok = is_right(turn["want"], got, raw, done, room.context)
            tally.turns += 1
            tally.right += ok
            whole &= ok
            if turn.get("follow_up"):
                tally.follow_ups += 1
                tally.followed += ok
            if not ok:
                tally.wrong += bool(raw)
                tally.reasons[reason(turn["want"], got, done)] += 1
                tally.errors.append((script["id"], turn["say"], turn["want"], got))
        tally.whole += whole
    return tally


def table_row(tally: Tally) -> str:
    """The figures as one row of the table in ``docs/models/voice-scores.md``."""
    low, high = wilson(tally.followed / max(1, tally.follow_ups), tally.follow_ups)
    return (
        f"| {tally.conversations} | {tally.turns} | {tally.right / max(1, tally.turns):.3f} "
        f"| {tally.follow_ups} | {tally.followed / max(1, tally.follow_ups):.3f} "
        f"[{low:.3f}, {high:.3f}] | {tally.wrong / max(1, tally.turns):.3f} | {tally.whole} |"
    )


def main() -> int:
    """One table row per file of scripts, and how many turns failed at what."""
    import sys

    for name in sys.argv[1:]:
        tally = play(load(Path(name)))
        print(Path(name).name, table_row(tally), dict(tally.reasons))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
