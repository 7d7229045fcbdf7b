"""Split a sentence into its commands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .lexicon import Token
from .phrase import Phrase
from .text import is_cjk

_MEASURES = {"length", "angle", "percent", "amount", "factor", "times"}
_TAILS = ("off", "more", "less", "please", "extra", "again")
"""Words that say nothing by themselves after a measure."""
_WHY = re.compile(
    r"so (?:that|only|just|it|i|we|my|the|they|you|there|nobody|no|a|as)\b"
    r"|(?:because|cause|cos|coz|since|otherwise|or else|for my|for when)\b"
    r"|因为|不然|否则|省得|免得|以免|好让|这样我|这样才|这样好|这样就|要不然|万一"
)
"""What begins a clause that only says why."""
_SUBJECT = re.compile(
    r"(?:there's|there is|there are|it's|it|i'm|i|we|my|our|his|her|he|she|they|when|every)\b"
)
"""How a clause begins that tells of somebody or something else."""
_KEEPING = re.compile(
    r"别动|不动|不变|别变|别改|不用动|不用改|不用变|保持|原样|\b(?:stays?|keep|leave|as it is)\b"
)
"""What a clause says of what shall stay as it is."""
_OR = re.compile(r"\bor\b|还是|跟|和")
_VALUES = ("color", "size", "material", "option", "length", "angle", "amount", "percent")
_STRONG_MARKS = {",", ".", ";", "!", "?", ":"}


def split(tokens: Sequence[Token]) -> list[Phrase]:
    """The phrases of a sentence, one command each, in order.

    Commas and words such as "then" part two phrases; "and" parts them only where each side says
    what to do by itself, so that "the sleeves and the hem a bit longer" stays whole. A side that
    says nothing by itself joins its neighbour.
    """
    pieces: list[Phrase] = []
    current: list[Token] = []
    for position, token in enumerate(tokens):
        strong = token.text in _STRONG_MARKS or token.get("separator") == "strong"
        weak = token.get("separator") == "weak" or token.get("more") == "more"
        if strong and current:
            pieces.append(Phrase(tuple(current)))
            current = []
            if token.text == "?":
                pieces[-1] = Phrase((*pieces[-1].tokens, token))
            elif _WHY.match(token.text):
                current = [token]  # a reason is known by its first word
        elif weak and _parts(current, tokens[position:]):
            pieces.append(Phrase(tuple(current)))
            current = [] if token.get("separator") else [token]
        elif _repeats(current, tokens[position:]) or _apart(current, tokens[position:]):
            pieces.append(Phrase(tuple(current)))
            current = [token]
        elif not strong or _WHY.match(token.text):
            current.append(token)
    if current:
        pieces.append(Phrase(tuple(current)))
    return _join([p for p in pieces if p.content])


def _parts(before: Sequence[Token], rest: Sequence[Token]) -> bool:
    """Whether a weak separator parts two whole commands."""
    left = Phrase(tuple(before))
    following = list(rest[1:])
    for i, token in enumerate(following):
        if token.text in _STRONG_MARKS or token.get("separator") == "strong":
            following = following[:i]
            break
    right = Phrase(tuple(following))
    if not (left.complete and right.complete):
        return False
    if rest[0].get("more") == "more":
        return left.has("change") or left.has("act") or left.has("length") or left.has("angle")
    bare = all(
        k in ("color", "direction", "filler", "same", "category") for t in left for k, _ in t.senses
    )
    acting = any(right.has("act", name) for name in ("place", "move", "rotate", "scale"))
    dyed = left.has("color") and left.has("category")
    return not bare or (dyed and acting)


def _repeats(before: Sequence[Token], rest: Sequence[Token]) -> bool:
    """Whether a part begins a second "part, how" after a whole first one, with no mark between."""
    if rest[0].get("part") is None:
        return False
    left = Phrase(tuple(before))
    if not (left.has("part") and (left.has("length") or left.has("amount"))):
        return False
    right = Phrase(tuple(rest))
    said = left.has("change") or left.has("adjective") or left.has("raise")
    return said and any(right.has(kind) for kind in ("change", "adjective", "raise"))


def _clause(tokens: Sequence[Token]) -> Phrase:
    """The tokens up to the next mark or separator."""
    for i, token in enumerate(tokens):
        if token.text in _STRONG_MARKS or token.get("separator"):
            return Phrase(tuple(tokens[:i]))
    return Phrase(tuple(tokens))


def _apart(before: Sequence[Token], rest: Sequence[Token]) -> bool:
    """Whether a second command begins with no mark between, only a space or a new verb."""
    if not before:
        return False
    left, right = Phrase(tuple(before)), _clause(rest)
    first = rest[0]
    cjk = is_cjk(first.text[0]) and is_cjk(before[-1].text[-1])
    if cjk and first.start > before[-1].end and left.complete:
        return right.complete and not (len(right) == 1 and first.kind in _MEASURES)
    valued = any(left.has(kind) for kind in _VALUES)
    if first.kind == "category" and valued and left.has("category"):
        verb = any(right.has("act", name) for name in ("change", "paint", "move", "rotate"))
        return verb and any(right.has(kind) for kind in (*_VALUES, "direction", "near"))
    if first.get("act") in ("change", "paint") and is_cjk(first.text[0]):
        stepped = left.has("size_word", "up") or left.has("size_word", "down")
        fitted = left.has("length") or left.has("amount") or stepped
        value = right.tokens[1:2]
        given = any(t.kind in ("color", "option", "material", "size") for t in value)
        return given and fitted and not left.has("color")
    return False


def _wants_direction(piece: Phrase) -> bool:
    """Whether a piece moves something, but does not say where to."""
    moves = piece.has("act", "move") or piece.has("act", "rotate")
    return moves and not (piece.has("direction") or piece.has("near") or piece.has("angle"))


def _aside(piece: Phrase) -> bool:
    """Whether a piece says nothing in words of the showroom ("I can't breathe")."""
    said = [t for t in piece.content if t.kind not in ("question", "negation", "it", "this")]
    return bool(said) and all(t.kind == "word" for t in said)


def _scales(token: Token) -> bool:
    """Whether a factor is an order by itself (缩小一半)."""
    return token.kind in ("factor", "times") and token.text[0] in "缩放扩变减加"


def _talk(piece: Phrase, after: Phrase) -> bool:
    """Whether a piece is no mere topic of the whole order after it (背没地儿靠，椅背加高)."""
    odd = sum(1 for t in piece if t.kind == "word")
    told = piece.has("negation") or piece.has("blocking") or odd > 1
    told = told or (odd > 0 and (piece.has("too") or _SUBJECT.match(piece.text) is not None))
    own = after.has("part") or after.has("category")
    own = own or (not piece.has("part") and (after.has("it") or after.has("length")))
    asks = any(t.get("act") == "change" and t.get("filler") is None for t in piece)
    return told and own and after.complete and not asks


def _remarks(piece: Phrase) -> bool:
    """Whether a piece only says what something does or is ("it covers my bum")."""
    subject = re.match(r"(?:it|he|she|they|that|we|i)\b", piece.text) is not None
    odd = [t for t in piece if t.kind == "word"]
    strange = sum(1 for t in odd if is_cjk(t.text[0])) > 1
    named = any(piece.has(k) for k in ("category", "product", "this", "act", "length"))
    asks = piece.has("question") if not subject else any(t.text == "?" for t in piece)
    return bool(odd) and (subject or strange) and not named and not asks


def _anew(piece: Phrase) -> bool:
    """Whether a piece names something else and says where to or how much, if in few words."""
    placed = piece.has("category") and (piece.has("beside") or piece.has("near"))
    wished = piece.has("category") and piece.has("act", "change")
    return placed or wished or (piece.has("part") and piece.has("number"))


def _join(pieces: list[Phrase]) -> list[Phrase]:
    joined: list[Phrase] = []
    for at, piece in enumerate(pieces):
        answer = piece.has("answer") or any(
            v in ("greet", "thanks", "stop") for t in piece for k, v in t.senses if k == "act"
        )
        measure = all(t.kind in _MEASURES or t.text in _TAILS for t in piece.content)
        measure = measure and not any(_scales(t) for t in piece)
        aimless = bool(joined) and _wants_direction(joined[-1])
        if aimless and all(t.kind in _MEASURES or t.get("direction") for t in piece.content):
            joined[-1] = Phrase((*joined[-1].tokens, *piece.tokens))
            continue
        topic = at + 1 < len(pieces) and piece.has("part") and joined and joined[-1].complete
        if topic and all(t.kind in ("part", "filler", "punct") for t in piece):
            joined.append(piece)  # 换大一号，袖子另外短两公分
            continue
        whole = (piece.complete and not measure) or answer or not joined or _anew(piece)
        aside = bool(joined) and _aside(joined[-1]) and piece.complete
        colors = [t for t in piece if t.kind == "color"]
        if joined and joined[-1].has("question") and len(colors) > 1 and _OR.search(piece.text):
            joined[-1] = Phrase((*joined[-1].tokens, *piece.tokens))
            continue  # "which is longer, green or black"
        wished = piece.has("act", "change") or piece.has("view") or piece.has("direction")
        if joined and _WHY.match(piece.text) and not wished:
            continue
        apart = aside or (bool(joined) and _talk(joined[-1], piece))
        if joined and not apart and not (joined[-1].complete or joined[-1].has("answer")):
            joined[-1] = Phrase((*joined[-1].tokens, *piece.tokens))
        elif whole:
            joined.append(piece)
        elif not _remarks(piece) and not _KEEPING.search(piece.text):
            joined[-1] = Phrase((*joined[-1].tokens, *piece.tokens))
    return joined
