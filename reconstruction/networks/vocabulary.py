"""The names behind the network's numbers: categories, families, parameters, choices, landmarks.

Weights carry their vocabulary, so that they go on working while the families grow: a parameter
that the weights do not know is answered with the family's own prior.

Lengths are learned relative to the product's size, since a photo shows no scale: of furniture
the diagonal of its box, of garments their first length. The size itself is one more number,
learned as a logarithm, whose wide deviation is honest about how little a photo says of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..families import family_names, get_family

F32 = NDArray[np.float32]

REAL_CATEGORIES = (
    "dress",
    "hat",
    "longsleeve",
    "outwear",
    "pants",
    "shirt",
    "shoes",
    "shorts",
    "skirt",
    "t-shirt",
)
"""Classes of real photos, in the order of their folders."""

NOTHING = "nothing"
"""The category of a picture without a product."""


@cache
def known_categories() -> tuple[str, ...]:
    """Every category: those of real photos, then those of the other families, then nothing."""
    of_families = dict.fromkeys(category_of(name) for name in family_names())
    others = [c for c in of_families if c not in REAL_CATEGORIES]
    return (*REAL_CATEGORIES, *others, NOTHING)


def category_of(family: str) -> str:
    """The category that a picture of a family is an example of."""
    return get_family(family).category


LOG_SCALE = "log_scale"
"""The column that holds the logarithm of the size in metres."""

_BOX = ("width", "height", "depth")


@dataclass(frozen=True)
class Column:
    """One learned number: standardised as (value - mean) / deviation."""

    name: str
    relative: bool
    mean: float
    deviation: float


@dataclass(frozen=True)
class FamilyWords:
    """What the network knows of one family.

    Attributes:
        scale: parameters whose root of summed squares is the size.
        columns: :data:`LOG_SCALE` first, then one per parameter.
        choices: options by choice.
    """

    name: str
    scale: tuple[str, ...]
    columns: tuple[Column, ...]
    choices: tuple[tuple[str, tuple[str, ...]], ...]

    def size_of(self, values: Mapping[str, float]) -> float:
        """The product's size, metres."""
        return math.sqrt(sum(values[name] ** 2 for name in self.scale))

    def encode(self, values: Mapping[str, float], active: frozenset[str]) -> F32:
        """(columns,) float32 standardised targets, NaN for what cannot be seen."""
        size = self.size_of(values)
        out = np.full(len(self.columns), np.nan, np.float32)
        for i, column in enumerate(self.columns):
            if column.name == LOG_SCALE:
                raw = math.log(size)
            elif column.name in active:
                raw = values[column.name] / (size if column.relative else 1.0)
            else:
                continue
            out[i] = (raw - column.mean) / column.deviation
        return out

    def encode_choices(self, choices: Mapping[str, str]) -> NDArray[np.int64]:
        """(choices,) int64 index of each option."""
        return np.array([opts.index(choices[name]) for name, opts in self.choices], np.int64)


@dataclass(frozen=True)
class Vocabulary:
    """All names, in the order of the network's outputs."""

    families: tuple[FamilyWords, ...]
    landmarks: tuple[str, ...]
    categories: tuple[str, ...] = field(default_factory=known_categories)

    @property
    def family_names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.families)

    @property
    def column_count(self) -> int:
        return sum(len(f.columns) for f in self.families)

    @property
    def choice_sizes(self) -> tuple[int, ...]:
        """The number of options of every choice of every family, in order."""
        return tuple(len(options) for f in self.families for _, options in f.choices)

    def columns_of(self, family: int) -> slice:
        """Where a family's columns lie among all."""
        start = sum(len(f.columns) for f in self.families[:family])
        return slice(start, start + len(self.families[family].columns))

    def choices_of(self, family: int) -> slice:
        """Where a family's choices lie among all."""
        start = sum(len(f.choices) for f in self.families[:family])
        return slice(start, start + len(self.families[family].choices))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> Vocabulary:
        """From :meth:`document`'s JSON."""
        return Vocabulary(
            tuple(
                FamilyWords(
                    f["name"],
                    tuple(f["scale"]),
                    tuple(Column(**c) for c in f["columns"]),
                    tuple((name, tuple(options)) for name, options in f["choices"]),
                )
                for f in document["families"]
            ),
            tuple(document["landmarks"]),
            tuple(document["categories"]),
        )


def measure_vocabulary(names: tuple[str, ...], seed: int = 0, samples: int = 1500) -> Vocabulary:
    """The families' names as they are now, with means and deviations of random members."""
    from ..families.garment_flat import LANDMARKS

    families = []
    for name in names:
        family = get_family(name)
        rng = np.random.default_rng(seed)
        members = [family.sample(rng)[0] for _ in range(samples)]
        known = tuple(p.name for p in family.parameters)
        scale = _BOX if all(b in known for b in _BOX) else known[:1]
        size = np.sqrt(sum(np.array([m[s] for m in members]) ** 2 for s in scale))
        columns = [_column(LOG_SCALE, False, np.log(size))]
        for p in family.parameters:
            raw = np.array([m[p.name] for m in members])
            relative = p.unit == "m"
            columns.append(_column(p.name, relative, raw / size if relative else raw))
        choices = tuple((c.name, c.options) for c in family.choices)
        families.append(FamilyWords(name, scale, tuple(columns), choices))
    return Vocabulary(tuple(families), LANDMARKS)


def _column(name: str, relative: bool, raw: NDArray[np.float64]) -> Column:
    return Column(name, relative, float(raw.mean()), max(float(raw.std()), 1e-4))
