"""The voice room's data files, read once."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LANGUAGES = ("en", "zh")


def read(name: str) -> Any:
    """A YAML file of ``data_files`` by its path there, such as ``"en/lexicon.yaml"``."""
    text = files(__package__).joinpath("data_files", *name.split("/")).read_text("utf-8")
    return yaml.load(text, Loader=_LOADER)


def files_of(language: str, stem: str) -> list[str]:
    """Names of a language's files that begin with ``stem``, the plain one first."""
    folder = files(__package__).joinpath("data_files", language)
    names = (entry.name for entry in folder.iterdir())
    found = [n for n in names if n.startswith(stem) and n.endswith(".yaml")]
    return sorted(found, key=lambda name: (len(name), name))


@cache
def lexicon_data(language: str) -> dict[str, dict[str, list[str]]]:
    """The words of a language, of all its lexicon files: kind to value to forms."""
    out: dict[str, dict[str, list[str]]] = {}
    for name in files_of(language, "lexicon"):
        for kind, values in read(f"{language}/{name}").items():
            kept = out.setdefault(kind, {})
            for value, forms in values.items():
                kept.setdefault(str(value), []).extend(str(form) for form in forms)
    return out


@cache
def characters() -> dict[str, str]:
    """One character to what stands for it."""
    tables: dict[str, Any] = read("characters.yaml")
    pairs = {pair[0]: pair[1] for pair in tables.pop("traditional").split()}
    return pairs | {k: v for table in tables.values() for k, v in table.items() if len(k) == 1}


@cache
def amounts() -> dict[str, dict[str, float]]:
    """SI amounts of vague words: kind of change to word to amount."""
    table: dict[str, dict[str, float]] = read("amounts.yaml")
    return table


@cache
def anatomy() -> dict[str, Any]:
    """Parts, categories and main dimensions."""
    table: dict[str, Any] = read("anatomy.yaml")
    return table
