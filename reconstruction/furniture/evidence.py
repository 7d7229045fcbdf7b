"""What a fit knows, and how well: intervals that widen where no photo decides a parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..product import Estimate
from .scale import Scale
from .solver import Blurred, Problem, Trial, descend

_BLUR = 1.5
_Z90 = 1.645


@dataclass(frozen=True)
class FitEvidence:
    """What speaks for and against a fit; features for a calibrated confidence.

    Attributes:
        iou: silhouette against mask, the mean over the views that count.
        loss: what was minimised, without the share that draws values to the guess.
        margin: by how much the best other structure's loss is greater; inf where none was tried.
        miss: mean distance by which the outlines miss each other, as a share of the product's
            larger side in the picture.
        colour: how much the photos' colours differ inside the outline, 0 to 1.
        colour_left: share of those colours' variance that the surfaces do not explain.
        edge_left: share of the photos' edges inside the outline that the surfaces do not explain.
        spread: posterior standard deviation of each free parameter, as a share of its range,
            given the photo, the other parameters and the guess's own spread.
        leverage: 0 to 1 for each free parameter: how much of its prior variance the photos
            removed; 0 means that only the guess speaks.
        drift: root mean square distance of the values from the guess, in its own standard
            deviations.
        views: how many photos were used.
    """

    iou: float
    loss: float
    margin: float
    miss: float
    colour: float
    colour_left: float
    edge_left: float
    spread: Mapping[str, float] = field(default_factory=dict)
    leverage: Mapping[str, float] = field(default_factory=dict)
    drift: float = 0.0
    views: int = 1

    def features(self) -> dict[str, float]:
        """Numbers for a classifier, all finite."""
        spread = list(self.spread.values()) or [0.0]
        leverage = list(self.leverage.values()) or [1.0]
        return {
            "iou": self.iou,
            "loss": self.loss,
            "margin": min(self.margin, 1.0),
            "miss": self.miss,
            "colour": self.colour,
            "colour_left": self.colour_left,
            "edge_left": self.edge_left,
            "spread_mean": float(np.mean(spread)),
            "spread_max": float(np.max(spread)),
            "leverage_mean": float(np.mean(leverage)),
            "drift": self.drift,
            "views": float(self.views),
        }


def evidence(best: Trial, runner: float, iou: float) -> FitEvidence:
    """Look once more at a fit.

    Args:
        runner: least loss of another structure.
    """
    problem, x, loss = best
    look = problem.look(x)
    n = len(problem.names)
    _, motion = descend(problem, x, ())
    covariance = posterior(problem, x, motion)
    deviation = np.sqrt(np.maximum(np.diag(covariance)[:n], 0.0))
    prior = problem.spread[:n]
    away = (x[:n] - problem.centre[:n]) / prior
    total = sum(problem.weights)
    mean = {
        name: sum(w * getattr(s, name) for w, s in zip(problem.weights, look.sights, strict=True))
        / total
        for name in ("miss", "left", "bare")
    }
    return FitEvidence(
        iou=iou,
        loss=look.seen,
        margin=runner - loss,
        miss=mean["miss"],
        colour=max(t.colour_weight for t in problem.targets),
        colour_left=mean["left"],
        edge_left=mean["bare"],
        spread=dict(zip(problem.names, deviation.tolist(), strict=True)),
        leverage=dict(
            zip(problem.names, np.clip(1 - (deviation / prior) ** 2, 0, 1).tolist(), strict=True)
        ),
        drift=float(np.sqrt((away**2).mean())) if n else 0.0,
        views=sum(w > 0.5 for w in problem.weights),
    )


def posterior(problem: Problem, x: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """(n + 7 v, n + 7 v) covariance of the numbers of ``x`` (Laplace's approximation).

    The photo's residual is taken as independent noise whose variance is what the fit left over;
    the prior is the guess's own spread.
    """
    problem = problem.settled_at(x)
    look = problem.look(x)
    normal, _, _ = Blurred(problem, look, _BLUR).normal(look, motion)
    rate = problem.prior(x)[1]
    normal[np.arange(len(x)), np.arange(len(x))] -= (rate**2).sum(axis=0)
    precision = normal / problem.noise
    wide = problem.spread.copy()
    wide[len(problem.names) :] *= 2
    precision[np.arange(len(x)), np.arange(len(x))] += wide**-2.0
    return np.asarray(np.linalg.inv(precision))


def estimate(
    value: float, half: float, low: float, high: float, *, length: bool, scale: Scale
) -> Estimate:
    """A value with its 90% interval within its range, and whether the photo or the guess knows it.

    Args:
        half: half the interval before the scale's own doubt is added.
        low, high: the parameter's range.
        length: whether the scale's doubt applies.
    """
    if length:
        half = math.hypot(half, value * scale.spread)
    reach = high - low
    sure = float(np.clip(1 - half / reach, 0, 1))
    return Estimate(
        value,
        max(value - half, low),
        min(value + half, high),
        sure,
        "photo" if half < 0.3 * reach else "prior",
    )


def half_interval(deviation: float, width: float) -> float:
    """Half of a 90% interval from a standard deviation in shares of a range ``width``."""
    return _Z90 * deviation * width
