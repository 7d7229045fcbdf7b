"""What one sentence has come to so far, phrase by phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..protocol.messages import Command
from .context import Context
from .fitting import complains, on_part
from .furnishing import copy
from .memory import SILENT, noted
from .phrase import Phrase
from .target import named


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
        corrected: whether the speaker took back the phrase before ("no, wait").
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
    spoken: str = ""

    def mention(self, phrase: Phrase) -> None:
        """Remember the product and the part that a phrase names."""
        self.part = phrase.first("part") or self.part
        self.mentioned = named(phrase, self.context) or self.mentioned
        if self.mentioned:
            self.context = replace(self.context, topic=self.mentioned)

    def pass_over(self, phrase: Phrase) -> None:
        """Leave out a phrase that is not about the showroom, but for the product it names."""
        self.mention(phrase)
        self.asides += 1

    def completed(self, commands: Sequence[Command]) -> tuple[Command, ...]:
        """Commands with the part and product that earlier phrases named."""
        return tuple(self._complete(c) for c in commands)

    def _complete(self, command: Command) -> Command:
        if self.part and command.action == "adjust_fit" and not command.part:
            command = on_part(command, self.part)
        if self.mentioned and not command.target and command.action not in SILENT:
            command = copy(command, target=self.mentioned)
        return command

    def remedies(self, commands: Sequence[Command]) -> bool:
        """Whether commands put right what the phrase before complained of."""
        if not (self.complaint and commands and self.commands):
            return False
        return commands[0].action == self.commands[-1].action

    def take(
        self, intent: str, phrase: Phrase, commands: Sequence[Command], confidence: float
    ) -> None:
        """Add the commands of a phrase; a remedy replaces its complaint."""
        if self.remedies(commands):
            complaint = self.commands.pop()
            commands = [_inherit(c, complaint) for c in commands]
        if self.corrected and commands and self.commands[-1].action == commands[0].action:
            withdrawn = self.commands.pop()
            commands = [_inherit(c, withdrawn) for c in commands]
        self.corrected = False
        self.complaint = complains(phrase)
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

    @property
    def contradicts(self) -> bool:
        """Whether two commands ask for opposite changes of the same thing."""
        seen: dict[tuple[str, str, str], float] = {}
        for command in self.commands:
            if command.action != "adjust_fit" or command.delta is None:
                continue
            key = (command.target, command.part, command.parameter)
            if seen.get(key, 0.0) * command.delta < 0:
                return True
            seen[key] = command.delta
        return False


def only_negated(phrase: Phrase) -> bool:
    """Whether a phrase only says what is not wanted ("not the black one")."""
    content = phrase.content
    if not phrase.has("negation") or phrase.has("option"):
        return False
    return all(
        t.kind in ("negation", "color", "size", "part", "category", "act", "it", "this")
        for t in content
    )


def _repeats(command: Command, earlier: Command) -> bool:
    """Whether a command only says again what the one before said ("take it off, off with it")."""
    if command.delta is not None or command.action == "set_size":
        return False
    return command == earlier or copy(command, target=earlier.target) == copy(earlier)


def _overrides(command: Command, earlier: Command) -> bool:
    """Whether a later colour or size of the same thing makes an earlier one pointless."""
    settled = command.action == earlier.action and command.action in ("set_color", "set_size")
    return settled and command.target == earlier.target and not earlier.size_step


def _inherit(command: Command, earlier: Command) -> Command:
    """A remedy takes part and target from the complaint before it where it names none."""
    changes: dict[str, object] = {}
    if not command.part and earlier.part:
        changes["part"] = earlier.part
    if command.near == "me" and earlier.near and command.action == "move":
        changes["near"] = earlier.near
    if earlier.target and command.target != earlier.target and not command.target:
        changes["target"] = earlier.target
    return copy(command, **changes) if changes else command
