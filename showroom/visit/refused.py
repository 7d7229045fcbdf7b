"""A wish that cannot be granted: a sentence for the visitor, a typed error for the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconstruction.errors import ReconstructionError
from reconstruction.product import Product
from showroom.catalog.errors import CatalogError
from showroom.fit.errors import FitError
from showroom.protocol.errors import ProtocolError


class RefusedError(Exception):
    """Nothing has changed, and why.

    Args:
        kind: of the reply to give, see :func:`showroom.voice.reply`.
        message: the same for a program, in one sentence.
        slots: what the reply mentions, in SI.
        field, expected, got: as of :class:`ProtocolError`.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        slots: Mapping[str, object] | None = None,
        *,
        code: str = "refused",
        field: str = "",
        expected: str = "",
        got: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.slots = dict(slots or {})
        self.code = code
        self.field = field
        self.expected = expected
        self.got = got

    def error(self, ref: str) -> ProtocolError:
        """As it goes to a client that sent a command."""
        return ProtocolError(
            self.code,
            self.message,
            field=self.field,
            expected=self.expected,
            got=self.got,
            ref=ref,
        )


class AmbiguousError(RefusedError):
    """Several products could be meant; a person can be asked which."""

    def __init__(self, products: Sequence[Product]) -> None:
        super().__init__(
            "nothing_there",
            "it is not clear which product is meant",
            code="ambiguous",
            field="target",
            expected=", ".join(product.id for product in products),
            got="none",
        )
        self.products = tuple(products)


class StoppedError(RefusedError):
    """The visitor has cancelled it."""

    def __init__(self) -> None:
        super().__init__("stopped", "it was cancelled", code="cancelled")


def refused(error: FitError | CatalogError | ReconstructionError) -> RefusedError:
    """The refusal that another room's error comes to."""
    return RefusedError(
        "error",
        error.message,
        code=error.code,
        field=error.field,
        expected=error.expected,
        got=error.got,
    )
