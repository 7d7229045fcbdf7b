"""What the visitor means to buy: lines in and out of the basket, and its total."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from showroom.catalog.facts import price_of
from showroom.protocol.messages import BasketLine, BasketShown, Command, Update
from showroom.voice import reply

from .refused import AmbiguousError, RefusedError
from .shopfloor import Shopfloor
from .state import Chosen, Look, State
from .tailor import alter

MOST_LINES, MOST_PIECES = 50, 99


def add(command: Command, key: str, look: Look, state: State, shop: Shopfloor) -> State:
    """The state with a product in the basket, as it looks now, in the size and colour named.

    Raises:
        RefusedError: there is no such size or colour, it is sold out, or the basket is full.
    """
    product = shop.product(key)
    for action, wish, now in (
        ("set_size", command.size, look.size),
        ("set_color", command.color, look.color or shop.catalog.get(key).color),
    ):
        if wish and wish != now:
            look = alter(msgspec.structs.replace(command, action=action), product, look).look
    line = Chosen(key, look, command.count or 1)
    basket = list(state.basket)
    at = next((i for i, c in enumerate(basket) if (c.target, c.look) == (key, look)), None)
    if at is not None:
        line = msgspec.structs.replace(line, count=line.count + basket[at].count)
    rest = [c for i, c in enumerate(basket) if i != at]
    _check_stock(line, rest, shop)
    if line.count > MOST_PIECES or (at is None and len(basket) >= MOST_LINES):
        raise RefusedError(
            "basket_full",
            "the basket is full",
            {"count": MOST_PIECES},
            field="count",
            expected=f"at most {MOST_PIECES} pieces of {MOST_LINES} products",
            got=str(line.count),
        )
    if at is None:
        basket.append(line)
    else:
        basket[at] = line
    return msgspec.structs.replace(state, basket=tuple(basket)).interested(key)


def remove(command: Command, key: str, state: State, shop: Shopfloor) -> tuple[State, str]:
    """The state with fewer of a product in the basket; all of its pieces where no count is said.

    With the option ``"all"`` nothing stays in.

    Args:
        key: the product, or ``""`` for the only line there is.

    Returns:
        The state, and the product that went.

    Raises:
        RefusedError: it is not in the basket.
        AmbiguousError: several products could be meant.
    """
    if command.option == "all" and state.basket:
        gone_last = state.basket[-1].target
        return msgspec.structs.replace(state, basket=()), gone_last
    lines = [c for c in state.basket if key in ("", c.target)]
    if command.size:
        lines = [c for c in lines if c.look.size.casefold() == command.size.casefold()]
    if not lines:
        names = [shop.product(c.target).id for c in state.basket]
        raise RefusedError(
            "not_in_basket" if state.basket else "basket_empty",
            "that is not in the basket",
            field="target",
            expected=", ".join(names) or "a product in the basket",
            got=key or "none",
        )
    if len({c.target for c in lines}) > 1:
        products = {c.target: shop.product(c.target) for c in lines}
        raise AmbiguousError(list(products.values()))
    line = lines[-1]
    gone = lines if not command.count else [line]
    rest: list[Chosen] = []
    for chosen in state.basket:
        if chosen not in gone:
            rest.append(chosen)
        elif command.count and chosen.count > command.count:
            rest.append(msgspec.structs.replace(chosen, count=chosen.count - command.count))
    return msgspec.structs.replace(state, basket=tuple(rest)), line.target


def shown(state: State, shop: Shopfloor, ref: str = "") -> BasketShown:
    """The basket with names, prices and totals by currency."""
    lines: list[BasketLine] = []
    total: dict[str, Decimal] = {}
    unpriced = 0
    for chosen in state.basket:
        if chosen.target not in shop.catalog:
            continue
        entry = shop.catalog.get(chosen.target)
        price = price_of(entry)
        if price is None:
            unpriced += chosen.count
        else:
            amount, currency = price
            total[currency] = total.get(currency, Decimal(0)) + Decimal(amount) * chosen.count
        lines.append(
            BasketLine(
                target=chosen.target,
                name=dict(entry.product.name),
                count=chosen.count,
                size=chosen.look.size,
                color=chosen.look.color or entry.color,
                price=price[0] if price else "",
                currency=price[1] if price else "",
            )
        )
    sums = {currency: str(amount) for currency, amount in total.items()}
    return BasketShown(lines=tuple(lines), total=sums, unpriced=unpriced, ref=ref)


def sum_text(basket: BasketShown) -> str:
    """The total in words, such as ``"59.70 EUR"``; ``""`` where nothing has a price."""
    return " + ".join(f"{amount} {currency}" for currency, amount in basket.total.items())


def _check_stock(line: Chosen, others: list[Chosen], shop: Shopfloor) -> None:
    stock = shop.catalog.get(line.target).shop.stock
    same = [c for c in others if c.target == line.target and c.look.size == line.look.size]
    left = stock.get(line.look.size, stock.get("", None))
    if left is None or line.count + sum(c.count for c in same) <= left:
        return
    raise RefusedError(
        "sold_out" if left == 0 else "not_so_many",
        "the shop has not so many of it",
        {"size": line.look.size, "count": left, "name": dict(shop.product(line.target).name)},
        field="count",
        expected=f"at most {left}",
        got=str(line.count),
    )


def told(state: State, shop: Shopfloor, lang: str, ref: str) -> tuple[list[Update], str]:
    """What is in the basket, as an update and as a sentence."""
    found = shown(state, shop, ref)
    if not found.lines:
        return [found], reply("basket_empty", lang)
    rows = [
        reply("basket_row", lang, name=line.name, count=str(line.count), size=line.size)
        for line in found.lines
    ]
    return [found], reply("basket_shown", lang, rows=rows, total=sum_text(found))
