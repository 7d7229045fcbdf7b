"""The information desk: questions answered from product fields and the shop's FAQ, or not at all.

Every answer says where its facts stand; what the shop has not stated is said to be so, and a
person is offered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from showroom.catalog.errors import CatalogError
from showroom.catalog.facts import (
    Fact,
    attribute_names,
    check_attribute,
    comparison,
    fact,
    is_known,
    label_of,
)
from showroom.catalog.products import Catalog, Entry
from showroom.catalog.taste import recommender
from showroom.protocol.messages import Command
from showroom.voice.advise import Adviser
from showroom.voice.ask import Question, Questions
from showroom.voice.context import Clarify, Context, Understanding
from showroom.voice.faq_index import FaqIndex
from showroom.voice.lexicon import Lexicon
from showroom.voice.question_features import Reader
from showroom.voice.replies import question as ask_which
from showroom.voice.replies import reply

from .refused import RefusedError
from .state import State

OVERRULES = 0.95
"""From this confidence on a question is answered although it was understood as something else."""
COMMANDED, OUTSIDE = 0.8, 0.9
"""From these confidences on a sentence is a command, or none of the shop's business."""
GENERAL = frozenset(attribute_names())
"""Attributes that any product may have, whether or not the shop states them."""
MOST_COMPARED = 4
"""Differences that are told at a time."""
LIKELY = 0.5
"""From this one on it is asked whether that was meant, where nothing else was understood."""
_KEPT = frozenset(("yes", "no", "thanks", "greet", "stop", "repeat", "help"))


@dataclass(frozen=True)
class Answer:
    """What the desk says.

    Attributes:
        sources: of every fact in ``text``; empty where nothing is stated.
        clarify: the question in ``text``, if it is one.
        open: the visitor's question still waits for an answer, which a person could give.
    """

    text: str
    lang: str
    sources: tuple[str, ...] = ()
    clarify: Clarify | None = None
    open: bool = False


class Desk:
    """Answers questions about one catalogue; share one between visits.

    Args:
        people: questions can be passed on to a person of the shop.
        model: sentences that are not understood can be put to a model.
        wording: it also words the answers about products.
        embed: use sentence embeddings where they are installed.

    The shell carries errands out; see :mod:`showroom.channel.errands`.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        people: bool = False,
        model: bool = False,
        wording: bool = False,
        embed: bool = True,
    ) -> None:
        self.catalog = catalog
        self.people = people
        self.wording = model and wording
        self.recommender = recommender(catalog, catalog.histories)
        lexicon = Lexicon({e.id: tuple(e.product.name.values()) for e in catalog})
        names = {e.id: tuple(e.product.name.values()) for e in catalog}
        sizes = {label for e in catalog for label in e.product.sizes}
        self.adviser = Adviser(lexicon, names, sizes) if model else None
        self._questions = Questions(
            lexicon,
            FaqIndex(catalog.faq, Reader(lexicon)),
            embed=embed,
        )

    def __deepcopy__(self, memo: object) -> Desk:
        """Itself: a desk never changes, so copies of a visit share it."""
        return self

    def understand(self, text: str, lang: str, context: Context) -> Question:
        """What a question is about."""
        return self._questions.understand(text, lang, context)

    def takes(self, heard: Understanding, question: Question) -> bool:
        """Whether a sentence is for the desk rather than to be carried out."""
        if heard.problem in ("too_long", "empty"):
            return False
        if heard.intent in _KEPT:
            return False
        if heard.intent == "ask" and all(
            c.action == "ask" and not (c.parameter or c.option) for c in heard.commands
        ):
            return True
        heard_as = heard.confidence
        if heard.commands:
            return question.sure and question.best.confidence >= OVERRULES and heard_as < COMMANDED
        if heard.intent == "out_of_scope" and heard_as >= OUTSIDE:
            strange = question.strange and question.lang == "en"
            return question.sure and question.best.confidence >= OVERRULES and not strange
        likely = heard.clarify is None and question.best.confidence >= LIKELY
        return question.sure or (question.asks and likely)

    def answer(self, question: Question, state: State) -> Answer:
        """The answer to a question in a state of the showroom."""
        best, lang = question.best, question.lang
        if question.sure and best.kind == "shop":
            return self.about_shop(best.name, lang)
        if question.sure and best.kind == "product":
            if len(question.targets) > 1:
                return self._of_both(question, best.name)
            return self.about_product(question.target, best.name, lang, state, question.size)
        return self._offered(question, state)

    def asked(self, command: Command, lang: str, state: State, pointed: str) -> Answer:
        """The answer to a button's question.

        Raises:
            RefusedError: it names no attribute and no topic.
        """
        if command.option:
            return self.about_shop(command.option, lang)
        try:
            check_attribute(command.parameter)
        except CatalogError as error:
            raise RefusedError(
                "cannot_answer",
                error.message,
                field="parameter",
                expected=error.expected,
                got=error.got,
            ) from error
        target = command.target or pointed or state.worn
        return self.about_product(target, command.parameter, lang, state, command.size)

    def about_shop(self, topic: str, lang: str) -> Answer:
        """The FAQ's entry, word for word."""
        entry = self.catalog.faq.get(topic)
        if entry is None:
            return self.passed(reply("no_answer", lang), lang)
        text = entry.answer.get(lang) or next(iter(entry.answer.values()))
        return Answer(text, lang, (f"faq:{entry.id}",))

    def about_product(
        self, target: str, attribute: str, lang: str, state: State, size: str = ""
    ) -> Answer:
        """One attribute of one product, as the shop states it."""
        entries = list(self._meant(target, state))
        if len(entries) > 1:  # "how long are the sleeves": only what has sleeves can be meant
            able = [e for e in entries if fact(e, attribute) is not None]
            entries = able if len(able) == 1 and attribute not in GENERAL else entries
        if len(entries) != 1:
            return self._which(entries, attribute, lang)
        entry = entries[0]
        placed = state.things.get(entry.id)
        values = placed.look.values if placed is not None else None
        found = fact(entry, attribute, values=values, size=size)
        if found is not None:
            return Answer(_stated(entry, found, lang), lang, (found.source,))
        if attribute in self.catalog.faq.entries:
            return self.about_shop(attribute, lang)
        slots = {"name": dict(entry.product.name), "label": label_of(attribute, entry)}
        return self.passed(reply("not_stated", lang, **slots), lang)

    def compared(self, first: str, second: str, lang: str) -> Answer:
        """What differs between two products."""
        a, b = self.catalog.get(first), self.catalog.get(second)
        pairs = comparison(a, b)[:MOST_COMPARED]
        names = {"name": dict(a.product.name), "other": dict(b.product.name)}
        if not pairs:
            return Answer(reply("compared_same", lang, **names), lang)
        return self._pairs(pairs, names, lang)

    def passed(self, text: str, lang: str) -> Answer:
        """What is said when the shop has no answer: a person is offered."""
        if not self.people:
            return Answer(f"{text}{_space(lang)}{reply('ask_a_person', lang)}", lang, open=True)
        offer = reply("offer_person", lang)
        yes = (Command(action="hand_over"),)
        asked = Clarify(f"{text}{_space(lang)}{offer}", (), (yes, ()))
        return Answer(asked.question, lang, clarify=asked, open=True)

    def _offered(self, question: Question, state: State) -> Answer:
        """Up to three questions that can be answered, or a person."""
        lang = question.lang
        options: list[tuple[str, Command]] = []
        for topic in question.near:
            entry = self.catalog.faq.get(topic.name) if topic.kind == "shop" else None
            meant = list(self._meant(question.target, state)) if topic.kind == "product" else []
            if entry is not None:
                asked = entry.asked.get(lang) or next(iter(entry.asked.values()))
                options.append((asked[0].rstrip("?？"), Command(action="ask", option=entry.id)))
            elif len(meant) == 1 and is_known(topic.name):
                product = meant[0]
                slots = {"name": dict(product.product.name), "label": label_of(topic.name, product)}
                wish = Command(action="ask", target=product.id, parameter=topic.name)
                options.append((reply("about", lang, **slots), wish))
        if not options:
            return self.passed(reply("no_answer", lang), lang)
        choices = tuple(text for text, _ in options)
        clarify = Clarify(
            ask_which("faq", choices, lang), choices, tuple((wish,) for _, wish in options)
        )
        return Answer(clarify.question, lang, clarify=clarify, open=True)

    def _which(self, entries: list[Entry], attribute: str, lang: str) -> Answer:
        offered = (entries or list(self.catalog))[:3]
        names = tuple(e.product.name.get(lang) or e.id for e in offered)
        wishes = tuple((Command(action="ask", target=e.id, parameter=attribute),) for e in offered)
        asked = Clarify(ask_which("which_product", names, lang), names, wishes)
        return Answer(asked.question, lang, clarify=asked)

    def _meant(self, target: str, state: State) -> Iterator[Entry]:
        """The products that a target can mean, those to be seen first."""
        if target in self.catalog:
            yield self.catalog.get(target)
            return
        found = [e for e in self.catalog.find(target)] if target else list(self.catalog)
        seen = [e for e in found if e.id in state.things]
        yield from seen or found

    def _of_both(self, question: Question, attribute: str) -> Answer:
        lang = question.lang
        a, b = (self.catalog.get(key) for key in question.targets[:2])
        first, second = fact(a, attribute), fact(b, attribute)
        names = {"name": dict(a.product.name), "other": dict(b.product.name)}
        if first is None or second is None:
            entry = a if first is None else b
            slots = {"name": dict(entry.product.name), "label": label_of(attribute, entry)}
            return self.passed(reply("not_stated", lang, **slots), lang)
        return self._pairs([(first, second)], names, lang)

    def _pairs(
        self, pairs: list[tuple[Fact, Fact]], names: Mapping[str, object], lang: str
    ) -> Answer:
        rows = [
            reply("compared_row", lang, label=a.label, first=a.text, second=b.text)
            for a, b in pairs
        ]
        text = reply("compared", lang, rows=_space(lang).join(rows), **names)
        return Answer(text, lang, tuple(f.source for pair in pairs for f in pair))


def _stated(entry: Entry, found: Fact, lang: str) -> str:
    slots = {"name": dict(entry.product.name), "label": found.label, "text": found.text}
    return reply("stated", lang, **slots)


def _space(lang: str) -> str:
    return "" if lang.startswith("zh") else " "
