"""What the words themselves rule out or settle, whatever the classifier thinks likely."""

from __future__ import annotations

from .context import Context
from .phrase import Phrase

Shares = dict[str, float]

_ELSEWHERE = (
    "try_on", "take_off", "show", "set_color", "add_to_basket", "choose", "other", "dislike",
    "recommend", "set_choice",
)  # fmt: skip
_RECOLOR = (
    "换成", "改成", "变成", "弄成", "做成", "整成", "搞成", "调成", "改为", "换为", "转成",
    "make", "make it", "change", "switch", "turn it into", "have it in", "do it in",
)  # fmt: skip
_ACTS = ("show", "try_on", "take_off", "fit", "ask", "recommend", "basket", "compare")


def weighed(phrase: Phrase, context: Context, shares: Shares) -> Shares:
    """The probabilities after what the words settle; they need not sum to one."""
    out = dict(shares)
    _comparatives(phrase, out)
    _garments(phrase, out)
    _colors(phrase, context, out)
    _places(phrase, out)
    _unfounded(phrase, context, out)
    return out


def shift(shares: Shares, source: str, target: str, share: float = 1.0) -> None:
    """Give one intent's probability, or a share of it, to another."""
    moved = shares.get(source, 0.0) * share
    shares[source] = shares.get(source, 0.0) - moved
    shares[target] = shares.get(target, 0.0) + moved


def _acts(phrase: Phrase, *acts: str) -> bool:
    return any(phrase.has("act", act) for act in acts)


def _comparatives(phrase: Phrase, out: Shares) -> None:
    """Words such as "longer" and "too loose" alter; they do not show, wear or buy."""
    said = [v for t in phrase if (v := t.get("change"))]
    if any(not v.startswith("size") for v in said) and not _acts(phrase, *_ACTS):
        for name in _ELSEWHERE:
            shift(out, name, "adjust_fit", 0.8)
    complaint = phrase.has("adjective") and phrase.has("too") and not phrase.has("question")
    if complaint and not _acts(phrase, "fit", "ask"):
        shift(out, "report", "adjust_fit")
    if phrase.has("size_word") and not phrase.has("factor") and not phrase.has("percent"):
        shift(out, "scale", "set_size")


def _garments(phrase: Phrase, out: Shares) -> None:
    """Without a word for wearing, a garment that is named shall be shown."""
    wearing = _acts(phrase, "try_on") or phrase.has("worn") or any(t.text == "on" for t in phrase)
    named = phrase.has("category") or phrase.has("product")
    if named and not wearing and not phrase.has("this"):
        shift(out, "try_on", "show")


def _colors(phrase: Phrase, context: Context, out: Shares) -> None:
    if not phrase.has("color"):
        if not phrase.has("other") and not phrase.has("before"):
            for act in ("undo", "ask"):
                if phrase.has("act", act):
                    shift(out, "set_color", act)
        return
    if phrase.has("act", "have") and phrase.has("category"):
        shift(out, *(("show", "set_color") if phrase.has("this") else ("set_color", "show")))
    words = [t.text for t in phrase if t.get("act") == "change"]
    if _acts(phrase, "paint") or any(word in _RECOLOR for word in words):
        for name in ("show", "try_on", "choose"):
            shift(out, name, "set_color")
    if not context.listed:
        shift(out, "choose", "set_color")


def _places(phrase: Phrase, out: Shares) -> None:
    """A measure of height moves nothing; a direction without a measure alters nothing."""
    aimed = phrase.has("direction") or phrase.has("near") or phrase.has("closer")
    measured = phrase.has("change") or phrase.has("adjective") or phrase.has("raise")
    if measured and not aimed and not _acts(phrase, "move", "place", "rotate"):
        shift(out, "move", "adjust_fit")
    sideways = any(v in ("left", "right", "forward", "back") for t in phrase for _, v in t.senses)
    if sideways and phrase.has("direction") and not measured and not phrase.has("part"):
        shift(out, "adjust_fit", "move")


def _unfounded(phrase: Phrase, context: Context, out: Shares) -> None:
    """Intents that lack every word for what they would do are somebody else's talk."""
    if not (phrase.has("view") or phrase.has("part") or _acts(phrase, "show")):
        shift(out, "look", "out_of_scope", 0.7)
    if not _acts(phrase, "human"):
        shift(out, "hand_over", "out_of_scope", 0.7)
    if not _acts(phrase, "greet"):
        shift(out, "greet", "out_of_scope", 0.6)
    about = any(phrase.has(kind) for kind in ("category", "product", "this", "it", "part", "kind"))
    if phrase.has("foreign") and not about and not _acts(phrase, "ask"):
        for name in ("ask", "report", "compare", "recommend", "add_to_basket", "look"):
            shift(out, name, "out_of_scope", 0.7)
    if not context.listed and not phrase.has("this") and not phrase.has("ordinal"):
        shift(out, "choose", "other", 0.5)
