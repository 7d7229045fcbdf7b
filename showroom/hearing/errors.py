"""What can be wrong with audio, or with what is to hear it."""

from __future__ import annotations


class HearingError(Exception):
    """Audio, an engine or its data that cannot be used.

    Args:
        message: one sentence for a person, with the remedy where there is one.
        field: what is wrong, such as ``"rate"``.
        expected: what would have been accepted.
        got: what came.
        code: the error's code on the wire.
    """

    def __init__(
        self,
        message: str,
        *,
        field: str = "",
        expected: str = "",
        got: str = "",
        code: str = "audio",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.expected = expected
        self.got = got
        self.code = code

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        detail = f" (expected {self.expected}, got {self.got})" if self.expected else ""
        return f"{where}{self.message}{detail}"
