"""The grammar that the embedded recogniser listens with, made from its data and the catalogue."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ..voice.data import anatomy
from .automaton import Automaton, compile_rules, sample
from .notation import Node, parse, words_of

LANGUAGE = "en"
MAX_NAMES = 400
"""Of more products only the first so many are listened for by name; all by their category."""
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NUMBER = re.compile(r"\d")
_GAP = re.compile(r"[^a-z']+")


@dataclass(frozen=True, slots=True)
class Stocked:
    """A product as far as hearing its name goes.

    Attributes:
        category: such as ``"chair"``.
        names: in any language; those in Latin letters are listened for.
    """

    category: str
    names: tuple[str, ...] = ()


class SpokenGrammar:
    """What may be said in a shop.

    Args:
        stock: the catalogue's products.

    Raises:
        HearingError: the rules are damaged, or the grammar is too large.
    """

    def __init__(self, stock: Iterable[Stocked] = ()) -> None:
        data = _data()
        self.rules = {name: parse(text) for name, text in data["rules"].items()}
        self.rules |= _stock_rules(tuple(stock)[:MAX_NAMES], data["categories"])
        self.intents: dict[str, list[Node]] = {
            name: [parse(text) for text in texts] for name, texts in data["commands"].items()
        }
        commands = tuple(node for nodes in self.intents.values() for node in nodes)
        self.rules["command"] = Node("any", parts=commands)
        self.root = parse(data["turns"])
        self.automaton: Automaton = compile_rules(self.rules, self.root)
        self._after: Automaton = compile_rules(self.rules, self.root.parts[-1])

    def accepts(self, text: str) -> bool:
        """Whether a sentence is one of the grammar's."""
        return self.automaton.accepts(spoken(text))

    def closes(self, text: str) -> bool:
        """Whether a sentence is whole, and nothing may follow but what ends a turn ("please")."""
        state = self.automaton.walk(spoken(text).split())
        return state in self.automaton.final and self.automaton.within(state, self._after)

    def sentences(self, count: int, seed: int) -> list[str]:
        """Distinct random sentences, evenly over the commands' rules."""
        rng = random.Random(seed)
        nodes = [node for group in self.intents.values() for node in group]
        before, _, after = self.root.parts
        out: dict[str, None] = {}
        while len(out) < count:
            for node in rng.sample(nodes, len(nodes)):
                words = sample(self.rules, node, rng)
                if rng.random() < 0.15:
                    words = [*sample(self.rules, before.parts[0], rng), *words]
                elif rng.random() < 0.15:
                    words += sample(self.rules, after.parts[0], rng)
                out[" ".join(words)] = None
        return list(out)[:count]


def spoken(text: str) -> str:
    """A name or sentence as words that can be said: lower case, digits one by one, no marks."""
    text = _NUMBER.sub(lambda digit: f" {_DIGITS[int(digit.group())]} ", text.lower())
    return " ".join(part.strip("'") for part in _GAP.split(text) if part.strip("'"))


def _stock_rules(stock: tuple[Stocked, ...], categories: dict[str, list[str]]) -> dict[str, Node]:
    """What the shop has, by category and name; all categories where nothing is known of it."""
    worn, furniture, alias = (anatomy()[name] for name in ("garments", "furniture", "aliases"))
    there = {alias.get(product.category, product.category) for product in stock}
    names: dict[str, list[str]] = {"garment": [], "furniture": []}
    for category, (singular, _) in categories.items():
        if category in there or not there:
            names["garment" if category in worn else "furniture"].append(singular)
    for product in stock:
        category = alias.get(product.category, product.category)
        kind = "furniture" if category in furniture else "garment"
        for name in product.names:
            words = spoken(name)
            if words and name.isascii() and words not in names[kind]:
                names[kind].append(words)
    rules = {kind: words_of(found or [kind]) for kind, found in names.items()}
    rules["product"] = Node("any", parts=(rules["garment"], rules["furniture"]))
    rules["products"] = words_of([plural for _, plural in categories.values()])
    return rules


@cache
def _data() -> dict[str, Any]:
    text = files(__package__).joinpath("data_files", LANGUAGE, "commands.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data
