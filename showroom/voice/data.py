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


@cache
def characters() -> dict[str, str]:
    """One character to what stands for it."""
    tables: dict[str, dict[str, str]] = read("characters.yaml")
    return {k: v for table in tables.values() for k, v in table.items() if len(k) == 1}


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
