"""The product families, by name; each is imported only when it is asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ..errors import ParameterError
from ..family import Family

_MODULES = {
    "t_shirt": "t_shirt",
    "long_sleeve": "long_sleeve",
    "shirt": "shirt",
    "outwear": "outwear",
    "dress": "dress",
    "skirt": "skirt",
    "trousers": "trousers",
    "shorts": "shorts",
    "hat": "hat",
    "shoes": "shoes",
    "chair": "chair",
    "table": "table",
    "sofa": "sofa",
    "cabinet": "cabinet",
    "bed": "bed",
    "lamp": "lamp",
    "rug": "rug",
    "car": "car",
}


def family_names() -> tuple[str, ...]:
    """The names of all families, garments first."""
    return tuple(_MODULES)


@cache
def get_family(name: str) -> Family:
    """The family called ``name``.

    Raises:
        ParameterError: there is no such family; names those there are.
    """
    if name not in _MODULES:
        raise ParameterError(
            f"there is no product family {name!r}",
            field="family",
            expected=", ".join(_MODULES),
            got=name,
        )
    module = import_module(f".{_MODULES[name]}", __name__)
    family: Family = module.FAMILY
    return family
