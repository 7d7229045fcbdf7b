"""A second reader: a network that reads the whole sentence, its context, and what went before.

It answers the frame of :mod:`showroom.voice.frame`: the intent, how many commands, and the slots of
each. It knows the lexicon only as marks on the words, and nothing of the grammar.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import embedding
from .context import Context
from .frame import COMMANDS, OTHER, SAID, SLOTS, Slots
from .lexicon import Token
from .reader_arrays import Schema, numbered
from .reader_input import Input, input_of

_UNKNOWN = 0.02
"""What a class is given that the reader does not know."""
_OPEN = 0.5
_NAMING = ("category", "kind", "product", "color", "ordinal", "this", "other", "pick", "part")
"""Kinds of words that tell which product is meant."""
_EPS = 1e-5
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Reading:
    """What the reader makes of a sentence; all are probabilities.

    Attributes:
        seen: the sentence as it saw it, ``tokens`` its words.
        intent: (intents,); ``count`` (commands + 1,).
        slots: per name of :data:`SLOTS` (commands, classes).
        target: (commands, targets): nobody, the categories, the things.
        number: (commands, pieces): which piece says the number.
    """

    schema: Schema
    seen: Input
    tokens: tuple[Token, ...]
    intent: Floats
    count: Floats
    slots: dict[str, Floats]
    target: Floats
    number: Floats

    @property
    def intents(self) -> dict[str, float]:
        """Intent to probability, likeliest first."""
        order = np.argsort(-self.intent)
        return {self.schema.intents[i]: float(self.intent[i]) for i in order}

    def knows(self, frame: Sequence[Slots]) -> bool:
        """Whether all that commands say is among the classes that the reader has learned."""
        return all(s.values[n] in self.schema.slots[n] for s in frame for n in SLOTS[1:])

    def chance(self, k: int, slots: Slots, context: Context) -> dict[str, float]:
        """How probable the reader finds each slot of a command, by name.

        What comes to the same counts together: a thing and its category where nothing else there
        is of it, and all classes of amounts that come to its number. What the conversation tells
        rather than the sentence, the reader leaves open: amounts by the change before, and what
        was last talked about where nothing is named.
        """
        out = {name: self._share(name, k, slots.values[name]) for name in SLOTS}
        out["amount"] = sum(self._share("amount", k, name) for name in slots.amounts)
        counted = context.last is not None and SAID not in slots.amounts
        if OTHER in slots.amounts or (counted and slots.amounts != ("",)):
            out["amount"] = max(out["amount"], _OPEN)  # such as 3 cm in place of 1 cm
        same = alike_targets(slots.target, context)
        at = [self.schema.target_of(name, self.seen.things) for name in same]
        out["target"] = sum(float(self.target[k, i]) for i in at if i >= 0) or _UNKNOWN
        if slots.target and slots.target == context.topic and not self._names:
            out["target"] = max(out["target"], _OPEN)
        if said := numbered(self.seen, self.tokens, slots):
            out["number"] = float(self.number[k, said].sum())
        return out

    @property
    def _names(self) -> bool:
        """Whether the sentence names a product."""
        return any(t.get(kind) is not None for t in self.tokens for kind in _NAMING)

    def _share(self, name: str, k: int, value: str) -> float:
        classes = self.schema.slots[name]
        return float(self.slots[name][k, classes.index(value)]) if value in classes else _UNKNOWN

    def best(self, k: int) -> Slots:
        """The likeliest slots of a command."""
        values = {n: self.schema.slots[n][int(self.slots[n][k].argmax())] for n in SLOTS}
        at = int(self.target[k].argmax())
        listed = len(self.schema.categories)
        if at == 0:
            target = ""
        elif at <= listed:
            target = self.schema.categories[at - 1]
        else:
            target = self.seen.things[at - 1 - listed]
        return Slots(values, target)

    def pointed(self, k: int) -> Token | None:
        """The word that says the number of a command, or None."""
        over = self.seen.over[int(self.number[k].argmax())]
        said = [self.tokens[i] for i in over if self.tokens[i].si == self.tokens[i].si]
        return said[0] if said else None


def alike_targets(target: str, context: Context) -> list[str]:
    """The names of a target: its own, and its category or the one thing of it that is there."""
    thing = context.thing(target)
    category = thing.category if thing else target
    found = [t.id for t in context.things if t.category == category]
    if thing is not None:
        return [target, category] if found == [target] else [target]
    return [target, *found] if len(found) == 1 else [target]


class Reader:
    """The network, in numpy.

    Args:
        data: its weights and names as :mod:`showroom.voice.reader_train` writes them.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.schema = Schema.read(data)
        self._w: dict[str, Floats] = {
            k[2:]: np.asarray(v, np.float32) for k, v in data.items() if k.startswith("n ")
        }
        self._heads = int(data["heads"])
        tuned = {k: v for k, v in data.items() if k.startswith("e ")}
        self._encoder = embedding.encoder_weights(tuned or None)
        self._layers = 1 + max(int(k.split(".")[1]) for k in self._w if k.startswith("layers."))
        for name in [k for k in self._w if k.endswith(".weight") and k not in _TABLES]:
            if self._w[name].ndim == 2:
                self._w[name] = np.ascontiguousarray(self._w[name].T)

    def read(self, tokens: Sequence[Token], context: Context) -> Reading:
        """What a scanned sentence comes to in its context."""
        seen = input_of(tokens, context)
        w = self._w
        pieces = self._linear("state", embedding.states(seen.pieces, self._encoder))
        count, things = len(pieces), len(seen.things)
        pieces += self._marked(seen.marks) + w["place"][:count] + w["role"][0]
        x = np.concatenate(
            [
                w["queries"],
                pieces,
                self._marked(seen.thing_marks) + w["role"][1],
                self._marked(seen.before) + w["role"][2],
            ]
        )
        for layer in range(self._layers):
            x = self._layer(f"layers.{layer}.", x)
        x = self._normed("ln", x)
        head, commands = x[0], x[1 : 1 + COMMANDS]
        first = 1 + COMMANDS
        words, seen_things = x[first : first + count], x[first + count : first + count + things]
        what, number = np.split(self._linear("point", commands), 2, axis=-1)
        scale = 1 / math.sqrt(x.shape[-1])
        pointed = what @ self._linear("thing_key", seen_things).T * scale
        said = number @ self._linear("number_key", words).T * scale
        target = np.concatenate([self._linear("target", commands), pointed], axis=-1)
        logits = self._linear("slot", commands)
        ends = np.cumsum([len(self.schema.slots[n]) for n in SLOTS])[:-1]
        slots = dict(zip(SLOTS, np.split(logits, ends, axis=-1), strict=True))
        return Reading(
            self.schema,
            seen,
            tuple(tokens),
            softmax(self._linear("intent", head)),
            softmax(self._linear("count", head)),
            {k: softmax(v) for k, v in slots.items()},
            softmax(target),
            softmax(said),
        )

    def _linear(self, name: str, x: Floats) -> Floats:
        return np.asarray(x @ self._w[f"{name}.weight"] + self._w[f"{name}.bias"], np.float32)

    def _normed(self, name: str, x: Floats) -> Floats:
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + _EPS)
        return np.asarray(x * self._w[f"{name}.weight"] + self._w[f"{name}.bias"], np.float32)

    def _marked(self, rows: Sequence[Sequence[str]]) -> Floats:
        table, index = self._w["marks.weight"], self.schema.marks
        out = np.zeros((len(rows), table.shape[1]), np.float32)
        for at, row in enumerate(rows):
            known = [index[m] for m in row if m in index]
            if known:
                out[at] = table[known].sum(axis=0)
        return out

    def _layer(self, name: str, x: Floats) -> Floats:
        t, d = x.shape
        qkv = self._linear(f"{name}qkv", self._normed(f"{name}ln1", x))
        q, k, v = qkv.reshape(t, 3, self._heads, d // self._heads).transpose(1, 2, 0, 3)
        share = softmax(q @ k.transpose(0, 2, 1) * (d // self._heads) ** -0.5)
        y = (share @ v).transpose(1, 0, 2).reshape(t, d)
        x = x + self._linear(f"{name}out", y)
        up = self._linear(f"{name}up", self._normed(f"{name}ln2", x))
        return x + self._linear(f"{name}down", _gelu(up))


_TABLES = ("marks.weight",)


def softmax(scores: Floats) -> Floats:
    """Probabilities over the last axis."""
    share = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(share / share.sum(axis=-1, keepdims=True), np.float32)


def _gelu(x: Floats) -> Floats:
    return np.asarray(
        0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x))), np.float32
    )
