"""The Panda3D stage: what a visitor sees. Importing this package loads no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .settings import StageError, StageSettings

if TYPE_CHECKING:
    from .stage import Stage

__all__ = ["Stage", "StageError", "StageSettings"]


def __getattr__(name: str) -> Any:
    if name == "Stage":
        from .stage import Stage

        return Stage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
