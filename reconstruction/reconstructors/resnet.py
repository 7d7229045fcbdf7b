"""Our own pipeline as a reconstructor."""

from __future__ import annotations

from collections.abc import Sequence

from ..intake.photo import Photo
from ..mesh import F32
from ..product import Product
from . import Hints


class Resnet:
    """The networks and families of this package; it makes its own masks."""

    name = "resnet"

    def reconstruct(self, photos: Sequence[Photo], masks: Sequence[F32], hints: Hints) -> Product:
        """A re-fittable product; see :func:`reconstruction.pipeline.reconstruct`."""
        from ..pipeline import Request, reconstruct

        category = None if hints.category in ("", "other") else hints.category
        request = Request(category=category, declared=dict(hints.declared), id=hints.id)
        return reconstruct(list(photos), request).product
