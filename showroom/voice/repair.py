"""Self-corrections: "three centimetres, sorry, I meant four" asks for four centimetres.

After Shriberg's *Preliminaries to a theory of speech disfluencies* (1994): what is corrected, an
editing term ("no wait", 不对), and the repair, whose words each take the place of a word of the
same kind before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .lexicon import Token

_MARKS = (",", ".", ";", "!", "?")
_LONGEST = 4
"""Repairs with more words than these are commands of their own."""
_MEASURED = ("length", "angle", "percent")


def repaired(tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a sentence with its corrections made; others are left as they are."""
    out = list(tokens)
    at = 0
    while at < len(out):
        if out[at].get("repair") is None:
            at += 1
            continue
        start = at
        while at < len(out) and (out[at].get("repair") or _silent(out[at])):
            at += 1
        end = next((i for i in range(at, len(out)) if _parts(out[i])), len(out))
        fixed = _put(out[:start], [t for t in out[at:end] if not _silent(t)])
        if fixed is not None:
            out = [*fixed, *out[end:]]
            at = len(fixed)
    return out


def _silent(token: Token) -> bool:
    return token.kind == "filler" or token.text in _MARKS


def _parts(token: Token) -> bool:
    return token.text in _MARKS or token.get("separator") is not None


def _put(before: Sequence[Token], repair: Sequence[Token]) -> list[Token] | None:
    """The words before an editing term with the repair in them, or None where it does not fit."""
    if not repair or len(repair) > _LONGEST:
        return None
    out = list(before)
    taken: set[int] = set()
    for token in repair:
        place = next(
            (i for i in reversed(range(len(out))) if i not in taken and _alike(out[i], token)), None
        )
        if place is None:
            return None
        out[place] = _measured(token, out[place])
        taken.add(place)
    return out


def _alike(old: Token, new: Token) -> bool:
    if new.kind == "number":
        return old.kind in (*_MEASURED, "number")
    return old.kind == new.kind and old.kind not in ("word", "foreign", "this", "it")


def _measured(new: Token, old: Token) -> Token:
    """A corrected word in the old one's place; a bare number keeps the old unit."""
    moved = replace(new, start=old.start, end=old.end)
    if new.kind != "number" or old.kind not in _MEASURED or not old.said:
        return moved
    si = old.si / old.said * new.said
    return replace(moved, senses=((old.kind, ""),), si=si, unit=old.unit)
