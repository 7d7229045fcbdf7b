"""Whole sentences that people say, as training rows of the classifiers.

They are the annotated sentences and scripts of the tests (never the blind ones), and those of
``sayings.yaml``.

Annotations name what shall be done; the classifier's intents are finer ("a bit more" is *more*, and
comes to a move). A sentence is taken for the likeliest of those intents that come to its commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..protocol.messages import Command
from .context import Context
from .data import LANGUAGES, read
from .decide import decide
from .effect import same_commands
from .fitting import change_of, complains
from .lexicon import default_lexicon
from .model import IntentModel
from .phrase import Phrase
from .resolve import ASIDE, NO_COMMAND, Need, resolve
from .score import load
from .score_conversations import Room
from .segment import split
from .shopping import SHOP_ACTIONS
from .text import normalise

SENTENCES, SCRIPTS = "dev*.jsonl", "conversations_dev*.jsonl"
_NAMES = {
    "basket": ("add_to_basket", "remove_from_basket", "show_basket"),
    "ask": ("ask", "hand_over"),
    "show": ("show", "other"),
    "no": ("no", "dislike"),
}
"""Intents that annotations call by one name."""
_TELLING = ("change", "adjective", "color", "size", "length", "option", "amount", "direction")
"""Kinds of words with which a question is one of detail, and not of what is meant at all."""
_WORDED = frozenset(("other", "same", "again"))
"""Intents that a word of the same kind must tell."""
_LEANING = frozenset(("more", "less", "again", "reverse", "same", "other"))


@dataclass(frozen=True)
class Said:
    """One phrase and its intent.

    Attributes:
        change: what a fit shall change, such as ``"length+"``; ``""`` where that is not known.
        group: the file that it stands in.
    """

    phrase: Phrase
    intent: str
    change: str
    group: str


def said(folder: Path, model: IntentModel) -> list[Said]:
    """All phrases of the annotated sentences and scripts of a folder.

    Args:
        model: tells apart intents that come to the same commands.

    Raises:
        FileNotFoundError: the folder has no such files.
    """
    files = sorted(folder.glob(SENTENCES)), sorted(folder.glob(SCRIPTS))
    if not files[0]:
        raise FileNotFoundError(f"no {SENTENCES} in {folder}")
    out: list[Said] = []
    for file in files[0]:
        for row in load(file):
            context = Context.from_dict(row.get("context", {}))
            out += _phrases(row["text"], row, context, model, file.stem)
    for file in files[1]:
        for script in load(file):
            out += _turns(script, model, file.stem)
    return out


def sayings() -> list[Said]:
    """The plain sentences of both languages."""
    out: list[Said] = []
    for language in LANGUAGES:
        for key, sentences in read(f"{language}/sayings.yaml").items():
            intent, _, change = str(key).partition("/")
            for sentence in sentences:
                phrase = Phrase(tuple(default_lexicon().scan(normalise(str(sentence)).plain)))
                out.append(Said(phrase, intent, change, "sayings"))
    return out


def _turns(script: dict[str, Any], model: IntentModel, group: str) -> Iterator[Said]:
    room = Room.of(script["start"])
    for turn in script["turns"]:
        room.context = replace(room.context, pointed=turn.get("point", "") or "")
        want = turn["want"]
        if want.get("ask"):
            continue
        yield from _phrases(turn["say"], want, room.context, model, group)
        for command in want["commands"]:
            room.carry_out(Command(**command))


def _phrases(
    text: str, want: dict[str, Any], context: Context, model: IntentModel, group: str
) -> Iterator[Said]:
    """The phrases of a sentence whose intents are clear."""
    phrases = split(default_lexicon().scan(normalise(text).plain))
    if not phrases:
        return
    if want["intent"] == "clarify":
        whole = Phrase(tuple(t for phrase in phrases for t in phrase.tokens))
        if not any(whole.has(kind) for kind in _TELLING):
            yield Said(whole, "clarify", "", group)
        return
    commands = [Command(**c) for c in want["commands"]]
    whole = Phrase(tuple(t for phrase in phrases for t in phrase.tokens))
    if len(phrases) > 1 and len(phrases) == len(commands):
        pairs = [(p, [c], c.action) for p, c in zip(phrases, commands, strict=True)]
    elif len(commands) > 1:
        return
    else:
        pairs = [(whole, commands, want["intent"])]
        if len(phrases) > 1 and commands:
            yield from _clauses(phrases, commands, want["intent"], context, model, group)
    for phrase, wanted, intent in pairs:
        found = _intent(phrase, wanted, intent, context, model)
        if found:
            yield Said(phrase, found, change_of(wanted), group)


def _clauses(
    phrases: Sequence[Phrase],
    commands: Sequence[Command],
    intent: str,
    context: Context,
    model: IntentModel,
    group: str,
) -> Iterator[Said]:
    """The phrase that says it all, and those beside it, where one does."""
    found = [_comes_to(phrase, commands, context, model) for phrase in phrases]
    if sum(map(bool, found)) != 1:
        return
    for phrase, name in zip(phrases, found, strict=True):
        change = change_of(commands) if name else ""
        if name or not (phrase.has("answer") or phrase.has("act", "greet") or complains(phrase)):
            yield Said(phrase, name or ASIDE, change, group)


def _comes_to(
    phrase: Phrase, wanted: Sequence[Command], context: Context, model: IntentModel
) -> str:
    """The intent by which a phrase comes to commands, or ``""``.

    That of the first command's own name, where it does; else the likeliest.
    """
    shares = decide(phrase, context, model)
    fitting = []
    for intent in shares:
        if intent in _WORDED and not phrase.has(intent):
            continue  # comes to the same by chance
        outcome = resolve(intent, phrase, context) if intent not in NO_COMMAND else ()
        if outcome and not isinstance(outcome, Need) and same_commands(wanted, outcome):
            fitting.append(intent)
    if wanted and wanted[0].action in fitting:
        return wanted[0].action
    return max(fitting, key=lambda n: shares[n]) if fitting else ""


def _intent(
    phrase: Phrase, wanted: Sequence[Command], name: str, context: Context, model: IntentModel
) -> str:
    """The likeliest of the classifier's intents that come to what is wanted, or ``""``."""
    shares = decide(phrase, context, model)
    alike = _NAMES.get(name, (name,))
    likeliest = max(alike, key=lambda n: shares.get(n, 0.0))
    if name in NO_COMMAND | SHOP_ACTIONS | {"basket"} or not wanted:
        return likeliest
    if found := _comes_to(phrase, wanted, context, model):
        return found
    leans = context.last is not None and next(iter(shares)) in _LEANING
    return "" if leans else likeliest
