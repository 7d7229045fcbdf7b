"""What the caller of a reconstruction knows and wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..product import Price
    from .size_chart import SizeChart


@dataclass(frozen=True)
class Request:
    """What the caller knows and wants.

    Attributes:
        category: a category or family name, where it is known; ``"other"`` for what no family
            stands for, which is built free-form.
        declared: true dimensions in metres: ``height``, ``width``, ``depth``, or parameters.
        size: a garment's size label, which declares its measures by the chart.
        chart: the shop's size chart; without one the family's own grading.
        reference: an object of known size in the photo, such as ``"a4"`` or ``"card"``; see
            :mod:`reconstruction.intake.reference`.
        corrections: parameters set by hand after the fit.
        choices: options set by hand before the fit, such as ``{"back": "slats"}``.
        keep: parameters that are known and stay as they are, whatever the photo says: only the
            camera or the pose is found anew.
        id: of the product; made from the photo's name if it is empty.
        name: words per language for the product; the family's label where there are none.
        price: what the shop asks for it.
        quick: leave out what costs time: the proposal is only laid onto the photo.
        freeform: whether what no family can build may become a free-form product.
    """

    category: str | None = None
    declared: Mapping[str, float] = field(default_factory=dict)
    size: str | None = None
    chart: SizeChart | None = None
    reference: str | None = None
    corrections: Mapping[str, float] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, float] = field(default_factory=dict)
    id: str = ""
    name: Mapping[str, str] = field(default_factory=dict)
    price: Price | None = None
    quick: bool = False
    freeform: bool = False
