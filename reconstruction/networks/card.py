"""Model cards: what a weights file says of itself, written into ``docs/models``.

A card's text is a person's; between two marks stands what the file's header knows: ``showroom train
card`` renews that part and leaves the rest alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import WeightsError
from .weights import FOLDER, load_weights

CARDS = Path(__file__).resolve().parents[2] / "docs" / "models"
BEGIN, END = "<!-- from the weights' header -->", "<!-- end of the header -->"


def write_cards(weights: Path = FOLDER, cards: Path = CARDS) -> list[Path]:
    """Renew the card of every weights file; a file without a card gets one.

    Returns:
        The cards.

    Raises:
        WeightsError: there are no weights, or no folder for cards (an installed package has none).
    """
    files = sorted(weights.glob("*.safetensors"))
    if not files or not cards.is_dir():
        missing = cards if files else weights
        raise WeightsError(
            "model cards are written in a checkout, from its weights",
            field="cards",
            expected=f"weights and the folder {missing.name}",
            got="no such folder" if files else "no weights",
        )
    out = []
    for file in files:
        card = cards / f"{file.stem}.md"
        text = card.read_text(encoding="utf-8") if card.exists() else f"# Model card: {file.stem}\n"
        renewed = renew(text, card_lines(file))
        partial = card.with_suffix(".partial")
        partial.write_text(renewed, encoding="utf-8")
        partial.replace(card)
        out.append(card)
    return out


def renew(text: str, lines: list[str]) -> str:
    """A card's text with new lines between the marks; at its end where it has none."""
    block = "\n".join([BEGIN, *lines, END])
    if BEGIN in text and END in text:
        head, rest = text.split(BEGIN, 1)
        return head + block + rest.split(END, 1)[1]
    return f"{text.rstrip()}\n\n## The file\n\n{block}\n"


def card_lines(file: Path) -> list[str]:
    """What a weights file is, as a Markdown table."""
    state, header = load_weights(file)
    count = sum(math.prod(t.shape) for t in state.values() if t.is_floating_point())
    rows: dict[str, Any] = {
        "file": f"`{file.name}`, {file.stat().st_size / 1e6:.1f} MB, fp16",
        "numbers": f"{count / 1e6:.2f} M",
    }
    shown = {k: v for k, v in header.items() if k not in ("vocabulary", "figures", "categories")}
    rows |= dict(_flat(shown))
    if "categories" in header:
        rows["categories"] = ", ".join(header["categories"])
    if "vocabulary" in header:
        families = [f["name"] for f in header["vocabulary"]["families"]]
        rows["families"] = ", ".join(families)
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    return [*lines, *_figures(header.get("figures", {}))]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        label = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{label}, ")
        elif isinstance(value, list):
            yield label, ", ".join(map(str, value))
        elif isinstance(value, float):
            yield label, f"{value:.6g}"
        elif value is not None:
            yield label, f"`{value}`" if name in ("command", "commit") else value


def _figures(figures: Mapping[str, Any]) -> list[str]:
    if not figures:
        return []
    rows = [f"| {name} | {value} |" for name, value in _flat(figures)]
    return ["", "| figure when it was made | |", "|---|---|", *rows]
