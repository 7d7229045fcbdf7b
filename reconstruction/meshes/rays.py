"""Ray casting and exact distances by Embree, through open3d."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32, I32


@cache
def _open3d() -> Any:
    try:
        import libusb_package

        # Open3D links libusb, which a bare system lacks; this package carries it.
        ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)
    except (ImportError, OSError):
        pass
    import open3d

    return open3d


class Caster:
    """Rays and distances against one set of triangles.

    Args:
        vertices: (n, 3) float32, metres; ``faces`` (m, 3) int32.
        threads: of Embree; 0: as many as there are cores.
    """

    def __init__(self, vertices: F32, faces: I32, threads: int = 1) -> None:
        o3d = _open3d()
        self._tensor: Any = o3d.core.Tensor
        self._scene: Any = o3d.t.geometry.RaycastingScene(nthreads=threads)
        self._scene.add_triangles(
            self._tensor(np.ascontiguousarray(vertices, np.float32)),
            self._tensor(np.ascontiguousarray(faces, np.uint32)),
        )

    def distance(self, points: F32) -> F32:
        """(n,) metres from points (n, 3) to the nearest place of the surface, exactly."""
        found = self._scene.compute_distance(self._tensor(np.ascontiguousarray(points, np.float32)))
        return np.asarray(found.numpy(), np.float32)

    def closest(self, points: F32) -> tuple[F32, I32, F32]:
        """The nearest places of the surface to points (n, 3).

        Returns:
            (n, 3) places; (n,) their faces; (n, 3) their barycentric coordinates.
        """
        found = self._scene.compute_closest_points(
            self._tensor(np.ascontiguousarray(points, np.float32))
        )
        v, w = found["primitive_uvs"].numpy().T
        return (
            np.asarray(found["points"].numpy(), np.float32),
            np.asarray(found["primitive_ids"].numpy(), np.int32),
            np.stack([1 - v - w, v, w], axis=1).astype(np.float32),
        )

    def blocked(self, start: F32, way: F32, near: float = 0.0) -> NDArray[np.bool_]:
        """(n,) whether something lies beyond ``start + near * way`` in direction ``way``."""
        rays = np.concatenate([start, way], axis=1).astype(np.float32)
        hit = self._scene.test_occlusions(self._tensor(rays), tnear=near)
        return np.asarray(hit.numpy(), np.bool_)

    def first(self, start: F32, way: F32) -> tuple[I32, F32, F32]:
        """What rays hit first.

        Returns:
            (n,) face index, -1 for none; (n, 3) barycentric coordinates; (n,) how often ``way``
            fits into the distance, inf for none.
        """
        rays = np.concatenate([start, way], axis=1).astype(np.float32)
        hit = self._scene.cast_rays(self._tensor(rays))
        far = np.asarray(hit["t_hit"].numpy(), np.float32)
        face = np.where(np.isfinite(far), hit["primitive_ids"].numpy().astype(np.int64), -1)
        v, w = hit["primitive_uvs"].numpy().T
        return face.astype(np.int32), np.stack([1 - v - w, v, w], axis=1).astype(np.float32), far
