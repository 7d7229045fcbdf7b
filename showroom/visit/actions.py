"""Commands carried out: a state and a command in, a new state and what to say about it out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from reconstruction.product import Product
from showroom.catalog.errors import CatalogError
from showroom.catalog.facts import fact, price_of
from showroom.catalog.products import Entry
from showroom.fit.errors import FitError
from showroom.fit.furnishing import Viewer
from showroom.fit.layers import layer_of
from showroom.protocol.messages import Command

from . import basket
from .parts import has_part
from .refused import AmbiguousError, RefusedError, refused
from .shopfloor import Shopfloor, regrown
from .state import Look, State
from .tailor import alter

EVERYTHING = "all"
"""The option of ``take_off`` that means all garments at once."""

_WOODS = ("wood", "oak", "walnut", "pine", "beech", "birch", "ash")
SHAPE = ("adjust_fit", "set_size", "set_color", "set_choice")
PLACE = ("move", "rotate", "place")


@dataclass(frozen=True)
class Deed:
    """A command carried out.

    Attributes:
        state: the new one.
        target: the product that it was about.
        kind, slots: of the reply to give.
    """

    state: State
    target: str
    kind: str
    slots: Mapping[str, object] = field(default_factory=dict)


def carry_out(
    command: Command, state: State, shop: Shopfloor, viewer: Viewer, pointed: str = ""
) -> Deed:
    """What a command makes of a state; the state itself does not change.

    Args:
        pointed: the product that the visitor points at, or ``""``.

    Raises:
        RefusedError: it cannot be done, and why; nothing is done by halves.
    """
    try:
        return _carry_out(command, state, shop, viewer, pointed)
    except (CatalogError, FitError) as error:
        raise refused(error) from error


def _carry_out(
    command: Command, state: State, shop: Shopfloor, viewer: Viewer, pointed: str
) -> Deed:
    match command.action:
        case "show" | "choose":
            return _show(command, state, shop, viewer)
        case "try_on":
            return _try_on(command, state, shop, viewer, pointed)
        case "take_off":
            return _take_off(command, state, shop)
        case "look":
            return _look(command, state, shop, viewer, pointed)
        case "add_to_basket":
            return _add_to_basket(command, state, shop, pointed)
        case "remove_from_basket":
            return _remove_from_basket(command, state, shop)
        case "dislike":
            return _dislike(command, state, shop, pointed)
    if command.action == "scale" or command.action in SHAPE:
        key = meant(
            command.target,
            state,
            shop,
            pointed,
            "garment" if command.action == "set_size" else "",
            command.part,
        )
        placed = state.things[key]
        altered = alter(command, shop.product(key), placed.look)
        if altered.look == placed.look:
            raise RefusedError("already", "it is so already", field="target", got=key)
        new = regrown(shop, key, placed, altered.look, state, viewer)
        return Deed(state.put(key, new), key, altered.kind, altered.slots)
    if command.action in PLACE:
        if command.action == "place" and _to_come(command.target, state, shop):
            return _show(command, state, shop, viewer)
        key = meant(command.target, state, shop, pointed, "furniture")
        if command.near == "pointer":
            if not pointed or pointed == key:
                raise RefusedError("no_room", "nothing is pointed at", field="near", got="nothing")
            command = msgspec.structs.replace(command, near=pointed)
        if command.action == "place" and command.at is not None and command.factor is not None:
            state = _scaled(command, key, state, shop, viewer)
        mover = shop.mover(viewer)
        floor = mover.floor(state, shop.furniture(state))
        name = dict(shop.product(key).name)
        shift = mover.move(command, key, state.things[key], floor, name)
        return Deed(state.put(key, shift.placed), key, shift.kind, shift.slots)
    raise ValueError(command.action)


def _scaled(command: Command, key: str, state: State, shop: Shopfloor, viewer: Viewer) -> State:
    """The state with a product larger or smaller, before it is put somewhere.

    Raises:
        RefusedError: it is not made in that size, or has room nowhere.
    """
    placed = state.things[key]
    wish = msgspec.structs.replace(command, action="scale", part="", parameter="")
    look = alter(wish, shop.product(key), placed.look).look
    return state.put(key, regrown(shop, key, placed, look, state, viewer))


def meant(
    target: str, state: State, shop: Shopfloor, pointed: str, kind: str = "", part: str = ""
) -> str:
    """The id of the product that a command means, among those to be seen.

    Args:
        target: an id, a category, a kind, or ``""`` for what is in context: what is pointed at,
            worn, or the only one there.
        kind: of the products that can be meant.
        part: that they must have.

    Raises:
        RefusedError: there is none; names those there are.
        AmbiguousError: there are several.
    """
    if target in state.things:
        return target
    able = [key for key in state.things if _can(key, state, shop, kind, part)]
    if target:
        named = [entry.id for entry in shop.catalog.find(target) if entry.id in state.things]
        if not named:
            raise _unknown(target, state, shop)
        found = [key for key in named if key in able] or named
    else:
        found = able
    for key in (pointed, *reversed(state.outfit)):
        if key in found:
            return key
    if len(found) == 1:
        return found[0]
    if found:
        raise AmbiguousError([shop.product(key) for key in found])
    raise RefusedError(
        "nothing_worn" if kind == "garment" else "nothing_there",
        "there is no such product to be seen",
        field="target",
        expected=", ".join(state.things) or "a product that is shown",
        got="none",
    )


def _can(key: str, state: State, shop: Shopfloor, kind: str, part: str) -> bool:
    product = shop.product(key)
    if kind and product.kind != kind:
        return False
    return not part or has_part(product.family, state.things[key].look.choices, part)


def _to_come(target: str, state: State, shop: Shopfloor) -> bool:
    """Whether a target is a product of the shop that is not to be seen yet."""
    return target not in state.things and any(e.id == target for e in shop.catalog.find(target))


def _show(command: Command, state: State, shop: Shopfloor, viewer: Viewer) -> Deed:
    entry = choose(command, state, shop, "")
    key = entry.id
    slots = {"name": dict(entry.product.name)}
    if key in state.things:
        return Deed(state, key, "shown", slots)
    wish = command
    if entry.color == command.color:  # it is so by nature
        wish = msgspec.structs.replace(command, color="")
    look = _as_asked(wish, shop.atelier.look(key), entry.product)
    brought = shop.bring(key, look, state, viewer, command.near).interested(key)
    return Deed(brought, key, "shown", slots)


TURNS = {"back": math.pi, "side": math.pi / 2, "front": math.pi, "turn": math.pi / 2}


def _look(command: Command, state: State, shop: Shopfloor, viewer: Viewer, pointed: str) -> Deed:
    """Turn a product so that the visitor sees its other side; the rest is for their own legs."""
    key = meant(command.target, state, shop, pointed)
    angle = TURNS.get(command.option)
    if angle is None or state.things[key].worn:
        kind = "look_at_yourself" if state.things[key].worn else "look_closer"
        raise RefusedError(
            kind, "this cannot be shown by turning the product", field="option", got=command.option
        )
    turn = msgspec.structs.replace(command, action="rotate", option="", part="", delta=angle)
    floor = shop.mover(viewer).floor(state, shop.furniture(state))
    name = dict(shop.product(key).name)
    shift = shop.mover(viewer).move(turn, key, state.things[key], floor, name)
    return Deed(state.put(key, shift.placed), key, shift.kind, shift.slots)


def _try_on(command: Command, state: State, shop: Shopfloor, viewer: Viewer, pointed: str) -> Deed:
    if not command.target and not command.color:
        key = meant("", state, shop, pointed, "garment")
    else:
        key = choose(command, state, shop, "garment").id
    product = shop.product(key)
    new = state
    if key not in state.things:
        new = shop.bring(key, shop.atelier.look(key), state, viewer)
    look = _as_asked(command, new.things[key].look, product)
    layer = layer_of(product.family.name, product.category)
    for other in state.outfit:
        worn = shop.product(other)
        if other != key and layer.covers & layer_of(worn.family.name, worn.category).covers:
            new = _off(new, other, shop)
    new = new.put(key, msgspec.structs.replace(new.things[key], worn=True, look=look))
    new = new.interested(key)
    return Deed(new, key, "worn", {"name": dict(product.name), "size": look.size})


def _take_off(command: Command, state: State, shop: Shopfloor) -> Deed:
    key = command.target
    if command.option == EVERYTHING and state.outfit:
        new = state
        for worn in state.outfit:
            new = _off(new, worn, shop)
        return Deed(new, state.worn, "taken_off_all")
    if key not in state.things:
        named = [e.id for e in shop.catalog.find(key) if e.id in state.things] if key else []
        top = reversed(state.outfit)
        key = next((k for k in (*top, *named) if not named or k in named), "")
    if not key:
        raise RefusedError("nothing_worn", "nothing is worn", field="target", got="nothing")
    name = dict(shop.product(key).name)
    if state.things[key].worn:
        return Deed(_off(state, key, shop), key, "taken_off", {"name": name})
    return Deed(state.without(key), key, "removed", {"name": name})


def _off(state: State, key: str, shop: Shopfloor) -> State:
    """The state with one garment taken off: back on its stand, or gone from the visitor's room."""
    if shop.own:
        return state.without(key)
    return state.put(key, msgspec.structs.replace(state.things[key], worn=False))


def _add_to_basket(command: Command, state: State, shop: Shopfloor, pointed: str) -> Deed:
    key = command.target
    if key not in state.things and key not in shop.catalog:
        found = [e.id for e in shop.catalog.find(key, color=command.color)] if key else []
        key = found[0] if len(found) == 1 else meant(key, state, shop, pointed)
    placed = state.things.get(key)
    look = placed.look if placed is not None else shop.atelier.look(key)
    new = basket.add(command, key, look, state, shop)
    slots = {"name": dict(shop.product(key).name), "size": new.basket[-1].look.size}
    return Deed(new, key, "basket_added", slots | _contents(new, shop))


def _remove_from_basket(command: Command, state: State, shop: Shopfloor) -> Deed:
    key = command.target
    chosen = {c.target for c in state.basket}
    if key and key not in chosen:
        key = next((e.id for e in shop.catalog.find(key) if e.id in chosen), key)
    new, gone = basket.remove(command, key, state, shop)
    if not new.basket:
        return Deed(new, gone, "basket_empty")
    slots = {"name": dict(shop.product(gone).name)}
    return Deed(new, gone, "basket_removed", slots | _contents(new, shop))


def _contents(state: State, shop: Shopfloor) -> dict[str, object]:
    """Pieces and total of a basket, as replies tell them."""
    count = sum(c.count for c in state.basket)
    return {"count": str(count), "total": basket.sum_text(basket.shown(state, shop))}


def _dislike(command: Command, state: State, shop: Shopfloor, pointed: str) -> Deed:
    key = meant(command.target, state, shop, pointed) if command.target not in shop.catalog else ""
    key = key or command.target
    barred = tuple(k for k in state.disliked if k != key)
    new = msgspec.structs.replace(
        state,
        disliked=(*barred, key),
        interest=tuple(k for k in state.interest if k != key),
    )
    return Deed(new, key, "disliked", {"name": dict(shop.product(key).name)})


def choose(command: Command, state: State, shop: Shopfloor, kind: str) -> Entry:
    """The product of the catalogue that fits a wish best.

    Raises:
        RefusedError: none does.
    """
    target, color = command.target, command.color
    found = shop.catalog.find(target, kind=kind, color=color)
    if not found and color:  # none comes in that colour: one of them can be dyed
        found = shop.catalog.find(target, kind=kind)
    found = tuple(entry for entry in found if _affordable(entry, command))
    if command.option:  # "another one"
        current = state.worn if kind == "garment" else ""
        rest = [entry for entry in found if entry.id not in (current, target)]
        category = shop.product(target).family.name if target in shop.catalog else ""
        rest = rest or [e for e in shop.catalog.find(category, kind=kind) if e.id != target]
        found = tuple(rest)
    if not found and kind and shop.catalog.find(target):
        raise RefusedError(
            "error", "furniture cannot be worn", field="target", expected="a garment", got=target
        )
    if not found:
        raise _unknown(target or color, state, shop)
    return found[0]


def _affordable(entry: Entry, command: Command) -> bool:
    """Whether price and material are as asked; what states none of it is not offered."""
    if command.price_low is not None or command.price_high is not None:
        price = price_of(entry)
        if price is None:
            return False
        low, high = command.price_low or 0.0, command.price_high
        if float(price[0]) < low or (high is not None and float(price[0]) > high):
            return False
    if not command.material:
        return True
    said = fact(entry, "material")
    wanted = _WOODS if command.material == "wood" else (command.material,)
    stated = " ".join(said.text.values()).lower() if said is not None else ""
    return any(material in stated for material in wanted)


def _as_asked(command: Command, look: Look, product: Product) -> Look:
    """The look in the size and colour that the command names."""
    for action, wish, now in (
        ("set_size", command.size, look.size),
        ("set_color", command.color, look.color),
    ):
        if wish and wish != now:
            step = msgspec.structs.replace(command, action=action)
            look = alter(step, product, look).look
    return look


def _unknown(target: str, state: State, shop: Shopfloor) -> RefusedError:
    return RefusedError(
        "no_such_product",
        "there is no such product here",
        {"name": target},
        code="no_such_product",
        field="target",
        expected=", ".join(entry.id for entry in shop.catalog) or "an empty catalogue",
        got=target,
    )
