"""One product alone in a studio, as artists look at it: from all round, in several modes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from panda3d import core

from reconstruction.mesh import F32

from . import studio
from .gizmos import Gizmos
from .graphics import shader
from .model import Model
from .settings import StageError
from .stage import Stage
from .view import Dimension, Label, View
from .words import word

U8 = NDArray[np.uint8]
GROUND = (0.93, 0.92, 0.90)
NAME = "preview"
_VIEWS = {
    "normals": 1, "color": 2, "roughness": 3, "metallic": 4, "occlusion": 5, "alpha": 6, "uv": 7,
}  # fmt: skip
MODES = ("shaded", "wireframe", "measures", *_VIEWS)
"""How a product can be looked at: as it is, with its edges, with its size, or one of its values."""


class Exhibit:
    """A product alone.

    Attributes:
        mode: one of :data:`MODES`.
        variant: the colourway that is shown, ``""`` for the product's own colours.
        turn: how far the studio is turned about the product, radians.
    """

    def __init__(self, stage: Stage, model: Model, lang: str = "en") -> None:
        self.stage, self.lang = stage, lang
        self.mode, self.variant = "shaded", ""
        self.turn = 0.0
        self._gizmos = Gizmos(stage)
        self._extra: Any = None
        stage.backdrop(GROUND)
        self.model = model
        self.show(model)

    def show(self, model: Model) -> None:
        """Show a model, in the colourway that is chosen if it has that.

        Raises:
            StageError: one of its pictures cannot be decoded; what was shown stays.
        """
        known = {known.name for known in model.variants}
        variant = self.variant if self.variant in known else ""
        thing = self.stage.exhibit(NAME, model.wearing(variant))
        self.model, self.variant, self._thing = model, variant, thing
        low, high = model.positions.min(axis=0), model.positions.max(axis=0)
        self.middle: F32 = (low + high) / 2
        self.size: F32 = high - low
        self.reach = max(1e-3, float(np.linalg.norm(model.positions - self.middle, axis=1).max()))
        if abs(float(low[1])) > 0.01:  # What does not stand on the floor darkens none.
            thing.spot.node.stash()
        self.set_mode(self.mode)
        self.set_turn(self.turn)

    def wear(self, variant: str) -> None:
        """Choose a colourway by its name; ``""`` is the product as it is.

        Raises:
            StageError: there is no such colourway.
        """
        self.model.wearing(variant)
        self.variant = variant
        self.show(self.model)

    def set_mode(self, mode: str) -> None:
        """Choose how the product is looked at.

        Raises:
            StageError: there is no such mode.
        """
        if mode not in MODES:
            raise StageError(f"there is no mode {mode[:40]!r}; there are: {', '.join(MODES)}")
        self.mode = mode
        if self._extra is not None:
            self._extra.remove_node()
            self._extra = None
        geometry, mesh = self._thing.mesh.geometry, self._thing.mesh.node
        mesh.show()
        if mode in _VIEWS:
            self._extra = geometry.parts(geometry.data, 0, "VIEW")
            self._extra.set_shader_input("view_info", core.LVecBase4f(_VIEWS[mode], 0, 0, 0))
            mesh.hide()
        elif mode == "wireframe":
            self._extra = geometry.parts(geometry.data, 0)
            self._extra.set_render_mode_wireframe(1)
            self._extra.set_render_mode_thickness(2.0 * self.stage.graphics.scale)
            self._extra.set_shader(shader("wire"), 200)
            self._extra.set_two_sided(True, 1)
            self._extra.set_depth_offset(2)
            self._extra.set_transparency(core.TransparencyAttrib.M_alpha, 200)
        if self._extra is not None:
            self._extra.reparent_to(self._thing.node)

    def set_turn(self, turn: float) -> None:
        """Turn the studio about the product, radians."""
        self.turn = turn
        self.stage.surround(studio.cube(), studio.probe(turn), -turn, float(studio.TOP))
        x, y, z = studio.turned(np.asarray([studio.KEY]), turn)[0]
        self.stage.key_light((float(x), float(y), float(z)), studio.KEY_COLOR)

    def look(self, azimuth: float, elevation: float = 0.22, zoom: float = 1.0) -> None:
        """Look from an azimuth (0 from +Z, turning to +X), radians; ``zoom`` brings it nearer."""
        fov = 0.5
        room = 1.4 if self.mode == "measures" else 1.02
        distance = self.reach / math.sin(fov / 2) * room / zoom
        way = (
            math.cos(elevation) * math.sin(azimuth),
            math.sin(elevation),
            math.cos(elevation) * math.cos(azimuth),
        )
        x, y, z = (float(v) for v in self.middle)
        eye = (x + way[0] * distance, y + way[1] * distance, z + way[2] * distance)
        lens = self.stage.camera_lens
        lens.set_near_far(max(1e-3, distance - 3 * self.reach), distance + 6 * self.reach)
        self.stage.look_at(eye, (x, y, z), fov)
        view = View(measures=self._measures(distance) if self.mode == "measures" else ())
        self._gizmos.show(view, eye)

    def picture(self, azimuth: float, elevation: float = 0.22, mode: str = "") -> U8:
        """The picture from an azimuth, (h, w, 3) uint8; in another mode where one is named."""
        before = self.mode
        if mode and mode != before:
            self.set_mode(mode)
        try:
            self.look(azimuth, elevation)
            return self.stage.render()
        finally:
            if self.mode != before:
                self.set_mode(before)

    def _measures(self, distance: float) -> tuple[Dimension, ...]:
        """Width, height and depth, beside the product."""
        x, y, z = (float(v) for v in self.middle)
        w, h, d = (float(v) / 2 for v in self.size)
        out = 0.12 * self.reach
        ways = (
            ("width", (x - w, y - h, z + d + out), (x + w, y - h, z + d + out)),
            ("height", (x + w + out, y - h, z + d), (x + w + out, y + h, z + d)),
            ("depth", (x + w + out, y - h, z - d), (x + w + out, y - h, z + d)),
        )
        # The same height on the screen at any distance: labels grow beyond 1.4 m by themselves.
        size = 0.022 * distance / max(1.0, distance / 1.4)
        found = []
        for name, start, end in ways:
            length = math.dist(start, end)
            text = f"{word(name, self.lang)} {100 * length:.1f} cm"
            middle = tuple((p + q) / 2 for p, q in zip(start, end, strict=True))
            over = (end[0], end[1] + out, end[2])  # A label beside a line would leave the frame.
            place = over if name == "height" else (middle[0], middle[1] - out, middle[2])
            found.append(Dimension(start, end, Label((text,), place, size), 0.004 * distance))
        return tuple(found)

    def close(self) -> None:
        """Take the product and what was drawn about it away."""
        self._gizmos.close()
        self.stage.clear()
