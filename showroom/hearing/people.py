"""Score the embedded recogniser on people: recordings of commands of another domain.

``python -m showroom.hearing.people ../shared/data/speech_en_picovoice`` compiles the domain's own
grammar from its YAML, as the shop's is compiled, and compares the slots heard with the labels.
Nothing is tuned on it.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ..voice.interval import interval
from .audio import read_wav
from .automaton import compile_rules
from .noise import colored, mixed
from .notation import Node, parse, words_of
from .searches import Searches

_SLOT = re.compile(r"\$(\w+):\w+")
_CHOICE = re.compile(r"\[([^\]]*)\]")


def grammar_of(context: dict[str, Any]) -> tuple[dict[str, Node], Node]:
    """Rules and root of a domain in the form of Picovoice's speech-to-intent files."""
    rules = {
        name: words_of([v.lower() for v in values]) for name, values in context["slots"].items()
    }
    nodes = []
    for expressions in context["expressions"].values():
        for text in expressions:
            text = _SLOT.sub(r"{\1}", text)
            text = _CHOICE.sub(lambda m: "(" + m[1].replace(",", "|").lower() + ")", text)
            nodes.append(parse(text))
    return rules, Node("any", parts=tuple(nodes))


def slots_in(text: str, slots: dict[str, list[str]]) -> dict[str, str]:
    """The slot values that a sentence names, longest first."""
    found = {}
    pairs = [(value.lower(), name) for name, values in slots.items() for value in values]
    rest = f" {text} "
    for value, name in sorted(pairs, key=lambda pair: -len(pair[0])):
        if f" {value} " in rest and name not in found:
            found[name] = value
            rest = rest.replace(f" {value} ", "  ", 1)
    return found


def main(folder: Path) -> int:
    """Print the share of recordings whose slots are all heard, clean and under noise."""
    domain = yaml.safe_load(next(folder.glob("*.yaml")).read_text("utf-8"))["context"]
    labels = json.loads((folder / "label.json").read_text("utf-8"))
    searches = Searches(compile_rules(*grammar_of(domain)))
    for name, decibels in (("as recorded", None), ("white 10 dB", 10.0)):
        hits = 0
        for number, (file, label) in enumerate(sorted(labels.items())):
            samples = read_wav(folder / file)
            if decibels is not None:
                noise = colored(np.random.default_rng(number), len(samples), 0.0)
                samples = mixed(samples.astype(np.float64), noise, decibels).astype(np.int16)
            wanted = {k: v.strip().lower() for k, v in label["slots"].items()}
            hits += slots_in(searches.best(samples).text, domain["slots"]) == wanted
        count = len(labels)
        share = interval(hits / count, count)
        print(f"| people, {name}, slots | {hits}/{count} | {share} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
