"""The difference of two states, as the updates that a client needs to follow."""

from __future__ import annotations

from collections.abc import Iterator

from reconstruction.product import Product
from showroom.catalog.color import colors
from showroom.catalog.facts import price_of
from showroom.protocol.messages import (
    AssetReady,
    Change,
    ProductChanged,
    ProductRemoved,
    ProductShown,
    Update,
)

from .atelier import Made
from .parts import scaled
from .shopfloor import Shopfloor
from .state import Placed, State
from .wearer import Wearer

_STILL = 1e-6


class Announcer:
    """Tells one client what there is; each file goes out once.

    Attributes:
        sent: hashes of the files that the shell already has.
    """

    def __init__(self) -> None:
        self.sent: set[str] = set()

    def asset(self, digest: str, data: bytes) -> Iterator[Update]:
        """The file, unless it went out before."""
        if digest not in self.sent:
            self.sent.add(digest)
            yield AssetReady(hash=digest, data=data)

    def difference(
        self, old: State, new: State, shop: Shopfloor, wearer: Wearer | None, ref: str
    ) -> list[Update]:
        """What changed, in an order that can be shown as it comes.

        Args:
            wearer: has already put on what ``new`` says is worn.
        """
        updates: list[Update] = [
            ProductRemoved(target=key, ref=ref) for key in old.things if key not in new.things
        ]
        for key, placed in new.things.items():
            before = old.things.get(key)
            if before == placed:
                continue
            if before is None or before.worn != placed.worn:
                updates += self.shown(key, placed, shop, wearer, ref)
            else:
                updates += self._changed(key, before, placed, shop, wearer, ref)
        return updates

    def shown(
        self, key: str, placed: Placed, shop: Shopfloor, wearer: Wearer | None, ref: str = ""
    ) -> Iterator[Update]:
        """A product as a client sees it for the first time, or on another place of the body."""
        made = made_for(key, placed, shop, wearer)
        entry = shop.catalog.get(key)
        product = entry.product
        price, currency = price_of(entry) or ("", "")
        yield from self.asset(made.hash, made.glb)
        yield ProductShown(
            target=key,
            glb=made.hash,
            name=dict(product.name),
            kind=product.kind,
            category=product.category,
            transform=placed.transform,
            worn=placed.worn,
            size=placed.look.size,
            color=placed.look.color or entry.color,
            values=dict(placed.look.values),
            sizes=tuple(product.sizes),
            colors=_colors(product),
            ranges=_ranges(product),
            price=price,
            currency=currency,
            ref=ref,
        )

    def _changed(
        self,
        key: str,
        before: Placed,
        after: Placed,
        shop: Shopfloor,
        wearer: Wearer | None,
        ref: str,
    ) -> Iterator[Update]:
        glb = ""
        if before.look != after.look:
            made = made_for(key, after, shop, wearer)
            glb = made.hash
            yield from self.asset(made.hash, made.glb)
        color = after.look.color or shop.catalog.get(key).color
        recolored = before.look.color != after.look.color
        yield ProductChanged(
            target=key,
            changes=tuple(changes(shop.product(key), before, after)),
            transform=after.transform,
            glb=glb,
            size=after.look.size if before.look.size != after.look.size else "",
            color=color if recolored else "",
            ref=ref,
        )


def made_for(key: str, placed: Placed, shop: Shopfloor, wearer: Wearer | None) -> Made:
    """The product as made: on the visitor's body if it is worn.

    Raises:
        RefusedError: the look cannot be built.
    """
    form = wearer.avatar.form if placed.worn and wearer is not None else None
    return shop.atelier.make(key, placed.look, form)


def changes(product: Product, before: Placed, after: Placed) -> Iterator[Change]:
    """The numbers that differ: parameters in their units, then place and turn."""
    for spec in product.family.parameters:
        old, new = before.look.values[spec.name], after.look.values[spec.name]
        if abs(new - old) > _STILL:
            yield Change(name=spec.name, unit=spec.unit, old=old, new=new)
    if after.worn:
        return
    for name, unit in (("x", "m"), ("y", "m"), ("z", "m"), ("yaw", "rad")):
        old, new = getattr(before, name), getattr(after, name)
        if abs(new - old) > _STILL:
            yield Change(name=name, unit=unit, old=old, new=new)


def _ranges(product: Product) -> dict[str, tuple[float, float]]:
    """The lowest and highest of what grows when the product is scaled as a whole."""
    grown = scaled(product.family)
    return {p.name: (p.minimum, p.maximum) for p in product.family.parameters if p.name in grown}


def _colors(product: Product) -> tuple[str, ...]:
    """The product's own colourways, then what it can be dyed in."""
    own = [variant.name for variant in product.variants]
    return tuple(dict.fromkeys((*own, *colors())))
