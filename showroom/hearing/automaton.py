"""A grammar as the smallest deterministic automaton over words.

A decoder's search grows with the transitions that it has to keep alive; the determinised, minimised
automaton of a grammar has far fewer of them than its rules, and no empty ones. Subset construction
and partition refinement (Hopcroft and Ullman).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import HearingError
from .notation import Node

MAX_STATES = 60_000
"""A larger grammar is refused: it would be neither fast nor accurate."""


@dataclass(frozen=True)
class Automaton:
    """Words that may follow one another; state 0 is where a sentence begins.

    Attributes:
        edges: for each state its words and where they lead.
        final: the states in which a sentence may end.
    """

    edges: tuple[Mapping[str, int], ...]
    final: frozenset[int]

    @property
    def words(self) -> frozenset[str]:
        """Every word that occurs."""
        return frozenset(word for edges in self.edges for word in edges)

    @property
    def size(self) -> int:
        """How many transitions there are."""
        return sum(len(edges) for edges in self.edges)

    def walk(self, words: Sequence[str]) -> int | None:
        """The state after some words; None if they do not begin any sentence."""
        state = 0
        for word in words:
            following = self.edges[state].get(word)
            if following is None:
                return None
            state = following
        return state

    def within(self, state: int, other: Automaton, at: int = 0) -> bool:
        """Whether all that may follow a state may also follow state ``at`` of another automaton."""
        if state in self.final and at not in other.final:
            return False
        for word, to in self.edges[state].items():
            following = other.edges[at].get(word)
            if following is None or not self.within(to, other, following):
                return False
        return True

    def accepts(self, text: str) -> bool:
        """Whether a text is a whole sentence of the grammar."""
        return self.walk(text.split()) in self.final


def compile_rules(rules: Mapping[str, Node], root: Node) -> Automaton:
    """The automaton of ``root``, whose rules stand in ``rules``.

    Raises:
        HearingError: a rule that does not exist or contains itself; a grammar that is too large.
    """
    return _minimised(_determinised(*_Builder(rules).build(root)))


def sample(rules: Mapping[str, Node], node: Node, rng: random.Random) -> list[str]:
    """A random sentence of a rule, as words."""
    if node.kind == "word":
        return [node.name]
    if node.kind == "rule":
        return sample(rules, rules[node.name], rng)
    if node.kind == "any":
        return sample(rules, rng.choice(node.parts), rng)
    if node.kind == "maybe" and rng.random() < 0.5:
        return []
    return [word for part in node.parts for word in sample(rules, part, rng)]


class _Builder:
    """Thompson's construction: a nondeterministic automaton with empty transitions."""

    def __init__(self, rules: Mapping[str, Node]) -> None:
        self._rules = rules
        self.words: list[list[tuple[str, int]]] = [[]]
        self.empty: list[list[int]] = [[]]
        self._open: list[str] = []

    def build(self, root: Node) -> tuple[_Builder, int]:
        return self, self._add(root, 0)

    def _new(self) -> int:
        self.words.append([])
        self.empty.append([])
        return len(self.words) - 1

    def _add(self, node: Node, start: int) -> int:
        if node.kind == "word":
            end = self._new()
            self.words[start].append((node.name, end))
            return end
        if node.kind == "rule":
            if node.name not in self._rules or node.name in self._open:
                raise HearingError(
                    "a rule is not there, or contains itself",
                    field="rule",
                    expected=", ".join(sorted(self._rules)),
                    got=node.name,
                )
            self._open.append(node.name)
            end = self._add(self._rules[node.name], start)
            self._open.pop()
            return end
        if node.kind == "all":
            for part in node.parts:
                start = self._add(part, start)
            return start
        end = self._new()
        for part in node.parts:
            self.empty[self._add(part, self._branch(start))].append(end)
        if node.kind == "maybe":
            self.empty[start].append(end)
        return end

    def _branch(self, start: int) -> int:
        state = self._new()
        self.empty[start].append(state)
        return state


def _determinised(nfa: _Builder, end: int) -> Automaton:
    closures: dict[int, frozenset[int]] = {}

    def closure(state: int) -> frozenset[int]:
        found = closures.get(state)
        if found is None:
            seen, stack = {state}, [state]
            while stack:
                for other in nfa.empty[stack.pop()]:
                    if other not in seen:
                        seen.add(other)
                        stack.append(other)
            found = closures[state] = frozenset(seen)
        return found

    first = closure(0)
    numbers = {first: 0}
    queue, edges, final = [first], [], set()
    for at, group in enumerate(queue):  # the queue grows as it is read
        targets: dict[str, set[int]] = {}
        for state in group:
            for word, following in nfa.words[state]:
                targets.setdefault(word, set()).update(closure(following))
        out: dict[str, int] = {}
        for word in sorted(targets):
            reached = frozenset(targets[word])
            if reached not in numbers:
                numbers[reached] = len(queue)
                queue.append(reached)
            out[word] = numbers[reached]
        edges.append(out)
        if end in group:
            final.add(at)
        if len(queue) > MAX_STATES:
            raise HearingError(
                "the grammar is too large; shorten its rules or the catalogue's names",
                field="grammar",
                expected=f"at most {MAX_STATES} states",
                got="more",
            )
    return Automaton(tuple(edges), frozenset(final))


def _minimised(automaton: Automaton) -> Automaton:
    """Merge the states from which the same sentences follow.

    The language is finite, so states can be merged from the end backwards by their signature.
    """
    order = _post_order(automaton)
    merged: dict[int, int] = {}
    signatures: dict[tuple[bool, tuple[tuple[str, int], ...]], int] = {}
    for state in order:
        out = tuple((word, merged[to]) for word, to in automaton.edges[state].items())
        signature = (state in automaton.final, out)
        merged[state] = signatures.setdefault(signature, len(signatures))
    last = len(signatures) - 1  # the start comes last, and becomes state 0
    edges: list[dict[str, int]] = [{} for _ in signatures]
    final = set()
    for (ends, out), number in signatures.items():
        edges[last - number] = {word: last - to for word, to in out}
        if ends:
            final.add(last - number)
    return Automaton(tuple(edges), frozenset(final))


def _post_order(automaton: Automaton) -> list[int]:
    order: list[int] = []
    seen = {0}
    stack: list[tuple[int, list[int]]] = [(0, list(automaton.edges[0].values()))]
    while stack:
        state, rest = stack[-1]
        if not rest:
            order.append(state)
            stack.pop()
            continue
        following = rest.pop()
        if following not in seen:
            seen.add(following)
            stack.append((following, list(automaton.edges[following].values())))
    return order
