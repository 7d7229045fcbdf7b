"""Numbers and units of both languages, in SI."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from .data import read

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {w: float(i) for i, w in enumerate(_SMALL)}
_WORDS |= {w: 10.0 * (i + 2) for i, w in enumerate(_TENS)}
_DIGITS = {c: float(i) for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0.0, "两": 2.0}
_SCALES = {"十": 10.0, "百": 100.0, "千": 1000.0, "万": 10000.0}
_DIGIT_NUMBER = re.compile(r"\d+\s+\d+/\d+|\d+/\d+|\d+(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?|\.\d+")
_ZH_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千万半几点]+")
_WORD = re.compile(r"[a-z]+")
_HALVES = (
    (re.compile(r"\s+and a half\b|\s+and half\b|\s+1/2\b"), 0.5),
    (re.compile(r"\s+and a quarter\b"), 0.25),
    (re.compile(r"\s+and three quarters\b"), 0.75),
    (
        re.compile(r"\s+point (?P<digits>(?:zero|one|two|three|four|five|six|seven|eight|nine))\b"),
        -1,
    ),
)
_VAGUE = (
    (re.compile(r"(?:a |an )?couple(?: of)?(?: more)?\b"), 2.0),
    (re.compile(r"a few(?: more)?\b"), 3.0),
    (re.compile(r"three quarters(?: of)?(?: an?)?\b"), 0.75),
    (re.compile(r"(?:a |one )?quarter(?: of)?(?: an?)?\b"), 0.25),
    (re.compile(r"(?:a |one )?half(?: of)?(?: an?)?\b"), 0.5),
    (re.compile(r"(?:a |one )?third(?: of)?(?: an?)?\b"), 1 / 3),
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with or without unit.

    Attributes:
        kind: ``"length"`` (metres), ``"angle"`` (radians), ``"percent"`` (0.2 is 20%),
            ``"times"``, ``"factor"`` or ``"number"``.
        si: the value in that unit.
        said: the number as it was said, before conversion; ``unit`` its unit as it was said.
        end: where it ends in the text.
    """

    kind: str
    si: float
    said: float
    unit: str
    end: int


@cache
def units() -> tuple[re.Pattern[str], dict[str, tuple[str, float]]]:
    """A pattern that matches one unit, and what each unit means."""
    meaning: dict[str, tuple[str, float]] = {}
    for kind, sizes in read("units.yaml").items():
        if kind != "factor":
            for size, forms in sizes.items():
                meaning.update({str(form): (kind, float(size)) for form in forms})
    forms = sorted(meaning, key=len, reverse=True)
    latin = "|".join(re.escape(f) for f in forms if (f.isascii() and f.isalpha()) or " " in f)
    rest = "|".join(re.escape(f) for f in forms if not ((f.isascii() and f.isalpha()) or " " in f))
    return re.compile(rf"(?:(?:{latin})(?![a-z])|(?:{rest}))"), meaning


@cache
def factors() -> dict[str, float]:
    """Words that are factors by themselves, such as "twice" and 一半."""
    return {str(f): float(v) for v, forms in read("units.yaml")["factor"].items() for f in forms}


def chinese_number(text: str) -> float | None:
    """The value of a Chinese numeral, such as 四十五, 三点五, 七八 (7.5) or 半."""
    if text == "几":
        return 3.0
    if "几" in text:
        text = text.replace("几", "三" if text[0] != "几" else "二")
    if "点" in text:
        whole, _, part = text.partition("点")
        if not whole or not part or any(c not in _DIGITS for c in part):
            return None
        base = chinese_number(whole)
        digits = "".join(str(int(_DIGITS[c])) for c in part)
        return None if base is None else base + float(f"0.{digits}")
    if text == "一半":
        return 0.5
    half = 0.5 if text.endswith("半") else 0.0
    text = text.removesuffix("半")
    if not text:
        return half or None
    if len(text) == 2 and all(c in _DIGITS for c in text):
        low, high = _DIGITS[text[0]], _DIGITS[text[1]]
        return (low + high) / 2 if high - low == 1 else low * 10 + high
    total = section = digit = 0.0
    last_scale = 0.0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _SCALES:
            scale = _SCALES[char]
            if scale == 10000.0:
                total, section = (total + section + digit) * scale, 0.0
            else:
                section += (digit if digit or char != "十" else 1.0) * scale
            digit, last_scale = 0.0, scale
        else:
            return None
    if digit and last_scale >= 100.0 and "零" not in text:
        digit *= last_scale / 10
    return total + section + digit + half


def _digits(text: str) -> float:
    text = text.replace(",", "")
    whole, _, rest = text.rpartition(" ")
    if "/" in rest:
        top, bottom = rest.split("/")
        value = float(top) / float(bottom) if float(bottom) else 0.0
        return value + (float(whole) if whole else 0.0)
    return float(text)


def _english_words(text: str, start: int) -> tuple[float, int] | None:
    total = current = 0.0
    end = start
    seen = False
    position = start
    if one := re.compile(r"a (?=(?:hundred|thousand)\b)").match(text, start):
        current, seen, position = 1.0, True, one.end()
    while match := _WORD.match(text, position):
        word = match[0]
        if word in _WORDS:
            if seen and current % 10 and _WORDS[word] < 20 and current % 100 != 0:
                break
            if seen and word in _TENS and 1 <= current <= 9:
                current *= 100  # "one eighty"
            current += _WORDS[word]
        elif word == "hundred" and seen:
            current *= 100
        elif word == "thousand" and seen:
            total, current = (total + current) * 1000, 0.0
        elif not (word == "and" and seen and current >= 100):
            break
        if word != "and":
            end, seen = match.end(), True
        position = match.end()
        if position < len(text) and text[position] in " -":
            position += 1
    return (total + current, end) if seen else None


def _number(text: str, start: int) -> tuple[float, int] | None:
    """A number at ``start``: its value and end."""
    char = text[start]
    if match := _DIGIT_NUMBER.match(text, start):
        value, end = _digits(match[0]), match.end()
        if text.startswith("半", end):
            return value + 0.5, end + 1
    elif match := _ZH_NUMBER.match(text, start):
        for end in range(match.end(), start, -1):
            number = chinese_number(text[start:end])
            if number is not None:
                return number, end
        return None
    elif "a" <= char <= "z":
        for pattern, vague in _VAGUE:
            if match := pattern.match(text, start):
                return vague, match.end()
        words = _english_words(text, start)
        if words is None:
            return None
        value, end = words
    else:
        return None
    for pattern, extra in _HALVES:
        if match := pattern.match(text, end):
            more = extra if extra >= 0 else _WORDS[match["digits"]] / 10
            return value + more, match.end()
    return value, end


def _fraction(text: str, start: int) -> Quantity | None:
    """Chinese 三分之一 and 百分之二十."""
    match = re.compile(
        r"([百一二两三四五六七八九十\d]+)分之([零一二两三四五六七八九十百\d.]+)"
    ).match(text, start)
    if not match:
        return None
    value = _number(match[2], 0)
    if value is None:
        return None
    if match[1] == "百":
        return Quantity("percent", value[0] / 100, value[0], "%", match.end())
    base = _number(match[1], 0)
    if base is None or not base[0]:
        return None
    share = value[0] / base[0]
    unit, meaning = units()
    if found := unit.match(text, match.end()):
        kind, size = meaning[found[0]]
        return Quantity(kind, share * size, share, found[0], found.end())
    return Quantity("factor", share, share, "", match.end())


def _centimetres(text: str, start: int) -> tuple[float, int] | None:
    """The centimetres after metres ("one metre ten"), where no unit of their own follows."""
    if not text.startswith(" ", start):
        return None
    number = _number(text, start + 1)
    if number is None or not 5 <= number[0] < 100:
        return None
    skip = re.compile(r"\s*").match(text, number[1])
    unit = units()[0].match(text, skip.end() if skip else number[1])
    return None if unit else number


_UNIT_AND = re.compile(r"(inch|foot|metre|meter|yard|turn) and a (half|quarter)\b")
"""A unit that counts as one without being said so ("inch and a half")."""


def parse_quantity(text: str, start: int) -> Quantity | None:
    """The number at ``start`` of a normalised text, with its unit where one follows.

    "a" and "an" count as one only before a unit ("an inch and a half").
    """
    if fraction := _fraction(text, start):
        return fraction
    unit, meaning = units()
    article = re.compile(r"(?:an?|another|one more|one) ").match(text, start)
    number = _number(text, start)
    counted = unit.match(text, article.end()) if article else None
    if number is None and article and counted and counted[0] not in ("m", "x"):
        number = (1.0, article.end())
    elif number is None and (more := re.compile(r"another ").match(text, start)):
        number = _number(text, more.end()) if more.end() < len(text) else None
    if number is None and (half := _UNIT_AND.match(text, start)) and half[1] in units()[1]:
        kind, size = units()[1][half[1]]
        value = 1.5 if half[2] == "half" else 1.25
        return Quantity(kind, value * size, value, half[1], half.end())
    if number is None:
        return None
    value, end = number
    skip = re.compile(r"\s*-?(?:more |extra |another |full |whole |个)?(?:of )?(?:an? )?").match(
        text, end
    )
    after = skip.end() if skip else end
    found = unit.match(text, after)
    if not found:
        return Quantity("number", value, value, "", end)
    kind, size = meaning[found[0]]
    end = found.end()
    if match := re.compile(r"\s+and a half\b").match(text, end):
        value, end = value + 0.5, match.end()
    elif match := re.compile(r"\s+and a quarter\b").match(text, end):
        value, end = value + 0.25, match.end()
    elif found[0].startswith(("metre", "meter")) and (past := _centimetres(text, end)):
        value, end = value + past[0] / 100, past[1]
    elif match := re.compile(r"半(?![径圈])").match(text, end):
        value, end = value + 0.5, match.end()
    elif kind == "length" and not found[0].isascii():
        tail = re.compile(
            r"[一二三四五六七八九](?![十百千个件条张把号码零一二三四五六七八九])|\d(?!\d)"
        ).match(text, end)
        if tail and not unit.match(text, tail.end()):
            digit = _number(tail[0], 0)
            value, end = value + (digit[0] if digit else 0.0) / 10, tail.end()
    if kind == "angle" and size > 1 and value == int(value) and value > 20:
        return None
    return Quantity(kind, value * size, value, found[0], end)
