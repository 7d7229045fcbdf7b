"""A visitor's avatar: a mannequin with the visitor's own measures, ready to be posed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reconstruction.dressform import BodyForm

from .skin import PoseState, blend, rest_pose

F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Avatar:
    """One body; nothing of it is ever written anywhere by this package.

    Attributes:
        form: the body in its rest pose with its skin (VRM 1.0 bones).
        eyes: (2, 3) float32, centres of the left and the right eye, rest pose.
        measures: metres by ISO 8559-1 name (see ``measure.NAMES``); ``weight`` in kilograms.
        intervals: for each measure, the bounds that hold it 9 times in 10.
        gender: ``"female"``, ``"male"`` or ``"neutral"``.
        sliders: what the solver set, by slider name.
        advice: measures that would narrow the intervals most, best first.
    """

    form: BodyForm
    eyes: F32
    measures: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    gender: str = "neutral"
    sliders: Mapping[str, float] = field(default_factory=dict)
    advice: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        """Stature, metres."""
        return float(self.measures["height"])

    @property
    def joints(self) -> F32:
        """Joint places in the rest pose, (52, 3) float32."""
        return self.form.skin.rest

    def rest(self) -> PoseState:
        """The avatar's rest pose, standing at the origin and facing +Z."""
        return rest_pose(self.joints)

    def skin(self, pose: PoseState, out: F32 | None = None) -> F32:
        """Vertices of the posed body, (n, 3) float32, play space.

        Args:
            pose: from :class:`showroom.fit.pose.Tracker`, made for this avatar.
            out: an (n, 3) float32 array to fill instead of a new one.
        """
        result = np.empty_like(self.form.vertices) if out is None else out
        skin = self.form.skin
        blend(self.form.vertices, skin.joints, skin.weights, pose.matrices, result)
        return result
