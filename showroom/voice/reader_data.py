"""Sentences for the reader to learn from: people's, people's with other words, and templates'."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..protocol.messages import Command
from .context import Context
from .data import LANGUAGES
from .effect import plain
from .frame import Slots, frame_of
from .interpreter import Interpreter
from .lexicon import Token
from .phrase import Phrase
from .phrasings import Phrasings
from .reader_input import Input, input_of
from .resolve import NO_COMMAND, Need, resolve
from .said import SCRIPTS, SENTENCES
from .score import load
from .score_conversations import Room
from .shopping import SHOP_ACTIONS
from .swaps import swapped
from .text import is_cjk

QUESTIONS = "questions_dev*.jsonl"
"""Questions about products and the shop; those that nothing answers may be about anything."""
ANNOTATED = {
    "add_to_basket": "basket",
    "remove_from_basket": "basket",
    "show_basket": "basket",
    "hand_over": "ask",
    "dislike": "no",
}
"""Commands by the intent that annotations call them."""
_JOINTS = {
    "en": (" and ", ", and ", ", ", " then ", ", then ", ". ", " and also ", "; "),
    "zh": ("，", "，再", "，然后", "。", "，还有", " ", "，顺便"),
}


@dataclass(frozen=True)
class Sentence:
    """What somebody said, and what was wanted.

    Attributes:
        group: the file that it stands in; ``""`` for those drawn from templates.
        lang: ``"en"`` or ``"zh"`` (mixed ones too).
    """

    text: str
    context: Context
    intent: str
    commands: tuple[Command, ...]
    group: str
    lang: str


@dataclass(frozen=True)
class Example:
    """A sentence as the reader sees it, and the frame that it shall answer."""

    sentence: Sentence
    tokens: tuple[Token, ...]
    seen: Input
    intent: str
    frame: tuple[Slots, ...]
    weight: float


def people(folders: Sequence[Path]) -> list[Sentence]:
    """All annotated sentences and turns of folders, but for the blind ones."""
    out: list[Sentence] = []
    for folder in folders:
        for file in sorted(folder.glob(SENTENCES)):
            for row in load(file):
                context = Context.from_dict(row.get("context", {}))
                out.append(_sentence(row["text"], row, context, file.stem, row["lang"]))
        for file in sorted(folder.glob(SCRIPTS)):
            for script in load(file):
                out += _turns(script, file.stem)
        for file in sorted(folder.glob(QUESTIONS)):
            for row in load(file):
                if row["want"]["kind"] in ("product", "shop"):
                    context = Context.from_dict(row.get("context", {}))
                    want = {"intent": "ask"}
                    out.append(_sentence(row["text"], want, context, file.stem, row["lang"]))
    return out


def _sentence(text: str, row: dict[str, Any], context: Context, group: str, lang: str) -> Sentence:
    commands = tuple(Command(**c) for c in row.get("commands", ()))
    intent = "clarify" if row.get("ask") else row.get("intent", "clarify")
    return Sentence(text, context, intent, commands, group, lang if lang == "en" else "zh")


def _turns(script: dict[str, Any], group: str) -> Iterator[Sentence]:
    room = Room.of(script["start"])
    for turn in script["turns"]:
        room.context = replace(room.context, pointed=turn.get("point", "") or "")
        want = turn["want"]
        yield _sentence(turn["say"], want, room.context, group, script["lang"])
        for command in want.get("commands", ()):
            room.carry_out(Command(**command))


def intent_of(sentence: Sentence) -> str:
    """The intent by the one name that moving up to something and placing it there have."""
    if sentence.intent == "move" and sentence.commands:
        return plain(sentence.commands[0]).action
    return sentence.intent


def example(sentence: Sentence, engine: Interpreter, weight: float) -> Example | None:
    """A sentence as the reader sees it; None where nothing is left of it."""
    tokens = engine.scanned(sentence.text)
    if not tokens:
        return None
    seen = input_of(tokens, sentence.context)
    frame = frame_of(sentence.commands, sentence.context, tokens)
    return Example(sentence, tuple(tokens), seen, intent_of(sentence), frame, weight)


def joined(one: Sentence, other: Sentence, rng: random.Random) -> Sentence | None:
    """Two wishes in one breath, where both do something in the same room."""
    if one.lang != other.lang or one.context != other.context or one.text == other.text:
        return None
    if not one.commands or not other.commands or len(one.commands) + len(other.commands) > 3:
        return None
    if any(c.action in ("undo", "redo", "help", "greet") for c in (*one.commands, *other.commands)):
        return None
    same = {(c.action, c.target, c.part) for c in one.commands}
    if same & {(c.action, c.target, c.part) for c in other.commands}:
        return None
    first = one.text.rstrip(" .!?。！？，,~")
    text = first + rng.choice(_JOINTS[one.lang]) + other.text
    return replace(one, text=text, commands=one.commands + other.commands)


def drawn(
    draws: int, rooms: Sequence[Sentence], engine: Interpreter, rng: random.Random
) -> Iterator[Sentence]:
    """Sentences of templates in rooms of people, and what the resolver takes them for."""
    changed = [s for s in rooms if len(s.commands) == 1 and s.context.things]
    for language in LANGUAGES:
        phrasings = Phrasings(language, rng)
        for intent, templates in phrasings.templates.items():
            for _ in range(draws * (4 if intent == "out_of_scope" else 1)):
                text = phrasings.sentence(rng.choice(templates))
                if not text:
                    continue
                room = rng.choice(changed)
                context = room.context
                if rng.random() < 0.5:
                    context = _after(room)
                sentence = Sentence(text, context, intent, (), "", language)
                if (found := _resolved(sentence, engine)) is not None:
                    yield found


def _after(sentence: Sentence) -> Context:
    """The context after what was wanted has been done."""
    room = Room((*sentence.context.things, *sentence.context.stock), sentence.context)
    room.carry_out(sentence.commands[0])
    return room.context


def _resolved(sentence: Sentence, engine: Interpreter) -> Sentence | None:
    intent = sentence.intent
    if intent in NO_COMMAND:
        return replace(sentence, intent=intent) if intent != "aside" else None
    phrase = Phrase(tuple(engine.scanned(sentence.text)))
    if not phrase.tokens:
        return None
    if intent in ANNOTATED or intent in SHOP_ACTIONS or intent in ("help", "greet"):
        return replace(sentence, intent=ANNOTATED.get(intent, intent))
    outcome = resolve(intent, phrase, sentence.context)
    if isinstance(outcome, Need) or not outcome or len(outcome) > 3:
        return None
    if outcome[0].action in SHOP_ACTIONS:
        return replace(sentence, intent=ANNOTATED.get(outcome[0].action, outcome[0].action))
    named = all(c.target or c.action in ("undo", "redo", "show") for c in outcome)
    if not named:
        return None
    return replace(sentence, intent=outcome[0].action, commands=outcome)


def varied(
    sentences: Sequence[Sentence], engine: Interpreter, rng: random.Random
) -> Iterator[Sentence]:
    """Each sentence with other colours, products, sizes, numbers and sides in it."""
    for sentence in sentences:
        changed = swapped(
            sentence.text, sentence.context, sentence.commands, engine.scanned, sentence.lang, rng
        )
        text, context, commands = changed
        yield replace(sentence, text=noisy(text, rng), context=context, commands=commands)


def noisy(text: str, rng: random.Random) -> str:
    """A text with a slip in it now and then: a letter left out, twice or out of place."""
    if rng.random() > 0.2 or len(text) < 12:
        return text
    at = rng.randrange(len(text) - 1)
    if not (text[at].isalpha() and text[at + 1].isalpha()) or is_cjk(text[at]):
        return text
    return rng.choice(
        (
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        )
    )
