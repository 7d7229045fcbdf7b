"""How people say things: templates of both languages, and sentences drawn from them."""

from __future__ import annotations

import random
import re
from typing import Any

from .data import anatomy, files_of, lexicon_data, read
from .text import is_cjk

_PIECE = re.compile(r"[(\[|)\]]|\{[^}]*\}|\?|[^(\[|)\]{?]+")
_SLOT_KINDS = (
    "part",
    "category",
    "kind",
    "color",
    "size",
    "change",
    "adjective",
    "option",
    "foreign",
    "material",
)
_DIRECTIONS = ["left", "right", "forward", "back", "forwards", "backwards", "up", "down"]


class Phrasings:
    """The templates of one language, and how to fill them.

    A template picks one of ``(a|b)``, may leave out ``[x]``, and fills ``{slot}`` from the lexicon
    or from the ``slots`` of its language; a question mark
    makes the group, slot, word or Chinese character before it optional.

    Attributes:
        templates: by intent, in the order of the files.
    """

    def __init__(self, language: str, rng: random.Random) -> None:
        self._rng = rng
        lexicon = lexicon_data(language)
        self.templates: dict[str, list[str]] = {}
        fill: dict[str, list[str]] = {
            kind: [f for forms in lexicon[kind].values() for f in forms] for kind in _SLOT_KINDS
        }
        fill["dir"] = _DIRECTIONS
        body = anatomy()
        for slot, group in (("gpart", "garment_parts"), ("fpart", "furniture_parts")):
            fill[slot] = [f for p in body[group] for f in lexicon["part"].get(p, ())]
        for slot, group in (("garment", "garments"), ("furniture", "furniture")):
            fill[slot] = [f for c in body[group] for f in lexicon["category"].get(c, ())]
        for name in files_of(language, "phrasings"):
            data: dict[str, Any] = read(f"{language}/{name}")
            for slot, forms in data.pop("slots", {}).items():
                fill[slot] = [str(form) for form in forms]
            for intent, templates in data.items():
                self.templates.setdefault(intent, []).extend(str(t) for t in templates)
        self._fill = fill

    def sentence(self, template: str) -> str:
        """A random sentence of a template."""
        text, _ = self._expand(_PIECE.findall(template), 0, "")
        return re.sub(r"\s+", " ", text).strip()

    def _expand(self, pieces: list[str], at: int, close: str) -> tuple[str, int]:
        options = [""]
        while at < len(pieces):
            piece = pieces[at]
            at += 1
            if piece == close:
                break
            if piece == "|":
                options.append("")
            elif piece in "([":
                inner, at = self._expand(pieces, at, ")" if piece == "(" else "]")
                optional = piece == "["
                if at < len(pieces) and pieces[at] == "?":
                    optional, at = True, at + 1
                options[-1] += "" if optional and self._rng.random() < 0.5 else inner
            elif piece != "?":
                whole = piece
                if at < len(pieces) and pieces[at] == "?":
                    whole, at = self._optional(piece), at + 1
                slot = whole.startswith("{")
                options[-1] += self._filled(whole[1:-1]) if slot else whole
        return self._rng.choice(options), at

    def _optional(self, piece: str) -> str:
        """A piece before a question mark, or what is left without its slot, word or character."""
        if self._rng.random() < 0.5:
            return piece
        if piece.startswith("{"):
            return ""
        return piece[:-1] if is_cjk(piece[-1]) else piece.rpartition(" ")[0]

    def _filled(self, slot: str) -> str:
        form = self._rng.choice(self._fill[slot])
        return self.sentence(form) if "{" in form else form
