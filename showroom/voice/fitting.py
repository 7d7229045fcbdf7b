"""Sizes and the length or ease of parts: what to change, by how much, in which direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..protocol.messages import Command
from .context import Context
from .data import anatomy
from .ellipsis import says
from .furnishing import copy, vague
from .lexicon import Token
from .phrase import Phrase, part_kind
from .target import implied, kind_of, named, on_legs
from .text import is_cjk

Dimension = tuple[str, int]

_DESCRIBED = 0.6
"""From this length on 桌子宽一米二 describes the table (metres); below, it asks for a change."""


_PLAIN = frozenset("长短宽窄高低矮深浅松紧肥瘦厚薄粗细大小") | frozenset(
    (
        "long", "short", "wide", "broad", "narrow", "high", "tall", "low", "deep", "shallow",
        "loose", "baggy", "roomy", "tight", "snug", "thick", "thin", "big", "large", "small",
        "tiny", "oversized", "slack", "boxy", "slouchy",
    )
)  # fmt: skip
"""Adjectives that ask as well as describe; others, such as 拖地 and "dragging", only complain."""


def dimension_sign(phrase: Phrase, token: Token) -> Dimension | None:
    """The dimension that a word changes and the direction asked for, +1 or -1.

    "Longer", "加长" and "长一点" ask; "too long", "有点长" and "长了" complain, and ask for the
    opposite; "not long enough" and 不够长 ask for more.
    """
    value = token.get("change")
    described = token.get("adjective") and (phrase.has("too") or phrase.has("enough"))
    described = described or (token.get("adjective") is not None and _stated(phrase, token))
    if value is not None and not described:
        sign = 1 if value.endswith("+") else -1
        return value[:-1], -sign if phrase.has("too", "than") else sign
    value = token.get("adjective")
    if value is None:
        return None
    sign = 1 if value.endswith("+") else -1
    told = phrase.tokens[phrase.index(token) + 1 : phrase.index(token) + 2]
    if token.text in _PLAIN and told and is_cjk(token.text[0]) and told[0].kind == "raise":
        return value[:-1], 1 if told[0].get("raise") == "up" else -1  # 深减四公分
    if phrase.has("enough"):
        return value[:-1], sign
    if token.get("size") and not (phrase.has("too") or phrase.has("done")):
        return None
    at = phrase.index(token)
    follows = phrase.tokens[at + 1 : at + 2]
    followed_by_done = any(t.kind == "done" or t.text == "得" for t in follows)
    complaint = phrase.has("too") or followed_by_done
    if not is_cjk(token.text[0]):
        asked = phrase.has("act", "change") or phrase.has("length") or phrase.has("factor")
        more = any(t.get("more") == "more" and is_cjk(t.text[0]) for t in phrase)
        asked = asked or more or _chinese_amount(phrase, at)
        complaint = complaint or not asked
    before = phrase.tokens[max(0, phrase.index(token) - 1) : phrase.index(token)]
    seems = bool(before) and before[0].text.endswith(_SEEMING) and not _chinese_amount(phrase, at)
    bare = is_cjk(token.text[0]) and phrase.content[-1] is token and len(phrase.content) > 1
    asked = phrase.has("act") or phrase.has("more") or phrase.has("absolute")
    seems = seems or (bare and not asked)  # 裤子肥
    if token.text not in _PLAIN or _stated(phrase, token) or (seems and not phrase.has("length")):
        complaint = True
    return value[:-1], -sign if complaint else sign


def _stated(phrase: Phrase, token: Token) -> bool:
    """Whether a word only states how something is ("the shoulder is a little narrow")."""
    before = [t for t in phrase.tokens[: phrase.index(token)] if not t.get("amount")]
    before = [t for t in before if t.text not in ("a", "an", "very", "quite", "rather", "so")]
    return bool(before) and before[-1].text in _BEING and not phrase.has("act", "change")


_SEEMING = ("着", "起来", "得有点", "上去")
"""What a Chinese adjective follows that says how something seems (坐着矮)."""
_BEING = ("is", "are", "feels", "feel", "looks", "look", "seems", "seem", "sits", "runs")


def _chinese_amount(phrase: Phrase, at: int) -> bool:
    """Whether a Chinese amount follows, which asks rather than complains ("short 一点")."""
    after = phrase.tokens[at + 1 : at + 2]
    return any(t.get("amount") and is_cjk(t.text[0]) for t in after) and not phrase.has("too")


def dimensions(phrase: Phrase) -> list[tuple[Token, Dimension]]:
    """All words of a phrase that change a dimension, with direction."""
    found = []
    for token in phrase:
        pair = dimension_sign(phrase, token)
        if pair is not None:
            found.append((token, pair))
    if len(found) > 1:  # "cut much lower" is no cutting
        found = [each for each in found if each[0].text != "cut"]
    return found


def complains(phrase: Phrase) -> bool:
    """Whether the phrase only says what is wrong ("too long", 太长了), not what to do."""
    words = [
        t
        for t in phrase
        if (value := t.get("adjective")) and not t.get("change")
        if (pair := dimension_sign(phrase, t)) and (pair[1] > 0) != value.endswith("+")
    ]
    asks = phrase.has("change") or phrase.has("raise") or phrase.has("size_word", "up")
    placed = phrase.has("too") and (phrase.has("beside") or phrase.has("closer"))
    return (bool(words) or placed) and not asks


def change_of(commands: Sequence[Command]) -> str:
    """What commands change, such as ``"length+"``; ``""`` where they change nothing or several."""
    found = {
        f"{c.parameter}{'+' if c.delta > 0 else '-'}"
        for c in commands
        if c.action == "adjust_fit" and c.delta
    }
    return found.pop() if len(found) == 1 else ""


def says_how(phrase: Phrase) -> bool:
    """Whether a word of the phrase tells in which direction a fit shall change."""
    parts = [v for t in phrase if (v := t.get("part"))]
    lifted = bool(parts) and bool(_particle(phrase, parts))
    return bool(dimensions(phrase)) or lifted or _turn(phrase, _length(phrase)) != 0


def build(intent: str, phrase: Phrase, context: Context) -> tuple[Command, ...] | str:
    """Commands of ``adjust_fit`` or ``set_size``, or the name of what is missing."""
    return _size(phrase, context) if intent == "set_size" else _adjust(phrase, context)


def _size(phrase: Phrase, context: Context) -> tuple[Command, ...] | str:
    target = named(phrase, context) or implied(phrase, context, "garment")
    steps = _steps(phrase)
    if steps:
        return (Command(action="set_size", target=target, size_step=steps),)
    sizes = [t for t in phrase.all("size") if not _negated(phrase, t)]
    if sizes:
        return (Command(action="set_size", target=target, size=sizes[-1].get("size") or ""),)
    number = next((t.said for t in phrase if t.kind == "number" and 20 <= t.said <= 64), None)
    if number is not None:
        return (Command(action="set_size", target=target, size=f"{number:g}"),)
    return "which_size"


def _steps(phrase: Phrase) -> int:
    count = next((t.said for t in phrase if t.kind == "number" and t.said <= 6), 1.0)
    words = [t for t in phrase if t.get("size_word")]
    words.sort(key=lambda t: t.get("size_word") == "size")  # 尺码再大一号
    word = words[0] if words else None
    labels = [t for t in phrase.all("size") if dimension_sign(phrase, t) is None]
    sign = 0
    if word is not None and word.get("size_word") in ("up", "down"):
        sign = 1 if word.get("size_word") == "up" else -1
    changed = [pair for _, pair in dimensions(phrase) if pair[0] in ("size", "ease")]
    if not sign and changed and not labels:
        sign = changed[-1][1]
        in_sizes = word is not None
        if in_sizes and not (phrase.has("too") or phrase.has("done")):
            token = next(t for t, pair in dimensions(phrase) if pair[0] in ("size", "ease"))
            value = token.get("change") or token.get("adjective") or "+"
            sign = 1 if value.endswith("+") else -1
    if not sign and word is not None and not labels:
        up = phrase.has("direction", "up") or phrase.has("raise", "up")
        down = any(phrase.has(k, "down") for k in ("direction", "raise")) or phrase.has("less")
        down = down or any(t.text in ("drop", "缩", "细", "细个") for t in phrase)
        sign = -1 if down else 1 if up else 0
    return sign * max(1, round(count)) if sign else 0


def _negated(phrase: Phrase, token: Token) -> bool:
    at = phrase.index(token)
    return any(t.kind == "negation" for t in phrase.tokens[max(0, at - 2) : at])


def _adjust(phrase: Phrase, context: Context) -> tuple[Command, ...] | str:
    parts = [t for t in phrase.all("part") if not _negated(phrase, t)]
    if len(parts) == 2 and _located(phrase, parts[0], parts[1]):
        parts = parts[1:]  # "the bodice gapes at the bust"
    names = list(dict.fromkeys(t.get("part") or "" for t in parts))
    names = names or _hinted(phrase, context)
    pairs = dimensions(phrase)
    if (pairs and all(d == "length" for _, (d, _) in pairs)) or "body" in names:
        names = [n for n in names if n not in _GIRTHS]  # "shorter, it covers my bum"
    length = _length(phrase)
    if not pairs and not _turn(phrase, length):
        pairs = _particle(phrase, names)
    before = context.last
    if not names and before and before.action == "adjust_fit" and (not pairs or length):
        pairs = _lifted(phrase) or pairs
    signs: dict[str, set[int]] = {}
    for _, (dimension, sign) in pairs:
        signs.setdefault(dimension, set()).add(sign)
    if any(len(s) > 1 for s in signs.values()):
        return "contradiction"
    said = next((v for t in phrase if (v := t.get("dimension"))), "")
    compound = anatomy()["compound_parts"]
    if names and names[0] in compound:
        names[0], said = compound[names[0]][0], compound[names[0]][1]
    names = _own(names, phrase, context)
    legs = on_legs(names[0], phrase, context) if names else ""
    if legs:
        names[0] = "trouser_leg"
    kind = part_kind(names[0]) if names else ""
    target = legs or named(phrase, context) or implied(phrase, context, kind)
    last = context.last if not says("whole", phrase) else None
    if not names and last and last.action == "adjust_fit" and last.target in ("", target):
        like_last = {last.parameter, "size", *anatomy()["translate"].get(last.part, ())}
        same = said in ("", last.parameter) and (
            not pairs or bool(said) or pairs[0][1][0] in like_last
        )
        names = [last.part] if same and last.part else []
    if not names and last and last.action == "set_choice" and last.target in ("", target):
        grown = last.part == "sleeve" and any(d == "length" for _, (d, _) in pairs)
        names = [last.part] if last.part in anatomy()["garment_parts"] and not grown else []
    if not names and not target and not named(phrase, context):
        return "which_part"
    commands = []
    for part in names or [""]:
        command = _one(phrase, part, said, pairs, target, context)
        if isinstance(command, str):
            return command
        commands.append(command)
    return tuple(commands)


def _own(names: list[str], phrase: Phrase, context: Context) -> list[str]:
    """The parts among those said that what is meant has; others are the speaker's own.

    "Shorten it, my legs look short" is about no leg of a T-shirt.
    """
    if not names or on_legs(names[0], phrase, context):
        return names
    kinds = {part_kind(n) for n in names}
    about = named(phrase, context)
    if not about:
        kind = kinds.pop() if len(kinds) == 1 else ""
        about = implied(phrase, context, kind) or implied(phrase, context)
    thing = context.thing(about)
    owned: dict[str, list[str]] = anatomy()["owned"]
    has = owned.get(thing.category if thing else about)
    if has is None:
        return names
    kept = [n for n in names if n in has or anatomy()["compound_parts"].get(n, [""])[0] in has]
    return kept if kept or named(phrase, context) else names if len(names) == 1 else kept


def _hinted(phrase: Phrase, context: Context) -> list[str]:
    """The part of a garment that a word for a part of the body tells ("it covers my knuckles")."""
    hint = phrase.first("body")
    target = named(phrase, context) or implied(phrase, context)
    if not hint or kind_of(target, context) == "furniture":
        return []
    return [hint]


def _length(phrase: Phrase) -> Token | None:
    """The length said; a number without unit is centimetres where a dimension is told."""
    found = next((t for t in phrase if t.kind == "length"), None)
    if found is not None or any(phrase.has(k) for k in ("size", "percent", "times", "currency")):
        return found
    content = phrase.content
    number = next((t for t in content if t.kind == "number" and t.said >= 1), None)
    if number is None:
        return None
    at = content.index(number)
    before = content[at - 1] if at else None
    told = ("dimension", "part", "change", "raise", "absolute")
    after = content[at + 1] if at + 1 < len(content) else None
    if after is not None and after.text == "too" and at + 2 < len(content):
        after = content[at + 2]  # "it's about ten too long"
        number = replace(number, said=max(number.said, 1.0))
        if after.get("adjective") and number.said >= 2:
            return replace(number, senses=(("length", ""),), si=number.said / 100, unit="cm")
        return None
    if after is not None and after.text in _PLAIN and number.said >= 10 and len(content) > at + 1:
        return replace(number, senses=(("length", ""),), si=number.said / 100, unit="cm")
    last = at == len(content) - 1 and before is not None
    beside = before is not None and (before.text == "by" or any(before.get(k) for k in told))
    if not (beside or (last and any(phrase.has(k) for k in told))) and not (
        at == 0 and phrase.has("dimension")
    ):
        return None
    return replace(number, senses=(("length", ""),), si=number.said / 100, unit="cm")


def _located(phrase: Phrase, what: Token, where: Token) -> bool:
    """Whether the second part only says where the first is wrong."""
    kinds = [part_kind(t.get("part") or "") for t in (what, where)]
    if kinds == ["garment", "furniture"]:  # "the waist gapes at the back"
        return False
    between = phrase.tokens[phrase.index(what) + 1 : phrase.index(where)]
    return any(t.text in ("at", "around", "across", "over", "under") for t in between)


def _one(
    phrase: Phrase,
    part: str,
    said: str,
    pairs: list[tuple[Token, Dimension]],
    target: str,
    context: Context,
) -> Command | str:
    body = anatomy()
    kind = kind_of(target, context) or (part_kind(part) if part else "garment")
    dimension, sign = pairs[0][1] if pairs else ("", 0)
    if kind == "furniture" and pairs and pairs[0][0].text.startswith(_RAISED):
        dimension, sign = "height", -sign
    length = _length(phrase)
    by = any(t.text == "by" for t in phrase)
    dropped = any(t.text == "drop" for t in phrase) and part in _HANGING
    if dropped and not any(t.get("change") for t in phrase):
        pairs, dimension, sign = [], body["main_dimension"][part], 1
    inward = any(t.text == "in" for t in phrase) and phrase.has("act", "move")
    if said and length is not None and not sign and inward:
        sign = -1  # "pull the depth in 5 cm"
    long = length is not None and length.si >= _LONG and part and not by
    if long and not said and not pairs and not dropped and not _turn(phrase, length):
        said = body["main_dimension"].get(part, "") if kind == "garment" else ""
    slight = kind == "furniture" and said != "thickness" and length and length.si < _SLIGHT
    if length is not None and not sign and said and slight and not by:
        sign = _turn(phrase, length) or 1
    if length is not None and not sign and said and not _turn(phrase, length) and not by:
        return Command(
            action="adjust_fit", target=target, part=_carried(part), parameter=said, value=length.si
        )
    if not sign:
        last = context.last
        sign = _turn(phrase, length)
        if not sign and last and last.action == "adjust_fit" and last.delta:
            sign = 1 if last.delta > 0 else -1
            dimension = last.parameter if part in ("", last.part) else ""
    if said:
        dimension = said
    elif dimension in ("", "size"):
        default = body["main_dimension"].get(part, "") if not dimension else ""
        if dimension == "size" and part:
            dimension, flip = body["translate"].get(part, {}).get("size", (dimension, 1))
            sign *= flip
        dimension = default or dimension
    elif kind == "garment" and not part and dimension == "width":
        dimension = "ease"
    elif kind == "garment" and not part and dimension == "height":
        dimension, sign = "length", -sign
    elif kind == "furniture" and not part and dimension == "length" and _upright(target, context):
        dimension = "height"  # "the lamp is too short"
    elif part in body["translate"] and dimension in body["translate"][part]:
        dimension, flip = body["translate"][part][dimension]
        sign *= flip
    if dimension == "size":
        return "which_dimension"
    if length is not None and _absolute(phrase, length, kind):
        return Command(
            action="adjust_fit",
            target=target,
            part=_carried(part),
            parameter=dimension,
            value=length.si,
        )
    if not dimension or not sign:
        return "which_way"
    amount = length.si if length is not None else vague(kind, phrase)
    before = context.last
    alike = phrase.has("same") or says("as_much", phrase)
    if length is None and alike and before and before.action == "adjust_fit":
        amount = abs(before.delta) if before.delta else amount
    return Command(
        action="adjust_fit",
        target=target,
        part=_carried(part),
        parameter=dimension,
        delta=sign * (amount if amount is not None else 0.0),
    )


def _upright(target: str, context: Context) -> bool:
    """Whether a piece of furniture has a height, and nothing that is called its length."""
    thing = context.thing(target)
    return (thing.category if thing else target) in _UPRIGHT


def _carried(part: str) -> str:
    """The part as a command carries it."""
    return str(anatomy()["worn_parts"].get(part, (part,))[0])


def _turn(phrase: Phrase, length: Token | None) -> int:
    """The direction of "add", "reduce", 加, 减, "3 cm more": +1, -1 or 0."""
    for token in reversed(phrase.all("raise")):
        return 1 if token.get("raise") == "up" else -1
    taken = any(t.text == "take" for t in phrase) and any(t.text == "out" for t in phrase)
    off = taken or any(t.text in _OFF for t in phrase)
    if phrase.has("less") or (length is not None and off):
        return -1
    more = phrase.has("more") or (phrase.has("amount") and any("more" in t.text for t in phrase))
    return (
        1
        if more
        or (
            length is not None and any(word in length.text for word in ("more", "extra", "another"))
        )
        else 0
    )


_GIRTHS = ("hip", "chest", "thigh")
"""Parts that are as long as the garment is."""
_HANGING = ("hem", "sleeve", "neckline")
"""Parts that become longer or deeper where they are dropped."""
_LONG = 0.35
"""From this length on (metres) a bare length says how long a part of a garment shall be."""
_UPRIGHT = ("lamp", "chair", "stool", "armchair", "cabinet", "wardrobe", "shelf", "mirror")
"""What is short where it is not tall."""
_SLIGHT = 0.2
"""Below this length (metres) no furniture is as high or wide as that: it is a change."""
_RAISED = ("come up", "come down", "take up", "let down", "drop")
"""Raises and lowers furniture, but shortens and lengthens a garment."""
_OFF = ("off", "from", "take off")
_PARTICLES = {
    "go up": ("length", -1),
    "go down": ("length", 1),
    "in": ("ease", -1),
    "out": ("ease", 1),
    "up": ("length", -1),
    "down": ("length", 1),
}


def _particle(phrase: Phrase, parts: list[str]) -> list[tuple[Token, Dimension]]:
    """What "take the waist in", "bring the hem up" and "the seat up" change."""
    if not parts or part_kind(parts[0]) != "garment":
        up, down = (any(v in t.text.split() for t in phrase) for v in ("up", "down"))
        furniture = bool(parts) and (up or down)
        return [(phrase.tokens[0], ("height", 1 if up else -1))] if furniture else []
    for token in phrase:
        if token.text in ("lift", "lift up", "raise up"):
            return [(token, ("height", 1))]
        if token.text in _PARTICLES:
            return [(token, _PARTICLES[token.text])]
    return []


def _lifted(phrase: Phrase) -> list[tuple[Token, Dimension]]:
    """What "another centimetre up" changes, after a change of fit."""
    for token in phrase.all("direction"):
        way = token.get("direction")
        if way in ("up", "down") and not any(phrase.has(k) for k in ("change", "adjective")):
            return [(token, ("height", 1 if way == "up" else -1))]
    return []


def _absolute(phrase: Phrase, length: Token, kind: str) -> bool:
    """Whether a length says how long it shall be, not by how much to change it."""
    at = next(i for i, t in enumerate(phrase.tokens) if t.start == length.start)
    described = at > 0 and phrase.tokens[at - 1].get("adjective") and kind == "furniture"
    if described and length.si >= _DESCRIBED and not phrase.has("more") and not phrase.has("raise"):
        return is_cjk(phrase.tokens[at - 1].text[0])
    before = phrase.tokens[max(0, at - 2) : at]
    after = phrase.tokens[at + 1 : at + 2]
    if any(t.get("change") for t in phrase.tokens[at + 1 :]) or any(t.text == "by" for t in before):
        return False
    if after and after[0].get("adjective"):
        return not phrase.has("raise")
    near = [t for t in before if t.kind != "filler"]
    return bool(near) and (near[-1].get("absolute") is not None or near[-1].text == "at")


def on_part(command: Command, part: str) -> Command:
    """The same change on another part; a dimension that the part does not have becomes its own."""
    body = anatomy()
    flip = 1
    parameter = command.parameter
    translated = body["translate"].get(part, {}).get(parameter)
    if translated:
        parameter, flip = translated
    elif parameter == "depth" and part_kind(part) == "garment" and part != "neckline":
        parameter = body["main_dimension"].get(part, parameter)
    delta = None if command.delta is None else command.delta * flip
    return copy(command, part=part, parameter=parameter, delta=delta)
