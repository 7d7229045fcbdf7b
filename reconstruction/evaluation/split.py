"""Which seeds and files are for scoring alone; see ``split.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def split() -> dict[str, Any]:
    """The split as its data file says it."""
    return tomllib.loads(Path(__file__).with_name("split.toml").read_text(encoding="utf-8"))
