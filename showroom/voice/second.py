"""What the second reader has to say to a reading: carry it out, read otherwise, or ask.

Readings to choose from are the grammar's own, the answers that it would offer, what the grammar
makes of the intents that the reader finds likely, and the reader's own. Each gets the probability
that it is right (a conditional logit over how likely the reader finds its slots, and whose it is);
the likeliest is taken where it is likely enough, else a question is asked.
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
from .furnishing import copy
from .lexicon import Token
from .phrase import Phrase
from .reader import Reader, Reading, alike_targets
from .rebuild import commands_of
from .resolve import NO_COMMAND, Need, resolve
from .shopping import SHOP_ACTIONS
from .text import is_cjk

_MARKS = "，。！？、；：“”‘’…（）《》—～·’°"
"""Marks of Chinese text and typesetters' quotes."""
OFFER = 0.05
"""From which probability on a reading is offered beside a likelier one."""
INSTEAD = 0.7
"""From which probability on a change is carried out in place of a question or an undoing."""
FOLLOWED = 0.9
"""From this confidence on the grammar keeps its word where it follows on a change."""
TAKING_BACK = 0.8
"""From this confidence of the grammar's on, what takes the last change back is carried out."""
_LEAST = 0.08
"""From which probability on an intent of the reader's is tried with the grammar."""
_BASKET = ("add_to_basket", "remove_from_basket", "show_basket")
_GROUPS = (
    ("action",), ("target",), ("part",), ("parameter",), ("sign",), ("amount", "number"),
    ("color",), ("size", "step"), ("option",), ("near", "direction"),
)  # fmt: skip
NAMES = (
    "intent", "count", *(" ".join(g) for g in _GROUPS), "worst", "own", "own sure", "own acts",
    "own scope", "own talk", "own several", "offered first", "offered", "resolved", "read",
    "read margin", "backers", "several", "changes", "talk", "scope", "clarify", "joint", "gap",
    "joint over -1", "joint over -3", "worst over -1", "worst over -0.2", "own and read",
    "own and resolved", "offered and read", "resolved and read", "own sure and read", "rivals",
)  # fmt: skip
"""Names of the features of a candidate."""
_CHANCES = NAMES[: 2 + len(_GROUPS)]
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
        told = _pointed(made.changing, context)
        for at, each in enumerate(found):
            if each.intent == intent and same_commands(
                _pointed(each.changing, context), told, context
            ):
                origins = each.origins | made.origins
                found[at] = Candidate(each.intent, each.commands, origins, each.rank or rank)
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


def _pointed(commands: Sequence[Command], context: Context) -> list[Command]:
    """Commands with the one thing that is there in place of its category."""
    out = []
    for command in commands:
        names = alike_targets(command.target, context)
        out.append(copy(command, target=next((n for n in names if context.here(n)), names[0])))
    return out


def named(intent: str, commands: Sequence[Command]) -> str:
    """An intent as annotations name it."""
    if intent == "move" and commands:
        intent = plain(commands[0]).action
    for name in ("basket", "ask"):
        if intent_of(intent, name) == name:
            return name
    return "no" if intent == "dislike" else intent


def features(
    found: Sequence[Candidate], own: Understanding, reading: Reading, context: Context
) -> NDArray[np.float64]:
    """How likely the reader finds each candidate, and whose it is: (candidates, :data:`NAMES`).

    Of a candidate's slots the logarithms of the reader's probabilities are summed over commands
    per kind of slot; ``worst`` is the lowest, ``joint`` their sum, ``gap`` its distance to the
    best of the others.
    """
    rows = [_alone(candidate, own, reading, context) for candidate in found]
    joint = [sum(row[name] for name in _CHANCES) for row in rows]
    for at, (row, candidate) in enumerate(zip(rows, found, strict=True)):
        others = joint[:at] + joint[at + 1 :]
        row["joint"] = joint[at]
        row["gap"] = min(max(joint[at] - max(others), -6.0), 6.0) if others else 3.0
        row["joint over -1"], row["joint over -3"] = max(joint[at], -1.0), max(joint[at], -3.0)
        row["worst over -1"] = max(row["worst"], -1.0)
        row["worst over -0.2"] = max(row["worst"], -0.2)
        for pair in (("own", "read"), ("own", "resolved"), ("offered", "read")):
            row[" and ".join(pair)] = float(candidate.origins >= set(pair))
        row["resolved and read"] = float(candidate.origins >= {"resolved", "read"})
        row["own sure and read"] = row["own sure"] * row["own and read"]
        row["rivals"] = len(found) / 5
    return np.array([[row[name] for name in NAMES] for row in rows])


def _alone(
    candidate: Candidate, own: Understanding, reading: Reading, context: Context
) -> dict[str, float]:
    """The features of a candidate that do not depend on the others."""
    out = dict.fromkeys(NAMES, 0.0)
    frame = frame_of(candidate.changing, context, reading.tokens)
    out["intent"] = _log(reading.intents.get(candidate.intent, 0.0))
    out["count"] = _log(float(reading.count[min(len(frame), COMMANDS)]))
    worst = min(out["intent"], out["count"])
    for k, slots in enumerate(frame[:COMMANDS]):
        chance = reading.chance(k, slots, context)
        for group in _GROUPS:
            share = sum(_log(chance[n]) for n in group if n in chance)
            out[" ".join(group)] += share
            worst = min(worst, share)
    out["worst"] = worst
    acts = bool(candidate.changing)
    asked = own.clarify is not None
    if "own" in candidate.origins:
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
    out["changes"], out["talk"] = float(acts), float(not acts)
    out["scope"] = float(candidate.intent == "out_of_scope")
    out["clarify"] = float(candidate.intent == "clarify")
    return out


def chances_of(rows: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How probable it is that each candidate is right; what lacks to 1 is that none of them is.

    Args:
        rows: (candidates, features).
        weights: one per feature, and a constant.
    """
    scores = rows @ weights[:-1] + weights[-1]
    most = max(0.0, float(scores.max()))
    share = np.exp(scores - most)
    return np.asarray(share / (share.sum() + math.exp(-most)), np.float64)


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
        read, chance = reading.best(k), reading.chance(k, slots, context)
        for name, value in (*read.values.items(), ("target", read.target)):
            mine = slots.target if name == "target" else slots.values[name]
            if value != mine and chance[name] < 0.5:
                out.append(f"{name} {value or 'none'}, not {mine or 'none'} ({chance[name]:.2f})")
    return "; ".join(out)


def settled(own: Understanding, tokens: Sequence[Token], context: Context) -> bool:
    """Whether the grammar's understanding stands whatever the reader finds.

    It does where the text is no language, where it asks which of several things is meant, where
    it asks and nothing is there that could be meant, where it counts on to the next of those
    listed, and where it fetches what is not there yet.
    """
    other = any(t.get("other") for t in tokens) and own.intent in ("show", "try_on")
    if other and len(own.commands) == 1 and own.commands[0].target in context.listed:
        return True
    if any(context.thing(c.target) and not context.here(c.target) for c in own.commands):
        return True
    if own.clarify is not None:
        if not context.things:
            return True
        offered = [c[0] for c in own.clarify.commands if c]
        plain_ones = [copy(c, target="") for c in offered]
        if len(offered) > 1 and all(c == plain_ones[0] for c in plain_ones[1:]):
            return True
    words = [t for t in tokens if t.kind != "punct"]
    letters = sum(c.isascii() or is_cjk(c) for t in words for c in t.text)
    odd = len(own.text) - sum(c.isascii() or is_cjk(c) or c in _MARKS for c in own.text)
    return letters < 2 or 5 * odd > len(own.text)


def takes_back(commands: Sequence[Command], context: Context) -> bool:
    """Whether commands take the last change back, all of it or some."""
    last = context.last
    if len(commands) != 1 or last is None:
        return False
    (command,) = commands
    same = (command.action, command.target, command.part) == (last.action, last.target, last.part)
    return command.action == "undo" or (same and (command.delta or 0.0) * (last.delta or 0.0) < 0)


class Second:
    """The second opinion on every reading of the grammar.

    Args:
        data: the reader's weights, those of the regression (``second``: one per name of
            :data:`NAMES`, and a constant) and, as ``second at``, how probable a reading must be
            for a change to be carried out.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.reader = Reader(data)
        self._weights = np.asarray(data["second"], np.float64)
        self._enough = float(data["second at"])

    def opinion(
        self, own: Understanding, tokens: Sequence[Token], context: Context, ask: Asking
    ) -> Understanding:
        """The grammar's understanding, another one, or a question.

        Args:
            tokens: the whole sentence.
            ask: makes a question of readings to choose from.
        """
        if own.problem or not tokens or settled(own, tokens, context):
            return own
        reading = self.reader.read(tokens, context)
        if own.intent == "undo" and next(iter(reading.intents)) == "no":
            return own  # a no after a change takes it back
        found = candidates(own, reading, context)
        if not reading.knows(frame_of(found[0].changing, context, tokens)):
            return own  # such as all that is worn
        chances = chances_of(features(found, own, reading, context), self._weights)
        best = int(chances.argmax())
        told = objections(found[0], reading, context)
        shares = _shares(found, chances, own)
        chosen, share = found[best], float(chances[best])
        followed = context.last is not None and own.confidence >= FOLLOWED
        if followed and found[0].changing and own.clarify is None:
            return replace(own, candidates=shares, second=told)
        if own.confidence >= TAKING_BACK and takes_back(found[0].changing, context):
            return replace(own, candidates=shares, second=told)
        firm = own.clarify is not None or own.intent == "undo"
        if best and chosen.changing and firm and share < INSTEAD:
            return replace(own, candidates=shares, second=told)
        unsure = chosen.changing and share < self._enough
        if (unsure or chosen.intent == "clarify") and own.clarify is None:
            if context.asked is not None:  # never two questions in a row
                return replace(own, candidates=shares, second=told)
            return replace(
                own,
                intent="clarify",
                confidence=share,
                commands=(),
                clarify=ask(_offers(found, chances)),
                candidates=shares,
                second=f"asked: {told}",
            )
        if unsure or not best:
            return replace(own, candidates=shares, second=told)
        return replace(
            own,
            intent=chosen.commands[0].action if chosen.commands else chosen.intent,
            confidence=share,
            commands=chosen.commands,
            clarify=None,
            candidates=shares,
            second=f"read otherwise: {told}",
        )


def _offers(
    found: Sequence[Candidate], chances: NDArray[np.float64]
) -> tuple[tuple[Command, ...], ...]:
    """The likeliest changes, to choose from; the first whatever its probability."""
    order = [i for i in np.argsort(-chances) if found[i].changing]
    return tuple(found[i].commands for n, i in enumerate(order[:3]) if not n or chances[i] > OFFER)


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
