"""Every error that this room raises on purpose.

All derive from :class:`FitError` and name the field, what would have been accepted and what came.

* :class:`BodyError` - a measure of a body is impossible, unknown or not a number.
* :class:`SilhouetteError` - a photo does not show one whole person who stands.
* :class:`PoseError` - a tracked pose cannot be used; the last good one stays.
* :class:`GarmentError` - a mesh cannot be worn on this body.
"""

from __future__ import annotations


class FitError(Exception):
    """Base of the room's errors.

    Args:
        message: one sentence that says what to do.
        field: dotted name of what was wrong, such as ``"tape.waist"``.
        expected: what would have been accepted.
        got: what came; never more of a body than the one value.
    """

    code = "fit"

    def __init__(self, message: str, *, field: str = "", expected: str = "", got: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        detail = f" (expected {self.expected}, got {self.got})" if self.expected else ""
        where = f"{self.field}: " if self.field and self.field not in self.message else ""
        return f"{where}{self.message}{detail}"


class BodyError(FitError):
    """A measure of a body is impossible, unknown or not a number."""

    code = "body"


class SilhouetteError(FitError):
    """A photo does not show one whole person who stands."""

    code = "silhouette"


class PoseError(FitError):
    """A tracked pose cannot be used."""

    code = "pose"


class GarmentError(FitError):
    """A mesh cannot be worn on this body."""

    code = "garment"
