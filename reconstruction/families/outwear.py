"""Jackets, coats, hoodies, cardigans and vests; the data is in ``outwear.toml``."""

from __future__ import annotations

from pathlib import Path

from .garment import GarmentFamily

FAMILY = GarmentFamily(Path(__file__).with_suffix(".toml"))
