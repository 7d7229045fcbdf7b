"""What stands beside an order in the same sentence and asks for nothing itself.

"The cuffs a bit tighter, the wind blows up my arm", 扣子快崩了，胸围放大五公分: one clause
orders, the other says why. A clause that is not understood by itself is left out where another
one is a whole order; where it orders something itself, a question is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .clause import certain, orders
from .decide import CHANGES
from .ellipsis import only
from .fitting import complains, dimensions
from .lexicon import Token
from .phrase import Phrase
from .text import is_cjk

Shares = dict[str, float]

LIKELY = 0.65
"""How sure an order with an amount in it must be, all of whose words are known."""
_MEASURED = ("length", "angle", "percent", "factor", "times", "size_word")
_ORDERING = ("change", "move", "rotate", "place", "paint", "scale", "take_off", "try_on", "undo")
_WISHING = re.compile(
    r"\b(?:want|need|needs|would|'d|i'd|id|prefer|fancy|could|can (?:i|you|we)|may|rather|let|"
    r"i'll|ill|wanna|gonna|please|should|must|has to|have to|love|wish|make|put|give|show)\b|"
    r"想|要|请|帮|给我|麻烦|希望|得|让|把|换|改|弄|整"
)
_SPEAKING = re.compile(
    r"^(?:(?:and|but|because|cause|since|as|so|when|whenever|if|every time|cos|coz) )*"
    r"(?:i|i'm|i've|we|we're|he|he's|she|she's|they|they're|you|my [a-z]+|our [a-z]+|his|her|"
    r"their|people|nobody|everyone|everybody|the (?:wind|kids?|children|baby|dog|cat|cold|boss))\b|"
    r"^(?:因为)?(?:我|他|她|它|我们|咱|人家|孩子|小孩|宝宝|老公|老婆|我妈|我爸|妈|爸)"
)
_HABIT = re.compile(r"\bwear (?:it|this|them|that) (?:as|with|to|over|under|for|at|when|in)\b")
_ALIKE = {"width": "ease", "size": "ease"}
_WEARING = ("try_on", "show", "take_off", "set_size", "choose", "report", "ask", "compare", "look")


def whole_order(phrase: Phrase, shares: Shares) -> bool:
    """Whether a phrase says beyond doubt what shall change of what."""
    acts = any(phrase.has("act", act) for act in _ORDERING) and not complains(phrase)
    if not (acts or orders(phrase)) or declares(phrase):
        return False
    odd = any(t.kind in ("word", "foreign") for t in phrase)
    intent, share = next(iter(shares.items()))
    measured = any(phrase.has(kind) for kind in _MEASURED)
    named = phrase.has("category") or phrase.has("part")
    measured = measured or (named and any(not t.get("adjective") for t in phrase.all("change")))
    if measured and not odd and share >= LIKELY and intent in CHANGES:
        return True
    return certain(phrase, shares) and intent in CHANGES


def commanded(phrase: Phrase) -> bool:
    """Whether a phrase orders: by its first word, a comparative or an amount."""
    if any(phrase.has(kind) for kind in (*_MEASURED, "number")):
        return True
    if _tells(phrase):
        return False
    content = phrase.content
    if content and content[0].get("act") in _ORDERING:
        return True
    words = [t for t in phrase if t.get("change") and not t.get("adjective")]
    return bool(words) or any(t.get("raise") and not _touched(t, phrase) for t in phrase)


def _touched(token: Token, phrase: Phrase) -> bool:
    """Whether a Chinese word touches one that nobody knows, and so may be a piece of it."""
    others = [t for t in phrase if t.kind == "word" and is_cjk(t.text[0])]
    return any(t.end == token.start or t.start == token.end for t in others)


def _tells(phrase: Phrase) -> bool:
    """Whether somebody speaks of himself or others, and wishes nothing."""
    return bool(_SPEAKING.search(phrase.text)) and not _WISHING.search(phrase.text)


def declares(phrase: Phrase) -> bool:
    """Whether a phrase tells what somebody does ("I wear a thick jumper under it")."""
    return (_tells(phrase) or bool(_HABIT.search(phrase.text))) and not commanded(phrase)


def beside(place: int, phrases: Sequence[Phrase], shares_of: Sequence[Shares]) -> bool:
    """Whether a phrase that is not understood stands beside a whole order and orders nothing."""
    return not commanded(phrases[place]) and ordered(place, phrases, shares_of)


def ordered(place: int, phrases: Sequence[Phrase], shares_of: Sequence[Shares]) -> bool:
    """Whether another phrase of the sentence is a whole order."""
    rest = [(p, s) for i, (p, s) in enumerate(zip(phrases, shares_of, strict=True)) if i != place]
    return any(whole_order(p, s) for p, s in rest)


def told_only(
    place: int, phrases: Sequence[Phrase], shares_of: Sequence[Shares], intent: str
) -> bool:
    """Whether a phrase only tells of wearing or seeing something, beside a whole order."""
    if intent not in _WEARING or not declares(phrases[place]):
        return False
    return beside(place, phrases, shares_of)


def seconded(place: int, phrases: Sequence[Phrase]) -> bool:
    """Whether another phrase of the sentence asks for the same change in other words.

    "Too long on me, shorten it": a complaint and its remedy tell of each other what they are.
    """
    own = _ways(phrases[place])
    others = [_ways(p) for i, p in enumerate(phrases) if i != place and abs(i - place) < 3]
    if any(own & other for other in others):
        return True
    fragment = _fragment(phrases[place + 1]) if place + 1 < len(phrases) else 0
    return bool(fragment) and any(sign == fragment for _, sign in own)


def _fragment(phrase: Phrase) -> int:
    """Which way a phrase goes that only says how much (减十公分)."""
    lowered = phrase.first("raise")
    if not lowered or not phrase.has("length") or not only(phrase, ("raise", "length")):
        return 0
    return 1 if lowered == "up" else -1


def _ways(phrase: Phrase) -> set[tuple[str, int]]:
    """The measures that a phrase changes, those that say the same by one name, and which way."""
    if phrase.has("negation") and not phrase.has("enough"):
        return set()
    ways = {(_ALIKE.get(name, name), sign) for _, (name, sign) in dimensions(phrase)}
    lowered = phrase.first("raise")
    measure = phrase.first("dimension")
    if measure and lowered:
        ways.add((_ALIKE.get(measure, measure), 1 if lowered == "up" else -1))
    return ways
