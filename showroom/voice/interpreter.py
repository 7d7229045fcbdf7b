"""The front of the voice room: a sentence and its context in, an understanding out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from ..protocol.messages import Command
from .answer import answered
from .context import Clarify, Context, Entity, Understanding
from .decide import decide
from .fitting import complains, on_part
from .furnishing import copy
from .lexicon import Lexicon, Token, default_lexicon
from .model import IntentModel, load_model
from .phrase import Phrase
from .replies import command_text, question
from .resolve import NO_COMMAND, Need, Outcome, resolve
from .segment import split
from .target import named
from .text import MAX_LENGTH, Text, detect_language, normalise

SURE = 0.6
"""From this probability on a command is carried out."""
CLEAR = 0.85
"""From this one on a command is carried out although the sentence says other things as well."""
REMEDY = 0.9
"""How sure a remedy is that follows its complaint ("too tight, loosen them")."""
HARMLESS = 0.4
"""From this one on an intent without command is taken as understood."""
STRANGENESS, STRANGE, STRANGE_VIEW = 0.16, 0.94, 0.8
"""What each unknown word adds to :data:`SURE`, and how far."""
UNSURE = 0.3
"""Below this one the sentence counts as not understood; between the two a question is asked."""
_SMALL_TALK = frozenset(("greet", "thanks", "yes", "no", "stop", "help"))
_ENTITY_KINDS = {
    "length": "amount", "angle": "amount", "percent": "amount", "times": "amount",
    "factor": "amount", "number": "amount", "part": "part", "category": "product",
    "product": "product", "color": "color", "size": "size", "direction": "direction",
    "spin": "direction", "near": "anchor", "amount": "vague", "option": "choice",
    "change": "change", "adjective": "change",
}  # fmt: skip


class Interpreter:
    """Understands sentences of both languages; stateless, safe to share between visits.

    Args:
        names: phrases by product id, such as ``{"tee-1": ("grey t-shirt", "灰色T恤")}``.
        model: another classifier than the shipped one.
    """

    def __init__(
        self,
        names: Mapping[str, Iterable[str]] | None = None,
        *,
        model: IntentModel | None = None,
    ) -> None:
        self._lexicon = (
            Lexicon({k: tuple(v) for k, v in names.items()}) if names else default_lexicon()
        )
        self._model = model or load_model()

    def understand(
        self, text: str, lang: str = "", context: Context | None = None
    ) -> Understanding:
        """What a sentence asks for.

        Args:
            text: as it was said or typed; anything goes.
            lang: the speaker's language where known; the sentence itself decides if it can.
            context: what the visit knows.

        Returns:
            Commands in order, or a question, or neither (small talk, out of scope). Numbers are
            passed on as they were said: ranges are checked where the product is known.
        """
        context = context or Context()
        reply_lang = detect_language(text[: 4 * MAX_LENGTH], lang)
        if len(text) > MAX_LENGTH:
            return Understanding(
                text[:MAX_LENGTH], reply_lang, "out_of_scope", 1.0, problem="too_long"
            )
        clean = normalise(text)
        tokens = self._lexicon.scan(clean.plain) if clean.plain else []
        phrases = split(tokens)
        if not phrases:
            problem = "" if clean.plain else "empty"
            return Understanding(text, reply_lang, "out_of_scope", 1.0, problem=problem)
        entities = tuple(_entities(clean, tokens))
        base = Understanding(text, reply_lang, "out_of_scope", 0.0, entities=entities)
        chosen = answered(phrases, context)
        if chosen is not None:
            intent = chosen[0].action if chosen else "no"
            return replace(base, intent=intent, confidence=0.95, commands=chosen)
        return self._commands(base, phrases, context)

    def _commands(
        self, base: Understanding, phrases: list[Phrase], context: Context
    ) -> Understanding:
        state = context
        commands: list[Command] = []
        intents: list[str] = []
        confidence = 1.0
        candidates: tuple[tuple[str, float], ...] = ()
        complaint: Phrase | None = None
        mentioned = concerned = ""
        aside = 0
        for phrase in phrases:
            shares = decide(phrase, state, self._model)
            intent, share = next(iter(shares.items()))
            if not candidates:
                candidates = tuple(list(shares.items())[:3])
            if len(phrases) > 1 and intent in _SMALL_TALK:
                intents.append(intent)
                mentioned = named(phrase, state) or mentioned
                continue
            if len(phrases) > 1 and _only_negated(phrase):
                mentioned = named(phrase, state)
                continue
            if intent == "out_of_scope" or share < UNSURE:
                if len(phrases) > 1 and len(phrase.content) < 6 and not phrase.has("foreign"):
                    mentioned = named(phrase, state) or mentioned
                    if mentioned:
                        state = replace(state, last=Command(action="show", target=mentioned))
                    aside += 1
                    continue
                return replace(base, confidence=share, candidates=candidates)
            outcome = resolve(intent, phrase, state)
            if len(phrases) > 1 and phrase.has("negation") and isinstance(outcome, Need):
                continue
            later = phrase is not phrases[-1]
            if isinstance(outcome, Need) and outcome.what == "which_way" and later:
                concerned = phrase.first("part") or ""
                mentioned = named(phrase, state) or mentioned
                continue
            if concerned and not isinstance(outcome, Need):
                outcome = tuple(_concerning(c, concerned) for c in outcome)
            if mentioned and not isinstance(outcome, Need):
                outcome = tuple(c if c.target else copy(c, target=mentioned) for c in outcome)
            share = _merged(intent, outcome, shares, phrase, state)
            harmless = intent in NO_COMMAND and share >= HARMLESS
            if complaint is not None and outcome and commands and not isinstance(outcome, Need):
                remedy = outcome[0].action == commands[-1].action
                share = max(share, REMEDY) if remedy else share
            if share < self._enough(phrase, intent) and not harmless:
                return self._ask(base, phrase, shares, state, candidates)
            if isinstance(outcome, Need):
                return self._need(base, outcome, phrase, state, share, candidates)
            if (
                complaint is not None
                and outcome
                and commands
                and outcome[0].action == commands[-1].action
            ):
                outcome = tuple(_inherit(c, commands[-1]) for c in outcome)
                commands.pop()
            complaint = phrase if complains(phrase) else None
            for command in outcome:
                if commands and _overrides(command, commands[-1]):
                    commands.pop()
                if not (commands and _repeats(command, commands[-1])):
                    commands.append(command)
            intents.append(intent)
            confidence = min(confidence, share)
            if outcome and outcome[-1].action not in ("undo", "redo", "help", "greet", "report"):
                state = replace(state, last=outcome[-1])
        if _contradict(commands):
            return self._need(
                base, Need("contradiction"), phrases[-1], context, confidence, candidates
            )
        if aside and (not commands or confidence < CLEAR or aside >= len(phrases)):
            return replace(base, confidence=confidence, candidates=candidates)
        if not commands:
            silent = [i for i in intents if i in NO_COMMAND] or intents
            intent = silent[0] if silent else "out_of_scope"
            if intent in ("greet", "help"):
                commands = list(c for c in (Command(action=intent),))  # type: ignore[arg-type]
            return replace(
                base,
                intent=intent,
                confidence=confidence,
                commands=tuple(commands),
                candidates=candidates,
            )
        return replace(
            base,
            intent=commands[0].action,
            confidence=confidence,
            commands=tuple(commands),
            candidates=candidates,
        )

    def _enough(self, phrase: Phrase, intent: str) -> float:
        """How probable an intent must be; words that nobody taught make it more.

        To show something wrong does less harm than to change something.
        """
        known = self._model.known
        strange = sum(t.kind == "word" and t.text not in known for t in phrase)
        most = STRANGE_VIEW if intent in ("show", "report") else STRANGE
        return min(most, SURE + STRANGENESS * strange)

    def _ask(
        self,
        base: Understanding,
        phrase: Phrase,
        shares: dict[str, float],
        context: Context,
        candidates: tuple[tuple[str, float], ...],
    ) -> Understanding:
        """A question in the uncertain band; never two in a row."""
        options: list[tuple[Command, ...]] = []
        for intent, share in shares.items():
            outcome = resolve(intent, phrase, context) if share > 0.08 else ()
            if not isinstance(outcome, Need) and outcome and outcome not in options:
                options.append(outcome)
        options = options[:3]
        best = next(iter(shares.values()))
        if context.asked is not None or not options:
            return replace(base, confidence=best, candidates=candidates)
        choices = tuple(command_text(o[0], base.lang) for o in options)
        clarify = Clarify(question("intent", choices, base.lang), choices, tuple(options))
        return replace(
            base, intent="clarify", confidence=best, clarify=clarify, candidates=candidates
        )

    def _need(
        self,
        base: Understanding,
        need: Need,
        phrase: Phrase,
        context: Context,
        share: float,
        candidates: tuple[tuple[str, float], ...],
    ) -> Understanding:
        """A question about the one thing that is missing."""
        problem = need.what if need.what in ("contradiction", "no_context") else ""
        if context.asked is not None:
            return replace(base, confidence=share, candidates=candidates, problem=problem)
        choices = tuple(command_text(o[0], base.lang) for o in need.options if o)
        clarify = Clarify(question(need.what, choices, base.lang), choices, need.options)
        return replace(
            base,
            intent="clarify",
            confidence=share,
            clarify=clarify,
            candidates=candidates,
            problem=problem,
        )


def _merged(
    intent: str, outcome: Outcome, shares: dict[str, float], phrase: Phrase, context: Context
) -> float:
    """The probability of an outcome: of all intents that come to the same."""
    total = shares[intent]
    if isinstance(outcome, Need) or not outcome:
        return total
    for other, share in shares.items():
        rival = other != intent and share > 0.03 and other not in NO_COMMAND
        if rival and resolve(other, phrase, context) == outcome:
            total += share
    return total


def _repeats(command: Command, earlier: Command) -> bool:
    """Whether a command only says again what the one before said ("take it off, off with it")."""
    if command.delta is not None or command.action == "set_size":
        return False
    return command == earlier or copy(command, target=earlier.target) == copy(earlier)


def _overrides(command: Command, earlier: Command) -> bool:
    """Whether a later colour of the same thing makes an earlier one pointless."""
    colors = command.action == earlier.action == "set_color"
    return colors and command.target == earlier.target


def _only_negated(phrase: Phrase) -> bool:
    """Whether a phrase only says what is not wanted ("not the black one")."""
    content = phrase.content
    if not phrase.has("negation") or phrase.has("option"):
        return False
    return all(
        t.kind in ("negation", "color", "size", "part", "category", "act", "it", "this")
        for t in content
    )


def _contradict(commands: list[Command]) -> bool:
    """Whether two commands of one sentence ask for opposite changes of the same thing."""
    seen: dict[tuple[str, str, str, str], float] = {}
    for command in commands:
        if command.action != "adjust_fit" or command.delta is None:
            continue
        key = (command.action, command.target, command.part, command.parameter)
        if key in seen and seen[key] * command.delta < 0:
            return True
        seen[key] = command.delta
    return False


def _concerning(command: Command, part: str) -> Command:
    """A fit command without part takes the part that the phrase before spoke of."""
    return (
        on_part(command, part) if command.action == "adjust_fit" and not command.part else command
    )


def _inherit(command: Command, earlier: Command) -> Command:
    """A remedy takes part and target from the complaint before it where it names none."""
    changes: dict[str, object] = {}
    if not command.part and earlier.part:
        changes["part"] = earlier.part
    if command.near == "me" and earlier.near and command.action == "move":
        changes["near"] = earlier.near
    if earlier.target and command.target != earlier.target and not command.target:
        changes["target"] = earlier.target
    return copy(command, **changes) if changes else command


def _entities(clean: Text, tokens: list[Token]) -> Iterable[Entity]:
    for token in tokens:
        for kind, value in token.senses:
            role = _ENTITY_KINDS.get(kind)
            if role is None:
                continue
            start, end = clean.span(token.start, token.end)
            number = token.said if token.said == token.said else None
            yield Entity(
                name="quantity" if kind in ("percent", "times", "factor", "number") else kind,
                role=role,
                start=start,
                end=end,
                body=clean.original[start:end],
                value=value if number is None else number,
                unit=token.unit,
            )
            break


@cache
def default_interpreter() -> Interpreter:
    """The interpreter without product names; shared."""
    return Interpreter()


def understand(text: str, lang: str = "", context: Context | None = None) -> Understanding:
    """:meth:`Interpreter.understand` of the shared interpreter."""
    return default_interpreter().understand(text, lang, context)
