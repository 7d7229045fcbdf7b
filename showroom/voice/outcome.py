"""What outcomes come to: the same, the opposite, in words."""

from __future__ import annotations

from ..protocol.messages import Command
from .context import Context
from .fitting import dimensions
from .furnishing import copy
from .phrase import Phrase
from .replies import command_text
from .resolve import NO_COMMAND, Need, Outcome, resolve


def alike(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes come to the same; "another jacket" is shown like any jacket."""
    if isinstance(one, Need) or isinstance(other, Need):
        return False
    shown = len(one) == len(other) == 1 and one[0].action == other[0].action == "show"
    return one == other or (shown and one[0].target == other[0].target)


def merged(
    intent: str, outcome: Outcome, shares: dict[str, float], phrase: Phrase, context: Context
) -> float:
    """The probability of an outcome: of all intents that come to the same."""
    total = shares[intent]
    if isinstance(outcome, Need) or not outcome:
        return total
    for other, share in shares.items():
        rival = other != intent and share > 0.03 and other not in NO_COMMAND
        if rival and alike(resolve(other, phrase, context), outcome):
            total += share
    return total


def opposite(command: Command) -> Command:
    """The same change the other way."""
    return copy(command, delta=None if command.delta is None else -command.delta)


def spoken(commands: tuple[Command, ...], lang: str) -> str:
    """Commands in a few words, for the choices of a question."""
    joiner = "，" if lang == "zh" else ", "
    return joiner.join(dict.fromkeys(command_text(c, lang) for c in commands))


def left_open(phrase: Phrase, context: Context) -> Need:
    """What to ask where it is left open what shall change; of a part, how it shall."""
    for name in ("move", "rotate", "scale"):
        if phrase.has("act", name):
            outcome = resolve(name, phrase, context)
            return outcome if isinstance(outcome, Need) else Need("intent", (outcome,))
    ways = {pair for _, pair in dimensions(phrase)}
    opposed = any((name, -sign) in ways for name, sign in ways)
    told = phrase.has("part") or opposed  # "longer and shorter"
    outcome = resolve("adjust_fit", phrase, context) if told else ()
    return outcome if isinstance(outcome, Need) else Need("what")
