"""How customers ask: concepts and templates, from the ``questions*.yaml`` of each language."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from .data import LANGUAGES, files_of, read

ABSTAIN, COMMAND = "abstain", "command"
"""Classes of sentences that neither product fields nor the shop's FAQ can answer."""

_PIECE = re.compile(r"[()\[\]|]|\{\w+\}|[^()\[\]|{}]+")
_LETTER = re.compile(r"(\w)\?")


@dataclass(frozen=True)
class Asked:
    """One language's questions.

    Attributes:
        concepts: name to the forms that mean the same.
        classes: ``"product:price"``, ``"shop:returns"``, ``"abstain"`` to their templates.
        slots: further fillings of ``{name}``.
        stop: words without a meaning of their own.
    """

    concepts: Mapping[str, Sequence[str]]
    classes: Mapping[str, Sequence[str]]
    slots: Mapping[str, Sequence[str]]
    stop: frozenset[str]

    def sentence(self, template: str, rng: random.Random) -> str:
        """A random sentence of a template: ``(a|b)`` are alternatives, ``[c]`` may be left out.

        A group or letter followed by ``?`` may be left out too; ``{name}`` is any form of a
        concept or slot.
        """
        opened = template.replace(")?", "\x00").replace("]?", "]")
        opened = _LETTER.sub(r"[\1]", opened)
        pieces = _PIECE.findall(opened.replace("\x00", ")\x00"))
        text, _ = self._expand(pieces, 0, rng)
        return re.sub(r"\s+", " ", text).strip()

    def _expand(self, pieces: list[str], at: int, rng: random.Random) -> tuple[str, int]:
        options = [""]
        while at < len(pieces):
            piece = pieces[at]
            at += 1
            if piece in (")", "]"):
                break
            if piece == "|":
                options.append("")
            elif piece in ("(", "["):
                inner, at = self._expand(pieces, at, rng)
                if at < len(pieces) and pieces[at].startswith("\x00"):
                    pieces[at] = pieces[at][1:]
                    inner = inner if rng.random() < 0.5 else ""
                elif piece == "[" and rng.random() < 0.5:
                    inner = ""
                options[-1] += inner
            elif piece.startswith("{"):
                name = piece[1:-1]
                options[-1] += str(rng.choice(self.slots.get(name) or self.concepts[name]))
            else:
                options[-1] += piece.replace("\x00", "")
        return rng.choice(options), at


@cache
def asked(language: str) -> Asked:
    """The questions of ``"en"`` or ``"zh"``."""
    document, *others = (read(f"{language}/{name}") for name in files_of(language, "questions"))
    classes: dict[str, list[str]] = {}
    slots = dict(document["slots"])
    for each in (document, *others):
        for kind, prefix in (("attributes", "product"), ("topics", "shop")):
            for name, forms in each[kind].items():
                classes.setdefault(f"{prefix}:{name}", []).extend(forms)
        slots |= each["slots"]
    classes[ABSTAIN] = [form for each in (document, *others) for form in each["abstain"]]
    stop = frozenset(str(word) for word in document["stop"])
    return Asked(document["concepts"], classes, slots, stop)


@cache
def attributes() -> tuple[str, ...]:
    """Names of the product attributes that can be asked for."""
    return tuple(k[8:] for k in asked("en").classes if k.startswith("product:"))


@cache
def topics() -> tuple[str, ...]:
    """Names of the shop topics that questions are recognised of."""
    return tuple(k[5:] for k in asked("en").classes if k.startswith("shop:"))


def all_languages() -> tuple[Asked, ...]:
    """The questions of every language."""
    return tuple(asked(language) for language in LANGUAGES)
