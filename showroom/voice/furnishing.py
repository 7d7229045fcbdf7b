"""Moving, turning, scaling and placing of furniture."""

from __future__ import annotations

import math
import re

import msgspec

from ..protocol.messages import Command
from .context import Context
from .data import amounts
from .lexicon import Token
from .phrase import Phrase, part_kind
from .target import another, category_target, colored_one, implied, kind_of, named
from .text import is_cjk

_OPPOSITE = {
    "left": "right", "right": "left", "forward": "back", "back": "forward", "up": "down",
    "down": "up",
}  # fmt: skip
_BARE = 5
"""From this number on one without a unit is centimetres or degrees ("ten more")."""
_SIDES = ("前面", "后面", "左边", "右边", "左侧", "右侧", "前方", "后方")
_DIRECT = ("wall", "window", "door", "corner", "center")
_FACING = re.compile(r"\bfac(?:e|es|ing)\b|\b(?:towards?|at|point(?:s|ing)?)\b|[朝向对冲]")
_TO_ME = re.compile(
    r"face ?我|[对朝冲向](?:着|住)?我|\bfac(?:e|es|ing) (?:to )?me\b|\b(?:at|towards?) me\b"
)
_AGAIN = re.compile(r"\b(?:half|third|quarter) (?:as [a-z]+ )?again\b")
"""As in "half as tall again"."""
_SLIGHTLY = ("点", "一点", "些", "点儿", "啲", "一下子")
"""Endings of Chinese words that say "a little" themselves (松快点儿)."""
_GREATLY = ("得离谱", "得很", "死了", "过头了", "得慌")
"""What makes a complaint a strong one."""
_APART = ("far", "近", "远")
_BEFORE = ("挨着", "靠着", "贴着", "紧挨", "紧靠", "紧贴", "挨", "靠", "顶着", "挨着放")
"""Chinese words for "beside" that the neighbour follows."""


def copy(command: Command, **changes: object) -> Command:
    """A command with other fields, and no wire id."""
    return msgspec.structs.replace(command, id="", **changes)


def vague(kind: str, phrase: Phrase, *, default: bool = True) -> float | None:
    """The SI amount of "a bit", 一点 and their like; without such a word the default or None.

    Args:
        kind: a row of ``amounts.yaml``.
    """
    table = amounts()[kind]
    said = [v for t in phrase if (v := t.get("amount"))]
    word = "tiny" if "tiny" in said else "lot" if "lot" in said else "bit" if "bit" in said else ""
    done = [t.text for t in phrase if t.kind == "done" and t.text != "了"]
    twice = any(
        a.text == b.text and len(a.text) == 1 and a.get("adjective")
        for a, b in zip(phrase.tokens, phrase.tokens[1:], strict=False)
    )
    word = word or ("bit" if twice else "")
    if not word and done:
        word = "lot" if done[-1] in _GREATLY else "bit"
    if any("有点" in t.text or "有些" in t.text or "有一点" in t.text for t in phrase.all("too")):
        word = word or "bit"
    kinds = ("change", "adjective", "closer")
    changed = [t.text for t in phrase if any(t.get(k) for k in kinds)]
    if not word and any(text.endswith(_SLIGHTLY) for text in changed):
        word = "bit"
    if not word:
        return table["default"] if default else None
    return table[word]


def spoken_amount(phrase: Phrase, last: Command, context: Context) -> float | None:
    """A length, angle or vague amount of the phrase in SI, as a change like the last; or None."""
    for token in phrase:
        if token.kind in ("length", "angle"):
            return token.si
        if token.kind == "number" and token.said >= _BARE and last.delta is not None:
            turns = last.action == "rotate"
            return math.radians(token.said) if turns else token.said / 100
    kind: str = last.action
    if kind not in ("move", "rotate"):
        part = part_kind(last.part) if last.part else ""
        kind = kind_of(last.target, context) or part or "garment"
    return vague(kind, phrase, default=False)


def turned_back(command: Command, size: float) -> Command:
    """The opposite change, by ``size`` metres or radians."""
    delta = command.delta or 0.0
    direction = _OPPOSITE.get(command.direction, command.direction)
    if command.action == "move" and command.direction:
        return copy(command, direction=direction, delta=size)
    return copy(command, direction=direction, delta=-math.copysign(size, delta))


def build(intent: str, phrase: Phrase, context: Context) -> tuple[Command, ...] | str:
    """Commands of ``move``, ``rotate``, ``scale`` or ``place``, or what is missing."""
    if intent in ("move", "place"):
        return _move(phrase, context)
    target = named(phrase, context) or implied(phrase, context, "furniture")
    if intent == "rotate":
        return _rotate(phrase, context)
    return _scale(phrase, target)


def direction_of(phrase: Phrase) -> str:
    """The direction said, or ``""``; words that mean a part as well count last."""
    pure = [t for t in phrase.all("direction") if len(t.senses) == 1]
    tokens = pure or phrase.all("direction")
    return (tokens[-1].get("direction") or "") if tokens else ""


def _anchor(phrase: Phrase) -> tuple[str, int | None]:
    """What it shall stand at, and the index of the token that says so."""
    here = phrase.all("near")
    fixed = [t for t in here if t.get("near") in _DIRECT]
    if fixed:
        return fixed[-1].get("near") or "", phrase.index(fixed[-1])
    categories = phrase.all("category")
    beside = [phrase.index(t) for t in phrase.all("beside")]
    closer = [phrase.index(t) for t in phrase.all("closer")]
    token = _neighbour(phrase)
    if token is None and len(categories) >= 2 and (beside or closer):
        token = categories[-1]
    if token is not None:
        return token.get("category") or "", phrase.index(token)
    if closer and any(t.get("near") == "me" for t in here):
        return "me", None
    if any(t.get("near") == "me" and len(t.text) > 1 for t in here) and phrase.has("act", "move"):
        return "me", None
    if beside and any(t.get("near") == "me" for t in here):
        return "me", None
    if any(t.get("near") == "pointer" for t in here):
        return "pointer", None
    return "", None


def _neighbour(phrase: Phrase) -> Token | None:
    """The category that a "beside" word belongs to: the one after it, or before it in Chinese."""
    for at, token in enumerate(phrase.tokens):
        side = token.text in _SIDES and len(phrase.all("category")) > 1
        if token.get("beside") is None and not side:
            continue
        before = [t for t in phrase.tokens[:at][-2:] if t.get("category")]
        joined = is_cjk(token.text[0]) and before and phrase.tokens[at - 1] is before[-1]
        joined = joined and token.text not in _BEFORE
        if joined and (len(phrase.all("category")) > 1 or not phrase.tokens[at + 1 :]):
            return before[-1]
        for after in phrase.tokens[at + 1 :]:
            if after.get("category"):
                return after
            if after.kind not in ("filler", "number"):
                break
    return None


def _move(phrase: Phrase, context: Context) -> tuple[Command, ...] | str:
    if phrase.has("blocking") and not phrase.has("direction"):
        return "which_direction"
    near, where = _anchor(phrase)
    categories = phrase.all("category")
    nearing = phrase.all("closer")
    if not near and nearing and len(categories) == 1:  # "and closer to the sofa"
        place = phrase.index(categories[0])
        about = context.topic or (context.last.target if context.last else "")
        there = category_target(categories[0].get("category") or "", context)
        apart = kind_of(about, context) == "furniture" and about != there
        if apart and phrase.index(nearing[0]) < place:
            near, where = categories[0].get("category") or "", place
    if not near and phrase.has("together") and len(categories) > 1:
        near, where = categories[-1].get("category") or "", phrase.index(categories[-1])
    if where is None and len(categories) == 1 and _source(phrase, categories[0]):
        where = phrase.index(categories[0])
    target = named(phrase, context, skip=where, colored=True)
    if not target and phrase.has("this") and context.pointed:
        target = context.pointed
    target = target or colored_one(phrase, context) or another(phrase, context)
    target = target or implied(phrase, context, "furniture")
    beside = phrase.has("beside") and (phrase.has("it") or phrase.has("this"))
    if beside and not near and target and context.topic not in ("", target):
        other = context.thing(context.topic)  # "the chair next to it"
        near = other.category if other is not None and other.kind == "furniture" else near
    neighbour = _neighbour(phrase)
    direction = "" if neighbour and is_cjk(neighbour.text[0]) else direction_of(phrase)
    length = next((t.si for t in phrase if t.kind == "length"), None)
    if length is None:  # "left fifty" is in centimetres
        numbers = [t.said for t in phrase if t.kind == "number" and t.said >= _BARE]
        length = numbers[-1] / 100 if numbers else None
    closer = phrase.first("closer")
    from_near = any(t.get("closer") == "from" for t in phrase)
    away = phrase.has("closer", "away")
    if not near and phrase.has("act", "place") and not (closer or direction or length):
        near = "me" if phrase.has("near", "me") else ""
    if closer and not near and not direction:
        near = "me"
    amount = length if length is not None else vague("move", phrase) or 0.0
    to_me = near == "me" and not closer and phrase.has("act", "move")
    towards = to_me or (length is not None and near in _DIRECT and not phrase.has("beside"))
    stands = closer or phrase.has("beside") or any(t.text in _APART for t in phrase)
    if phrase.has("too", "too") and stands and near and near != "pointer":
        far = away or any("far" in t.text or "远" in t.text for t in phrase)
        return (Command(action="move", target=target, near=near, delta=amount if far else -amount),)
    if not direction and phrase.has("act", "move") and _backed(phrase):
        direction = "back"
    if near and near != "pointer" and (closer or from_near or towards):
        delta = -amount if away else amount
        return (Command(action="move", target=target, near=near, delta=delta),)
    if near == "pointer" and phrase.has("amount") and not direction:
        return "which_direction"
    if near:
        return (Command(action="place", target=target, near=near),)
    if not direction:
        return "which_direction"
    return (Command(action="move", target=target, direction=direction, delta=amount),)


def _source(phrase: Phrase, category: Token) -> bool:
    """Whether a category only says away from what ("back a bit from the table")."""
    at = phrase.index(category)
    before = [t for t in phrase.tokens[:at] if t.kind != "filler"][-1:]
    return bool(before) and before[0].text in ("from", "离")


def _backed(phrase: Phrase) -> bool:
    """Whether a phrase ends in "chair back", which after a verb of moving is no part."""
    last = phrase.content[-1]
    return last.get("part") == "back" and last.text.endswith(" back")


def _faced(phrase: Phrase) -> tuple[str, int | None]:
    """What it shall face, and the index of the token that says so."""
    near, where = _anchor(phrase)
    categories = phrase.all("category")
    if not near and len(categories) > 1 and _FACING.search(phrase.text):
        return categories[-1].get("category") or "", phrase.index(categories[-1])
    return near, where


def _rotate(phrase: Phrase, context: Context) -> tuple[Command, ...] | str:
    faced, where = _faced(phrase)
    target = named(phrase, context, skip=where, colored=True)
    target = target or colored_one(phrase, context) or another(phrase, context)
    target = target or implied(phrase, context, "furniture")
    spin = phrase.first("spin")
    said = direction_of(phrase)
    direction = spin or (said if said in ("left", "right") else "")
    angle = next((t.si for t in phrase if t.kind == "angle"), None)
    if angle is None and (number := [t.said for t in phrase if t.kind == "number" and t.said > 4]):
        angle = math.radians(number[0])
    turns = [v for t in phrase if (v := t.get("turn"))]
    if faced in _DIRECT and angle is None and not direction and _FACING.search(phrase.text):
        return (Command(action="rotate", target=target, near=faced),)
    last = context.last
    again = phrase.has("it") and last is not None and last.near
    if again and not faced and angle is None and not direction and _FACING.search(phrase.text):
        return (Command(action="rotate", target=target, near=last.near if last else ""),)
    before_me = _TO_ME.search(phrase.text) is not None
    if before_me and angle is None and not direction:
        return (Command(action="rotate", target=target, near="me"),)
    if angle is None and turns:
        angle = math.radians(float(turns[-1]))
    if angle is None and not direction:
        near = faced
        if not near and any(t.get("near") == "me" for t in phrase.all("near")):
            near = "me"
        if near and near != "pointer":
            return (Command(action="rotate", target=target, near=near),)
    if angle is None and any(t.text == "round" for t in phrase):
        angle = math.pi
    if angle is None:
        angle = vague("rotate", phrase) or 0.0
    delta = -angle if direction == "right" else angle
    return (Command(action="rotate", target=target, direction=direction, delta=delta),)


def _scaled_to(phrase: Phrase) -> bool:
    """Whether a share says how large it shall become ("to 80%"), not by how much to change it."""
    shares = [i for i, t in enumerate(phrase.tokens) if t.kind in ("percent", "times", "factor")]
    if not shares:
        return any(t.get("absolute") for t in phrase)
    before = [t for t in phrase.tokens[: shares[0]][-3:] if t.kind not in ("filler", "number")]
    after = [t for t in phrase.tokens[shares[0] + 1 :] if t.kind != "filler"]
    if after and after[0].get("change"):
        return False
    whole = "原来" in phrase.text or "of its" in phrase.text or "of the original" in phrase.text
    return whole or any(t.get("absolute") or t.text == "at" for t in before)


def _scale(phrase: Phrase, target: str) -> tuple[Command, ...] | str:
    sizes = [v for t in phrase if (v := t.get("change") or t.get("adjective"))]
    complaint = phrase.has("too") or any(t.kind == "done" for t in phrase)
    shrinks = bool(sizes) and sizes[0].endswith("-")
    if complaint and not phrase.has("change"):
        shrinks = not shrinks
    shrinks = shrinks or any(t.text == "scale down" for t in phrase) or phrase.has("raise", "down")
    if phrase.has("direction", "down"):
        shrinks = True
    parameter = phrase.first("dimension") or next(
        (v[:-1] for v in sizes if not v.startswith("size")), ""
    )
    percent = next((t.si for t in phrase if t.kind == "percent"), None)
    factor = next((t.si for t in phrase if t.kind in ("factor", "times")), None)
    most = 1e12 if "factor" in phrase.text or "by" in phrase.text.split() else 10
    bare = next((t.said for t in phrase if t.kind == "number" and 0 < t.said < most), None)
    to = _scaled_to(phrase)
    if percent is not None:
        value = percent if to else (1 - percent if shrinks else 1 + percent)
    elif factor is not None or bare is not None:
        value = factor if factor is not None else (bare or 1.0)
        if bare is not None and bare < 1 and sizes and not shrinks:
            value = 1 + bare
        if value == 1.0 and not to:
            value = 0.5 if shrinks else 2.0
        elif shrinks and value > 1.0:
            value = 1 / value
        elif shrinks and value < 1.0 and not to and any(t.text == "by" for t in phrase):
            value = 1 - value  # "shrink it by a third"
        if _AGAIN.search(phrase.text):
            value = 1 + value if value < 1.0 else value
    else:
        step = vague("scale", phrase) or 1.0
        value = 1 / step if shrinks else step
    return (Command(action="scale", target=target, parameter=parameter, factor=value),)
