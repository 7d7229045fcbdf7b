"""Examples as flat arrays: what a reader is trained from, and what it is asked with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .frame import COMMANDS, SLOTS, THINGS, Slots, spoken
from .lexicon import Token, default_lexicon
from .reader_input import Input

RARE = 6
"""Marks and classes seen less often than this are left out."""
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Schema:
    """The names behind the numbers.

    Attributes:
        marks: of pieces, things and changes; an unknown mark is left out.
        intents: classes of the sentence.
        slots: classes per name of :data:`showroom.voice.frame.SLOTS`, the first ``""``.
        categories: what a target may be beside the things of the context.
    """

    marks: dict[str, int]
    intents: tuple[str, ...]
    slots: dict[str, tuple[str, ...]]
    categories: tuple[str, ...]

    @property
    def targets(self) -> int:
        """How many targets there are: none, the categories, the things."""
        return 1 + len(self.categories) + THINGS

    def target_of(self, name: str, things: Sequence[str]) -> int:
        """The number of a target; -1 for one that is neither here nor a category."""
        if not name:
            return 0
        if name in things:
            return 1 + len(self.categories) + things.index(name)
        return 1 + self.categories.index(name) if name in self.categories else -1

    def arrays(self) -> Arrays:
        """Its names, to be written beside weights."""
        out = {
            "marks": np.array("\n".join(self.marks)),
            "intents": np.array("\n".join(self.intents)),
            "categories": np.array("\n".join(self.categories)),
        }
        return out | {f"slot {k}": np.array("\n".join(v)) for k, v in self.slots.items()}

    @staticmethod
    def read(data: Any) -> Schema:
        """The schema among arrays."""

        def names(key: str) -> tuple[str, ...]:
            return tuple(str(data[key]).split("\n"))

        return Schema(
            {name: i for i, name in enumerate(names("marks"))},
            names("intents"),
            {k: names(f"slot {k}") for k in SLOTS},
            names("categories"),
        )


def schema_of(
    seen: Sequence[Input], intents: Sequence[str], frames: Sequence[tuple[Slots, ...]]
) -> Schema:
    """The names that occur often enough in examples."""
    marks: Counter[str] = Counter()
    for each in seen:
        for row in (*each.marks, *each.thing_marks, *each.before):
            marks.update(row)
    slots: dict[str, Counter[str]] = {name: Counter() for name in SLOTS}
    for frame in frames:
        for command in frame:
            for name, value in command.values.items():
                slots[name][value] += 1
    return Schema(
        {name: i for i, name in enumerate(sorted(m for m, n in marks.items() if n >= RARE))},
        tuple(sorted(set(intents))),
        {k: ("", *sorted(v for v, n in c.items() if v and n >= RARE)) for k, c in slots.items()},
        (*default_lexicon().values("category"), *default_lexicon().values("kind")),
    )


def packed(seen: Sequence[Input], schema: Schema) -> Arrays:
    """Inputs as flat arrays.

    Returns:
        ``pieces`` (all subwords one after the other) and ``piece_counts``; of pieces, things and
        changes before ``…_marks`` with ``…_mark_counts`` per row, and ``thing_counts`` and
        ``before_counts`` per sentence.
    """
    out: Arrays = {
        "pieces": np.array([p for s in seen for p in s.pieces], np.int32),
        "piece_counts": np.array([len(s.pieces) for s in seen], np.int16),
        "thing_counts": np.array([len(s.things) for s in seen], np.int16),
        "before_counts": np.array([len(s.before) for s in seen], np.int16),
    }
    for name, rows in (
        ("piece", [row for s in seen for row in s.marks]),
        ("thing", [row for s in seen for row in s.thing_marks]),
        ("before", [row for s in seen for row in s.before]),
    ):
        known = [[schema.marks[m] for m in row if m in schema.marks] for row in rows]
        out[f"{name}_marks"] = np.array([m for row in known for m in row], np.int16)
        out[f"{name}_mark_counts"] = np.array([len(row) for row in known], np.int16)
    return out


def labelled(
    seen: Sequence[Input],
    tokens: Sequence[Sequence[Token]],
    intents: Sequence[str],
    frames: Sequence[tuple[Slots, ...]],
    schema: Schema,
) -> Arrays:
    """Frames as arrays; -1 where a class is not known or does not matter.

    Returns:
        ``intent`` (n,), ``count`` (n,), ``slots`` (n, commands, slots), ``target`` (n, commands),
        and ``numbers``: per piece one bit per command whose number it says.
    """
    n = len(seen)
    names = {name: i for i, name in enumerate(schema.intents)}
    index = {k: {v: i for i, v in enumerate(schema.slots[k])} for k in SLOTS}
    slots = np.full((n, COMMANDS, len(SLOTS)), -1, np.int16)
    target = np.full((n, COMMANDS), -1, np.int16)
    numbers: list[int] = []
    for at, (each, frame) in enumerate(zip(seen, frames, strict=True)):
        bits = [0] * len(each.pieces)
        for k in range(COMMANDS):
            if k >= len(frame):
                slots[at, k, SLOTS.index("action")] = 0
                continue
            for s, name in enumerate(SLOTS):
                slots[at, k, s] = index[name].get(frame[k].values[name], -1)
            target[at, k] = schema.target_of(frame[k].target, each.things)
            for piece in numbered(each, tokens[at], frame[k]):
                bits[piece] |= 1 << k
        numbers += bits
    return {
        "intent": np.array([names.get(i, -1) for i in intents], np.int16),
        "count": np.array([min(len(f), COMMANDS) for f in frames], np.int16),
        "slots": slots,
        "target": target,
        "numbers": np.array(numbers, np.uint8),
    }


def numbered(seen: Input, tokens: Sequence[Token], slots: Slots) -> list[int]:
    """The pieces that say the number of a command."""
    if slots.number is None:
        return []
    said = set(spoken(tokens, slots.number, factor=slots.values["action"] == "scale"))
    return [p for p, over in enumerate(seen.over) if said & set(over)]
