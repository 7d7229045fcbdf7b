"""Products made to a look: built once, kept while they may be needed again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconstruction.errors import ReconstructionError
from reconstruction.family import complete
from reconstruction.glb import product_glb
from reconstruction.mesh import Mesh
from reconstruction.product import Estimate, Material, Product
from showroom.catalog.errors import CatalogError
from showroom.catalog.products import Catalog
from showroom.catalog.recolor import recolor

from .refused import RefusedError, refused
from .state import Look

if TYPE_CHECKING:
    from reconstruction.dressform import BodyForm

KEPT = 24


@dataclass(frozen=True, eq=False)
class Made:
    """A product as made, and its file."""

    product: Product
    glb: bytes
    hash: str


class Atelier:
    """Makes the catalogue's products to looks.

    The same look of the same product on the same body is made once; the latest :data:`KEPT` are
    kept, so that undoing is instant.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._made: OrderedDict[tuple[object, ...], Made] = OrderedDict()
        self._dyed: dict[tuple[str, str], Mapping[str, Material]] = {}

    def look(self, key: str) -> Look:
        """The look that a product of the catalogue comes with.

        Raises:
            CatalogError: there is no such product.
        """
        product = self._catalog.get(key).product
        values, choices = complete(product.family, product.numbers, product.choices)
        return Look(values, choices, product.size)

    def make(self, key: str, look: Look, form: BodyForm | None = None) -> Made:
        """A product in a look, draped on a visitor's body where one is given.

        Raises:
            RefusedError: the look cannot be built.
        """
        name = (key, look.key, look.size, id(form) if form is not None else 0)
        made = self._made.get(name)
        if made is None:
            try:
                product = self._build(self._catalog.get(key).product, look, form)
                glb = product_glb(product)
            except (ReconstructionError, CatalogError) as error:
                raise refused(error) from error
            made = self._made[name] = Made(product, glb, hashlib.sha256(glb).hexdigest())
            if len(self._made) > KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(name)
        return made

    def forget_body(self, present: BodyForm) -> None:
        """Drop what was draped on other bodies than the present one."""
        for name in [name for name in self._made if name[-1] not in (0, id(present))]:
            del self._made[name]

    def _build(self, base: Product, look: Look, form: BodyForm | None) -> Product:
        values, choices = complete(base.family, look.values, look.choices)
        same = values == complete(base.family, base.numbers, {})[0]
        if form is not None:
            mesh = drape(base, values, choices, form)
        elif same and choices == dict(base.choices):
            mesh = base.mesh
        else:
            mesh = base.family.build(values, choices)
        return replace(
            base,
            values={
                name: base.values[name]
                if name in base.values and base.values[name].value == value
                else Estimate(value, value, value, 1.0, "artist")
                for name, value in values.items()
            },
            choices=choices,
            mesh=mesh,
            size=look.size,
            materials=self._materials(base, look.color),
        )

    def _materials(self, base: Product, color: str) -> Mapping[str, Material]:
        if not color:
            return base.materials
        name = (base.id, color)
        if name not in self._dyed:
            self._dyed[name] = recolor(base, color).materials
        return self._dyed[name]


def drape(
    base: Product, values: Mapping[str, float], choices: Mapping[str, str], form: BodyForm
) -> Mesh:
    """A garment's mesh on a body.

    Raises:
        RefusedError: the product is no garment that can be draped.
    """
    on_body = getattr(base.family, "drape_on", None)
    if on_body is None:
        raise RefusedError(
            "nothing_there", "the product cannot be worn", field="target", got=base.id
        )
    mesh: Mesh = on_body(values, choices, form)
    return mesh
