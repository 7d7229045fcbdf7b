"""Words that their neighbours tell what they are, before a sentence is split.

"The chair back half a metre" moves a chair, 喘不上气 denies nothing, and in "one centimetre,
and the hem by four" the four are centimetres too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .lexicon import Sense, Token, default_lexicon
from .phrase import part_kind
from .quantity import units
from .text import is_cjk

_MARKS = (",", ".", ";", "!", "?", "、")
_FURNITURE_BACK = {"chair back": "chair", "sofa back": "sofa", "couch back": "sofa"}
_ABLE = "上下来去起住着到进开拢动了出直过见清惯合齐够透及"
"""What follows 不 in what cannot be done (喘不上, 够不着)."""
_PLAIN_BEFORE = "绝都也就可我你它这那还再又是的了把给让要会能想好行对得总从并却"
_MEASURED = ("length", "angle")
_SEATS = frozenset(("chair", "sofa", "armchair"))
_TABLES = frozenset(("table", "desk", "coffee_table", "cabinet"))
_REACHING = "到至齐过盖遮露"
"""What a part of the body follows that something reaches (剪到腰, 盖住)."""
_OF = ("of", "on", "off")
_ENDS = ("the bottom", "bottom", "the top", "the front", "front")
_LIFTS = {"抬": "height+", "升": "height+"}
"""Verbs of moving that, with an amount, raise."""
_PULLING = ("let", "take", "bring", "nip", "pull", "draw", "bring in", "taking", "letting")
_PARTICLES = {"in": "ease-", "out": "ease+", "up": "length-", "down": "length+"}
"""What "let the waist out" and "take the sleeves up" change."""
_BEFORE_MEASURE = (
    "take",
    "lose",
    "knock",
    "by",
    "to",
    "two",
    "another",
    "around",
    "about",
    "out",
    "up",
    "down",
)
_ONTO = ("to", "on", "onto", "off", "at", "from", "in")
_TAKING = ("change", "adjective", "raise", "absolute", "dimension", "amount", "direction", "act")


def recast(tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a sentence with those read anew that their neighbours decide."""
    out: list[Token] = []
    for at, token in enumerate(tokens):
        shade = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.text[-1] in "浅深" and token.get("change") and shade and _shade(token, shade):
            out += _shaded(token, tokens[at + 1])
        elif out and out[-1].end == token.end:
            continue
        elif token.text in _FURNITURE_BACK and _goes(tokens[at + 1 :]):
            out += _parted(token)
        elif token.text == "back" and out and _backrest(tokens, at):
            out.append(replace(token, senses=(("part", "back"),)))
        elif sense := _owned(tokens, at):
            out.append(replace(token, senses=(sense,)))
        elif token.text == "不" and _cannot(tokens, at):
            out.append(replace(token, senses=(("filler", "filler"),)))
        else:
            out.append(token)
    return _measured(out)


def _shade(token: Token, after: str) -> bool:
    """Whether "light" or "dark" belongs to the colour that follows (衬衫改浅蓝)."""
    return default_lexicon().match(token.text[-1] + after, 0) == token.text[-1] + after


def _shaded(token: Token, color: Token) -> list[Token]:
    words = default_lexicon()
    verb, name = token.text[:-1], token.text[-1] + color.text
    middle = token.end - 1
    senses = words.senses(verb) if words.match(verb, 0) == verb else (("act", "change"),)
    return [
        Token(verb, senses, token.start, middle),
        Token(name, words.senses(name), middle, color.end),
    ]


def _owned(tokens: Sequence[Token], at: int) -> Sense | None:
    """What a word means beside the words around it, where that is not its usual sense."""
    token = tokens[at]
    before = [t for t in tokens[:at] if t.kind != "filler"]
    after = [t for t in tokens[at + 1 :] if t.kind != "filler"]
    owner = after[1 if after and after[0].text in _OF else 0 :][:1] + before[-1:]
    so = token.text in ("那么", "这么") and after
    if so and (after[0].get("amount") or after[0].text == "多"):
        return ("filler", "filler")
    if token.text == "多" and at and tokens[at - 1].text in ("那么", "这么"):
        return ("filler", "filler")
    if token.get("part") == "sleeve" and token.text in ("arm", "arms"):
        near = [t for t in owner if t.get("category") in _SEATS]
        return ("part", "armrest") if near else None
    if token.text == "the back of" and after and after[0].get("category") in _SEATS:
        sized = any(t.get("change") or t.get("adjective") for t in after)
        return ("part", "back") if sized else None
    if token.kind == "view" and after and after[0].kind == "part" and token.text in _ENDS:
        return ("filler", "filler")  # "the bottom hem"
    if token.text in ("这", "那") and before and before[-1].get("act") == "place":
        ends = not after or after[0].text in _MARKS
        return ("near", "pointer") if ends else None  # 沙发放这
    if token.text in ("the bottom", "at the bottom", "bottom") and _altered(tokens, at):
        return ("part", "hem")  # "five centimetres off the bottom"
    if token.text in _LIFTS and after and (after[0].kind == "length" or after[0].get("amount")):
        return ("change", _LIFTS[token.text])
    if token.text == "v" and any(t.get("part") == "neckline" for t in tokens):
        return ("option", "neckline/v")
    if token.kind == "part" and before and before[-1].text[-1] in _REACHING:
        others = [t for t in tokens[:at] if t.kind in ("part", "category")]
        return ("filler", "filler") if others else None  # 下摆剪到腰
    if token.text in _PARTICLES and len(before) > 1 and not _follows(tokens, at):
        sized = before[-1].kind in ("number", "length") and before[-2].kind == "part"
        worn = part_kind(before[-2].get("part") or "leg") == "garment"
        return ("change", _PARTICLES[token.text]) if sized and worn else None
    if token.text == "too" and before and not _follows(tokens, at):
        return ("same", "same")  # "the hips could use some room too"
    if token.text == "seat" and after and after[0].kind == "number":
        return ("filler", "filler")  # "it has to seat six"
    if token.get("category") == "top" and _TABLES & {t.get("category") for t in tokens}:
        return ("part", "top")
    if token.text == "go" and after and after[0].kind == "color":
        return ("act", "change")
    if token.text in _PARTICLES and (verb := _verb(before)) and not _told(tokens, at):
        lone = before[-1].kind == "it" and not (after and after[0].kind in ("length", "amount"))
        free = lone or (before[-1].kind == "it" and token.text in ("up", "down"))
        return ("change", _PARTICLES[token.text]) if verb in _PULLING and not free else None
    return None


def _altered(tokens: Sequence[Token], at: int) -> bool:
    """Whether the clause around a word tells a change of length and names no part."""
    start = next((i + 1 for i in range(at - 1, -1, -1) if tokens[i].text in _MARKS), 0)
    end = next((i for i in range(at, len(tokens)) if tokens[i].text in _MARKS), len(tokens))
    clause = tokens[start:end]
    told = any(t.kind == "length" or t.get("change") for t in clause)
    acts = {v for t in clause if (v := t.get("act"))} - {"off", "change", "move"}
    return told and not acts and not any(t.kind == "part" for t in clause)


def _follows(tokens: Sequence[Token], at: int) -> bool:
    """Whether another word of the clause follows."""
    rest = tokens[at + 1 :]
    return bool(rest) and rest[0].text not in _MARKS and rest[0].get("separator") is None


def _verb(before: Sequence[Token]) -> str:
    """The verb of "let the waist out", where a part of a garment alone stands between."""
    inside = before[-2:]
    if len(inside) == 2 and inside[-1].kind == "it":
        return inside[0].text
    if len(inside) < 2 or inside[-1].kind != "part":
        return ""
    return inside[0].text if part_kind(inside[-1].get("part") or "") == "garment" else ""


def _told(tokens: Sequence[Token], at: int) -> bool:
    """Whether another word of the clause says already how it shall change."""
    clause = tokens[at + 1 :]
    end = next((i for i, t in enumerate(clause) if t.text in _MARKS), len(clause))
    return any(t.get("change") or t.get("part") for t in clause[:end])


def _backrest(tokens: Sequence[Token], at: int) -> bool:
    """Whether "back" is a chair's, of which a measure is told (chair 的 back 再高 10 公分)."""
    before = [t for t in tokens[:at] if t.kind != "filler"]
    if (
        before
        and before[-1].kind in ("change", "adjective")
        and _SEATS & {t.get("category") for t in tokens}
    ):
        return True  # "the chair needs a higher back"
    owner = before[-1].get("category") if before else None
    told = [t for t in tokens[at + 1 :][:3] if t.get("change") or t.get("adjective")]
    return owner in ("chair", "sofa", "armchair") and bool(told)


def _goes(rest: Sequence[Token]) -> bool:
    """Whether what follows says how far, and not how tall a back shall be."""
    clause: list[Token] = []
    for token in rest:
        if token.text in _MARKS or token.get("separator"):
            break
        clause.append(token)
    sized = any(t.get("change") or t.get("adjective") or t.get("raise") for t in clause)
    content = [t for t in clause if t.kind != "filler"]
    near = not content or content[0].kind == "length" or content[0].get("amount") is not None
    return near and not sized


def _parted(token: Token) -> list[Token]:
    middle = token.start + token.text.index(" back")
    category = _FURNITURE_BACK[token.text]
    return [
        Token(token.text[:-5], (("category", category),), token.start, middle),
        Token("back", (("direction", "back"),), middle + 1, token.end),
    ]


def _cannot(tokens: Sequence[Token], at: int) -> bool:
    """Whether 不 stands inside what cannot be done."""
    if at == 0 or at + 1 == len(tokens):
        return False
    before, after = tokens[at - 1], tokens[at + 1]
    joined = before.end == tokens[at].start and is_cjk(before.text[-1])
    return joined and before.text[-1] not in _PLAIN_BEFORE and after.text[0] in _ABLE


def _measured(tokens: list[Token]) -> list[Token]:
    """Bare numbers with the unit that the sentence says elsewhere."""
    unit, meaning = units()
    known = next((t for t in tokens if t.kind in _MEASURED and t.unit and t.said), None)
    size, kind, name = (known.si / known.said, known.kind, known.unit) if known else (0.0, "", "")
    spoken = [t for t in tokens if t.kind in _MEASURED]
    if known is None and not spoken:  # "two and three, centimetres obviously"
        for token in tokens:
            match = unit.match(token.text, 0) if token.kind == "word" else None
            if match and match.end() == len(token.text) and len(token.text) > 1:
                kind, size = meaning[match[0]]
                name = match[0]
    if kind not in _MEASURED or not size:
        return tokens
    out = list(tokens)
    for at, token in enumerate(tokens):
        one = token.text == "one" and token.kind == "filler"
        if (token.kind == "number" or one) and _bare(tokens, at):
            said = 1.0 if one else token.said
            out[at] = replace(token, senses=((kind, ""),), si=said * size, said=said, unit=name)
    return out


def _bare(tokens: Sequence[Token], at: int) -> bool:
    """Whether a number says how much, and not how many or which."""
    if tokens[at].text == "一":
        return False  # 矮一截
    if tokens[at].text in ("one", "a") and at + 1 < len(tokens) and tokens[at + 1].kind == "part":
        return False
    before = [t for t in tokens[max(0, at - 2) : at] if t.kind != "filler" and t.text not in _MARKS]
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if after is not None and after.get("size_word"):
        return False
    taken = bool(before) and before[-1].text == "take"
    if taken and after is not None and after.text in ("out", "off"):
        return True
    if after is not None and after.kind in ("word", "foreign", "category", "part", "ordinal"):
        return False
    if after is not None and (after.get("change") or after.get("adjective")):
        return after.get("size") is None
    if (
        after is not None
        and after.text in _ONTO
        and any(t.get("part") or t.get("dimension") for t in tokens[at + 2 :][:3])
    ):
        return True
    if not before:
        return False
    if before[-1].kind == "number" and len(tokens) > at + 1:
        return True
    ends = after is None or after.text in _MARKS or after.get("separator") is not None
    if before[-1].get("part") and ends:
        return True
    told = before[-1].text in _BEFORE_MEASURE or any(before[-1].get(k) for k in _TAKING)
    return told and before[-1].get("size_word") is None
