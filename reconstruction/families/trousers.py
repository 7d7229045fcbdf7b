"""Trousers: jeans, suit trousers, leggings, joggers, cargo; the data is in ``trousers.toml``."""

from __future__ import annotations

from pathlib import Path

from .garment import GarmentFamily

FAMILY = GarmentFamily(Path(__file__).with_suffix(".toml"))
