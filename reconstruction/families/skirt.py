"""Skirts, pencil to flared; the data is in ``skirt.toml``."""

from __future__ import annotations

from pathlib import Path

from .garment import GarmentFamily

FAMILY = GarmentFamily(Path(__file__).with_suffix(".toml"))
