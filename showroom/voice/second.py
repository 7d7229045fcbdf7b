"""What the second reader has to say to a reading: carry it out, read otherwise, or ask.

Readings to choose from are the grammar's own, the answers that it would offer, what the grammar
makes of the intents that the reader finds likely, and the reader's own. Each gets the probability
that it is right (a logistic regression over how likely the reader finds its slots, and whose it
is); the likeliest is taken where it is likely enough, else a question is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..protocol.messages import Command
from . import embedding
from .context import Clarify, Context, Understanding
from .doubts import doubt
from .effect import intent_of, plain, same_commands
from .frame import COMMANDS, SILENT, frame_of
from .lexicon import Token
from .phrase import Phrase
from .reader import Reader, Reading
from .rebuild import commands_of
from .resolve import NO_COMMAND, Need, resolve
from .shopping import SHOP_ACTIONS

_LEAST = 0.08
"""From which probability on an intent of the reader's is tried with the grammar."""
_BASKET = ("add_to_basket", "remove_from_basket", "show_basket")
_GROUPS = (
    ("action",), ("target",), ("part",), ("parameter",), ("sign",), ("amount", "number"),
    ("color",), ("size", "step"), ("option",), ("near", "direction"),
)  # fmt: skip
NAMES = (
    "bias", "intent", "count", *(" ".join(g) for g in _GROUPS), "worst", "own", "own sure",
    "own acts", "own scope", "own talk", "own several", "offered first", "offered", "resolved",
    "read", "read margin", "backers", "several", "changes", "talk", "scope", "clarify",
)  # fmt: skip
"""Names of the features of a candidate."""
_FLOOR = 1e-4
WEIGHTS = "reader.npz"
Asking = Callable[[tuple[tuple[Command, ...], ...]], Clarify]
"""Makes a question of what could be meant."""


@dataclass(frozen=True)
class Candidate:
    """One way to understand a sentence.

    Attributes:
        intent: as annotations name it.
        commands: what it carries out.
        origins: ``"own"`` (the grammar's reading), ``"offered"``, ``"resolved"``, ``"read"``.
        rank: of those offered, its place.
    """

    intent: str
    commands: tuple[Command, ...]
    origins: frozenset[str]
    rank: int = 0

    @property
    def changing(self) -> tuple[Command, ...]:
        """Its commands that change something."""
        return tuple(c for c in self.commands if c.action not in SHOP_ACTIONS | SILENT)


def candidates(own: Understanding, reading: Reading, context: Context) -> list[Candidate]:
    """All ways to understand a sentence, the grammar's own first; without doubles."""
    found: list[Candidate] = []

    def add(intent: str, commands: tuple[Command, ...], origin: str, rank: int = 0) -> None:
        made = Candidate(intent, commands, frozenset((origin,)), rank)
        for at, each in enumerate(found):
            if each.intent == made.intent and same_commands(each.changing, made.changing, context):
                found[at] = Candidate(
                    each.intent, each.commands, each.origins | made.origins, each.rank or rank
                )
                return
        found.append(made)

    add(named(own.intent, own.commands), own.commands, "own")
    if own.clarify is not None:
        for rank, commands in enumerate(own.clarify.commands):
            if commands:
                add(named(commands[0].action, commands), commands, "offered", rank + 1)
    phrase = Phrase(reading.tokens)
    for intent, share in list(reading.intents.items())[:3]:
        if share < _LEAST:
            break
        if intent in NO_COMMAND:
            add(intent, (), "resolved")
            continue
        for name in _BASKET if intent == "basket" else (intent,):
            outcome = resolve(name, phrase, context)
            if isinstance(outcome, Need) or not outcome:
                continue
            if doubt(outcome, phrase, context) is None:
                add(named(outcome[0].action, outcome), outcome, "resolved")
                break
    likeliest = next(iter(reading.intents))
    read = commands_of(reading, context)
    if read and doubt(read, phrase, context) is None:
        add(named(read[0].action, read), read, "read")
    elif read is not None and not read:
        known = any(c.intent == likeliest and not c.changing for c in found)
        if likeliest in NO_COMMAND or known:
            add(likeliest, (), "read")
    return found


def named(intent: str, commands: Sequence[Command]) -> str:
    """An intent as annotations name it."""
    if intent == "move" and commands:
        intent = plain(commands[0]).action
    for name in ("basket", "ask"):
        if intent_of(intent, name) == name:
            return name
    return "no" if intent == "dislike" else intent


def features(
    candidate: Candidate, own: Understanding, reading: Reading, context: Context
) -> NDArray[np.float64]:
    """How likely the reader finds a candidate, and whose it is; one number per :data:`NAMES`."""
    out = dict.fromkeys(NAMES, 0.0)
    out["bias"] = 1.0
    frame = frame_of(candidate.changing, context, reading.tokens)
    out["intent"] = _log(reading.intents.get(candidate.intent, 0.0))
    out["count"] = _log(float(reading.count[min(len(frame), COMMANDS)]))
    worst = min(out["intent"], out["count"])
    for k, slots in enumerate(frame[:COMMANDS]):
        chance = reading.chance(k, slots)
        for group in _GROUPS:
            share = sum(_log(chance[n]) for n in group if n in chance)
            out[" ".join(group)] += share
            worst = min(worst, share)
    out["worst"] = worst
    mine = "own" in candidate.origins
    acts = bool(candidate.changing)
    asked = own.clarify is not None
    if mine:
        out["own"] = 1.0
        sure = min(max(own.confidence, 0.01), 0.99)
        out["own sure"] = 0.0 if asked else math.log(sure / (1 - sure)) / 3
        out["own acts"] = float(acts)
        out["own scope"] = float(candidate.intent == "out_of_scope")
        out["own talk"] = float(not acts and candidate.intent != "out_of_scope" and not asked)
        out["own several"] = float(len(candidate.changing) > 1)
    elif "offered" in candidate.origins:
        out["offered first"] = float(candidate.rank == 1)
        out["offered"] = 1.0
    out["resolved"] = float("resolved" in candidate.origins)
    out["read"] = float("read" in candidate.origins)
    shares = list(reading.intents.values())
    out["read margin"] = (shares[0] - shares[1]) * out["read"]
    out["backers"] = float(len(candidate.origins) > 1)
    out["several"] = float(len(candidate.changing) > 1)
    out["changes"] = float(acts)
    out["talk"] = float(not acts)
    out["scope"] = float(candidate.intent == "out_of_scope")
    out["clarify"] = float(candidate.intent == "clarify")
    return np.array([out[n] for n in NAMES])


def _log(share: float) -> float:
    return math.log(max(share, _FLOOR))


def objections(candidate: Candidate, reading: Reading, context: Context) -> str:
    """Where the reader reads otherwise than a candidate, in words; ``""`` where it does not."""
    out: list[str] = []
    intent, share = next(iter(reading.intents.items()))
    if intent != candidate.intent:
        out.append(f"intent {intent} ({share:.2f})")
    frame = frame_of(candidate.changing, context, reading.tokens)
    count = int(reading.count.argmax())
    if count != len(frame):
        out.append(f"{count} commands ({float(reading.count[count]):.2f})")
    for k, slots in enumerate(frame[: min(count, COMMANDS)]):
        read, chance = reading.best(k), reading.chance(k, slots)
        for name, value in (*read.values.items(), ("target", read.target)):
            mine = slots.target if name == "target" else slots.values[name]
            if value != mine and chance[name] < 0.5:
                out.append(f"{name} {value or 'none'}, not {mine or 'none'} ({chance[name]:.2f})")
    return "; ".join(out)


class Second:
    """The second opinion on every reading of the grammar.

    Args:
        data: the reader's weights, those of the regression (``second``: one per name of
            :data:`NAMES`, and a constant) and, as ``second at``, from which probability on another
            reading than the grammar's is carried out, and from which the grammar's own.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.reader = Reader(data)
        self._weights = np.asarray(data["second"], np.float64)
        self._taken, self._kept = (float(x) for x in data["second at"])

    def chances(
        self, found: Sequence[Candidate], own: Understanding, reading: Reading, context: Context
    ) -> NDArray[np.float64]:
        """How probable it is that each candidate is right."""
        rows = np.stack([features(c, own, reading, context) for c in found])
        return np.asarray(1 / (1 + np.exp(-(rows @ self._weights[:-1] + self._weights[-1]))))

    def opinion(
        self, own: Understanding, tokens: Sequence[Token], context: Context, ask: Asking
    ) -> Understanding:
        """The grammar's understanding, another one, or a question.

        Args:
            tokens: the whole sentence.
            ask: makes a question of readings to choose from.
        """
        if own.problem or not tokens:
            return own
        reading = self.reader.read(tokens, context)
        found = candidates(own, reading, context)
        chances = self.chances(found, own, reading, context)
        best = int(chances.argmax())
        told = objections(found[0], reading, context)
        shares = _shares(found, chances, own)
        if best and chances[best] >= self._taken:
            chosen = found[best]
            return replace(
                own,
                intent=chosen.commands[0].action if chosen.commands else chosen.intent,
                confidence=float(chances[best]),
                commands=chosen.commands,
                clarify=None,
                candidates=shares,
                second=f"read otherwise: {told}",
            )
        if not found[0].changing or chances[0] >= self._kept or context.asked is not None:
            return replace(own, candidates=shares, second=told)
        others = sorted(range(1, len(found)), key=lambda i: -chances[i])
        rival = [found[i].commands for i in others if found[i].changing][:1]
        return replace(
            own,
            intent="clarify",
            confidence=float(chances[0]),
            commands=(),
            clarify=ask((own.commands, *rival)),
            candidates=shares,
            second=f"asked: {told}",
        )


def _shares(
    found: Sequence[Candidate], chances: NDArray[np.float64], own: Understanding
) -> tuple[tuple[str, float], ...]:
    """The likeliest intents: of the candidates, then those of the grammar that are none of them."""
    shares: dict[str, float] = {}
    for candidate, chance in zip(found, chances, strict=True):
        name = candidate.commands[0].action if candidate.commands else candidate.intent
        shares[name] = max(shares.get(name, 0.0), float(chance))
    for name, share in own.candidates:
        shares.setdefault(name, 0.1 * share)
    return tuple(sorted(shares.items(), key=lambda x: -x[1])[:3])


@cache
def load_second() -> Second | None:
    """The shipped one; None where the sentence encoder is not installed."""
    weights = files(__package__).joinpath("data_files", WEIGHTS)
    if not embedding.available() or not weights.is_file():
        return None
    with weights.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
        return Second({k: data[k] for k in data.files})
