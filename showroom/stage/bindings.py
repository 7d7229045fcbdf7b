"""Which input of which controller does what: ``bindings.toml``, checked; no runtime here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from .controls import SIDES, Side
from .settings import StageError

BINDINGS = Path(__file__).with_name("bindings.toml")

Kind = Literal["pose", "float", "bool", "vector2", "haptic"]
ACTIONS: dict[str, tuple[Kind, str]] = {
    "grip": ("pose", "Hold"),
    "aim": ("pose", "Point"),
    "stick": ("vector2", "Walk and turn"),
    "trigger": ("float", "Choose"),
    "squeeze": ("float", "Grab"),
    "primary": ("bool", "Talk"),
    "secondary": ("bool", "Put back or undo"),
    "menu": ("bool", "Menu"),
    "haptic": ("haptic", "Feel"),
}
"""Each action's kind, and what a runtime calls it in its own settings."""


@dataclass(frozen=True)
class Profile:
    """One kind of controller.

    Attributes:
        path: OpenXR's interaction profile.
        extension: what the runtime must have for it, or ``""``.
        bare: whether it is a hand without a controller.
        inputs: (side, action, path under the hand).
    """

    path: str
    name: str
    extension: str
    bare: bool
    inputs: tuple[tuple[Side, str, str], ...]


@lru_cache(maxsize=4)
def load_bindings(path: Path = BINDINGS) -> tuple[Profile, ...]:
    """All profiles of a file.

    Raises:
        StageError: the file is no TOML, or names a key, action or path that does not exist.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise StageError(f"{path}: the controllers' bindings cannot be read: {error}") from error
    profiles = data.get("profile")
    if not isinstance(profiles, list) or set(data) != {"profile"}:
        raise StageError(f"{path}: expected [[profile]] tables, got {', '.join(data) or 'none'}")
    return tuple(_profile(path, number, table) for number, table in enumerate(profiles, 1))


def _profile(path: Path, number: int, table: dict[str, Any]) -> Profile:
    where = f"{path}: profile {number}"
    unknown = set(table) - {"path", "name", "extension", "bare", "both", *SIDES}
    if unknown or not str(table.get("path", "")).startswith("/interaction_profiles/"):
        wrong = ", ".join(sorted(unknown)) or f"path = {table.get('path')!r}"
        raise StageError(f"{where}: expected path, name and tables both, left, right; got {wrong}")
    inputs: list[tuple[Side, str, str]] = []
    for side in SIDES:
        for action, place in {**table.get("both", {}), **table.get(side, {})}.items():
            start = "output/" if action == "haptic" else "input/"
            if action not in ACTIONS or not str(place).startswith(start):
                raise StageError(
                    f"{where}, {side}: expected one of {', '.join(ACTIONS)} with a path under "
                    f"{start}; got {action} = {place!r}"
                )
            inputs.append((side, action, str(place)))
    return Profile(
        table["path"],
        str(table.get("name", table["path"])),
        str(table.get("extension", "")),
        bool(table.get("bare", False)),
        tuple(inputs),
    )
