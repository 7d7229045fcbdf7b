"""An artist's garment without parameters: fitted to each body by transfer, then as live as any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reconstruction.dressform import BodyForm
from reconstruction.family import ChoiceSpec, ParameterSpec, View, complete
from reconstruction.mesh import Mesh

from .errors import GarmentError
from .layers import region_of
from .transfer import Binding

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

_SAME = 1e-5
"""Vertices this near to each other are one, split for its texture, metres."""

_AWAY = 0.35
"""A garment whose middle is further from the body's is not on it, metres."""


@dataclass(eq=False)
class ArtistGarment:
    """The family of one garment that came as a mesh; a :class:`reconstruction.family.Family`.

    Args:
        mesh: the garment on ``made_on``, metres, feet of the body on y = 0, facing +Z.
        made_on: the body that it was made on; other bodies are of its topology.
        category: what it is, such as ``"jacket"``: tells its layer.

    Raises:
        GarmentError: the mesh does not lie on the body that it is said to be made on.
    """

    mesh: Mesh
    made_on: BodyForm
    category: str
    label: Mapping[str, str] = field(default_factory=dict)
    name: str = "artist"
    kind: Literal["garment", "furniture"] = "garment"
    view: View = "flat"
    parameters: tuple[ParameterSpec, ...] = ()
    choices: tuple[ChoiceSpec, ...] = ()

    def __post_init__(self) -> None:
        if region_of(self.category) in ("feet", "head"):
            self.view = "solid"
        low, high = (f(self.mesh.vertices, axis=0) for f in (np.min, np.max))
        body_low, body_high = (f(self.made_on.vertices, axis=0) for f in (np.min, np.max))
        off = float(np.abs(((low + high) - (body_low + body_high)) / 2)[[0, 2]].max())
        inside = body_low[1] - 0.1 < low[1] and high[1] < body_high[1] + 0.4
        if off > _AWAY or not inside:
            raise GarmentError(
                "the garment does not lie on the body that it was made on",
                field="mesh",
                expected=f"metres, on a body from {body_low[1]:.2f} to {body_high[1]:.2f} m height",
                got=f"from {low[1]:.2f} to {high[1]:.2f} m, {off:.2f} m beside it",
            )
        weld = sewn(self.mesh.vertices) if self.mesh.weld is None else self.mesh.weld
        self.mesh = replace(self.mesh, weld=weld)
        self._first = np.unique(weld, return_index=True)[1]
        self._faces = np.ascontiguousarray(weld[self.mesh.faces], dtype=np.int32)
        self._binding: Binding | None = None

    def drape_on(
        self, values: Mapping[str, float], choices: Mapping[str, str], form: BodyForm
    ) -> Mesh:
        """The garment on a body, skinned to it.

        Raises:
            GarmentError: the body has another topology than the one that it was made on.
        """
        complete(self, values, choices)
        if form.vertices.shape != self.made_on.vertices.shape:
            raise GarmentError(
                "the garment was made on a body of another kind",
                field="made_on",
                expected=f"{len(form.vertices)} vertices",
                got=str(len(self.made_on.vertices)),
            )
        if self._binding is None:
            places = np.ascontiguousarray(self.mesh.vertices[self._first])
            made_on = self.made_on
            self._binding = Binding(places, self._faces, made_on.vertices, made_on.faces)
        fitted, skin = self._binding.fit(form.vertices), self._binding.skin(form.skin)
        weld = self.mesh.weld
        assert weld is not None
        carried = replace(skin, joints=skin.joints[weld], weights=skin.weights[weld])
        return replace(self.mesh.with_vertices(fitted[weld]), skin=carried)

    def build(self, values: Mapping[str, float], choices: Mapping[str, str]) -> Mesh:
        """The garment as it came."""
        complete(self, values, choices)
        return self.mesh

    def sample(self, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, str]]:
        """The one member that there is."""
        return {}, {}


def sewn(vertices: F32) -> I32:
    """Numbers from 0 that vertices at the same place share, (n,) int32."""
    cells = np.round(np.asarray(vertices, np.float64) / _SAME).astype(np.int64)
    _, group = np.unique(cells, axis=0, return_inverse=True)
    return np.asarray(group.reshape(-1), dtype=np.int32)
