"""Which intent a phrase has: the classifier's probabilities, corrected by what must hold."""

from __future__ import annotations

from .context import Context
from .data import anatomy
from .evidence import brings_back, weighed
from .fitting import dimension_sign, dimensions
from .model import IntentModel
from .phrase import Phrase, category_kind, part_kind
from .target import implied, kind_of, named

_FOLLOW_UPS = ("more", "less", "again", "reverse", "same")
_BUY = ("buy", "purchase", "购买")
_DECLINED = ("no", "take_off", "stop", "dislike")
_DESCRIBING = frozenset(
    (
        "can't", "cannot", "won't", "wouldn't", "didn't", "did not", "isn't", "is not", "aren't",
        "are not", "haven't", "doesn't", "does not", "ain't", "aint", "cannae", "isnae", "wasnae",
        "didnae",
    )
)  # fmt: skip
"""Negations that tell how something is and forbid nothing ("I can't close the button")."""
_OR = ("or", "还是")
_SIZING = ("set_size", "scale", "adjust_fit")
CHANGES = {
    "show", "try_on", "take_off", "set_size", "adjust_fit", "set_color", "set_choice", "move",
    "rotate", "scale", "place", "more", "less", "again", "reverse", "same", "other",
}  # fmt: skip
"""Intents that change something, and that a negation turns into a "no"."""


def decide(phrase: Phrase, context: Context, model: IntentModel) -> dict[str, float]:
    """Intent to probability, likeliest first.

    The corrections: "bigger" is a size on garments and a scale on furniture; a negated command is
    a "no"; follow-ups need something to follow.
    """
    shares = model.probabilities(phrase)
    shares = weighed(phrase, context, shares)
    shares = _moving(phrase, _sizing(phrase, context, shares))
    shares = _context(phrase, context, _worded(phrase, shares))
    if _refused(phrase):
        taken = sum(p for name, p in shares.items() if name in CHANGES - {"set_choice", "take_off"})
        shares = {
            n: 0.0 if n in CHANGES - {"set_choice", "take_off"} else p for n, p in shares.items()
        }
        shares["no"] = shares.get("no", 0.0) + taken
    total = sum(shares.values()) or 1.0
    return dict(sorted(((n, p / total) for n, p in shares.items()), key=lambda x: -x[1]))


def _refused(phrase: Phrase) -> bool:
    """Whether the phrase forbids a change ("don't make it longer", 别动椅子)."""
    if phrase.has("enough") or phrase.has("option") or phrase.has("part", "armrest"):
        return False
    if "成这样" in phrase.text:
        return False  # 短袖也不能短成这样
    negations = [
        t
        for t in phrase.all("negation")
        if t.get("negation") == "negation" and t.text not in _DESCRIBING
    ]
    if not negations:
        return False
    at = phrase.index(negations[0])
    rest = Phrase(phrase.tokens[at:])
    no_more = negations[0].text.endswith("再") and rest.has("adjective")
    return no_more or bool(
        rest.has("act") or rest.has("change") or rest.has("category") or rest.has("part")
    )


def _sizing(phrase: Phrase, context: Context, shares: dict[str, float]) -> dict[str, float]:
    """Share the mass of sizing intents by what "bigger" is said of."""
    pairs = dimensions(phrase)
    if not pairs or any(d != "size" for _, (d, _) in pairs):
        return shares
    if phrase.has("size_word") or phrase.has("closer"):
        return shares
    mass = sum(shares.get(name, 0.0) for name in _SIZING)
    part = phrase.first("part")
    if mass < 0.3:
        return shares
    if not part and any(dimension_sign(phrase, t) is None for t in phrase.all("size")):
        chosen = "set_size"
    elif part:
        chosen = "adjust_fit"
    else:
        target = named(phrase, context) or implied(phrase, context)
        kind = kind_of(target, context)
        kind = kind or category_kind(phrase.first("category") or "") or counted(phrase)
        relative = any(t.kind in ("factor", "times", "percent") for t in phrase)
        if not kind and not relative:
            return shares | {"set_size": mass / 2, "scale": mass / 2, "adjust_fit": 0.0}
        chosen = "scale" if kind == "furniture" or relative else "set_size"
    return shares | {name: mass if name == chosen else 0.0 for name in _SIZING}


def _worded(phrase: Phrase, shares: dict[str, float]) -> dict[str, float]:
    """What single words settle: "try the large" is a size, "the same in green" a colour."""
    out = dict(shares)
    about = any(phrase.has(kind) for kind in ("category", "kind", "product", "this", "color"))
    if phrase.has("size") and not about:
        out["set_size"] = out.get("set_size", 0.0) + out.pop("try_on", 0.0)
    if phrase.has("color") and (phrase.has("same") or phrase.has("before")):
        out["set_color"] = out.get("set_color", 0.0) + out.pop("same", 0.0)
    if phrase.has("act", "undo") != phrase.has("act", "redo"):
        meant, other = ("undo", "redo") if phrase.has("act", "undo") else ("redo", "undo")
        out[meant] = out.get(meant, 0.0) + out.pop(other, 0.0)
    owned = phrase.has("this") or phrase.has("it") or any("cart" in t.text for t in phrase)
    if phrase.has("category") and not owned and any(t.text in _BUY for t in phrase):
        out["show"] = out.get("show", 0.0) + out.pop("add_to_basket", 0.0)
    plain = not phrase.has("change") and not phrase.has("adjective")
    if phrase.has("part", "armrest") and plain and not phrase.has("raise"):
        out["set_choice"] = sum(out.pop(name, 0.0) for name in ("set_choice", *_DECLINED))
    if phrase.has("change") and not phrase.has("negation"):
        out["adjust_fit"] = out.get("adjust_fit", 0.0) + out.pop("no", 0.0)
    if phrase.has("size_word") and phrase.has("act", "undo") and not phrase.has("size"):
        out["undo"] = out.get("undo", 0.0) + out.pop("set_size", 0.0)
    if phrase.has("act", "redo"):
        out["redo"] = out.get("redo", 0.0) + out.pop("again", 0.0)
    sizes = phrase.all("size")
    if sizes and not phrase.has("question") and not phrase.has("act", "fit"):
        out["set_size"] = out.get("set_size", 0.0) + out.pop("report", 0.0)
    if len(sizes) > 1 and (phrase.has("question") or any(t.text in _OR for t in phrase)):
        out["report"] = out.get("report", 0.0) + out.pop("set_size", 0.0)
    optional = phrase.has("option") or phrase.has("shape") or phrase.has("part", "armrest")
    if not optional and (phrase.has("change") or phrase.has("adjective")):
        out["adjust_fit"] = out.get("adjust_fit", 0.0) + out.pop("set_choice", 0.0)
    turned = any(phrase.has(kind) for kind in ("angle", "direction", "spin", "turn", "amount"))
    if phrase.has("color") and not turned:
        out["set_color"] = out.get("set_color", 0.0) + out.pop("rotate", 0.0)
    return out


def counted(phrase: Phrase) -> str:
    """The kind that a Chinese measure word tells: 这件 is worn, 这把 is stood on the floor."""
    words = anatomy()["measure_words"]
    said = "".join(t.text for t in phrase.all("this"))
    return next((kind for kind, marks in words.items() if any(m in said for m in marks)), "")


def _moving(phrase: Phrase, shares: dict[str, float]) -> dict[str, float]:
    """Moving and placing are one intent to the resolver, which tells them by what was said."""
    mass = shares.get("move", 0.0) + shares.get("place", 0.0)
    chosen = "move" if phrase.has("direction") or phrase.has("closer") else "place"
    if not phrase.has("near") and not phrase.has("beside"):
        chosen = "move"
    return shares | {name: mass if name == chosen else 0.0 for name in ("move", "place")}


def _context(phrase: Phrase, context: Context, shares: dict[str, float]) -> dict[str, float]:
    """Follow-ups without anything before them lose; parts of the wrong kind lose."""
    out = dict(shares)
    if brings_back(phrase, context):
        out["redo"] = out.get("redo", 0.0) + out.pop("undo", 0.0)
    if context.last is None:
        for name in _FOLLOW_UPS:
            out[name] = out.get(name, 0.0) * 0.5
    elif phrase.has("again"):
        out["repeat"] = out.get("repeat", 0.0) * 0.2
    part = phrase.first("part")
    if part and part_kind(part) == "garment":
        for name in ("move", "rotate", "place", "scale"):
            out[name] = out.get(name, 0.0) * 0.2
    return out
