"""The unknowns of a garment fit as one vector, with their priors, bounds and step sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..families.garment_flat import FlatPose
from .hint import FitHint

if TYPE_CHECKING:
    from ..families.garment import GarmentFamily

F64 = NDArray[np.float64]

_CAMERA = 3
"""Log of the scale, x and y of the origin come first; they have no prior."""
_DECLARED = 0.001
_SCALE_SIGMA = 0.003
"""Of a measured scale: an object's corners are found to about this part of its size."""

_POSE_SIGMA: Mapping[str, float] = {
    "rotation": 0.12,
    "sleeve_left": 0.35,
    "sleeve_right": 0.35,
    "elbow_left": 0.25,
    "elbow_right": 0.25,
    "lean": 0.03,
    "asymmetry": 0.03,
    "keystone_x": 0.08,
    "keystone_y": 0.12,
    "hem_curve": 0.02,
    "hem_tilt": 0.025,
    "back_neck": 0.015,
    "waist_curve": 0.02,
    "leg_left": 0.15,
    "leg_right": 0.15,
}
_LEG_SIGMA: Mapping[str, float] = {"hem_tilt": 0.07, "elbow_left": 0.15, "elbow_right": 0.15}
"""Deviations that differ for trousers."""

_POSE_LIMIT: Mapping[str, tuple[float, float]] = {
    "rotation": (-0.7, 0.7),
    "sleeve_left": (-0.3, 1.57),
    "sleeve_right": (-0.3, 1.57),
    "elbow_left": (-1.2, 1.2),
    "elbow_right": (-1.2, 1.2),
    "lean": (-0.15, 0.15),
    "asymmetry": (-0.15, 0.15),
    "keystone_x": (-0.35, 0.35),
    "keystone_y": (-0.35, 0.35),
    "hem_curve": (-0.05, 0.12),
    "hem_tilt": (-0.12, 0.12),
    "back_neck": (-0.02, 0.30),
    "waist_curve": (-0.05, 0.10),
    "leg_left": (-0.15, 0.8),
    "leg_right": (-0.15, 0.8),
}


@dataclass(frozen=True, eq=False)
class Unknowns:
    """Layout of the vector: camera (3), common size (1), the values, then the pose.

    Attributes:
        names: the parameters.
        pose_names: the pose's free entries.
        mean, sigma: (values,) prior of each parameter around the common size.
        size_sigma: prior of the common size's logarithm.
        low, high: (all,) bounds.
        pose: the ordinary pose, which also keeps what is not free.
        limbs: the pose's entries that turn the left and the right sleeve or leg; empty without.
        pose_sigma: (pose,) prior of the pose's free entries.
        steps: (all,) for numeric derivatives.
        log_scale: logarithm of the pixels per metre where they were measured.
    """

    names: tuple[str, ...]
    pose_names: tuple[str, ...]
    mean: F64
    sigma: F64
    fixed: F64
    size_sigma: float
    low: F64
    high: F64
    pose: FlatPose
    limbs: tuple[str, ...]
    pose_sigma: F64
    steps: F64
    camera: int = _CAMERA
    log_scale: float | None = None

    @staticmethod
    def of(
        family: GarmentFamily,
        choices: Mapping[str, str],
        prior: Mapping[str, float],
        hint: FitHint,
    ) -> Unknowns:
        """The unknowns of a family around a prior guess (complete values)."""
        names = tuple(p.name for p in family.parameters)
        spread: Mapping[str, float] = family.extra["spread"]
        legs = family.engine == "trousers"
        unused = {"waist_curve"} if family.engine == "upper" else {"back_neck"}
        limbs = family.limbs(choices) or ()
        unused |= {"sleeve_left", "sleeve_right", "leg_left", "leg_right"} - set(limbs)
        if not legs and family.sleeves(choices) != "long":
            unused |= {"elbow_left", "elbow_right"}
        pose_names = tuple(f.name for f in fields(FlatPose) if f.name not in unused)
        limits = [_POSE_LIMIT[n] for n in pose_names]
        mean = np.array([hint.declared.get(n, prior[n]) for n in names])
        sigma = np.array([hint.sigma.get(n, spread[n]) for n in names])
        fixed = np.array([n in hint.declared for n in names])
        free = [-np.inf] * _CAMERA + [-0.7]
        return Unknowns(
            names=names,
            pose_names=pose_names,
            mean=mean,
            sigma=np.where(fixed, _DECLARED, sigma),
            fixed=fixed.astype(np.float64),
            size_sigma=float(family.extra["size_spread"]),
            low=np.array(free + [p.minimum for p in family.parameters] + [a for a, _ in limits]),
            high=np.array(
                [-v for v in free] + [p.maximum for p in family.parameters] + [b for _, b in limits]
            ),
            pose=family.flat_pose(choices),
            limbs=limbs,
            pose_sigma=np.array(
                [_LEG_SIGMA.get(n, _POSE_SIGMA[n]) if legs else _POSE_SIGMA[n] for n in pose_names]
            ),
            steps=np.array([1e-4, 0.05, 0.05, 1e-3] + [1e-4] * len(names) + [1e-3] * len(limits)),
            log_scale=None if hint.scale is None else float(np.log(hint.scale)),
        )

    def start(self, left: float, right: float) -> F64:
        """The prior's middle, with the sleeves or legs at these angles."""
        angles = dict(zip(self.limbs, (left, right), strict=False))
        pose = [angles.get(n, float(getattr(self.pose, n))) for n in self.pose_names]
        start = np.concatenate([np.zeros(_CAMERA + 1), self.mean, pose])
        return self.clip(start)

    def split(self, x: F64) -> tuple[dict[str, float], FlatPose]:
        """The values and the pose of a vector."""
        first = _CAMERA + 1
        values = x[first : first + len(self.names)]
        pose = {f.name: float(getattr(self.pose, f.name)) for f in fields(FlatPose)}
        pose.update(
            {n: float(v) for n, v in zip(self.pose_names, x[first + len(values) :], strict=True)}
        )
        named = {n: float(v) for n, v in zip(self.names, values, strict=True)}
        return named, FlatPose(**pose)

    def clip(self, x: F64) -> F64:
        """The vector inside the bounds."""
        return np.clip(x, self.low, self.high)

    def prior_residuals(self, x: F64) -> F64:
        """Distances from the prior in standard deviations."""
        size = x[_CAMERA]
        first = _CAMERA + 1
        values = x[first : first + len(self.names)]
        grown = self.mean * np.where(self.fixed > 0, 1.0, np.exp(size))
        pose = np.array([getattr(self.pose, n) for n in self.pose_names])
        measured = []
        if self.log_scale is not None:
            measured = [np.array([(x[0] - self.log_scale) / _SCALE_SIGMA])]
        return np.concatenate(
            [
                [size / self.size_sigma],
                (values - grown) / self.sigma,
                (x[first + len(values) :] - pose) / self.pose_sigma,
                *measured,
            ]
        )

    def intervals(self, x: F64, covariance: F64) -> dict[str, tuple[float, float]]:
        """90% intervals of the values, cut to the family's ranges."""
        first = _CAMERA + 1
        result = {}
        for k, name in enumerate(self.names):
            reach = 1.645 * float(np.sqrt(max(covariance[first + k, first + k], 0.0)))
            value = float(x[first + k])
            low, high = value - reach, value + reach
            result[name] = (
                max(low, float(self.low[first + k])),
                min(high, float(self.high[first + k])),
            )
        return result
