"""What colours, fit regions and parameters are called, for the page.

``python -m clients.web.names`` writes it from the showroom's language data; a test keeps them in
step.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reconstruction.families import family_names, get_family
from showroom.fit.sizing import tables
from showroom.voice.data import read

LANGUAGES = ("en", "zh")
TARGET = Path(__file__).parent / "src" / "app" / "names.ts"

Names = dict[str, list[str]]
"""An id to its words in each of ``LANGUAGES``."""


def names() -> dict[str, Names]:
    """All of them by kind.

    A parameter that another category calls otherwise has an entry ``category/name`` there.
    """
    replies = [read(f"{lang}/replies.yaml") for lang in LANGUAGES]
    regions = tables()["regions"]
    return {
        "color": {color: [r["color"][color] for r in replies] for color in replies[0]["color"]},
        "region": {name: _words(region) for name, region in regions.items()},
        "parameter": _parameters(),
        "unit": {unit: [r["unit"][unit].strip() for r in replies] for unit in replies[0]["unit"]},
    }


def typescript() -> str:
    """The page's file."""
    lines = [
        "// Written by `python -m clients.web.names`; do not edit.",
        "",
        "/** An id's words in English and Chinese. */",
        "type Names = Readonly<Record<string, readonly [string, string]>>;",
        "export const NAMES: Readonly<Record<string, Names>> = {",
    ]
    for kind, known in names().items():
        lines.append(f"  {kind}: {{")
        for name, words in known.items():
            lines.append(f"    {_text(name)}: [{', '.join(map(_text, words))}],")
        lines.append("  },")
    return "\n".join([*lines, "};", ""])


def _parameters() -> Names:
    found: Names = {}
    for family in map(get_family, family_names()):
        for parameter in family.parameters:
            words = _words(parameter.label)
            if found.setdefault(parameter.name, words) != words:
                found[f"{family.category}/{parameter.name}"] = words
    return found


def _words(label: Any) -> list[str]:
    return [str(label[lang]) for lang in LANGUAGES]


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    TARGET.write_text(typescript(), encoding="utf-8")
    print(TARGET)
