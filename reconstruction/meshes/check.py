"""Checking that a mesh's arrays fit together, before it is written or after it is read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import ProductFileError
from ..mesh import Mesh, Skin


def check_mesh(mesh: Mesh) -> None:
    """Raise :class:`ProductFileError` unless the mesh's arrays fit together."""
    n, m = len(mesh.vertices), len(mesh.faces)

    def need(ok: bool, field: str, expected: str, got: object) -> None:
        if not ok:
            raise ProductFileError(
                f"{field} does not fit the mesh",
                field=field,
                expected=expected,
                got=str(got),
            )

    shape = mesh.vertices.shape
    need(n > 0 and shape == (n, 3), "mesh.vertices", "(n, 3) with n > 0", shape)
    need(m > 0 and mesh.faces.shape == (m, 3), "mesh.faces", "(m, 3), m > 0", mesh.faces.shape)
    need(mesh.uv.shape == (n, 2), "mesh.uv", f"({n}, 2)", mesh.uv.shape)
    need(mesh.face_part.shape == (m,), "mesh.face_part", f"({m},)", mesh.face_part.shape)
    need(bool(np.isfinite(mesh.vertices).all()), "mesh.vertices", "finite numbers", "nan or inf")
    need(bool(np.isfinite(mesh.uv).all()), "mesh.uv", "finite numbers", "nan or inf")
    low, high = int(mesh.faces.min()), int(mesh.faces.max())
    need(low >= 0 and high < n, "mesh.faces", f"indices 0 to {n - 1}", f"{low} to {high}")
    parts = len(mesh.parts)
    need(len(mesh.part_material) == parts, "mesh.part_material", f"{parts} entries", parts)
    low, high = int(mesh.face_part.min()), int(mesh.face_part.max())
    need(low >= 0 and high < parts, "mesh.face_part", f"0 to {parts - 1}", f"{low} to {high}")
    if mesh.weld is not None:
        need(mesh.weld.shape == (n,), "mesh.weld", f"({n},)", mesh.weld.shape)
    if mesh.skin is not None:
        _check_skin(mesh.skin, n, need)


def _check_skin(skin: Skin, n: int, need: Callable[[bool, str, str, object], None]) -> None:
    bones = len(skin.names)
    need(skin.rest.shape == (bones, 3), "skin.rest", f"({bones}, 3)", skin.rest.shape)
    need(skin.parents.shape == (bones,), "skin.parents", f"({bones},)", skin.parents.shape)
    earlier = bool((skin.parents < np.arange(bones)).all() and (skin.parents >= -1).all())
    need(earlier, "skin.parents", "parents before their children", "another order")
    k = skin.weights.shape[-1]
    need(skin.weights.shape == (n, k) and k > 0, "skin.weights", f"({n}, k)", skin.weights.shape)
    need(skin.joints.shape == (n, k), "skin.joints", f"({n}, {k})", skin.joints.shape)
    top = int(skin.joints.max())
    need(top < bones, "skin.joints", f"0 to {bones - 1}", top)
    good = bool(np.isfinite(skin.weights).all() and (skin.weights >= 0).all())
    need(good and bool((skin.weights.sum(axis=1) > 0.5).all()), "skin.weights", "sums of 1", "less")
