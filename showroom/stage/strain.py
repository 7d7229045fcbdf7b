"""The strain map on a worn garment: its cloth coloured by how far it is stretched."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from reconstruction.mesh import F32

from .geometry import _fill, _moving_format, _normals, _triangles
from .graphics import image_texture
from .menu import strain_colors
from .stage import Thing


class StrainSkin:
    """A garment's mesh in the colours of its bands, in place of its own.

    Args:
        thing: the garment; it follows its vertices.
        bands: (n,) uint8, 0 to 7, for each of them.
    """

    def __init__(self, thing: Thing, bands: NDArray[np.uint8]) -> None:
        self._thing = thing
        model = thing.mesh.model
        self._faces, self._weld = model.faces, model.weld
        self._groups = int(model.weld.max()) + 1
        self._data = core.GeomVertexData("strain", _moving_format(), core.Geom.UH_dynamic)
        self._data.unclean_set_num_rows(len(model.positions))
        across = (bands.astype(np.float32) + 0.5) / len(strain_colors())
        _fill(self._data, 1, np.stack((across, np.full_like(across, 0.5)), axis=1))
        geom = core.Geom(self._data)
        geom.add_primitive(_triangles(self._faces))
        node = core.GeomNode("strain")
        node.add_geom(geom)
        node.set_bounds(core.OmniBoundingVolume())
        node.set_final(True)
        self.node = thing.node.attach_new_node(node)
        self.node.set_shader_input("base_map", palette())
        self.node.set_shader_input("base_color", core.LVecBase4f(1, 1, 1, 1))
        self.node.set_shader_input("surface", core.LVecBase4f(1.0, 0.0, 0.0, 0.0))
        self.node.set_two_sided(True)
        self._mesh = thing.mesh
        self._mesh.node.hide()
        self._shown: F32 | None = None
        self.follow()

    def fits(self, thing: Thing | None) -> bool:
        """Whether it still covers that thing."""
        return thing is self._thing and thing is not None and thing.mesh is self._mesh

    def follow(self) -> None:
        """Move with the garment."""
        positions = self._mesh.positions
        if positions is self._shown:
            return
        self._shown = positions
        normals = np.empty_like(positions)
        _normals(positions, self._faces, self._weld, self._groups, normals)
        _fill(self._data, 0, np.concatenate((positions, normals), axis=1))

    def close(self) -> None:
        """Show the garment's own cloth again."""
        self.node.remove_node()
        self._mesh.node.show()


@lru_cache(maxsize=1)
def palette() -> Any:
    """The eight bands' colours side by side; what lies between two vertices keeps sharp bands."""
    texture = image_texture(np.array([strain_colors()], np.uint8), repeat=False)
    texture.set_minfilter(core.SamplerState.FT_nearest)
    texture.set_magfilter(core.SamplerState.FT_nearest)
    return texture
