"""What people say that leans on the change before it: sayings, and what each comes to.

The sayings stand in ``leanings.yaml`` of each language, by what they come to. For training each is
said in several states of scripted conversations.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .context import Context
from .data import LANGUAGES, anatomy, lexicon_data, read
from .readings import Reading
from .target import kind_of

_MEANT: dict[str, tuple[str, ...]] = {
    "excess": ("half back", "back", "undo"),
    "withdrawn": ("undo", "back", "taken_back"),
    "restored": ("redo",),
    "again": ("again",),
    "bit": ("on bit",),
    "lot": ("on lot",),
    "tiny": ("on tiny",),
    "back_bit": ("back bit",),
    "half": ("half back",),
    "reverse": ("back", "turned number"),
    "on_number": ("on number",),
    "back_number": ("back number",),
    "to_number": ("to number",),
    "same_part": ("same part",),
    "other_part": ("same part",),
    "part_back": ("restored", "back", "undo"),
    "same_thing": ("same target",),
    "color": ("color",),
    "original_color": ("original set_color",),
    "material": ("material",),
    "near": ("place",),
    "report": ("intent report",),
    "bought": ("intent add_to_basket",),
    "thanks": ("thanks",),
    "part_excess": ("half back", "back", "undo"),
    "facing": ("turn to",),
    "gone": ("take off",),
    "worn_other": ("try on",),
    "sleeve_no": ("sleeve no",),
    "sleeve_short": ("sleeve short",),
    "sleeve_long": ("sleeve long",),
    "arms_yes": ("armrest yes",),
    "arms_no": ("armrest no",),
    "size_up": ("size 1",),
    "size_down": ("size -1",),
    "question": ("intent ask", "intent hand_over"),
    "other_worn": ("try on",),
    "unbought": ("put back", "intent remove_from_basket"),
    "open": ("clarify",),
    "stop": ("stop",),
}
_SLEEVED = ("t_shirt", "long_sleeve", "shirt", "top", "dress", "jacket", "sweater")
"""In which ways (:attr:`Reading.kinds`) the right readings are found."""
_NUMBERS = {"en": ("two", "three", "four", "five", "ten", "twelve", "2", "6"),
            "zh": ("两", "三", "四", "五", "十", "6")}  # fmt: skip
_STATES = 3
"""In how many states each saying is said."""
_TRIES = 40
_BESIDE = 0.3
"""The share of sayings with a reason beside them."""


@dataclass(frozen=True)
class Leaning:
    """A saying in a state.

    Attributes:
        kind: as in ``leanings.yaml``.
        about: the product that it must come to, or ``""``; ``part`` and ``value`` likewise.
    """

    text: str
    kind: str
    about: str = ""
    part: str = ""
    value: str = ""

    def means(self, reading: Reading) -> bool:
        """Whether a reading is a right one."""
        if not set(reading.kinds) & set(_MEANT[self.kind]):
            return False
        if not reading.commands:
            return True
        first = reading.commands[0]
        if self.about and first.target not in ("", self.about):
            return False
        if self.part and first.action != "undo" and first.part != self.part:
            return False
        return self.value in ("", first.color, first.option, first.near)


def leanings(states: Sequence[Context], seed: int = 0) -> Iterator[tuple[Leaning, Context]]:
    """Every saying in some of the states that it can be said in."""
    rng = random.Random(seed)
    for language in LANGUAGES:
        table: dict[str, list[str]] = read(f"{language}/leanings.yaml")
        asides = table.pop("aside")
        for kind, forms in table.items():
            for form in forms:
                said = 0
                for _ in range(_TRIES):
                    context = rng.choice(states)
                    made = _said(form, kind, language, context, rng)
                    if made is None:
                        continue
                    yield _beside(made, asides, language, rng), context
                    said += 1
                    if said == _STATES:
                        break


def _beside(leaning: Leaning, asides: list[str], language: str, rng: random.Random) -> Leaning:
    """A saying, now and then with a reason before or after it."""
    if rng.random() >= _BESIDE:
        return leaning
    pair = [leaning.text, rng.choice(asides)]
    rng.shuffle(pair)
    text = ("，" if language == "zh" else ", ").join(pair)
    return Leaning(text, leaning.kind, leaning.about, leaning.part, leaning.value)


def _said(
    form: str, kind: str, language: str, context: Context, rng: random.Random
) -> Leaning | None:
    """A saying with its slots filled from a state, or None where it cannot be said in it."""
    last = context.last
    if last is None or context.undid != (kind == "restored"):
        return None
    thing = context.thing(last.target)
    if kind == "restored":
        return Leaning(form, kind) if context.ahead else None
    sized = bool(last.delta or last.factor or last.size_step)
    if kind in ("excess", "bit", "back_bit", "half", "reverse"):
        return Leaning(form, kind) if sized else None
    if kind in ("lot", "tiny") or "number" in kind:
        if not last.delta or last.action == "rotate":
            return None
        return Leaning(form.format(number=rng.choice(_NUMBERS[language])), kind)
    if kind == "again":
        return Leaning(form, kind) if sized else None
    if kind == "withdrawn":
        return Leaning(form, kind) if context.past and context.previous is None else None
    if kind in ("thanks", "open", "stop"):
        return Leaning(form, kind)
    if thing is None:
        return None
    if kind in ("same_part", "other_part", "part_back", "part_excess"):
        return _of_part(form, kind, language, context, rng)
    if kind in ("bought", "report"):
        worn = thing.kind == "garment" and thing.id == context.worn
        return Leaning(form, kind, thing.id) if worn and context.topic == thing.id else None
    if kind == "original_color":
        dyed = any(c.command.action == "set_color" and c.before for c in context.past)
        return Leaning(form, kind, thing.id) if dyed else None
    if context.topic != thing.id:
        return None
    if kind == "same_thing":
        alike = [t for t in context.things if t.kind == thing.kind and t.id != thing.id]
        alike = [t for t in alike if t.category != thing.category]
        if not alike or not (last.delta or last.factor or last.color):
            return None
        other = rng.choice(alike)
        word = _word("category", other.category, language, rng)
        return Leaning(form.format(thing=word), kind, other.id) if word else None
    if kind == "question" or kind.startswith(("size", "sleeve", "arms")):
        worn = thing.id == context.worn and thing.kind == "garment"
        seated = thing.category in ("chair", "sofa", "armchair")
        fits = {
            "question": True,
            "size": worn,
            "sleeve": worn and thing.category in _SLEEVED,
            "arms": seated,
        }[kind.split("_")[0]]
        return Leaning(form, kind, thing.id) if fits else None
    if kind == "unbought":
        bought = context.previous is not None and context.previous.action == "add_to_basket"
        return Leaning(form, kind) if bought else None
    if kind == "other_worn":
        tried = [c.command.target for c in context.past if c.command.action == "try_on"]
        tried = [t for t in tried if t != thing.id and context.here(t)]
        return Leaning(form, kind, tried[-1]) if tried and thing.id == context.worn else None
    if kind in ("gone", "worn_other"):
        garment = kind == "worn_other"
        there = context.stock if garment else context.things
        like = [t for t in there if t.category == thing.category and t.id != thing.id]
        if len(like) != 1 or like[0].color in ("", thing.color):
            return None
        if (thing.kind == "garment") != garment:
            return None
        word = _word("color", like[0].color, language, rng)
        return Leaning(form.format(color=word), kind, like[0].id) if word else None
    if kind in ("near", "facing"):
        if last.action not in ("place", "move", "rotate") or thing.kind != "furniture":
            return None
        near = rng.choice(("window", "door", "wall", "corner"))
        word = _word("near", near, language, rng)
        return Leaning(form.format(near=word), kind, thing.id, value=near) if word else None
    if kind in ("color", "material"):
        values: tuple[str, ...] = (
            "black",
            "white",
            "red",
            "navy",
            "olive",
            "beige",
            "teal",
            "green",
            "pink",
        )
        if kind == "material":
            values = ("leather", "cotton", "linen") if thing.kind == "garment" else (
                "leather", "oak", "walnut", "velvet")  # fmt: skip
        value = rng.choice(values)
        if value == thing.color:
            return None
        word = _word(kind, value, language, rng)
        return Leaning(form.format(**{kind: word}), kind, thing.id, value=value) if word else None
    return None


def _of_part(
    form: str, kind: str, language: str, context: Context, rng: random.Random
) -> Leaning | None:
    last = context.last
    if last is None or last.action != "adjust_fit" or not last.delta or not last.part:
        return None
    thing = context.thing(last.target)
    owned = anatomy()["owned"].get(thing.category, ()) if thing else ()
    if kind in ("part_back", "part_excess"):
        word = _word("part", last.part, language, rng)
        if not context.past or context.past[-1].command.part != last.part:
            return None
        return Leaning(form.format(last=word), kind, part=last.part) if word else None
    plain = ("sleeve", "hem", "waist", "chest", "hip", "shoulder", "seat", "leg", "armrest")
    parts = [p for p in owned if p != last.part and p in plain]
    if not parts or kind_of(last.target, context) == "":
        return None
    part = rng.choice(parts)
    word = _word("part", part, language, rng)
    return Leaning(form.format(part=word), kind, part=part) if word else None


def _word(kind: str, value: str, language: str, rng: random.Random) -> str:
    """One of the first words for a value, or ``""``."""
    forms = lexicon_data(language).get(kind, {}).get(value, [])
    return rng.choice(forms[:2]).removeprefix("the ") if forms else ""
