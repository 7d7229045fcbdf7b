"""Several things said in one breath: "L in black", "silk and navy", "sofa and chair in navy"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..protocol.messages import Command
from .context import Context
from .data import anatomy
from .fitting import dimension_sign
from .furnishing import copy
from .lexicon import Token
from .phrase import Phrase
from .target import category_target

SETTING = ("set_size", "set_color", "set_choice")
"""What gives a product a size, a colour, or a material or cut."""
_EACH = frozenset((*SETTING, "show", "take_off", "scale", "rotate", "move", "place", "adjust_fit"))
_BOTH = frozenset(
    ("both", "and", "&", "和", "跟", "还有", "都", "、", "plus", "as well as", "与", "及")
)
_INSIDE = ("in", "into", "on", "at", "with", "for")
"""Words that may say where something stands, and here only join."""
_BESIDE = ("near", "matching", "together", "closer", "same", "other")


def said(phrase: Phrase) -> list[str]:
    """Which of :data:`SETTING` the words of a phrase ask for, in the order of their mention."""
    found: list[str] = []
    for at, token in enumerate(phrase.tokens):
        name = _sets(phrase, token)
        after = phrase.tokens[at + 1 : at + 2]
        if name == "set_color" and after and after[0].get("category") and _distinct(phrase):
            continue  # 黑夹克换成皮的
        denied = any(t.kind == "negation" for t in phrase.tokens[max(0, at - 2) : at])
        if name and name not in found and not (denied and token.get("option") is None):
            found.append(name)
    return found


def _distinct(phrase: Phrase) -> bool:
    """Whether a phrase says another thing than a colour that a product shall get."""
    other = any(phrase.has(k) for k in ("material", "option", "size", "size_word"))
    return other and phrase.has("act", "change")


def _sets(phrase: Phrase, token: Token) -> str:
    if token.get("option"):
        return "set_choice"
    if token.get("size") and dimension_sign(phrase, token) is None:
        return "set_size"
    if token.get("size_word") in ("up", "down"):
        return "set_size"
    if token.get("material") and (token.get("material") != token.get("color") or _grown(token)):
        return "set_choice"
    altered = any(phrase.has(k) for k in ("change", "adjective", "length", "amount"))
    if token.get("part") == "armrest" and not altered:
        return "set_choice"
    return "set_color" if token.get("color") else ""


def _grown(token: Token) -> bool:
    """Whether a word that is a colour as well means the material: oak, walnut and denim do."""
    return token.get("material") in ("oak", "walnut", "denim") and not token.text.endswith("色")


def together(
    intent: str,
    commands: tuple[Command, ...],
    phrase: Phrase,
    build: Callable[[str], Sequence[Command]],
) -> tuple[Command, ...]:
    """Commands of one of :data:`SETTING` with those for all that the phrase says besides.

    Args:
        build: the commands of the phrase by another intent; none where it lacks something.
    """
    names = said(phrase)
    cuts = [t.get("option") or "" for t in phrase if t.get("option")]
    if intent == "set_choice" and len(cuts) > 1 and len(commands) == 1 and names == ["set_choice"]:
        split = [(*cut.split("/"), "")[:3] for cut in dict.fromkeys(cuts)]
        if len({each[0] for each in split}) == len(split):
            first = commands[0]
            return tuple(copy(first, part=p, option=o, parameter=m) for p, o, m in split)
    if intent not in names or len(names) < 2 or len(commands) != 1:
        return commands
    out: list[Command] = []
    for name in names:
        made = commands if name == intent else tuple(build(name))
        out += [copy(c, target=commands[0].target) for c in made if c.action == name]
    return tuple(out)


def each(commands: tuple[Command, ...], phrase: Phrase, context: Context) -> tuple[Command, ...]:
    """One command for every product that is named ("rugs and lamps", 衬衫和裤子都换成L)."""
    if len(commands) != 1 or commands[0].action not in _EACH:
        return commands
    places = [i for i, t in enumerate(phrase.tokens) if t.kind == "category"]
    if len(places) < 2 or any(phrase.has(kind) for kind in _BESIDE) or phrase.has("part"):
        return commands
    if any(t.get("beside") and t.text not in _INSIDE for t in phrase):
        return commands
    between = phrase.tokens[places[0] + 1 : places[1]]
    joined = any(t.text in ("都", "both") for t in phrase)
    if not joined and not any(t.text in _BOTH or t.get("separator") == "weak" for t in between):
        return commands
    command = commands[0]
    out: list[Command] = []
    start = 0
    for place in places:
        category = phrase.tokens[place].get("category") or ""
        own = Phrase(phrase.tokens[start:place])
        start = place + 1
        if command.action == "show":
            out.append(copy(command, target=category, color=own.first("color") or ""))
        else:
            out.append(copy(command, target=category_target(category, context)))
    distinct = len({c.target for c in out}) == len(out)
    return tuple(out) if distinct else commands


def here(phrase: Phrase, context: Context) -> bool | None:
    """Whether what a phrase names is there to be changed; None where it names nothing."""
    said = [
        c
        for t in phrase
        if t.kind == "category" and not t.get("option") and (c := t.get("category"))
    ]
    if not said:
        return None
    wider: dict[str, list[str]] = anatomy()["wider"]
    there = {t.category for t in context.things}
    return any(narrow in there for c in said for narrow in wider.get(c, [c]))
