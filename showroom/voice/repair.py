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
_LEADING = ("是", "还是", "要", "make", "make it", "改成", "做", "做成", "it's")
"""Words that a repair may begin with ("no, make it four", 不对是四厘米)."""
_LONGEST = 4
"""Repairs with more words than these are commands of their own."""
_HESITATING = (
    "er", "erm", "um", "hmm", "hm", "och", "tut", "actually", "ach", "uh", "呃", "额", "嗯", "哦",
)  # fmt: skip
_JOINING = ("and", "or", "to", "by", "和", "到", "与")
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
        repair = [t for t in out[at:end] if not _silent(t)]
        while len(repair) > 1 and repair[0].text in _LEADING:
            repair = repair[1:]
        fixed = _put(out[:start], repair)
        if fixed is not None:
            out = [*fixed, *out[end:]]
            at = len(fixed)
    return _last_said(out)


def _last_said(tokens: list[Token]) -> list[Token]:
    """The tokens without numbers that another takes the place of ("thirty, er, forty cm")."""
    out: list[Token] = []
    for at, token in enumerate(tokens):
        rest = tokens[at + 1 :]
        skipped = next((i for i, t in enumerate(rest) if not _silent(t)), len(rest))
        follows = rest[skipped] if skipped < len(rest) else None
        joined = any(t.text in _JOINING for t in rest[:skipped])
        hesitates = any(t.text in _HESITATING for t in rest[:skipped])
        counted = token.kind in ("number", "length", "angle")
        if follows is None or not counted or not skipped or joined:
            out.append(token)
        elif _replaces(follows, token, hesitates):
            continue
        elif token.kind == follows.kind and all(t.text == "," for t in rest[:skipped]):
            continue  # "ten, twenty centimetres"
        else:
            out.append(token)
    return out


def _replaces(new: Token, old: Token, hesitates: bool) -> bool:
    """Whether a number takes the place of the one before it."""
    if new.kind in _MEASURED:
        return old.kind == "number" or hesitates
    return old.kind == new.kind == "number"


def _silent(token: Token) -> bool:
    return token.kind == "filler" or token.text in _MARKS


def _parts(token: Token) -> bool:
    return token.text in _MARKS or token.get("separator") is not None


def _put(before: Sequence[Token], repair: Sequence[Token]) -> list[Token] | None:
    """The words before an editing term with the repair in them, or None where it does not fit."""
    if not repair or len(repair) > _LONGEST:
        return None
    out = list(before)
    while out and out[-1].text in _MARKS:
        out.pop()
    taken: set[int] = set()
    for at, token in enumerate(repair):
        place = next(
            (i for i in reversed(range(len(out))) if i not in taken and _alike(out[i], token)), None
        )
        if place is None and taken and token.kind not in ("act", "category", "part", "color"):
            return [*out, *repair[at:]]  # "sixty, no, sixty-five centimetres long"
        if place is None:
            return None
        out[place] = _measured(token, out[place])
        taken.add(place)
    return out


def _alike(old: Token, new: Token) -> bool:
    if new.kind == "number":
        return old.kind in (*_MEASURED, "number")
    if new.kind in _MEASURED and old.kind == "number":
        return True
    if any(old.get(kind) and new.get(kind) for kind in ("material", "color", "size")):
        return True
    if new.kind == "act":
        return old.get("act") == new.get("act")
    return old.kind == new.kind and old.kind not in ("word", "foreign", "this", "it")


def _measured(new: Token, old: Token) -> Token:
    """A corrected word in the old one's place; a bare number keeps the old unit."""
    moved = replace(new, start=old.start, end=old.end)
    if new.kind != "number" or old.kind not in _MEASURED or not old.said:
        return moved
    si = old.si / old.said * new.said
    return replace(moved, senses=((old.kind, ""),), si=si, unit=old.unit)
