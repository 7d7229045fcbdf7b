"""Short replies with numbers, in the visitor's language; the words are in ``replies.yaml``."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from functools import cache
from typing import Any

from ..protocol.messages import Command
from .data import read

_LENGTHS = {"amount", "value", "minimum", "maximum", "asked", "limit", "free"}
_NAMED = {
    "part", "parameter", "direction", "near", "toward", "category", "color", "option", "verdict",
}  # fmt: skip


@cache
def _table(lang: str) -> dict[str, Any]:
    table: dict[str, Any] = read(f"{'zh' if lang.startswith('zh') else 'en'}/replies.yaml")
    return table


def reply_kinds() -> tuple[str, ...]:
    """All kinds that :func:`reply` knows."""
    return tuple(_table("en")["kinds"])


def length_text(metres: float, lang: str) -> str:
    """A length in centimetres, such as ``"3 cm"``, ``"2.5 cm"`` or 3厘米."""
    return f"{round(abs(metres) * 100, 1):g}{_table(lang)['unit']['cm']}"


def angle_text(radians: float, lang: str) -> str:
    """An angle in whole degrees, such as ``"30 degrees"`` or 30度."""
    return f"{round(abs(math.degrees(radians)))}{_table(lang)['unit']['deg']}"


def word(group: str, value: str, lang: str) -> str:
    """The word for a value: ``word("color", "navy", "zh")`` is 藏青色; unknown ones as they are.

    Groups: part, parameter, direction, near, toward, category, color, option, verdict.
    """
    return str(_table(lang).get(group, {}).get(value, value))


def change_word(part: str, parameter: str, grows: bool, lang: str) -> str:
    """The comparative of a change: "longer", 加长; a deeper neckline is "lower"."""
    table = _table(lang)["change"]
    pair = table.get(f"{part}.{parameter}") or table.get(parameter) or [parameter, parameter]
    return str(pair[0] if grows else pair[1])


def reply(kind: str, lang: str, **slots: object) -> str:
    """One reply.

    Args:
        kind: a kind of ``replies.yaml``, such as ``"adjusted"``; see :func:`reply_kinds`.
        lang: ``"en"`` or ``"zh"`` (also ``"zh-CN"``).
        slots: numbers in SI: ``amount``, ``value``, ``minimum``, ``maximum``, ``asked``,
            ``limit`` and ``free`` in metres, ``angle`` in radians, ``factor`` as a ratio (becomes
            ``percent``); ``part``, ``parameter``, ``direction``, ``near``, ``color``, ``option``
            as commands carry them; ``name`` a word or a mapping of languages; ``delta`` with
            ``part`` and ``parameter`` gives ``amount`` and ``change``. Strings given for numbers
            are used as they are. Empty slots count as not given.

    Raises:
        KeyError: an unknown kind, or no template whose slots were all given.
    """
    table = _table(lang)
    forms: list[str] = table["kinds"][kind]
    filled = _fill(slots, lang)
    for form in forms:
        names = {name for _, name, _, _ in string.Formatter().parse(form) if name}
        if names <= filled.keys():
            text = form.format_map(filled).strip()
            return text[:1].upper() + text[1:]
    raise KeyError(f"{kind}: no template for slots {sorted(filled)}")


def _fill(slots: Mapping[str, object], lang: str) -> dict[str, str]:
    out: dict[str, str] = {}
    delta = slots.get("delta")
    if isinstance(delta, int | float):
        out["amount"] = length_text(float(delta), lang)
        part, parameter = str(slots.get("part", "")), str(slots.get("parameter", ""))
        out["change"] = change_word(part, parameter, delta > 0, lang)
    for name, value in slots.items():
        if value in (None, "", [], (), {}):
            continue
        if isinstance(value, Mapping):
            text = str(
                value.get("zh" if lang.startswith("zh") else "en") or next(iter(value.values()))
            )
        elif isinstance(value, int | float) and name in _LENGTHS:
            text = length_text(float(value), lang)
        elif isinstance(value, int | float) and name == "angle":
            text = angle_text(float(value), lang)
        elif isinstance(value, int | float) and name == "factor":
            out["percent"] = f"{round(float(value) * 100)}%"
            continue
        elif isinstance(value, list | tuple):
            text = ("、" if lang.startswith("zh") else ", ").join(str(v) for v in value)
        elif name in _NAMED:
            text = word(name, str(value), lang)
        elif name == "name":
            text = word("category", str(value), lang)
        elif name == "delta":
            continue
        else:
            text = str(value)
        out[name] = text
    return out


def question(what: str, choices: tuple[str, ...], lang: str) -> str:
    """A clarifying question of the ``clarify`` table with its choices worded in."""
    table = _table(lang)["clarify"]
    listed = table["join"].join(choices)
    form = str(table.get(what, table["intent"]))
    if choices and "{choices}" not in form:
        form = str(table["intent"])
    if "{choices}" in form and not choices:
        form = str(table["no_context"])
    return form.format(choices=listed)


def command_text(command: Command, lang: str) -> str:
    """What a command would do, in a few words, for the choices of a question."""
    table = _table(lang)
    key: str = command.action
    if command.action == "set_size" and command.size_step:
        key_text = "size_up" if command.size_step > 0 else "size_down"
        return str(table["commands"][key_text])
    if command.action == "set_color" and not command.color:
        return str(table["commands"]["other_color"])
    if command.action == "adjust_fit" and not command.part:
        key = "adjust_whole"
    if command.action == "move" and command.near == "me":
        return str(table["commands"]["closer"])
    target = command.target.rsplit("-", 1)[0] if command.target else ""
    grows = (command.delta or 0.0) > 0 or command.value is not None
    slots = {
        "target": word("category", target, lang) if target else table["words"]["it"],
        "part": word("part", command.part, lang).lower() if command.part else table["words"]["it"],
        "change": change_word(command.part, command.parameter, grows, lang),
        "color": word("color", command.color, lang),
        "option": word("option", command.option, lang),
        "direction": word("direction", command.direction, lang),
        "near": word("near", command.near, lang),
        "size": command.size,
    }
    return str(table["commands"][key]).format(**slots).replace("the it", "it")
