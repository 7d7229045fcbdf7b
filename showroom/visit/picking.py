"""Which of several products is the cheapest, largest or darkest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from showroom.catalog.color import find_color
from showroom.catalog.errors import CatalogError
from showroom.catalog.facts import price_of

from .refused import RefusedError
from .shopfloor import Shopfloor
from .state import State

_SIZES = ("width", "length", "height", "depth", "body_length", "chest_width")


def pick(option: str, among: Sequence[str], state: State, shop: Shopfloor) -> str:
    """The id of what an option such as ``"cheapest"`` or ``"2"`` picks.

    Args:
        among: ids of what was offered, in order; where nothing was, those in the room count that
            state what it takes.

    Raises:
        RefusedError: there is nothing to choose from, or the shop does not state what it takes.
    """
    keys = list(dict.fromkeys(among or state.things))
    if option.lstrip("-").isdigit():
        at = int(option)
        at = at - 1 if at > 0 else len(keys) + at
        if 0 <= at < len(keys):
            return keys[at]
        raise _nothing(option, keys)
    way = _WAYS.get(option)
    if way is None or not keys:
        raise _nothing(option, keys)
    measure, sign = way
    found = [(value, key) for key in keys if (value := measure(key, state, shop)) is not None]
    if len(found) < (len(keys) if among else 1):
        raise RefusedError(
            "no_answer",
            f"not all of the products state what {option} needs",
            field="option",
            expected="products that all state it",
            got=option,
        )
    return min(found, key=lambda each: sign * each[0])[1]


def _nothing(option: str, keys: Sequence[str]) -> RefusedError:
    return RefusedError(
        "not_understood",
        "nothing was offered that this could pick",
        field="option",
        expected=", ".join(keys) or "products that are shown",
        got=option,
    )


def _price(key: str, state: State, shop: Shopfloor) -> float | None:
    price = price_of(shop.catalog.get(key))
    return float(price[0]) if price is not None else None


def _size(key: str, state: State, shop: Shopfloor) -> float | None:
    placed = state.things.get(key)
    product = shop.product(key)
    made = {p.name: p.default for p in product.family.parameters}
    values = placed.look.values if placed else made
    sizes = [values[name] for name in _SIZES if name in values]
    return sum(sizes) if sizes else None


def _light(key: str, state: State, shop: Shopfloor) -> float | None:
    try:
        red, green, blue = find_color(shop.color(key, state)).srgb
    except CatalogError:
        return None
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


_WAYS: dict[str, tuple[Callable[[str, State, Shopfloor], float | None], int]] = {
    "cheapest": (_price, 1),
    "dearest": (_price, -1),
    "largest": (_size, -1),
    "smallest": (_size, 1),
    "lightest": (_light, -1),
    "darkest": (_light, 1),
}
