"""What comes of a photo: the product, and what was seen on the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .fitting import Fit
from .intake.photo import Photo
from .product import Product
from .texture.textured import Textured

if TYPE_CHECKING:
    from .networks.inference import Proposal
    from .render.camera import Camera

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A product and what the pipeline saw on the way.

    Attributes:
        photo: the first photo.
        mask: (h, w) float32, 0 to 1, as it was used in the end: of a solid product mended by the
            fit where the photo's colours agreed with it.
        rerender: (h, w, 3) uint8: the fitted product drawn over the dimmed photo, made
            smaller.
        seconds: per step.
        textured: the materials as they were made, and how the product lies in the photo.
        camera: the photo's camera as it was fitted, for what is solid; else None.
        fit: the family as it was fitted, or None for a free-form product.
    """

    product: Product
    photo: Photo
    mask: F32
    proposal: Proposal
    rerender: U8
    seconds: Mapping[str, float]
    textured: Textured | None = None
    camera: Camera | None = None
    fit: Fit | None = None

    def explain(self) -> dict[str, Any]:
        """What the network saw, ranked."""
        ranked = sorted(self.proposal.categories.items(), key=lambda pair: -pair[1])
        return {
            "categories": {name: round(p, 3) for name, p in ranked[:4]},
            "families": {c.family: round(c.probability, 3) for c in self.proposal.candidates[:4]},
            "structures": [
                {"choices": dict(s.choices), "probability": round(s.probability, 3)}
                for s in self.proposal.candidates[0].structures[:3]
            ],
            "confidence": round(self.proposal.confidence, 3),
            "presence": round(self.proposal.presence, 3),
            "in_family": round(self.proposal.in_family, 3),
        }
