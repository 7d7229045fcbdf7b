"""Shorts, from hot pants to Bermudas; the data is in ``shorts.toml``."""

from __future__ import annotations

from pathlib import Path

from .garment import GarmentFamily

FAMILY = GarmentFamily(Path(__file__).with_suffix(".toml"))
