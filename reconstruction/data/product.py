"""A picture of a random member of any family, drawn the way photos show it."""

from __future__ import annotations

from ..families import get_family
from .composite import U8
from .drawn import Drawn
from .furniture import draw_furniture
from .garments import draw_garment
from .textures import Rng


def draw_product(
    rng: Rng,
    name: str,
    size: int,
    *,
    oversample: int = 1,
    fill: float | None = None,
    patches: tuple[U8, ...] = (),
    member: tuple[dict[str, float], dict[str, str]] | None = None,
) -> Drawn:
    """A member of a family: laid flat, or a solid body before a camera.

    Args:
        member: complete values and choices; None: random.
        size: side of the picture, pixels.
        fill: share of the picture that the product's larger side takes; None: random.
        patches: (h, w, 3) uint8 pieces of real cloth for some of the flat garments.
    """
    if get_family(name).view == "flat":
        return draw_garment(
            rng, name, size, oversample=oversample, fill=fill, patches=patches, member=member
        )
    wide = max(2, oversample)
    return draw_furniture(rng, name, size, oversample=wide, fill=fill, member=member)
