"""What the words themselves rule out or settle, whatever the classifier thinks likely."""

from __future__ import annotations

import re

from .asking import asked
from .attributes import SETTING, here, said
from .context import Context
from .data import anatomy
from .phrase import Phrase, category_kind
from .shopping import picked
from .target import fetched, referred
from .text import is_cjk

Shares = dict[str, float]

_ELSEWHERE = (
    "try_on", "take_off", "show", "set_color", "add_to_basket", "choose", "other", "dislike",
    "recommend", "set_choice",
)  # fmt: skip
_ONES = ("one", "那个", "那件", "那条", "那把", "那款", "那张", "that one", "this one")
_OFFERED = ("available", "come", "comes", "does it come", "does this come")
_WHICH = re.compile(r"\bwhich\b|\bversus\b|\bvs\b|\bor\b.*\?|哪|还是|边个|边条|边件")
_MYSELF = re.compile(r"\b(?:me|myself|i)\b|我")
_ABOUT = ("what about", "how about", "come", "comes", "does it come", "does this come")
_DEFINITE = ("the", "my", "this", "that", "these", "those")
_THE = re.compile(r"(?:^|\btry |\btake |\bhave )the [a-z ]+$")
_OFF = re.compile(r"\btake (?:the |this |that |my )?[a-z ]+ off\b|^(?:the |my )?[a-z]+ off\b")
_ON = re.compile(r"\b(?:put|pop|stick|throw) (?:a |an |the |that |this |some )[a-z ]+ on(?: me)?\b")
_MADE_OF = ("material", "made of", "out of", "wood", "材质", "材料", "木头", "料子")
_WOODS = ("oak", "walnut")
"""Materials that are colours as well; of furniture they mean the material."""
_FETCHING = ("换", "change", "make")
_TURNED = re.compile(r"\bturn (?:the|my|that|this) [a-z]+(?: [a-z]+)? (?:to|towards?|so)\b")
_UPON = ("on me", "on", "身上", "在我身上")
"""Words for wearing that only say on whom something is too long."""
_SWAP = re.compile(r"\b(?:swap|trade|exchange)\b.*\bfor (?:the|that|a)\b")
"""What puts one garment on in place of another."""
_RECOLOR = (
    "换成", "改成", "变成", "弄成", "做成", "整成", "搞成", "调成", "改为", "换为", "转成",
    "make", "make it", "change", "switch", "turn it into", "have it in", "do it in",
)  # fmt: skip
_TAKEN = re.compile(r"\bi'?ll (?:take|have|get|buy) (?:the|that)\b|[要买拿]了")
"""What takes one of those offered."""
_BACK = re.compile(
    r"\b(?:put|bring|do) (?:it|that|them)(?: back)?(?: in| on| again)?$"
    r"|[加弄改放拿]回[来去]|恢复|还是要"
)
"""What restores a change that was just taken back."""
KNOWN = 0.4
"""How much less likely a sentence is off topic all of whose words are the showroom's."""
SURE = 0.9
"""From this probability on the classifier is believed without a word of the lexicon."""
_SHOWING = ("show", "have", "try_on", "take_off", "ask", "recommend", "compare", "basket", "fit")
_ACTS = ("show", "try_on", "take_off", "fit", "ask", "recommend", "basket", "compare")


def weighed(phrase: Phrase, context: Context, shares: Shares) -> Shares:
    """The probabilities after what the words settle; they need not sum to one."""
    out = dict(shares)
    _comparatives(phrase, out)
    _garments(phrase, out)
    _setting(phrase, context, out)
    _weighing(phrase, out)
    _colors(phrase, context, out)
    _places(phrase, out)
    _follow_ups(phrase, context, out)
    _unfounded(phrase, context, out)
    asked(phrase, context, out)
    return out


def shift(shares: Shares, source: str, target: str, share: float = 1.0) -> None:
    """Give one intent's probability, or a share of it, to another."""
    moved = shares.get(source, 0.0) * share
    shares[source] = shares.get(source, 0.0) - moved
    shares[target] = shares.get(target, 0.0) + moved


def _acts(phrase: Phrase, *acts: str) -> bool:
    return any(phrase.has("act", act) for act in acts)


def _questions(phrase: Phrase) -> bool:
    """Whether a phrase asks; "is" within it does not ("everything is too loose")."""
    words = [t for t in phrase if t.kind != "filler"]
    first = bool(words) and words[0].get("question") is not None
    return first or any(t.text == "?" or (t.get("question") and is_cjk(t.text[0])) for t in words)


def _now(phrase: Phrase) -> bool:
    """Whether a phrase asks how it is by now, without a word for it ("and now", 现在)."""
    return len(phrase) < 4 and ("now" in phrase.text or "现在" in phrase.text)


def _comparatives(phrase: Phrase, out: Shares) -> None:
    """Words such as "longer" and "too loose" alter; they do not show, wear or buy."""
    said = [v for t in phrase if (v := t.get("change"))]
    if any(not v.startswith("size") for v in said) and not _acts(phrase, *_ACTS):
        for name in _ELSEWHERE:
            shift(out, name, "adjust_fit", 0.8)
        for name in ("more", "less", "again", "same"):
            shift(out, name, "adjust_fit")
        if not any(phrase.has(kind) for kind in ("factor", "times", "percent")):
            shift(out, "scale", "adjust_fit")
        if (phrase.has("length") or phrase.has("number")) and not phrase.has("too", "than"):
            shift(out, "compare", "adjust_fit")
            if all(t.kind not in ("word", "foreign") for t in phrase):
                shift(out, "out_of_scope", "adjust_fit", 0.5)
    if phrase.has("adjective") and phrase.has("amount"):
        for name in ("more", "again", "same"):
            shift(out, name, "adjust_fit", 0.8)
    complaint = phrase.has("adjective") and phrase.has("too") and not _questions(phrase)
    if complaint and not _acts(phrase, "fit", "ask"):
        sized = any((t.get("adjective") or "").startswith("size") for t in phrase)
        for name in ("report", "thanks", "less", "stop"):
            shift(out, name, "set_size" if sized else "adjust_fit")
        if not any(t.get("act") == "try_on" and t.text not in _UPON for t in phrase):
            shift(out, "try_on", "set_size" if sized else "adjust_fit")
    relative = any(phrase.has(kind) for kind in ("factor", "percent", "times"))
    if phrase.has("size_word") and not relative:
        shift(out, "scale", "set_size")
    if relative and not phrase.has("currency"):
        for name in ("set_size", "less", "more"):
            shift(out, name, "scale", 0.0 if name == "less" and not phrase.has("times") else 1.0)


def _garments(phrase: Phrase, out: Shares) -> None:
    """Without a word for wearing, a garment that is named shall be shown."""
    wearing = _acts(phrase, "try_on") or phrase.has("worn") or any(t.text == "on" for t in phrase)
    named = phrase.has("category") or phrase.has("product")
    if named and _OFF.search(phrase.text) and not phrase.has("length"):
        for name in ("try_on", "show", "move", "set_color"):
            shift(out, name, "take_off")
    elif named and _ON.search(phrase.text) and not phrase.has("near"):
        for name in ("place", "show", "take_off"):
            shift(out, name, "try_on")
    tried = any(t.text == "try the" for t in phrase) or _SWAP.search(phrase.text) is not None
    if tried and category_kind(phrase.first("category") or "") == "garment":
        shift(out, "show", "try_on")
    elif named and not wearing and not phrase.has("this"):
        shift(out, "try_on", "show")


def _setting(phrase: Phrase, context: Context, out: Shares) -> None:
    """What is there is given the colour, size or cut that is said; what is not there is shown."""
    if fetched(phrase, context) and not _acts(phrase, "paint"):
        for name in ("set_color", "move", "show", "try_on"):
            shift(out, name, "place")
        return
    wanted = said(phrase)
    there = here(phrase, context)
    told = _acts(phrase, "change", "paint") or phrase.has("option")
    looking = any(
        t.kind == "act"
        and t.get("act") in _SHOWING
        and not t.get("material")
        and t.text not in _ABOUT
        for t in phrase
    )
    asks = phrase.has("question") and any(is_cjk(t.text[0]) for t in phrase.all("question"))
    altered = any(phrase.has(k) for k in ("change", "adjective", "amount", "more", "this"))
    looking = looking or (asks and not altered and not _acts(phrase, "change"))
    definite = any(t.text in _DEFINITE for t in phrase) or phrase.has("same")
    looking = looking or (there is False and not context.things and _indefinite(phrase))
    if there is False and looking and not definite:
        for name in ("adjust_fit", "set_choice", "set_size"):
            shift(out, name, "show", 0.9)
    if not wanted or there is None:
        return
    changing = _acts(phrase, "paint") or any(t.text in _RECOLOR for t in phrase)
    meant = {c for t in phrase if (c := t.get("category"))}
    offered = any(
        t.id in context.listed and t.category in anatomy()["wider"].get(c, [c])
        for t in (*context.things, *context.shelf)
        for c in meant
    )
    if there and not looking and (changing or not offered):
        shift(out, "show", wanted[0], 0.9)
        if all(t.kind not in ("word", "foreign") for t in phrase):
            shift(out, "out_of_scope", wanted[0], 0.5)
        if wanted[0] != "set_choice" and "set_choice" not in wanted:
            shift(out, "set_choice", wanted[0])
    elif (
        not there
        and (context.things or looking or not (definite or told))
        and (looking or not phrase.has("this"))
    ):
        for name in SETTING:
            shift(out, name, "show")


def _indefinite(phrase: Phrase) -> bool:
    """Whether a product is spoken of that nobody has seen ("a green sofa")."""
    for at, token in enumerate(phrase.tokens):
        if token.kind == "category":
            before = [t for t in phrase.tokens[:at] if t.kind not in ("color", "size", "material")]
            return bool(before) and before[-1].text in ("a", "an", "some")
    return False


def _weighing(phrase: Phrase, out: Shares) -> None:
    """Two colours or products with a "which" or an "or" are weighed against each other."""
    colors = {t.get("color") for t in phrase if t.kind == "color"}
    if len(colors) > 1 and (_WHICH.search(phrase.text) or _acts(phrase, "compare")):
        for name in ("set_color", "show", "choose", "adjust_fit", "recommend"):
            shift(out, name, "compare")
    if phrase.has("size") and _questions(phrase) and not any(t.get("act") for t in phrase):
        shift(out, "set_size", "report", 0.8)
    worded = any(phrase.has(k) for k in ("change", "adjective", "length", "too", "raise"))
    if phrase.has("option") and not worded:
        shift(out, "adjust_fit", "set_choice")
    if any((t.get("option") or "").endswith("/no") for t in phrase):
        shift(out, "take_off", "set_choice")  # "take the arms off the chair"
    told = phrase.has("category") or phrase.has("this") or phrase.has("worn")
    if any("换上" in t.text for t in phrase) and phrase.has("color") and not told:
        shift(out, "try_on", "set_color")
    if phrase.has("view") and _MYSELF.search(phrase.text) and not phrase.has("category"):
        shift(out, "rotate", "look")


def brings_back(phrase: Phrase, context: Context) -> bool:
    """Whether a phrase restores the change that was just taken back ("put it back in")."""
    return context.undid and bool(_BACK.search(phrase.text)) and not phrase.has("before")


def _colors(phrase: Phrase, context: Context, out: Shares) -> None:
    if not phrase.has("color"):
        if not phrase.has("other") and not phrase.has("before"):
            for act in ("undo", "ask"):
                if phrase.has("act", act):
                    shift(out, "set_color", act)
        return
    have = any(t.get("act") == "have" and t.text not in _ABOUT for t in phrase)
    if have and phrase.has("category"):
        offered = phrase.has("this") or any(t.text in _OFFERED for t in phrase)
        shift(out, *(("show", "set_color") if offered else ("set_color", "show")))
    meant = next((c for t in phrase if (c := t.get("category"))), "")
    shown = bool(meant) and any(t.category == meant for t in context.things)
    definite = any(t.text in ("the", "in", "this", "my") for t in phrase) or phrase.has("this")
    if shown and definite and not context.listed and not _acts(phrase, "show", "have", "try_on"):
        shift(out, "show", "set_color", 0.8)
    if _TAKEN.search(phrase.text) and picked(phrase, context):
        for name in ("set_color", "choose", "show"):
            shift(out, name, "add_to_basket")
    meant = referred(phrase, context)
    if meant and len(phrase.all("color")) == 1 and not _acts(phrase, "paint"):
        shifted = "place" if phrase.has("near") else ""
        for name, act in (("move", "move"), ("take_off", "take_off"), ("rotate", "rotate")):
            shifted = shifted or (name if _acts(phrase, act) else "")
        told = any(t.text in _RECOLOR and t.text not in _FETCHING for t in phrase)
        shifted = shifted or ("" if told and context.here(meant) else "show")
        if shifted and not told:
            shift(out, "set_color", shifted)
    tinted = any(t.get("material") and t.get("color") for t in phrase)
    wooden = any(t.get("material") in _WOODS and not t.text.endswith("色") for t in phrase)
    wooden = wooden or any(t.text in ("denim", "in denim", "牛仔") for t in phrase)
    if wooden:
        shift(out, "set_color", "set_choice")
    elif tinted and not any(t.text in _MADE_OF for t in phrase):
        shift(out, "set_choice", "set_color")
    if _acts(phrase, "take_off") and not _acts(phrase, "paint"):
        shift(out, "set_color", "take_off")
    words = [t.text for t in phrase if t.get("act") == "change"]
    if _acts(phrase, "paint") or any(word in _RECOLOR for word in words):
        for name in ("show", "try_on", "choose"):
            shift(out, name, "set_color")
    if not context.listed:
        shift(out, "choose", "set_color")
    elif _one_of(phrase) and picked(phrase, context):
        wanted = "try_on" if _acts(phrase, "try_on") else "choose"
        for name in ("set_color", "show", "other"):
            shift(out, name, wanted)


def _one_of(phrase: Phrase) -> bool:
    """Whether a colour tells one of those listed ("the red", 那条红的)."""
    changing = _acts(phrase, "paint") or any(t.text in _RECOLOR for t in phrase)
    bare = _THE.search(phrase.text) and not phrase.has("category")
    return any(t.text in _ONES for t in phrase) or (bool(bare) and not changing)


def _places(phrase: Phrase, out: Shares) -> None:
    """A measure of height moves nothing; a direction without a measure alters nothing."""
    aimed = phrase.has("direction") or phrase.has("near") or phrase.has("closer")
    measured = phrase.has("change") or phrase.has("adjective") or phrase.has("raise")
    if measured and not aimed and not _acts(phrase, "move", "place", "rotate"):
        shift(out, "move", "adjust_fit")
    lifted = phrase.has("direction", "up") or phrase.has("direction", "down")
    if lifted and phrase.has("part") and not _acts(phrase, "move", "place", "rotate"):
        shift(out, "move", "adjust_fit")
    if _TURNED.search(phrase.text) and phrase.has("near") and not phrase.has("color"):
        for name in ("place", "move"):
            shift(out, name, "rotate")
    sideways = any(v in ("left", "right", "forward", "back") for t in phrase for _, v in t.senses)
    if sideways and phrase.has("direction") and not measured and not phrase.has("part"):
        shift(out, "adjust_fit", "move")


def _follow_ups(phrase: Phrase, context: Context, out: Shares) -> None:
    """A bare part, product or direction repeats what was done before; "no" before it corrects."""
    worn = context.last is not None and context.last.action == "try_on"
    if worn and phrase.has("other", "other") and not phrase.has("category"):
        shift(out, "show", "other")
    if context.last is not None and phrase.has("other", "other") and phrase.has("same"):
        shift(out, "other", "same")
    if phrase.has("number") and phrase.has("part"):
        for name in ("same", "again", "more"):
            shift(out, name, "adjust_fit")
    if phrase.has("other") and _acts(phrase, "take_off"):
        shift(out, "other", "take_off")
    moved = _acts(phrase, "move", "place", "rotate") or phrase.has("near")
    if phrase.has("other", "other") and (moved or phrase.has("direction")):
        shift(out, "other", "rotate" if _acts(phrase, "rotate") else "move")
    raised = phrase.has("direction", "up") or phrase.has("direction", "down")
    measured = any(phrase.has(kind) for kind in ("length", "amount", "more"))
    if context.last is not None and context.last.action == "adjust_fit" and raised and measured:
        for name in ("move", "more", "same", "place"):
            shift(out, name, "adjust_fit")
    before = context.previous or context.last
    told = phrase.has("part") or phrase.has("category") or phrase.has("product")
    told = told or (phrase.has("direction") and bool(before and before.direction))
    acts = any(t.get("act") for t in phrase) or phrase.has("change") or phrase.has("adjective")
    if before is not None and told and not acts and phrase.has("answer", "no"):
        for name in ("no", "other", "choose", "adjust_fit", "aside", "clarify"):
            shift(out, name, "same")
    if context.last is not None and context.last.action == "rotate" and phrase.has("more"):
        shift(out, "set_choice", "more")  # "a bit further round"
    altered = before is not None and before.action in ("adjust_fit", "set_choice", "look")
    if altered and phrase.has("part") and not acts:
        shift(out, "again", "same")
    elif not altered and phrase.has("part") and not phrase.has("category"):
        shift(out, "same", "adjust_fit")
    if before is not None and before.direction and phrase.has("direction") and not acts:
        shift(out, "yes", "same")
    if (phrase.has("more") or phrase.has("enough")) and not _acts(phrase, "stop"):
        shift(out, "stop", "more")
    offered = bool(context.listed) or not phrase.has("size_word")
    offered = offered and not any(t.kind == "size" for t in phrase)
    if phrase.has("pick") and not phrase.has("change") and offered:
        for name in ("show", "other", "set_size", "scale", "try_on", "recommend", "out_of_scope"):
            shift(out, name, "choose")
    if phrase.has("ordinal") and context.listed:
        wanted = "try_on" if _acts(phrase, "try_on") else "choose"
        for name in ("other", "thanks", "out_of_scope", "choose", "same", "show"):
            shift(out, name, wanted, 0.0 if name == wanted else 1.0)
    if before is None and (phrase.has("category") or phrase.has("product")):
        shift(out, "same", "show")


def _doubt(shares: Shares, name: str, share: float) -> None:
    """Give an intent's probability to "out of scope" unless the classifier is quite sure."""
    if shares.get(name, 0.0) < SURE:
        shift(shares, name, "out_of_scope", share)


def _unfounded(phrase: Phrase, context: Context, out: Shares) -> None:
    """Intents that lack every word for what they would do are somebody else's talk."""
    if not (phrase.has("view") or phrase.has("part") or _acts(phrase, "show")):
        _doubt(out, "look", 0.7)
    if not _acts(phrase, "human"):
        _doubt(out, "hand_over", 0.7)
    if not (_acts(phrase, "fit") or _questions(phrase) or phrase.has("size") or _now(phrase)):
        _doubt(out, "report", 0.6)
    if not (_acts(phrase, "basket") or phrase.has("this") or phrase.has("category")):
        _doubt(out, "add_to_basket", 0.6)
    if phrase.content and phrase.content[0].get("act") == "thanks":
        shift(out, "out_of_scope", "thanks", 0.8)
    if not _acts(phrase, "greet"):
        _doubt(out, "greet", 0.6)
    strange = any(t.kind in ("word", "foreign") for t in phrase)
    if not strange and out.get("out_of_scope", 0.0) > 0:
        out["out_of_scope"] *= KNOWN
    asks = _acts(phrase, "ask") and phrase.has("question") and not phrase.has("foreign")
    if asks and not any(t.text.startswith("how") for t in phrase):
        shift(out, "out_of_scope", "ask", 0.5)
    if _acts(phrase, "basket") and not phrase.has("foreign"):
        shift(out, "out_of_scope", "add_to_basket", 0.7)
    about = any(phrase.has(kind) for kind in ("category", "product", "this", "it", "part", "kind"))
    if phrase.has("foreign") and not about and not _acts(phrase, "ask", "recommend"):
        for name in ("ask", "report", "compare", "recommend", "add_to_basket", "look"):
            shift(out, name, "out_of_scope", 0.7)
    picks = any(phrase.has(kind) for kind in ("this", "ordinal", "pick"))
    if not context.listed and not picks:
        shift(out, "choose", "other", 0.5)
