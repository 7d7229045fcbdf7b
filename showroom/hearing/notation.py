"""The notation that phrasings and spoken commands are written in, as trees.

``(a|b)`` picks one, ``[x]`` may be left out, ``{rule}`` stands for another rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .errors import HearingError

_TOKEN = re.compile(r"\{\w+\}|[()\[\]|]|[^\s()\[\]|{}]+")


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a rule.

    Attributes:
        kind: ``"word"`` and ``"rule"`` carry ``name``; ``"all"`` is a sequence of ``parts``,
            ``"any"`` one of them, ``"maybe"`` its only part or nothing.
    """

    kind: Literal["word", "rule", "all", "any", "maybe"]
    name: str = ""
    parts: tuple[Node, ...] = ()


def parse(text: str) -> Node:
    """The tree of one rule.

    Raises:
        HearingError: brackets that do not match.
    """
    tokens = _TOKEN.findall(text)
    node, at = _alternatives(tokens, 0)
    if at != len(tokens):
        raise HearingError(
            "a rule's brackets do not match", field="rule", expected="( with ), [ with ]", got=text
        )
    return node


def words_of(texts: list[str]) -> Node:
    """One of several phrases without brackets."""
    phrases = (
        Node("all", parts=tuple(Node("word", word) for word in text.split())) for text in texts
    )
    return Node("any", parts=tuple(phrases))


def _alternatives(tokens: list[str], at: int) -> tuple[Node, int]:
    options: list[list[Node]] = [[]]
    while at < len(tokens) and tokens[at] not in ")]":
        token = tokens[at]
        at += 1
        if token == "|":
            options.append([])
        elif token in "([":
            inner, at = _alternatives(tokens, at)
            closing = ")" if token == "(" else "]"
            if at >= len(tokens) or tokens[at] != closing:
                raise HearingError(
                    "a rule's brackets do not match",
                    field="rule",
                    expected=closing,
                    got=" ".join(tokens),
                )
            at += 1
            options[-1].append(inner if token == "(" else Node("maybe", parts=(inner,)))
        elif token.startswith("{"):
            options[-1].append(Node("rule", token[1:-1]))
        else:
            options[-1].append(Node("word", token))
    parts = tuple(Node("all", parts=tuple(option)) for option in options)
    return (parts[0] if len(parts) == 1 else Node("any", parts=parts)), at
