"""What one sentence has come to so far, phrase by phrase."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..protocol.messages import Command
from .context import Context
from .data import amounts, anatomy
from .ellipsis import acts_of, only, says
from .fitting import complains, on_part, says_how
from .furnishing import copy
from .memory import SILENT, noted
from .phrase import Phrase
from .target import category_of, named


@dataclass
class Turn:
    """The commands of a sentence, and what its later phrases may lean on.

    Attributes:
        context: the visit's, with ``last`` following the commands of this sentence.
        intents: of the phrases understood so far.
        confidence: of the least certain one.
        complaint: whether the phrase before only said what is wrong.
        mentioned, part: a product and a part that a phrase named without saying what to do.
        asides: phrases that are not about the showroom.
        spoken: the phrase before.
        measured, told: whether the phrase says a length, or any amount.
        counted_before: whether the phrase before said a length.
        corrected: whether the speaker took back the phrase before ("no, wait").
        refused: whether the phrase before said no to what was done earlier.
        counted: whether the phrase that follows has been counted with the one before.
    """

    context: Context
    commands: list[Command] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)
    confidence: float = 1.0
    complaint: bool = False
    mentioned: str = ""
    part: str = ""
    asides: int = 0
    corrected: bool = False
    measured: bool = False
    told: bool = False
    counted_before: bool = False
    refused: bool = False
    counted: bool = False
    spoken: str = ""

    def mention(self, phrase: Phrase) -> None:
        """Remember the product and the part that a phrase names."""
        parts = [part for t in phrase if (part := t.get("part"))]
        said = parts[-1 if phrase.has("answer", "no") or phrase.has("negation") else 0 :]
        self.part = said[0] if said else self.part
        shown = self.context.pointed if phrase.has("this") else ""
        self.mentioned = named(phrase, self.context) or shown or self.mentioned
        if self.mentioned:
            self.context = replace(self.context, topic=self.mentioned)

    def notice(self, phrase: Phrase) -> None:
        """Remember the product that a remark names; what is there is then talked about."""
        self.mentioned = named(phrase, self.context) or self.mentioned
        if self.mentioned and self.context.here(self.mentioned):
            self.context = replace(self.context, topic=self.mentioned)

    def pass_over(self, phrase: Phrase) -> None:
        """Leave out a phrase that is not about the showroom, but for the product it names."""
        self.mention(phrase)
        self.asides += 1

    def completed(self, commands: Sequence[Command], phrase: Phrase) -> tuple[Command, ...]:
        """Commands with the part and product that earlier phrases named."""
        return tuple(self._complete(c, phrase) for c in commands)

    def _complete(self, command: Command, phrase: Phrase) -> Command:
        leans = command.part in ("", self.context.last.part if self.context.last else "")
        if self.part and command.action == "adjust_fit" and leans and not phrase.has("part"):
            command = on_part(command, self.part)
        if self.mentioned and not command.target and command.action not in SILENT:
            command = copy(command, target=self.mentioned)
        return command

    def remedies(self, commands: Sequence[Command], phrase: Phrase) -> bool:
        """Whether commands put right what the phrase before complained of."""
        if not (self.complaint and commands and self.commands):
            return False
        parts = {commands[0].part, self.commands[-1].part} - {""}
        if len(parts) > 1 and complains(phrase):
            return False  # "the hips are a squeeze and the hem's dragging"
        return commands[0].action == self.commands[-1].action

    def measures(self, phrase: Phrase) -> bool:
        """Take the amount that a phrase only adds to the change before (厚实点，加一公分)."""
        last = self.commands[-1] if self.commands else None
        lengths = [t.si for t in phrase if t.kind == "length"]
        if last is None or len(lengths) != 1 or not last.delta or self.measured:
            return False
        if last.action not in ("adjust_fit", "move") or acts_of(phrase) - {last.action}:
            return False
        if not only(phrase, ("length", "raise", "act", "same", "beside", "it"), 1):
            return False
        grown = phrase.first("raise")
        way = {"up": 1, "down": -1}.get(grown or "", 0)
        if (last.action == "move" and way) or way * last.delta < 0:
            return False
        alike = [c.action == last.action and bool(c.delta) for c in self.commands]
        first = 0 if says("both", phrase) and all(alike) else len(self.commands) - 1
        for at in range(first, len(self.commands)):
            old = self.commands[at]
            self.commands[at] = copy(old, delta=math.copysign(lengths[0], old.delta or 0.0))
        self.context = noted(self.context, self.commands[-1])
        self.measured, self.complaint = True, False
        return True

    def refuses(self, phrase: Phrase) -> bool:
        """Whether a phrase only says why not that size ("M then, L is too big")."""
        sized = bool(self.commands) and self.commands[-1].action == "set_size"
        return sized and phrase.has("size") and phrase.has("too", "too")

    def confirms(self, commands: Sequence[Command], phrase: Phrase) -> bool:
        """Whether commands only say in other words what the last one does."""
        if phrase.has("length"):
            return False
        return bool(commands and self.commands) and _same_way(commands[0], self.commands[-1])

    def take(
        self, intent: str, phrase: Phrase, commands: Sequence[Command], confidence: float
    ) -> None:
        """Add the commands of a phrase; a remedy replaces its complaint."""
        if self.remedies(commands, phrase):
            complaint = self.commands.pop()
            silent = not phrase.has("length") and not phrase.has("amount")
            commands = [_inherit(c, complaint, self.told and silent) for c in commands]
        elif self.complaint and commands and self.commands and _answers(commands[0]):
            self.commands.pop()  # "too big, undo that": the complaint only says why
        withdraws = bool(self.corrected and commands and self.commands)
        if withdraws and self.commands[-1].action == commands[0].action:
            withdrawn = self.commands.pop()
            commands = [_inherit(c, withdrawn, False) for c in commands]
        self.corrected = False
        self.counted_before = self.measured
        self.measured = phrase.has("length")
        self.told = self.measured or phrase.has("amount")
        reason = complains(phrase)
        if reason and len(commands) == 1 and self._meant(commands[0]):
            self._counted(commands[0])
            commands = []
        commands = [c for c in commands if not self._told(c)]
        stated = any(t.text in ("is", "are") for t in phrase) and not phrase.has("change")
        guessed = not says_how(phrase) or (stated and not phrase.has("raise"))
        self.complaint = reason or (intent == "adjust_fit" and guessed and not phrase.has("length"))
        commands = [self._anew(c) for c in commands]
        commands = [c for c in self._joined(commands) if not self._idle(c)]
        earlier = len(self.commands)
        for command in commands:
            if self.commands and _overrides(command, self.commands[-1]):
                self.commands.pop()
            again = earlier == len(self.commands) and bool(self.commands)
            same = phrase.text == self.spoken and command.action in ("undo", "redo")
            if same or not (again and _repeats(command, self.commands[-1])):
                self.commands.append(command)
        self.spoken = phrase.text
        self.intents.append(intent)
        self.confidence = min(self.confidence, confidence)
        for command in commands:
            self.context = noted(self.context, command)

    def _anew(self, command: Command) -> Command:
        """A trying on of what was just taken off means another of its kind."""
        off = any(c.action == "take_off" and c.target == command.target for c in self.commands)
        thing = self.context.thing(command.target)
        if command.action == "try_on" and off and thing is not None:
            return copy(command, target=thing.category)
        return command

    def _told(self, command: Command) -> bool:
        """Whether a colour only says again what shall be shown ("dresses, actual green ones")."""
        shown = self.commands[-1] if self.commands else None
        if shown is None or shown.action not in ("show", "try_on", "choose"):
            return False
        thing = self.context.thing(shown.target)
        own = thing is not None and thing.color == command.color and command.action == "set_color"
        if own and command.target in ("", shown.target):
            return True
        alike = command.target in ("", shown.target) or command.target == self.context.worn
        return command.action == "set_color" and command.color == shown.color and alike

    def _idle(self, command: Command) -> bool:
        """Whether an undo only describes what another command of the sentence does."""
        if command.action in ("set_color", "set_size") and self.context.last is not None:
            undone = self.commands and self.commands[-1].action == "undo"
            if undone and self.context.last.action == command.action:
                self.commands.pop()
            return False
        if command.action != "undo" or not self.commands:
            return False
        before = self.commands[-1]
        return before.action == "redo" or bool(before.color or before.size)

    def _meant(self, command: Command) -> bool:
        """Whether a complaint only gives the reason for what was asked just before it."""
        asked = self.commands[-1] if self.commands else None
        if asked is None or command.action != "adjust_fit" or not _alike(asked, command):
            return False
        step = asked.delta or asked.size_step or 1.0
        return asked.action != "adjust_fit" or step * (command.delta or 0.0) >= 0

    def _counted(self, reason: Command) -> None:
        """Take the amount that only the reason says ("knee length, it's ten too long")."""
        asked = self.commands[-1]
        usual = (amounts()["garment"]["default"], amounts()["furniture"]["default"])
        same = asked.action == reason.action and asked.parameter == reason.parameter
        if same and asked.delta and reason.delta and abs(asked.delta) in usual:
            self.commands[-1] = copy(asked, delta=math.copysign(reason.delta, asked.delta))

    def sized(self, phrase: Phrase) -> None:
        """Take the size that a remark tells of what shall be shown ("my daughter is M")."""
        shown = self.commands[-1] if self.commands else None
        size = next((v for t in phrase if t.kind == "size" and (v := t.get("size"))), "")
        if shown is not None and shown.action == "show" and size and not shown.size:
            self.commands[-1] = copy(shown, size=size)

    def says_again(self, commands: Sequence[Command]) -> bool:
        """Whether commands only say again what the sentence has asked for already."""
        if not (commands and self.commands):
            return False
        if all(c.action == "place" and not c.target for c in commands):
            return any(c.action == "place" for c in self.commands)
        return all(
            c.action == "adjust_fit" and any(_same_way(c, old) for old in self.commands)
            for c in commands
        )

    def _sought(self, new: Command, shown: Command) -> bool:
        """Whether a size or colour belongs to what shall be shown ("a black skirt, size M")."""
        if shown.action != "show" or new.size_step or not (new.size or new.color):
            return False
        here = self.context.here(shown.target) or not shown.target
        return not here and new.target in ("", shown.target)

    def _joined(self, commands: Sequence[Command]) -> list[Command]:
        """Commands that say the one before in other words, joined with it into one."""
        out = list(commands)
        count = -1
        while out and self.commands and count != len(self.commands):
            count = len(self.commands)
            out[0] = self._with_last(out[0])
        return out

    def _with_last(self, new: Command) -> Command:
        """A command joined with the last one, which then goes, where both say the same."""
        out = [new]
        old = self.commands[-1]
        worn = new.target in ("", old.target) and old.target == self.context.worn
        if new.action == "try_on" and old.action in ("set_size", "set_color") and worn:
            return self.commands.pop()  # "in extra small, put it on me": it is worn already
        if new.action == "try_on" and old.action in ("show", "set_size", "set_color"):
            if old.action != "show" or new.target in ("", old.target):
                self.commands.pop()
                out[0] = copy(
                    new,
                    target=new.target or old.target,
                    color=new.color or old.color,
                    size=new.size or old.size,
                )
        elif new.action == old.action == "adjust_fit" and new.value and not new.parameter:
            self.commands.pop()  # "1.8 m long, no, 1.6"
            out[0] = copy(old, value=new.value, delta=None)
        elif new.action in ("set_size", "set_color") and self._sought(new, old):
            self.commands.pop()
            out[0] = copy(old, color=new.color or old.color, size=new.size or old.size)
        elif new.action in ("place", "move") and old.action == "show" and old.target == new.target:
            self.commands.pop()  # "bring the blue sofa in and stand it by the window"
        elif new.action == old.action == "show" and _narrows(new.target, old.target):
            self.commands.pop()
            out[0] = copy(new, color=new.color or old.color, size=new.size or old.size)
        elif new.action == old.action == "place" and new.near == old.near:
            thing = self.context.thing(new.target)
            if thing is not None and thing.category in category_of(old.target):
                self.commands.pop()
        elif new.action == old.action == "set_size" and new.target == old.target:
            if new.size_step * old.size_step >= 0:
                self.commands.pop()
        elif new.action == old.action == "adjust_fit" and _same_way(old, new):
            self.commands.pop()
            usual = (amounts()["garment"]["default"], amounts()["furniture"]["default"])
            vague = abs(new.delta or 0.0) not in usual and not self.counted_before
            told = self.measured or vague
            given = new if told else old
            out[0] = copy(new, part=new.part or old.part, delta=given.delta)
        return out[0]

    @property
    def contradicts(self) -> bool:
        """Whether two commands ask for opposite changes of the same thing."""
        seen: dict[tuple[str, ...], float] = {}
        for command in self.commands:
            step = command.delta if command.action == "adjust_fit" else command.size_step
            if not step or command.action not in ("adjust_fit", "set_size"):
                continue
            key = (command.action, command.target, command.part, command.parameter)
            if seen.get(key, 0.0) * step < 0:
                return True
            seen[key] = step
        return False


_NAMING = ("color", "size", "part", "category", "direction", "near")


def only_negated(phrase: Phrase) -> bool:
    """Whether a phrase only says what is not wanted ("not the black one")."""
    content = phrase.content
    denied = bool(content) and content[0].text in ("不是", "not")
    if not (phrase.has("negation") or denied) or phrase.has("option"):
        return False
    if phrase.has("negation", "instead") and content[0].kind != "negation":
        return False  # "black rather than blue"
    if denied and len(content) < 4 and all(t.kind in _NAMING for t in content[1:]):
        return len(content) > 1
    return all(
        t.kind in ("negation", "color", "size", "part", "category", "act", "it", "this", "done")
        for t in content
    )


def _alike(one: Command, other: Command) -> bool:
    """Whether two commands are about the same product and part, as far as they say."""
    targets = {one.target, other.target} - {""}
    parts = {one.part, other.part} - {""}
    return len(targets) < 2 and len(parts) < 2


def _same_way(one: Command, other: Command) -> bool:
    """Whether two changes of fit are the same change in different words."""
    same = one.parameter == other.parameter and (one.delta or 0.0) * (other.delta or 0.0) > 0
    return same and _alike(one, other)


def _narrows(new: str, old: str) -> bool:
    """Whether a category says more closely what another one meant (a dress for a 裙子)."""
    return new == old or new in anatomy()["wider"].get(old, ())


def _answers(command: Command) -> bool:
    """Whether a command puts right whatever was complained of before it."""
    return command.action in ("undo", "take_off", "set_choice") or bool(command.size)


def _repeats(command: Command, earlier: Command) -> bool:
    """Whether a command only says again what the one before said ("take it off, off with it")."""
    if command.action == earlier.action == "rotate" and command.delta == earlier.delta:
        return True
    if command.delta is not None or command.action == "set_size":
        return False
    if command.target not in ("", earlier.target) and earlier.target:
        return False
    return command == earlier or copy(command, target=earlier.target) == copy(earlier)


def _overrides(command: Command, earlier: Command) -> bool:
    """Whether a later colour or size of the same thing makes an earlier one pointless."""
    if command.action == earlier.action == "rotate" and command.near and not earlier.near:
        return command.target == earlier.target
    if command.action == earlier.action == "rotate" and not command.near and not earlier.near:
        guessed = abs(earlier.delta or 0.0) == amounts()["rotate"]["default"]
        return command.target == earlier.target and guessed
    if command.action == earlier.action == "place":
        return command.target == earlier.target
    settled = command.action == earlier.action and command.action in (
        "set_color",
        "set_size",
        "set_choice",
    )
    settled = settled and command.part == earlier.part
    return settled and command.target == earlier.target and not earlier.size_step


def _inherit(command: Command, earlier: Command, amount: bool) -> Command:
    """A remedy takes part and target from the complaint before it where it names none.

    Args:
        amount: only the complaint said how much ("way too tight, let it out").
    """
    changes: dict[str, object] = {}
    if not command.part and earlier.part:
        changes["part"] = earlier.part
    if command.near == "me" and earlier.near and command.action == "move":
        changes["near"] = earlier.near
    if earlier.target and command.target != earlier.target and not command.target:
        changes["target"] = earlier.target
    delta, said = command.delta or 0.0, earlier.delta or 0.0
    alike = command.action == earlier.action == "adjust_fit" and command.part in ("", earlier.part)
    if amount and alike and delta and said:
        changes["delta"] = math.copysign(said, delta)
    return copy(command, **changes) if changes else command
