"""The re-fittable product: a mesh plus what makes it re-fittable.

A product knows its family, the value of each named parameter with its interval and where that
value came from, its sizes, materials, variants, anchors and (for garments) its skin. Changing a
parameter rebuilds only what depends on it: see :meth:`Product.refit`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from .errors import ParameterError
from .family import Family, complete
from .mesh import Mesh

Source = Literal["photo", "declared", "prior", "artist", "size"]
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Estimate:
    """One parameter's value and how well it is known.

    Attributes:
        value: metres, radians, ratio or count, as the family's spec says.
        low, high: an interval that holds the true value with about 90% probability.
        confidence: 0 to 1.
        source: ``"photo"`` measured by the network and the refinement, ``"declared"`` given by
            the caller, ``"prior"`` the family's ordinary value, ``"artist"`` corrected by hand,
            ``"size"`` from the size chart.
    """

    value: float
    low: float
    high: float
    confidence: float
    source: Source


PICTURES = ("texture", "normal", "surface", "occlusion", "emission")
"""The attributes of a :class:`Material` that hold encoded pictures."""


@dataclass(frozen=True)
class Material:
    """A glTF metallic-roughness material.

    Attributes:
        base_color: linear RGBA factors, 0 to 1; multiplies the texture.
        texture: encoded PNG or JPEG bytes of the base colour, or None.
        normal: encoded PNG or JPEG bytes of a tangent-space normal map, or None.
        surface: encoded bytes of a picture whose green multiplies ``roughness`` and whose blue
            multiplies ``metallic``, or None.
        occlusion: encoded bytes of a picture whose red is how much ambient light arrives, often
            the very bytes of ``surface``, or None.
        emissive: linear RGB that the surface gives off, 0 to 1; multiplies ``emission``.
        emission: encoded bytes of the picture of what it gives off, or None.
        cutoff: with ``"mask"``, the alpha below which there is a hole.
        alpha: whether the texture's alpha cuts holes (``"mask"``) or lets light through
            (``"blend"``); ``"opaque"`` ignores it. A ``base_color`` below 1 always blends.
        seen: share of the slot's surface that a photo shows, the rest being its mirror image or
            invented; None where nothing was photographed.
    """

    base_color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    roughness: float = 0.8
    metallic: float = 0.0
    texture: bytes | None = None
    normal: bytes | None = None
    double_sided: bool = False
    alpha: Literal["opaque", "mask", "blend"] = "opaque"
    seen: float | None = None
    surface: bytes | None = None
    occlusion: bytes | None = None
    emissive: tuple[float, float, float] = (0.0, 0.0, 0.0)
    emission: bytes | None = None
    cutoff: float = 0.5

    @property
    def pictures(self) -> dict[str, bytes]:
        """The encoded pictures that there are, by the name of their attribute."""
        found = {n: getattr(self, n) for n in PICTURES}
        return {name: data for name, data in found.items() if data is not None}

    def with_pictures(self, pictures: Mapping[str, bytes]) -> Material:
        """The same with these pictures, named as in :attr:`pictures`, and no others."""
        given: dict[str, Any] = {name: pictures.get(name) for name in PICTURES}
        return replace(self, **given)


@dataclass(frozen=True)
class Price:
    """What a shop asks for a product.

    Attributes:
        amount: a decimal number as it was written, such as ``"59.90"``; never a float.
        currency: its ISO 4217 code.
    """

    amount: str
    currency: str

    @staticmethod
    def of(amount: str, currency: str) -> Price:
        """Check a price.

        Raises:
            ParameterError: no decimal number of 0 or more, or no code of three letters.
        """
        text, code = amount.strip(), currency.strip().upper()
        if not re.fullmatch(r"\d{1,12}(\.\d{1,4})?", text):
            raise ParameterError(
                "the price is no amount of money",
                field="price",
                expected="a decimal number such as 59.90",
                got=amount[:40],
            )
        if not re.fullmatch(r"[A-Z]{3}", code):
            raise ParameterError(
                "the currency is no ISO 4217 code",
                field="currency",
                expected="three letters such as EUR or CNY",
                got=currency[:40] or "nothing",
            )
        return Price(text, code)


@dataclass(frozen=True)
class Variant:
    """A named colourway: for each material slot, the material to wear instead."""

    name: str
    label: Mapping[str, str]
    materials: Mapping[str, Material]


@dataclass(frozen=True)
class PhotoSource:
    """The photo a product came from: its file name and hash, never its pixels.

    Attributes:
        mask_iou: silhouette IoU of the re-rendered product against the photo's mask, or NaN.
    """

    name: str
    sha256: str
    width: int
    height: int
    mask_iou: float = float("nan")


@dataclass(frozen=True, eq=False)
class Product:
    """A product that can be re-fitted.

    Attributes:
        id: lower-case letters, digits and ``-``; names the folder and the glTF extras.
        name: words per language, such as ``{"en": "Grey T-shirt", "zh": "灰色T恤"}``.
        values: one :class:`Estimate` per parameter of the family.
        sizes: parameter values per size label, smallest first; empty for furniture.
        size: the label of ``sizes`` that ``values`` stand for, or ``""``.
        confidence: 0 to 1, of the reconstruction as a whole.
        warnings: sentences that a person should read, such as a low confidence.
        license: under which another's mesh came, as its maker says it; empty for our own.
        price: what the shop asks for it, or None.
    """

    id: str
    name: Mapping[str, str]
    family: Family
    values: Mapping[str, Estimate]
    choices: Mapping[str, str]
    mesh: Mesh
    materials: Mapping[str, Material]
    variants: tuple[Variant, ...] = ()
    sizes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    size: str = ""
    photo: PhotoSource | None = None
    confidence: float = 1.0
    warnings: tuple[str, ...] = ()
    license: str = ""
    price: Price | None = None

    @property
    def kind(self) -> Literal["garment", "furniture"]:
        return self.family.kind

    @property
    def category(self) -> str:
        return self.family.category

    @property
    def numbers(self) -> dict[str, float]:
        """The bare parameter values."""
        return {name: e.value for name, e in self.values.items()}

    def refit(
        self,
        values: Mapping[str, float] | None = None,
        choices: Mapping[str, str] | None = None,
        *,
        source: Source = "artist",
    ) -> Product:
        """The same product with other parameters; the mesh is rebuilt only if its shape changed.

        Args:
            values: new values by parameter name, in the family's units.
            choices: new options by choice name.
            source: what the new values are recorded as.

        Raises:
            ParameterError: an unknown name or a value out of range; nothing has changed then.
        """
        given = dict(values or {})
        new_values, new_choices = complete(
            self.family, {**self.numbers, **given}, {**self.choices, **(choices or {})}
        )
        if new_values == self.numbers and new_choices == dict(self.choices):
            return self
        estimates = dict(self.values)
        for name in given:
            number = new_values[name]
            estimates[name] = Estimate(number, number, number, 1.0, source)
        mesh = self.family.build(new_values, new_choices)
        return replace(self, values=estimates, choices=new_choices, mesh=mesh)

    def in_size(self, label: str) -> Product:
        """The product in another size of its chart.

        Raises:
            ParameterError: the chart has no such size; names those it has.
        """
        if label not in self.sizes:
            raise ParameterError(
                f"{self.id} is not made in size {label}",
                field="size",
                expected=", ".join(self.sizes) or "a product with a size chart",
                got=label,
            )
        resized = self.refit(self.sizes[label], source="size")
        return replace(resized, size=label)


def graded_sizes(
    family: Family, values: Mapping[str, float], labels: tuple[str, ...], base: str
) -> dict[str, dict[str, float]]:
    """Grade a size chart around one size with the family's grade rules.

    Args:
        values: parameter values of the size ``base``.
        labels: size labels, smallest first; ``base`` is one of them.

    Returns:
        For each label the graded parameters only, clipped to the family's ranges.
    """
    graded = [p for p in family.parameters if p.grade]
    origin = labels.index(base)
    return {
        label: {
            p.name: float(np.clip(values[p.name] + p.grade * (i - origin), p.minimum, p.maximum))
            for p in graded
        }
        for i, label in enumerate(labels)
    }
