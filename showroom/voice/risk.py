"""How much of a phrase its commands leave unexplained: the evidence against carrying them out.

A command is right where it uses what was said. A colour that no field took, a question word before
a change, a second product, a negation: each is a word that the reading does not account for, and
so a reason to ask.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..protocol.messages import Command
from .fitting import dimensions
from .phrase import Phrase
from .quantity import units
from .text import is_cjk

_CHANGING = frozenset(
    ("adjust_fit", "set_size", "set_color", "set_choice", "move", "rotate", "scale", "place")
)
_MEASURES = ("length", "angle", "percent", "times", "factor")
_ASKING = frozenset(
    (
        "what", "what's", "which", "why", "when", "where", "who", "how", "how's", "什么", "啥",
        "怎么", "多少", "哪", "哪里", "哪儿", "谁", "为什么", "几", "咋", "吗", "多大", "如何",
        "怎么样", "什么样",
    )
)  # fmt: skip
_ACTS = {
    "ask": ("ask",), "compare": ("compare",), "recommend": ("recommend",), "fit": ("report",),
    "basket": ("add_to_basket", "remove_from_basket", "show_basket"), "human": ("hand_over", "ask"),
    "take_off": ("take_off", "remove_from_basket"), "try_on": ("try_on", "report"),
    "undo": ("undo", "redo"), "redo": ("redo", "undo"), "rotate": ("rotate", "look"),
    "move": ("move", "place", "rotate"), "place": ("place", "move", "add_to_basket"),
    "stop": ("stop",), "scale": ("scale", "look"),
}  # fmt: skip
"""What acts that words name may come to; any other action leaves them unexplained."""
_COLORED = frozenset(("set_color", "show", "try_on", "choose", "set_choice", "recommend"))


def unexplained(phrase: Phrase, commands: Sequence[Command]) -> list[str]:
    """The kinds of words that commands of a phrase do not account for."""
    if not commands:
        return []
    first = commands[0]
    actions = {c.action for c in commands}
    changing = bool(actions & _CHANGING)
    out: list[str] = []
    fitted = bool(actions & {"adjust_fit", "set_size"})
    if fitted and _only(phrase, "color") and not any(c.color or c.option for c in commands):
        out.append("color")
    sized = any(c.size or c.size_step for c in commands)
    if _only(phrase, "size") and not sized and not dimensions(phrase):
        out.append("size")
    parts = any(t.kind == "part" and t.get("category") is None for t in phrase)
    if changing and parts and not any(c.part for c in commands):
        out.append("part")
    measured = any(t.kind in _MEASURES for t in phrase)
    numbers = any((c.delta, c.value, c.factor) != (None, None, None) for c in commands)
    if changing and measured and not numbers and not any(c.size_step for c in commands):
        out.append("measure")
    elif changing and not measured and any(t.kind == "word" and _unit(t.text) for t in phrase):
        out.append("measure")  # "NaN cm longer"
    sides = any(t.kind == "direction" and t.get("direction") in _SIDES for t in phrase)
    if sides and not any(c.direction or c.near or c.delta for c in commands):
        out.append("direction")
    sized = "set_size" in actions
    if (
        changing
        and not sized
        and not actions & {"place", "move"}
        and (phrase.has("view") or phrase.has("ordinal") or phrase.has("pick"))
    ):
        out.append("view")
    things = {t.get("category") for t in phrase if t.kind == "category" and not t.get("option")}
    used = {x for c in commands for x in (c.target, c.near) if x}
    if changing and len(things) > max(1, len(used)):
        out.append("product")
    if changing and any(t.text in _ASKING for t in phrase):
        out.append("question")
    refuses = phrase.has("negation", "negation") or phrase.has("negation", "instead")
    if changing and refuses and first.action != "set_choice" and not phrase.has("enough"):
        out.append("negation")
    for token in phrase:
        act = token.get("act")
        wanted = _ACTS.get(act or "")
        if wanted and token.kind == "act" and not actions & set(wanted):
            out.append("act")
    if "set_color" in actions and phrase.has("category") and first.action == "show":
        out.append("product")
    return out


def _unit(text: str) -> bool:
    """Whether a word is a unit by itself."""
    found = units()[0].match(text)
    return found is not None and found.end() == len(text) and len(text) > 1


def strange(phrase: Phrase) -> float:
    """The share of a phrase's words that the showroom does not know."""
    content = phrase.content
    if not content:
        return 0.0
    known = {"word", "foreign"}
    latin = [t for t in content if not is_cjk(t.text[0])]
    cjk = [t for t in content if is_cjk(t.text[0])]
    weight = len(latin) + sum(len(t.text) for t in cjk) / 2
    odd = sum(t.kind in known for t in latin) + sum(len(t.text) / 2 for t in cjk if t.kind in known)
    return odd / max(1.0, weight)


_SIDES = ("left", "right", "forward", "back")


def _only(phrase: Phrase, kind: str) -> bool:
    """Whether a word of the phrase means this kind above all."""
    return any(t.kind == kind for t in phrase)
