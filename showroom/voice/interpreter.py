"""The front of the voice room: a sentence and its context in, an understanding out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Literal

from ..protocol.messages import Command, WitResponse
from .answer import answered
from .beside import beside, ordered, seconded, told_only
from .clause import (
    PLAIN,
    SMALL_TALK,
    certain,
    changes,
    disliked,
    leading,
    orders,
    plain_command,
    rejected,
    settled,
    without_reasons,
)
from .context import Clarify, Context, Thing, Understanding
from .decide import decide
from .doubts import OUT_OF_RANGE, doubt, vague
from .ellipsis import likened, says
from .entities import entities_of
from .fitting import change_of, complains, says_how
from .followup import follow_up
from .lexicon import Lexicon, Token, default_lexicon
from .memory import so_already
from .model import CHANGES, OPEN, IntentModel, load_model
from .onward import remeasured
from .outcome import left_open, merged, opposite, spoken
from .phrase import Phrase, told
from .recast import recast
from .reconsider import reconsidered
from .repair import repaired
from .replies import command_text, question, word
from .resolve import ASIDE, NO_COMMAND, Need, Outcome, resolve
from .risk import unexplained
from .second import load_second
from .segment import split
from .sequence import expected
from .shopping import SHOP_ACTIONS
from .spelling import Speller
from .target import named
from .text import MAX_LENGTH, detect_language, normalise
from .turn import Turn, only_negated
from .wit import amounts_only, filled, is_sure, tipped

SURE, SURE_OF_VIEW = 0.65, 0.45
"""From these probabilities on a command is carried out; the second where it changes nothing."""
CLEAR = 0.6
"""From this one on a command is carried out although the sentence says other things as well."""
ASTRAY = 0.5
"""A sentence that is as a whole off topic from this probability on is rejected for one phrase."""
REMEDY = 0.9
"""How sure a remedy is that follows its complaint ("too tight, loosen them")."""
ANSWERS = 0.08
"""How likely a change must be to answer the complaint before it."""
HARMLESS = 0.4
"""From this one on an intent without command is taken as understood."""
UNSURE = 0.3
"""Below this one the sentence counts as not understood; between the two a question is asked."""
GUESSED, SURELY_GUESSED = 0.5, 0.8
"""From these probabilities on a complaint tells what to change though no word of the lexicon does:
to ask whether that was meant, and to do it."""
AGREED = 0.04
"""How likely the classifier of changes must find the direction that the words tell."""
LEFT_OUT = frozenset(("product", "color", "view", "measure"))
"""Kinds of words that a command must account for."""
FOLLOWED = 0.9
"""How sure a sentence is that only says what is different from the change before."""
SEVERAL = 0.65
"""How sure each of several commands must be to be carried out unasked."""
_UNTOLD = ("word", "foreign", "body")
"""Kinds of words that may tell how something fits though the lexicon does not know how."""
_UNSAID = ("which_way", "which_dimension", "which_part")
_PRICING = re.compile(
    r"\b(?:set|change|make|put|drop|lower|reduce|cut|bring) (?:the |its |your |this |that )?"
    r"(?:price|cost|total)s?\b|价[格钱]?(?:给我)?[改设调降]|[把将](?:它的)?价"
)
"""Who talks of making prices talks of what no visitor can do."""
_NOW = re.compile(r"\bnow\b|现在")
"""The one filler that asks something by itself ("and now?")."""
_AGAIN = re.compile(r"\bre-?do\b|重做|恢复", re.IGNORECASE)
_LEANS = ("same", "half", "taken_back", "excess")
"""What leans on a change of the same sentence."""
_STEPS = ("more", "less", "again", "reverse")
_LEFT_OPEN = ("which_way", "which_color", "which_product", "which_dimension", "which_part")
"""What one phrase may leave open for the next to say."""
_PROBLEMS = ("contradiction", "no_context", OUT_OF_RANGE)
_NAMING = ("part", "category", "product", "it", "this", "length", "color", "option")
_POLITE = {"thanks"}
"""Small talk that holds whatever is said beside it."""
_VIEWS = SHOP_ACTIONS | {"show", "report", "help", "greet"}


class Interpreter:
    """Understands sentences of both languages; stateless, safe to share between visits.

    Args:
        names: phrases by product id, such as ``{"tee-1": ("grey t-shirt", "灰色T恤")}``.
        model: another classifier than the shipped one.
        second: whether the second reader has a say, where it can be loaded.
    """

    def __init__(
        self,
        names: Mapping[str, Iterable[str]] | None = None,
        *,
        model: IntentModel | None = None,
        second: bool = True,
    ) -> None:
        self._lexicon = (
            Lexicon({k: tuple(v) for k, v in names.items()}) if names else default_lexicon()
        )
        self._speller = Speller(self._lexicon)
        self._model = model or load_model()
        self._changes = load_model(CHANGES)
        self._second = load_second() if second else None
        self._names = {k: tuple(v) for k, v in (names or {}).items()}

    def understand(
        self,
        text: str,
        lang: str = "",
        context: Context | None = None,
        wit: WitResponse | None = None,
    ) -> Understanding:
        """What a sentence asks for.

        Args:
            text: as it was said or typed; anything goes.
            lang: the speaker's language where known; the sentence itself decides if it can.
            context: what the visit knows.
            wit: what Wit.ai made of the same text; evidence where the sentence is unsure.

        Returns:
            Commands in order, or a question, or neither (small talk, out of scope). Numbers are
            passed on as they were said: ranges are checked where the product is known.
        """
        context = context or Context()
        if wit is not None and wit.intents:
            own = self.understand(text, lang, context, amounts_only(wit))
            if is_sure(own):
                return own
        text = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no text
        reply_lang = detect_language(text[: 4 * MAX_LENGTH], lang)
        if len(text) > MAX_LENGTH:
            return Understanding(
                text[:MAX_LENGTH], reply_lang, "out_of_scope", 1.0, problem="too_long"
            )
        clean = normalise(text)
        if _PRICING.search(clean.plain):
            return Understanding(text, reply_lang, "out_of_scope", 1.0)
        tokens = filled(self._scanned(clean.plain), clean, wit)
        phrases = split(repaired(tokens))
        wit = wit if len(phrases) == 1 else None  # its one intent is that of the whole
        silent = Phrase(tuple(tokens))
        if not phrases and tokens and (_NOW.search(clean.plain) or says("sits", silent)):
            phrases = [Phrase(tuple(tokens))]
        if not phrases:
            problem = "" if clean.plain else "empty"
            return Understanding(text, reply_lang, "out_of_scope", 1.0, problem=problem)
        entities = tuple(entities_of(clean, tokens))
        talked = [p for p in phrases if len(phrases) == 1 or not likened(p)]
        about = named(Phrase(_tokens(talked)), context)
        base = Understanding(
            text, reply_lang, "out_of_scope", 0.0, entities=entities, about=_thing(about, context)
        )
        chosen = answered(phrases, context)
        if chosen is not None:
            intent = chosen[0].action if chosen else "no"
            return replace(base, intent=intent, confidence=0.95, commands=chosen)
        got = self._weighed(base, phrases, context, wit)
        if self._second is None:
            return got
        if wit is not None:  # what it tipped stays
            alone = self._weighed(base, phrases, context, None)
            same = (got.intent, got.commands, got.clarify) == (
                alone.intent, alone.commands, alone.clarify,
            )  # fmt: skip
            if not same or tokens != self._scanned(clean.plain):
                return got
            got = alone
        return self._second.opinion(got, tokens, context, partial(_either, reply_lang))

    def _weighed(
        self, base: Understanding, phrases: list[Phrase], context: Context, wit: WitResponse | None
    ) -> Understanding:
        """What rules and classifiers read, and the ranking of readings in a conversation."""
        got = self._commands(base, phrases, context, wit)
        said_before = context.last or context.previous or context.asked
        if said_before is None and got.clarify is None:
            return got
        whole = units(phrases)
        shares = [self._tipped(decide(p, context, self._model), wit) for p in whole]
        return reconsidered(got, whole, shares, context)

    def scanned(self, text: str) -> list[Token]:
        """The words of a text as they are understood, slips and homophones mended."""
        return self._scanned(normalise(text[:MAX_LENGTH]).plain)

    def _scanned(self, plain: str) -> list[Token]:
        return recast(self._speller.corrected(self._lexicon.scan(plain))) if plain else []

    def explain(self, text: str, context: Context | None = None) -> list[dict[str, object]]:
        """How a sentence is taken apart: per phrase its words' senses and likeliest intents."""
        context = context or Context()
        clean = normalise(text[:MAX_LENGTH])
        return [
            {
                "phrase": phrase.text,
                "words": [[t.text, [f"{k}.{v}" if v else k for k, v in t.senses]] for t in phrase],
                "intents": {
                    name: round(share, 3)
                    for name, share in list(decide(phrase, context, self._model).items())[:4]
                },
            }
            for phrase in split(repaired(self._scanned(clean.plain)))
        ]

    def weigh(self, text: str, context: Context) -> tuple[list[Phrase], list[dict[str, float]]]:
        """The whole of a sentence and, of several, its clauses, with their intents' shares."""
        phrases = units(split(repaired(self.scanned(text))))
        return phrases, [decide(phrase, context, self._model) for phrase in phrases]

    def _tipped(self, shares: dict[str, float], wit: WitResponse | None) -> dict[str, float]:
        """Shares with Wit.ai's evidence, unless the likeliest is carried out without."""
        return tipped(shares, wit, self._enough(next(iter(shares)))) if shares else shares

    def _commands(
        self,
        base: Understanding,
        phrases: list[Phrase],
        context: Context,
        wit: WitResponse | None = None,
    ) -> Understanding:
        turn = Turn(context)
        phrases = without_reasons(phrases, context)
        several = len(phrases) > 1
        shares_of = [expected(decide(p, context, self._model), context) for p in phrases]
        if not several or all(next(iter(shares)) == ASIDE for shares in shares_of):
            shares_of = [self._tipped(rejected(shares), wit) for shares in shares_of]
        whole = self._whole(phrases, context) if several else shares_of[0]
        candidates = tuple(list(leading(shares_of).items())[:3])
        pairs = list(zip(phrases, shares_of, strict=True))
        plain = any(plain_command(p, s) or (several and settled(p, s)) for p, s in pairs)
        if not several and vague(phrases[0]):
            share = shares_of[0].get("adjust_fit", 0.0)
            return self._need(base, Need("what"), context, share, candidates)
        left: tuple[Need, float] | None = None
        open_part = ""
        for place, phrase in enumerate(phrases):
            last = phrase is phrases[-1]
            leaning = None if last or not changes(phrases[place + 1]) else "same"
            leaned = follow_up(phrase, turn.context, refused=turn.refused)
            if leaned is not None and leaned.kind == "excess" and not last:
                continue  # "too far, back a bit" says one thing twice
            if turn.commands and leaned is not None and not turn.refused:
                leaned = leaned if leaned.kind in _LEANS else None
            if several and turn.refuses(phrase):
                continue
            if leaned is not None and leaned.kind == leaning:
                told = remeasured(leaned.commands, phrases[place + 1])
                if told:
                    turn.take("same", phrase, told, FOLLOWED)
                    turn.counted = True
                    continue
            if turn.counted:
                turn.counted = False
                continue
            if several and turn.measures(phrase):
                continue
            if leaned is not None and leaned.kind != leaning:
                turn.refused = False
                made = turn.completed(leaned.commands, phrase)
                turn.take(leaned.kind, phrase, made, FOLLOWED)
                continue
            shares = shares_of[place]
            if turn.commands:
                shares = decide(phrase, turn.context, self._model)
            intent, share = next(iter(shares.items()))
            likely = shares.get("adjust_fit", 0.0) > ANSWERS and changes(phrase)
            agreed = likely and several and seconded(place, phrases)
            if agreed or (likely and turn.complaint):
                intent, share = "adjust_fit", REMEDY
            if intent == "same" and not last and changes(phrases[place + 1]):
                turn.mention(phrase)
                continue
            if (
                several
                and disliked(phrase, turn.context)
                and any(p is not phrase and p.has("color") for p in phrases)
            ):
                turn.mention(phrase)  # "black is too gloomy, make it red"
                continue
            if several and intent == ASIDE:
                turn.sized(phrase)
                if phrase.has("part") and not any(t.kind in _UNTOLD for t in phrase):
                    turn.mention(phrase)  # 袖子另外短两公分
                elif not turn.commands:
                    turn.notice(phrase)
                continue
            if several and (intent in SMALL_TALK or only_negated(phrase)):
                turn.mention(phrase)
                turn.corrected |= intent == "no" and bool(turn.commands) and not last
                turn.refused = intent == "no" or only_negated(phrase)
                turn.intents += [intent] if intent in SMALL_TALK else []
                continue
            if several and self._beside(place, phrases, shares_of, turn, share, intent):
                turn.pass_over(phrase)
                continue
            aside = several and beside(place, phrases, shares_of)
            if several and told_only(place, phrases, shares_of, intent):
                turn.pass_over(phrase)
                continue
            if intent == "clarify" and share >= UNSURE:
                if several and (turn.commands or not last):
                    turn.mention(phrase)
                    continue
                return self._need(base, left_open(phrase, turn.context), context, share, candidates)
            if intent == "out_of_scope" or share < UNSURE:
                near = plain or whole.get("out_of_scope", 0.0) < ASTRAY
                if several and (near or (turn.intents and set(turn.intents) <= _POLITE)):
                    if not aside and turn.commands and intent != "out_of_scope" and phrase.complete:
                        asked = self._ask(base, phrase, shares, turn.context, candidates)
                        if asked.clarify is not None and not complains(phrase):
                            return asked
                    turn.pass_over(phrase)
                    continue
                return replace(base, confidence=share, candidates=candidates)
            undone = bool(turn.commands) and turn.commands[-1].action == "undo"
            if undone and intent == "redo" and not phrase.has("act", "redo"):
                continue  # 刚才的不算，改回去 says one thing twice
            if intent in _STEPS and turn.intents[-1:] == [intent] and turn.commands:
                turn.commands.pop()  # "too far, back a bit" says one thing twice
                outcome = self._resolved(intent, phrase, context)
            else:
                outcome = self._resolved(intent, phrase, turn.context)
            if isinstance(outcome, Need):
                if several and (phrase.has("negation") or outcome.what == "no_context"):
                    if not only_negated(phrase):
                        turn.notice(phrase)
                    continue
                if aside:
                    turn.pass_over(phrase)
                    continue
                moved = bool(turn.commands) and turn.commands[-1].action in ("place", "move")
                if outcome.what == "which_direction" and moved:
                    continue  # "to the middle, move it there"
                if outcome.what in _LEFT_OPEN and not last:
                    turn.part = phrase.first("part") or ""
                    turn.mention(phrase)
                    left = left or (outcome, share)
                    stated = any(t.kind == "question" for t in phrase)
                    stated = stated or phrase.has("length")
                    if intent == "adjust_fit" and share >= PLAIN and stated:
                        open_part = turn.part
                    continue
                return self._need(base, outcome, turn.context, share, candidates)
            outcome = turn.completed(outcome, phrase)
            if which := self._doubted(intent, outcome, phrase, turn.context):
                if aside:
                    turn.pass_over(phrase)
                    continue
                return self._need(base, which, turn.context, share, candidates)
            share = merged(intent, outcome, shares, phrase, turn.context)
            if turn.remedies(outcome, phrase) or agreed:
                share = max(share, REMEDY)
            harmless = intent in NO_COMMAND and share >= HARMLESS
            if share < self._enough(intent) and not harmless:
                if several and (aside or not phrase.complete or turn.confirms(outcome, phrase)):
                    turn.pass_over(phrase)
                    continue
                if turn.says_again(outcome):
                    continue
                return self._ask(base, phrase, shares, turn.context, candidates)
            turn.take(intent, phrase, outcome, share)
        meant = [c for c in turn.commands if c.action != "dislike"]
        if len(meant) > 1 and turn.confidence < SEVERAL:
            both = Need("intent", (tuple(turn.commands), (turn.commands[0],)))
            return self._need(base, both, context, turn.confidence, candidates)
        if turn.contradicts:
            ways = tuple((c,) for c in turn.commands if c.delta or c.size_step)
            opposite = Need("contradiction", ways[-2:])
            return self._need(base, opposite, context, turn.confidence, candidates)
        fitted = {c.part for c in turn.commands}
        if left is not None and open_part and fitted and open_part not in fitted | {""}:
            return self._need(base, left[0], context, left[1], candidates)
        if left is not None and not turn.commands and set(turn.intents) <= {"no", "yes"}:
            return self._need(base, left[0], context, left[1], candidates)
        heard = next(iter(whole)) in SMALL_TALK or "repeat" in turn.intents
        polite = turn.intents and set(turn.intents) <= _POLITE
        if turn.asides and not turn.commands and (heard or polite):
            turn.asides = 0  # "hello there, anyone home"
        if turn.asides and not turn.commands and not turn.intents:
            return self._as_one(base, Phrase(_tokens(phrases)), whole, context)
        return self._carried_out(base, turn, candidates, context)

    def _beside(
        self,
        place: int,
        phrases: list[Phrase],
        shares_of: list[dict[str, float]],
        turn: Turn,
        share: float,
        intent: str,
    ) -> bool:
        """Whether an unsure phrase only stands beside a sure command of the same sentence."""
        phrase = phrases[place]
        idle = share < HARMLESS and not any(phrase.has(kind) for kind in _NAMING)
        idle = idle and ordered(place, phrases, shares_of)
        if share >= self._enough(intent) or (orders(phrase) and not idle):
            return False
        later = zip(phrases[place + 1 :], shares_of[place + 1 :], strict=True)
        sure = bool(turn.commands) and turn.confidence >= PLAIN
        return sure or any(certain(p, s) for p, s in later)

    def _resolved(self, intent: str, phrase: Phrase, context: Context) -> Outcome:
        """The commands of a phrase; how a fit shall change is guessed where no word says it."""
        outcome = resolve(intent, phrase, context)
        if intent != "adjust_fit" or not isinstance(outcome, Need) or outcome.what not in _UNSAID:
            return outcome
        if not any(t.kind in _UNTOLD for t in phrase):
            return outcome  # "change the waist" leaves it open
        change, share = next(iter(self._changes.probabilities(phrase).items()))
        if change == OPEN or share < GUESSED:
            return outcome
        guessed = resolve(intent, told(phrase, change), context)
        if isinstance(guessed, Need) or share >= SURELY_GUESSED:
            return guessed
        return Need("intent", (guessed, tuple(opposite(c) for c in guessed)))

    def _doubted(
        self, intent: str, outcome: Outcome, phrase: Phrase, context: Context
    ) -> Need | None:
        """The question that commands need, however sure their intent is."""
        if isinstance(outcome, Need) or not outcome:
            return None
        if asked := doubt(outcome, phrase, context):
            return asked
        if any(kind in LEFT_OUT for kind in unexplained(phrase, outcome)):
            return Need("intent", (outcome,))
        change = change_of(outcome)
        if not change or intent != "adjust_fit" or not says_how(phrase):
            return None
        last = context.last
        leans = last is not None and last.part == outcome[0].part and not phrase.has("part")
        if leans and not any(t.kind in _UNTOLD for t in phrase):
            return None  # "a bit lower" goes on with what was changed before
        shares = self._changes.probabilities(phrase)
        agreed = sum(share for name, share in shares.items() if name[-1:] == change[-1])
        if agreed >= AGREED:
            return None
        return Need("intent", (outcome, tuple(opposite(c) for c in outcome)))

    def _whole(self, phrases: list[Phrase], context: Context) -> dict[str, float]:
        """Probabilities of the intents of all phrases taken as one."""
        return rejected(decide(Phrase(_tokens(phrases)), context, self._model), keep=False)

    def _as_one(
        self, base: Understanding, phrase: Phrase, shares: dict[str, float], context: Context
    ) -> Understanding:
        """A sentence none of whose phrases says anything by itself."""
        intent, share = next(iter(shares.items()))
        candidates = tuple(list(shares.items())[:3])
        rejected = replace(base, confidence=share, candidates=candidates)
        if intent == "out_of_scope" or share < UNSURE:
            return rejected
        outcome = resolve(intent, phrase, context)
        if isinstance(outcome, Need):
            return self._need(base, outcome, context, share, candidates)
        if share < self._enough(intent) and not (intent in NO_COMMAND and share >= HARMLESS):
            return self._ask(base, phrase, shares, context, candidates)
        turn = Turn(context)
        turn.take(intent, phrase, outcome, share)
        return self._carried_out(base, turn, candidates, context)

    def _carried_out(
        self,
        base: Understanding,
        turn: Turn,
        candidates: tuple[tuple[str, float], ...],
        before: Context,
    ) -> Understanding:
        """The understanding of a sentence that needs no question."""
        done = replace(base, confidence=turn.confidence, candidates=candidates)
        if turn.asides and (not turn.commands or turn.confidence < CLEAR):
            return done
        commands = tuple(turn.commands)
        if len(commands) > 1:  # "I don't like it, undo that" only asks to undo
            commands = tuple(c for c in commands if c.action != "dislike") or commands[:1]
        if len(commands) > 1:  # "brown leather": it is of leather already
            commands = tuple(c for c in commands if not so_already(c, before)) or commands[:1]
        if len(commands) > 1 and commands[0].action == "choose":  # "the green one, on me"
            tried = commands[1].action == "try_on" and commands[1].target == commands[0].target
            commands = commands[tried:]
        if [c.action for c in commands] == ["undo", "redo"] and _AGAIN.search(base.text):
            commands = commands[1:]  # "put it back the way I had changed it, redo"
        if any(c.action == "add_to_basket" for c in commands):
            commands = tuple(c for c in commands if c.action not in ("choose", "ask"))
        if commands:
            return replace(done, intent=commands[0].action, commands=commands)
        silent = [i for i in turn.intents if i in NO_COMMAND] or turn.intents
        told = [i for i in silent if i != "yes"] or silent
        intent = told[0] if told else "out_of_scope"
        if intent == "greet":
            return replace(done, intent=intent, commands=(Command(action="greet"),))
        if intent == "help":
            return replace(done, intent=intent, commands=(Command(action="help"),))
        return replace(done, intent=intent)

    def _enough(self, intent: str) -> float:
        """How probable an intent must be; what changes nothing may be less sure."""
        return SURE_OF_VIEW if intent in _VIEWS else SURE

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
            if isinstance(outcome, Need) or not outcome:
                continue
            said = command_text(outcome[0], base.lang)
            if said not in (command_text(o[0], base.lang) for o in options):
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

    def _called(self, thing: Thing, lang: str) -> str:
        """What to call a product in a question: its name, else its category."""
        names = [n for n in self._names.get(thing.id, ()) if detect_language(n) == lang]
        return names[0] if names else word("category", thing.category, lang)

    def _need(
        self,
        base: Understanding,
        need: Need,
        context: Context,
        share: float,
        candidates: tuple[tuple[str, float], ...],
    ) -> Understanding:
        """A question about the one thing that is missing."""
        problem = need.what if need.what in _PROBLEMS else ""
        if context.asked is not None:
            return replace(base, confidence=share, candidates=candidates, problem=problem)
        if need.what == OUT_OF_RANGE:
            choices: tuple[str, ...] = ()
        elif need.what == "which_product":
            said = [thing for o in need.options if o and (thing := context.thing(o[0].target))]
            choices = tuple(self._called(thing, base.lang) for thing in said)
            if len(set(choices)) < len(choices):
                choices = tuple(_colored(thing, base.lang) for thing in said)
        else:
            choices = tuple(spoken(o, base.lang) for o in need.options if o)
        clarify = Clarify(question(need.what, choices, base.lang), choices, need.options)
        return replace(
            base,
            intent="clarify",
            confidence=share,
            clarify=clarify,
            candidates=candidates,
            problem=problem,
        )


def _either(lang: Literal["en", "zh"], options: tuple[tuple[Command, ...], ...]) -> Clarify:
    """The question which of several readings is meant."""
    by_name = {spoken(o, lang): o for o in reversed(options)}
    choices = tuple(reversed(by_name))
    asked = "intent" if choices else "what"
    return Clarify(question(asked, choices, lang), choices, tuple(by_name[c] for c in choices))


def _thing(target: str, context: Context) -> str:
    return target if context.thing(target) else ""


def _colored(thing: Thing, lang: str) -> str:
    """What to call a product beside others of its name."""
    joint = "" if lang == "zh" else " "
    return joint.join((word("color", thing.color, lang), word("category", thing.category, lang)))


def units(clauses: list[Phrase]) -> list[Phrase]:
    """The whole of a sentence, and its clauses where it has several."""
    whole = [Phrase(_tokens(clauses))] if clauses else []
    return whole + (clauses if len(clauses) > 1 else [])


def _tokens(phrases: list[Phrase]) -> tuple[Token, ...]:
    return tuple(token for phrase in phrases for token in phrase.tokens)


@cache
def default_interpreter() -> Interpreter:
    """The interpreter without product names; shared."""
    return Interpreter()


def understand(text: str, lang: str = "", context: Context | None = None) -> Understanding:
    """:meth:`Interpreter.understand` of the shared interpreter."""
    return default_interpreter().understand(text, lang, context)
