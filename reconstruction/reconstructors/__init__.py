"""Reconstructors by name: ours, other people's beside it, and those that packages bring along.

A reconstructor turns photos of one product into a :class:`~reconstruction.product.Product`. A
package offers one under the entry-point group ``showroom.reconstructors``: a callable without
arguments that gives an object with ``name`` and ``reconstruct``, as :class:`Reconstructor` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from ..errors import ReconstructorError
from ..intake.photo import Photo
from ..mesh import F32
from ..product import Product

GROUP = "showroom.reconstructors"
DEFAULT = "resnet"
_OURS = {
    "resnet": "resnet:Resnet",
    "hunyuan3d": "hunyuan3d:Hunyuan3d",
    "triposr": "triposr:TripoSR",
}


@dataclass(frozen=True)
class Hints:
    """What the caller knows of a product.

    Attributes:
        category: a category or family, or free text for what no family is.
        declared: true ``width``, ``height`` and ``depth`` in metres, as far as known.
        azimuths: of the camera for each photo, radians, or None; see
            :func:`reconstruction.freeform.photo.freeform_from_photos`.
        id: of the product.
        name: words per language; those of the category if empty.
        seed: of whatever is random.
        refit: whether a mesh may become a member of a family that fits it.
    """

    category: str = "other"
    declared: Mapping[str, float] = field(default_factory=dict)
    azimuths: Sequence[float] | None = None
    id: str = "product"
    name: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    refit: bool = True


class Reconstructor(Protocol):
    """The one interface."""

    name: str

    def reconstruct(self, photos: Sequence[Photo], masks: Sequence[F32], hints: Hints) -> Product:
        """A product from its photos.

        Args:
            masks: (h, w) float32, 0 to 1, for each photo's ``rgb``.

        Raises:
            ReconstructorError: it cannot work here; names the remedy.
            ReconstructionError: the photos or hints do not do.
        """
        ...


def reconstructor_names() -> tuple[str, ...]:
    """All names: ours first, then those of installed packages."""
    return tuple(dict.fromkeys([*_OURS, *_installed()]))


def get_reconstructor(name: str, **settings: Any) -> Reconstructor:
    """The reconstructor called ``name``.

    Args:
        settings: for its constructor, such as ``url`` of ``hunyuan3d``.

    Raises:
        ReconstructorError: there is none of that name, or its package cannot be loaded.
    """
    installed = _installed()
    try:
        if name in _OURS:
            module, _, attribute = _OURS[name].partition(":")
            make = getattr(import_module(f".{module}", __name__), attribute)
        elif name in installed:
            make = installed[name].load()
        else:
            raise ReconstructorError(
                f"there is no reconstructor {name!r}",
                field="reconstructor",
                expected=", ".join(reconstructor_names()),
                got=name,
            )
        made: Reconstructor = make(**settings)
    except (ImportError, AttributeError, TypeError) as fault:
        raise ReconstructorError(
            f"the reconstructor {name!r} cannot be loaded; install its package again",
            field="reconstructor",
            expected="a package that imports, and settings that it knows",
            got=f"{type(fault).__name__}: {fault}"[:80],
        ) from fault
    return made


def _installed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
