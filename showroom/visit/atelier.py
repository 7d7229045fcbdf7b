"""Products made to a look: built once, kept while they may be needed again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from reconstruction.errors import ReconstructionError
from reconstruction.family import complete
from reconstruction.gltf.glb import product_glb
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
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Made:
    """A product as made, and its file."""

    product: Product
    glb: bytes
    hash: str


class Atelier:
    """Makes the catalogue's products to looks.

    The same shape of the same product on the same body is built once, the same look written to a
    file once; the latest :data:`KEPT` of each are kept, so that another colour needs no new shape
    and undoing is instant.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._shapes: OrderedDict[tuple[object, ...], Mesh] = OrderedDict()
        self._made: OrderedDict[tuple[object, ...], Made] = OrderedDict()
        self._dyed: dict[tuple[str, str], Mapping[str, Material]] = {}
        # Held, so that no other body can come by the number of one that is gone.
        self._forms: dict[int, BodyForm] = {}

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
        name = (key, look.shape, look.size, look.color, self._number(form))
        made = self._made.get(name)
        if made is None:
            base = self._catalog.get(key).product
            try:
                product = replace(
                    base,
                    values={n: _estimate(base, n, value) for n, value in look.values.items()},
                    choices=look.choices,
                    mesh=self.shape(key, look, form),
                    size=look.size,
                    materials=self._materials(base, look.color),
                )
                glb = product_glb(product)
            except (ReconstructionError, CatalogError) as error:
                raise refused(error) from error
            made = Made(product, glb, hashlib.sha256(glb).hexdigest())
            _keep(self._made, name, made)
        return made

    def shape(self, key: str, look: Look, form: BodyForm | None = None) -> Mesh:
        """A product's mesh alone; see :meth:`make`."""
        name = (key, look.shape, self._number(form))
        mesh = self._shapes.get(name)
        if mesh is None:
            base = self._catalog.get(key).product
            try:
                mesh = _built(base, look, form)
            except ReconstructionError as error:
                raise refused(error) from error
            _keep(self._shapes, name, mesh)
        return mesh

    def forget_body(self, present: BodyForm) -> None:
        """Drop what was draped on other bodies than the present one."""
        self._forms = {id(present): present}
        kept = (0, id(present))
        for store in (self._shapes, self._made):
            for name in [name for name in store if name[-1] not in kept]:
                del store[name]

    def _number(self, form: BodyForm | None) -> int:
        if form is None:
            return 0
        self._forms[id(form)] = form
        return id(form)

    def _materials(self, base: Product, color: str) -> Mapping[str, Material]:
        if not color:
            return base.materials
        name = (base.id, color)
        if name not in self._dyed:
            self._dyed[name] = recolor(base, color).materials
        return self._dyed[name]


def _built(base: Product, look: Look, form: BodyForm | None) -> Mesh:
    if form is None:
        same = look.values == complete(base.family, base.numbers, {})[0]
        if same and look.choices == dict(base.choices):
            return base.mesh
        return base.family.build(look.values, look.choices)
    on_body = getattr(base.family, "drape_on", None)
    if on_body is None:
        raise RefusedError(
            "nothing_there", "the product cannot be worn", field="target", got=base.id
        )
    mesh: Mesh = on_body(look.values, look.choices, form)
    return mesh


def _estimate(base: Product, name: str, value: float) -> Estimate:
    """The catalogue's own estimate where the value is still that, else the visitor's wish."""
    known = base.values.get(name)
    if known is not None and known.value == value:
        return known
    return Estimate(value, value, value, 1.0, "artist")


def _keep(store: OrderedDict[tuple[object, ...], _T], name: tuple[object, ...], thing: _T) -> None:
    store[name] = thing
    if len(store) > KEPT:
        store.popitem(last=False)
