"""What a question is about: an attribute of a product, a topic of the shop, or neither."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from .asked import ABSTAIN, COMMAND
from .asked import topics as known_topics
from .context import Context
from .data import anatomy
from .decide import counted
from .faq_index import FaqIndex
from .lexicon import Lexicon, Token, default_lexicon
from .phrase import Phrase, part_kind
from .question_features import Features, Reader
from .question_model import Opinions, QuestionModel, can_embed, load_question_model
from .target import implied, named
from .text import MAX_LENGTH, detect_language, normalise

SURE = 0.85
"""From this confidence on a question is answered."""
MAYBE = 0.25
"""From this one on it is asked whether that was meant."""
AGREED = 0.7
"""What is left of the doubt about a topic that full-text search finds first, too."""
OWN = 0.95
"""How sure a question is of an entry of the shop's own that has the very same one."""
COVERED = 0.6
"""Share of a question that an entry of the shop's own must have to count."""
MOST_TOPICS = 8
"""Topics that are considered, the likeliest."""
_DIMENSIONS = {"tall": "height", "wide": "width", "deep": "depth", "long": "length"} | {
    "thick": "thickness"
}
_SEATS = ("seat", "height")
_SITTING = re.compile(r"\bsit(?:s|ting)?\b|坐")
_TOLD = {
    "furniture": re.compile(r"\b(?:sit|sits|sitting|sat) (?:in|on|there|for)\b|\bsitting\b|[坐躺]"),
    "garment": re.compile(
        r"\b(?:x{0,3}[sl]s|[2-5]?xl|xx?s|mediums|smalls|larges)\b|[大小加]码|[sml]号"
    ),
}
"""What is said of one kind of product only."""
_HINTS = {
    "furniture": re.compile(
        r"\b(?:wood|wooden|oak|pine|walnut|screws?|nap|lie on|lie down|sleep on|my back)\b"
        r"|木|螺丝|睡"
    ),
    "garment": re.compile(
        r"\b(?:wear|wearing|worn|(?:got|have) on|on me|washing machine|machine wash|tumble|iron)\b"
        r"|穿|身上|机洗|洗衣机|熨|烘干"
    ),
}
"""What is likelier said of one: tells apart what is pointed at and what is worn."""
_WIDE = ("chair", "table", "top", "shirt", "skirt")
"""Words that other categories go by, too: what is pointed at comes first."""
_OWN = ("my", "your", "his", "her", "我", "我的", "你", "他", "她")
"""Words before a part that make it somebody's body."""
_GROUND = re.compile(r"\b(?:floor|ground)\b|地面|地上|离地")
_SURFACES = ("top",)
"""Parts that are as wide and deep as the product."""

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
        strange: how many of its words no question of the templates has.
        best: what it is about.
        likeliest: the best of what could be answered, however unsure.
        near: up to three things that it may be about, likeliest first.
    """

    text: str
    lang: Literal["en", "zh"]
    target: str
    best: Topic
    likeliest: Topic
    near: tuple[Topic, ...] = ()
    targets: tuple[str, ...] = ()
    size: str = ""
    strange: int = 0

    @property
    def asks(self) -> bool:
        """Whether it is likelier a question that may be answered than anything else."""
        return self.best.kind in ("product", "shop")

    @property
    def sure(self) -> bool:
        """Whether ``best`` may be answered."""
        return self.asks and self.best.confidence >= SURE


class Questions:
    """Understands questions about one shop; stateless, safe to share between visits.

    Args:
        lexicon: knows the products' names.
        faq: what the shop answers; None where it answers nothing.
        embed: use sentence embeddings where they are installed.
    """

    def __init__(
        self,
        lexicon: Lexicon | None = None,
        faq: FaqIndex | None = None,
        *,
        model: QuestionModel | None = None,
        embed: bool = True,
    ) -> None:
        self._lexicon = lexicon or default_lexicon()
        self._reader = Reader(self._lexicon)
        self._faq = faq
        self._model = model or load_question_model()
        self._embed = embed and can_embed()

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
        opinions = self._model.opinions(features, embed=self._embed)
        topics = [
            self._topic(label, share, opinions, features, tokens)
            for label, share in list(opinions.pooled.items())[:MOST_TOPICS]
        ]
        topics = self._retrieved(topics, features)
        likeliest = next((t for t in topics if t.kind in ("product", "shop")), NOTHING)
        asking = self._asking(plain, tokens, likeliest)
        target = self._target(asking, context or Context(), likeliest.name)
        near = [t for t in topics if t.kind in ("product", "shop") and t.confidence >= MAYBE]
        strange = sum(c not in self._model.evidence.classes for c in features.content)
        size = next((s for t in tokens if (s := t.get("size"))), "")
        many = self._targets(tokens, context or Context())
        return Question(
            text, spoken, target, topics[0], likeliest, tuple(near[:3]), many, size, strange
        )

    def _topic(
        self,
        label: str,
        share: float,
        opinions: Opinions,
        features: Features,
        tokens: tuple[Token, ...],
    ) -> Topic:
        if label == ABSTAIN:
            return Topic("none", "", share)
        if label == COMMAND:
            return Topic("command", "", share)
        kind, _, name = label.partition(":")
        confidence = self._model.confidence(label, opinions, features)
        if kind == "shop":
            return Topic("shop", name, confidence)
        if name == "dimension":
            name = measured(features, tokens)
        return Topic("product", name, confidence)

    def _retrieved(self, topics: list[Topic], features: Features) -> list[Topic]:
        """The topics with what full-text search over the shop's FAQ says.

        An entry that both find is the surer; one under an id that the classifier does not know
        counts by its score alone, where it covers most of what was asked.
        """
        hits = self._faq.search(features) if self._faq is not None else []
        if not hits:
            return topics
        first = hits[0]
        out = [
            replace(t, confidence=1.0 - AGREED * (1.0 - t.confidence))
            if t.kind == "shop" and t.name == first.id
            else t
            for t in topics
        ]
        if first.id not in known_topics() and first.coverage >= COVERED:
            out.append(Topic("shop", first.id, OWN * first.score))
        return sorted(out, key=lambda t: -t.confidence) if len(out) > len(topics) else out

    def _targets(self, tokens: tuple[Token, ...], context: Context) -> tuple[str, ...]:
        """Every product that a question names: by its name, or as the only one of a category."""
        found = [named(Phrase((token,)), context) for token in tokens]
        ids = {t.id for t in context.things}
        return tuple(dict.fromkeys(f for f in found if f in ids))

    def _asking(self, plain: str, tokens: tuple[Token, ...], about: Topic) -> tuple[Token, ...]:
        """The clause that asks, where several clauses name products, else all tokens."""
        clauses: list[list[Token]] = [[]]
        for token in tokens:
            if token.kind == "punct":
                clauses.append([])
            else:
                clauses[-1].append(token)
        naming = [c for c in clauses if any(t.get("category") or t.get("product") for t in c)]
        if about.kind != "product" or len(naming) < 2:
            return tokens
        label = f"product:{about.name}"
        label = label if label in self._model.classes else "product:dimension"
        shares = []
        for clause in naming:
            features = self._reader.read(plain[clause[0].start : clause[-1].end])
            shares.append(self._model.opinions(features).words.get(label, 0.0))
        return tuple(naming[max(range(len(naming)), key=shares.__getitem__)])

    def _target(self, tokens: tuple[Token, ...], context: Context, attribute: str) -> str:
        """What a question is about: what it names, points at, is worn, or was talked of last."""
        phrase = Phrase(
            tuple(
                t
                for t, after in zip(tokens, (*tokens[1:], None), strict=False)
                if not _end(t, after)
            )
        )
        found = named(_offered(phrase, context), context)
        if context.thing(found) is not None or phrase.first("product"):
            return _pointed(found, phrase, context)
        kind = KINDS.get(attribute) or _kind_told(phrase)
        last = context.last.target if context.last else ""
        for wanted in dict.fromkeys((kind or _hinted(phrase), kind)):
            for key in (context.pointed, context.topic, context.worn, last):
                thing = context.thing(key)
                if thing is None or wanted not in ("", thing.kind):
                    continue
                if not found or _akin(found, thing.category) or phrase.has("this"):
                    return key
        return found or implied(phrase, context, kind)


def _offered(phrase: Phrase, context: Context) -> Phrase:
    """A phrase without what is somebody's own ("my sofa"), unless it is pointed at or worn."""
    before = ("", *(token.text for token in phrase.tokens))
    kept = []
    for token, owner in zip(phrase.tokens, before, strict=False):
        own = token.get("category") is not None and owner in (*_OWN, "our", "我家", "家里")
        if not own or named(Phrase((token,)), context) in (context.pointed, context.worn):
            kept.append(token)
    return Phrase(tuple(kept))


def _pointed(found: str, phrase: Phrase, context: Context) -> str:
    """What is pointed at, where a wide word names another thing that goes by it ("the chair")."""
    word, thing = phrase.first("category") or "", context.thing(context.pointed)
    if word in _WIDE and thing is not None and not phrase.first("product"):
        return thing.id if thing.category in anatomy()["wider"][word] else found
    return found


def _end(token: Token, after: Token | None) -> bool:
    """Whether "top" is the upper end of something ("the top of the backrest")."""
    return token.text == "top" and after is not None and after.text == "of"


def _kind_told(phrase: Phrase) -> str:
    """The kind of product that its use, a size, a part or a measure word tells of, or ``""``."""
    told = [kind for kind, words in _TOLD.items() if words.search(phrase.text)]
    if len(told) == 1:
        return told[0]
    if phrase.has("size"):
        return "garment"
    before = ("", *(token.text for token in phrase.tokens))
    for token, owner in zip(phrase.tokens, before, strict=False):
        if (part := token.get("part")) and owner not in _OWN:
            return part_kind(part)
    return counted(phrase)


def _hinted(phrase: Phrase) -> str:
    """The kind of product that words make likelier, or ``""``."""
    hinted = [kind for kind, words in _HINTS.items() if words.search(phrase.text)]
    return hinted[0] if len(hinted) == 1 else ""


def _akin(word: str, category: str) -> bool:
    """Whether a category's word may mean a thing of another category, such as a top a shirt."""
    wider = anatomy()["wider"]
    return category in wider.get(word, ()) or word in wider.get(category, ())


def measured(features: Features, tokens: tuple[Token, ...]) -> str:
    """Which dimension a question of size means: ``"height"``, ``"sleeve_length"``."""
    found = [name for concept, name in _DIMENSIONS.items() if concept in features.concepts]
    part = next((p for t in tokens if (p := t.get("part"))), "")
    if part in _SURFACES and found:
        part = ""
    if found == ["height"] and part in ("back", "top") and _GROUND.search(features.spoken):
        return "height"
    sitting = found == ["height"] and bool(_SITTING.search(features.spoken))
    if any(t.get("seat_height") for t in tokens) or (part, *found[:1]) == _SEATS or sitting:
        return "seat_height"
    if {"shoulder", "hem"} <= {t.get("part") for t in tokens}:
        return "body_length"
    if len(found) != 1:
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
