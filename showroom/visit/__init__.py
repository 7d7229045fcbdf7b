"""The heart: one visitor's live state; events in, updates out; no sockets, engine or threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .visit import Visit

__all__ = ["Visit"]


def __getattr__(name: str) -> Any:
    # Imported on first use: the visit pulls in the body, the voice and the catalogue.
    if name == "Visit":
        from .visit import Visit

        return Visit
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
