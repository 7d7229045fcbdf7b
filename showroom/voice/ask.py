"""What a question is about: an attribute of a product, a topic of the shop, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .asked import ABSTAIN, COMMAND
from .context import Context
from .embed import Encoder
from .faq_index import FaqIndex
from .lexicon import Lexicon, Token, default_lexicon
from .phrase import Phrase
from .question_features import Features, Reader
from .question_model import QuestionModel, encoder, load_question_model
from .target import implied, named
from .text import MAX_LENGTH, detect_language, normalise

SURE = 0.5
"""From this confidence on a question is answered."""
MAYBE = 0.15
"""From this one on a topic is offered as a choice."""
MOST_TOPICS = 8
"""Topics that are considered, the likeliest."""
_DIMENSIONS = {"tall": "height", "wide": "width", "deep": "depth", "long": "length"} | {
    "thick": "thickness"
}
_SEATS = ("seat", "height")

_FURNITURE = (
    "weight_limit", "assembly", "stackable", "foldable", "outdoor", "finish", "seat_height",
)  # fmt: skip
_GARMENT = (
    "sizes", "fit", "shrink", "pilling", "stretch", "sheer", "lining", "pockets", "closure",
    "warmth", "skin",
)  # fmt: skip
KINDS = dict.fromkeys(_FURNITURE, "furniture") | dict.fromkeys(_GARMENT, "garment")
"""Attributes that only one kind of product is asked for."""

Kind = Literal["product", "shop", "command", "none"]


@dataclass(frozen=True)
class Topic:
    """One thing that a question may be about.

    Attributes:
        kind: ``"product"``, ``"shop"``, ``"command"`` (it asks for a change), ``"none"``.
        name: the attribute (``"price"``, ``"sleeve_length"``) or the FAQ's id.
        confidence: 0 to 1.
    """

    kind: Kind
    name: str
    confidence: float


NOTHING = Topic("none", "", 1.0)
"""What an empty question is about."""


@dataclass(frozen=True)
class Question:
    """A question taken apart.

    Attributes:
        lang: to answer in.
        target: id or category of the product that it is about, or ``""``.
        targets: ids of all products that it names.
        size: the size label that it names, or ``""``.
        best: what it is about.
        likeliest: the best of what could be answered, however unsure.
        near: up to three topics of the shop that it may be about, likeliest first.
    """

    text: str
    lang: Literal["en", "zh"]
    target: str
    best: Topic
    likeliest: Topic
    near: tuple[Topic, ...] = ()
    targets: tuple[str, ...] = ()
    size: str = ""

    @property
    def sure(self) -> bool:
        """Whether ``best`` may be answered."""
        return self.best.kind in ("product", "shop") and self.best.confidence >= SURE


class Questions:
    """Understands questions about one shop; stateless, safe to share between visits.

    Args:
        lexicon: knows the products' names.
        faq: what the shop answers; None where it answers nothing.
        encoder: sentence embeddings; by default the installed ones.
    """

    def __init__(
        self,
        lexicon: Lexicon | None = None,
        faq: FaqIndex | None = None,
        *,
        model: QuestionModel | None = None,
        embed: Encoder | Literal["installed"] | None = "installed",
    ) -> None:
        self._lexicon = lexicon or default_lexicon()
        self._reader = Reader(self._lexicon)
        self._faq = faq
        self._model = model or load_question_model()
        self._encoder = encoder() if embed == "installed" else embed

    def understand(self, text: str, lang: str = "", context: Context | None = None) -> Question:
        """What a question is about; anything goes in, and nothing is guessed.

        Args:
            lang: the speaker's language where known; the sentence itself decides if it can.
            context: what the visit knows; says which product "it" is.
        """
        spoken = detect_language(text[: 4 * MAX_LENGTH], lang)
        if len(text) > MAX_LENGTH:
            return Question(text[:MAX_LENGTH], spoken, "", NOTHING, NOTHING)
        plain = normalise(text).plain
        tokens = tuple(self._lexicon.scan(plain)) if plain else ()
        features = self._reader.read(text)
        if not features.names:
            return Question(text, spoken, "", NOTHING, NOTHING)
        shares = self._model.probabilities(features, spoken, self._encoder)
        topics = [
            self._topic(
                label, share, self._model.confidence(label, shares, features), features, tokens
            )
            for label, share in list(shares.items())[:MOST_TOPICS]
        ]
        likeliest = next((t for t in topics if t.kind in ("product", "shop")), NOTHING)
        target = self._target(tokens, context or Context(), likeliest.name)
        shop = tuple(t for t in topics if t.kind == "shop" and t.confidence >= MAYBE)[:3]
        size = next((s for t in tokens if (s := t.get("size"))), "")
        many = self._targets(tokens, context or Context())
        return Question(text, spoken, target, topics[0], likeliest, shop, many, size)

    def _topic(
        self,
        label: str,
        share: float,
        confidence: float,
        features: Features,
        tokens: tuple[Token, ...],
    ) -> Topic:
        if label == ABSTAIN:
            return Topic("none", "", share)
        if label == COMMAND:
            return Topic("command", "", share)
        kind, _, name = label.partition(":")
        if kind == "shop":
            return Topic("shop", name, confidence)
        if name == "dimension":
            name = measured(features, tokens)
        return Topic("product", name, confidence)

    def _targets(self, tokens: tuple[Token, ...], context: Context) -> tuple[str, ...]:
        """Every product that a question names: by its name, or as the only one of a category."""
        found = [named(Phrase((token,)), context) for token in tokens]
        ids = {t.id for t in context.things}
        return tuple(dict.fromkeys(f for f in found if f in ids))

    def _target(self, tokens: tuple[Token, ...], context: Context, attribute: str) -> str:
        """What a question is about: what it names, points at, is worn, or was talked of last."""
        phrase = Phrase(tokens)
        if found := named(phrase, context):
            return found
        kind = KINDS.get(attribute, "")
        last = context.last.target if context.last else ""
        for key in (context.pointed, context.worn, last):
            thing = context.thing(key)
            if thing is not None and kind in ("", thing.kind):
                return key
        return implied(phrase, context, kind)


def measured(features: Features, tokens: tuple[Token, ...]) -> str:
    """Which dimension a question of size means: ``"height"``, ``"sleeve_length"``."""
    found = [name for concept, name in _DIMENSIONS.items() if concept in features.concepts]
    part = next((p for t in tokens if (p := t.get("part"))), "")
    if any(t.get("seat_height") for t in tokens) or (part, *found[:1]) == _SEATS:
        return "seat_height"
    if len(found) != 1 or "big" in features.concepts:
        return f"{part}_size" if part and found else "dimensions"
    return f"{part}_{found[0]}" if part else found[0]


def labels(question: Question, *, likeliest: bool = False) -> Mapping[str, str]:
    """A question's gold form: ``kind`` and ``product``, ``attribute`` or ``topic``.

    Args:
        likeliest: also where the question is not sure enough to be answered.
    """
    best = question.likeliest if likeliest else question.best
    if best.kind not in ("product", "shop") or not (question.sure or likeliest):
        return {"kind": "abstain"}
    if best.kind == "shop":
        return {"kind": "shop", "topic": best.name}
    return {"kind": "product", "product": question.target, "attribute": best.name}
