"""Long-sleeved tops and sweatshirts; the data is in ``long_sleeve.toml``."""

from __future__ import annotations

from pathlib import Path

from .garment import GarmentFamily

FAMILY = GarmentFamily(Path(__file__).with_suffix(".toml"))
