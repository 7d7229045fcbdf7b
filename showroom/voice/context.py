"""What a visit knows when a sentence comes in, and what understanding hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from ..protocol.messages import Command, Heard
from .data import anatomy


class ContextError(ValueError):
    """A context in plain data has another form than expected."""

    code = "context"

    def __init__(self, problem: str) -> None:
        """Say what is wrong and what would be right."""
        super().__init__(
            f"context: {problem}; expected an object with things (each with id, category, kind), "
            "worn, pointed, last, colors, topic, listed"
        )


@dataclass(frozen=True, slots=True)
class Thing:
    """A product that is in the room or on the body."""

    id: str
    category: str
    kind: Literal["garment", "furniture"]
    color: str = ""
    size: str = ""


@dataclass(frozen=True, slots=True)
class Clarify:
    """One short question with at most three answers.

    Attributes:
        question: in the speaker's language.
        choices: what to offer, in the speaker's language; empty for an open question.
        commands: for each choice what it would carry out; an empty tuple for "none of these".
    """

    question: str
    choices: tuple[str, ...] = ()
    commands: tuple[tuple[Command, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was carried out.

    Attributes:
        command: with the product that it came to.
        before: the colour, size or choice that it replaced, where that is known.
    """

    command: Command
    before: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """The state of a conversation that a sentence may lean on.

    Attributes:
        things: all products that the visitor can see, oldest first.
        worn: id of the garment in use, or ``""``.
        pointed: id that the pointing ray hits, or ``""``.
        last: the last command that was carried out on a product.
        topic: id of the product last talked about, or ``""``.
        previous: the last command where it changed nothing (asked, looked, compared), else None.
        listed: ids of what was last shown for a choice, in order.
        shelf: those of the listed that are not to be seen in the room.
        colors: colours seen so far, oldest first.
        asked: the question of the turn before, if it was one; no second one follows it.
        undid: whether the last command took a change back, which "put it back" then restores.
        stock: all products of the shop, those not to be seen too; their colours are those that
            they are sold in.
        past: the latest changes that stand, oldest first.
        ahead: the changes that were taken back since the last one, the latest to be restored last.
    """

    things: tuple[Thing, ...] = ()
    worn: str = ""
    pointed: str = ""
    last: Command | None = None
    colors: tuple[str, ...] = ()
    asked: Clarify | None = None
    topic: str = ""
    listed: tuple[str, ...] = ()
    previous: Command | None = None
    shelf: tuple[Thing, ...] = ()
    undid: bool = False
    stock: tuple[Thing, ...] = ()
    past: tuple[Change, ...] = ()
    ahead: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        """Bring the categories of things to the lexicon's spelling."""
        alias = anatomy()["aliases"]
        for name in ("things", "shelf", "stock"):
            said: tuple[Thing, ...] = getattr(self, name)
            if any(t.category in alias for t in said):
                plain = tuple(replace(t, category=alias.get(t.category, t.category)) for t in said)
                object.__setattr__(self, name, plain)

    def thing(self, target: str) -> Thing | None:
        """The thing with this id, or None."""
        known = (*self.things, *self.shelf, *self.stock)
        return next((t for t in known if t.id == target), None)

    def here(self, target: str) -> bool:
        """Whether the thing with this id can be seen."""
        return any(t.id == target for t in self.things)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Context:
        """A context from plain data, as ``showroom intent`` and tests write it.

        Raises:
            ContextError: it has another form.
        """
        try:
            told = msgspec.convert(data, _Plain)
        except msgspec.ValidationError as error:
            raise ContextError(str(error)) from error
        return Context(
            things=told.things,
            worn=told.worn or "",
            pointed=told.pointed or "",
            last=told.last,
            colors=told.colors,
            topic=told.topic or "",
            listed=told.listed or (),
            undid=told.undid,
        )


class _Plain(msgspec.Struct):
    """What a context in plain data may say."""

    things: tuple[Thing, ...] = ()
    worn: str | None = ""
    pointed: str | None = ""
    last: Command | None = None
    colors: tuple[str, ...] = ()
    topic: str | None = ""
    listed: tuple[str, ...] | None = ()
    undid: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """A word or phrase that carried meaning, after Wit.ai.

    Attributes:
        name, role: such as ``"length"`` and ``"amount"``; together the key ``name:role``.
        start, end: half-open range in the original text.
        value: the number as it was said, or the lexicon's value.
        unit: as it was said, or ``""``.
    """

    name: str
    role: str
    start: int
    end: int
    body: str
    value: str | float
    unit: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Understanding:
    """How one utterance was understood.

    Attributes:
        lang: ``"en"`` or ``"zh"``: the language to answer in.
        intent: an action of the protocol, or ``yes no stop thanks repeat out_of_scope clarify``; of
            several commands the first.
        confidence: calibrated probability that ``commands`` are what was meant.
        commands: what to carry out, in order; empty where a question is asked instead.
        clarify: the question to ask, or None.
        candidates: the likeliest intents with their probabilities.
        about: id of the last product that the sentence names, or ``""``.
        second: what the second reader read otherwise, and what came of it; ``""`` where it agrees.
        problem: ``""``, ``"too_long"``, ``"empty"``, ``"contradiction"`` or ``"no_context"``.
    """

    text: str
    lang: Literal["en", "zh"]
    intent: str
    confidence: float
    commands: tuple[Command, ...] = ()
    clarify: Clarify | None = None
    entities: tuple[Entity, ...] = ()
    candidates: tuple[tuple[str, float], ...] = field(default=())
    problem: str = ""
    about: str = ""
    second: str = ""

    def heard(self, utterance_id: str, rev: int = 0, is_final: bool = True) -> Heard:
        """The wire message: Wit.ai's intents and entities, plus ``resolved`` in SI."""
        entities: dict[str, list[dict[str, str | int | float]]] = {}
        for e in self.entities:
            entry: dict[str, str | int | float] = {
                "name": e.name,
                "role": e.role,
                "start": e.start,
                "end": e.end,
                "body": e.body,
                "value": e.value,
                "confidence": e.confidence,
            }
            if e.unit:
                entry["unit"] = e.unit
            entities.setdefault(f"{e.name}:{e.role}", []).append(entry)
        intents: tuple[dict[str, str | float], ...] = tuple(
            {"name": name, "confidence": round(p, 4)} for name, p in self.candidates
        )
        return Heard(
            utterance_id=utterance_id,
            text=self.text,
            lang=self.lang,
            rev=rev,
            is_final=is_final,
            intents=intents or ({"name": self.intent, "confidence": round(self.confidence, 4)},),
            entities=entities,
            resolved=tuple(resolved(c) for c in self.commands),
            clarify=self.clarify.question if self.clarify else None,
        )


def resolved(command: Command) -> dict[str, str | int | float]:
    """A command as the ``resolved`` form: its set fields, lengths as ``delta_m`` and ``value_m``.

    Angles are ``delta_rad``.
    """
    out: dict[str, str | int | float] = {"action": command.action}
    for name in (
        "target",
        "part",
        "parameter",
        "direction",
        "size",
        "color",
        "option",
        "near",
        "material",
    ):
        if value := getattr(command, name):
            out[name] = value
    for name in ("price_low", "price_high"):
        if (amount := getattr(command, name)) is not None:
            out[name] = amount
    if command.size_step:
        out["size_step"] = command.size_step
    if command.delta is not None:
        out["delta_rad" if command.action == "rotate" else "delta_m"] = round(command.delta, 6)
    if command.value is not None:
        out["value_m"] = round(command.value, 6)
    if command.factor is not None:
        out["factor"] = round(command.factor, 6)
    return out
