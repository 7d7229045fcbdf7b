"""Write the message types of every client: ``python -m showroom.protocol.languages``."""

from __future__ import annotations

from pathlib import Path

from .files import files

ROOT = Path(__file__).parents[3]

for path, text in files().items():
    target = ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(path)
