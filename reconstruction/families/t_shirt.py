"""T-shirts: short sleeves; the data is in ``t_shirt.toml``."""

from __future__ import annotations

from pathlib import Path

from .garment import GarmentFamily

FAMILY = GarmentFamily(Path(__file__).with_suffix(".toml"))
