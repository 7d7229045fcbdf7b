"""Every error that the catalogue raises on purpose."""

from __future__ import annotations


class CatalogError(Exception):
    """A product, colour or shop entry is unknown or unusable.

    Args:
        message: one sentence that says what to do.
        field: dotted name of what was wrong, such as ``"color"``.
        expected: what would have been accepted.
        got: what came.
    """

    code = "catalog"

    def __init__(self, message: str, *, field: str = "", expected: str = "", got: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        detail = f" (expected {self.expected}, got {self.got})" if self.expected else ""
        return f"{self.message}{detail}"
