"""Wishes about shape, size and colour, turned into a new look; nothing is built here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from reconstruction.family import ParameterSpec
from reconstruction.product import Product
from showroom.catalog.color import find_color
from showroom.catalog.errors import CatalogError
from showroom.protocol.messages import Command

from .parts import option, rates, scaled
from .refused import RefusedError
from .state import Look

_EDGE = 1e-6


@dataclass(frozen=True)
class Alteration:
    """A new look, and what to say about it: the kind of a reply and its slots."""

    look: Look
    kind: str
    slots: Mapping[str, object] = field(default_factory=dict)


def alter(command: Command, product: Product, look: Look) -> Alteration:
    """What a command makes of a product's look.

    Args:
        product: as it is in the catalogue, with its ranges, sizes and colourways.

    Raises:
        RefusedError: out of range, no such part, size, colour or choice; says the limit.
    """
    match command.action:
        case "adjust_fit":
            return _adjust(command, product, look)
        case "scale":
            return _scale(command, product, look)
        case "set_size":
            return _size(command, product, look)
        case "set_color":
            return _color(command, product, look)
        case "set_choice":
            return _choice(command, product, look)
    raise ValueError(command.action)


def _adjust(command: Command, product: Product, look: Look) -> Alteration:
    part, dimension = command.part, command.parameter or "length"
    if command.delta is None and command.factor is None and command.value is None:
        raise RefusedError("error", "the command names no amount", field="delta", expected="metres")
    rate = rates(product.family, look.choices, part, dimension)
    if command.factor is not None:
        wanted = {name: look.values[name] * command.factor for name in rate}
    elif command.value is not None:
        leading = next(iter(rate))
        # "Ease" is a girth, the parameter half of one: what is named is the whole.
        change = command.value - look.values[leading] / rate[leading]
        wanted = {name: look.values[name] + change * share for name, share in rate.items()}
    else:
        change = command.delta or 0.0
        wanted = {name: look.values[name] + change * share for name, share in rate.items()}
    new = _within(product, look, wanted, part, dimension)
    slots: dict[str, object] = {"part": part, "parameter": dimension}
    if command.value is not None:
        return Alteration(new, "adjusted_value", slots | {"value": command.value})
    leading = next(iter(rate))
    moved = (new.values[leading] - look.values[leading]) / rate[leading]
    return Alteration(new, "adjusted", slots | {"delta": moved})


def _scale(command: Command, product: Product, look: Look) -> Alteration:
    factor = command.factor
    if factor is None:
        raise RefusedError(
            "error", "the command names no factor", field="factor", expected="a ratio"
        )
    if command.parameter or command.part:
        names = tuple(
            rates(product.family, look.choices, command.part, command.parameter or "width")
        )
    else:
        names = scaled(product.family)
    wanted = {name: look.values[name] * factor for name in names}
    new = _within(product, look, wanted, command.part, command.parameter)
    if len(names) == 1:
        slots = {"part": command.part, "parameter": command.parameter, "value": wanted[names[0]]}
        return Alteration(new, "adjusted_value", slots)
    return Alteration(new, "scaled", {"name": dict(product.name), "factor": factor})


def _size(command: Command, product: Product, look: Look) -> Alteration:
    labels = list(product.sizes)
    size = command.size.upper() if command.size.upper() in labels else command.size
    if command.size_step:
        if look.size not in labels:
            raise _no_size(product, command.size or "another size")
        at = labels.index(look.size) + command.size_step
        if not 0 <= at < len(labels):
            edge = "no_larger_size" if at > 0 else "no_smaller_size"
            raise RefusedError(
                edge,
                "the size chart ends here",
                {"size": labels[-1 if at > 0 else 0]},
                field="size_step",
                expected=", ".join(labels),
                got=f"{look.size} {command.size_step:+d}",
            )
        size = labels[at]
    if size not in labels:
        raise _no_size(product, size)
    chart = product.sizes[size]
    # What the visitor has altered by hand stays altered: sizes differ by the chart's own steps.
    present = product.sizes.get(look.size, {})
    specs = _specs(product)
    values = dict(look.values)
    for name, value in chart.items():
        step = value - present[name] if name in present else value - look.values[name]
        values[name] = _clip(look.values[name] + step, specs[name])
    return Alteration(
        msgspec.structs.replace(look, values=values, size=size), "size_changed", {"size": size}
    )


def _color(command: Command, product: Product, look: Look) -> Alteration:
    wanted = command.color
    if not wanted:
        names = [v.name for v in product.variants]
        rest = [name for name in names if name != look.color]
        if not rest:
            raise RefusedError(
                "no_such_color",
                "the product comes in no other colour; name one to dye it",
                {"color": command.option or "other", "colors": names},
                field="color",
                expected=", ".join(names) or "the name of a colour",
                got="none",
            )
        wanted = rest[0]
    if wanted not in {v.name for v in product.variants}:
        try:
            wanted = find_color(wanted).name
        except CatalogError as error:
            raise RefusedError(
                "no_such_color",
                error.message,
                {"color": command.color},
                field="color",
                expected=error.expected,
                got=error.got,
            ) from error
    slots = {"name": dict(product.name), "color": wanted}
    return Alteration(msgspec.structs.replace(look, color=wanted), "color_changed", slots)


def _choice(command: Command, product: Product, look: Look) -> Alteration:
    chosen, set_values = option(product.family, command.part, command.parameter, command.option)
    specs = _specs(product)
    values = {**look.values, **{k: _clip(v, specs[k]) for k, v in set_values.items()}}
    new = msgspec.structs.replace(look, choices={**look.choices, **chosen}, values=values)
    part = command.part or command.parameter
    return Alteration(new, "choice_changed", {"part": part, "option": command.option})


def _within(
    product: Product, look: Look, wanted: Mapping[str, float], part: str, dimension: str
) -> Look:
    specs = _specs(product)
    for name, value in wanted.items():
        spec = specs[name]
        if spec.minimum - _EDGE <= value <= spec.maximum + _EDGE:
            continue
        raise RefusedError(
            "out_of_range",
            f"{name} is out of its range",
            {
                "part": part,
                "parameter": dimension,
                "minimum": spec.minimum,
                "maximum": spec.maximum,
                "asked": value,
            },
            code="parameter",
            field=f"values.{name}",
            expected=f"{spec.minimum:g} to {spec.maximum:g} {spec.unit}",
            got=f"{value:g}",
        )
    values = {**look.values, **{n: _clip(v, specs[n]) for n, v in wanted.items()}}
    return msgspec.structs.replace(look, values=values)


def _specs(product: Product) -> dict[str, ParameterSpec]:
    return {p.name: p for p in product.family.parameters}


def _clip(value: float, spec: ParameterSpec) -> float:
    return min(max(value, spec.minimum), spec.maximum)


def _no_size(product: Product, size: str) -> RefusedError:
    return RefusedError(
        "no_such_size",
        f"{product.id} is not made in that size",
        {"size": size, "sizes": list(product.sizes)},
        field="size",
        expected=", ".join(product.sizes) or "a product with a size chart",
        got=size,
    )
