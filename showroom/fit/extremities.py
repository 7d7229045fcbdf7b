"""Measures of head and feet, which hats and shoes are judged by."""

from __future__ import annotations

import numpy as np

from reconstruction.dressform import BodyForm
from reconstruction.families.hat import head_of


def extremities(form: BodyForm) -> dict[str, float]:
    """Head girth (ISO 8559-1, above brows and ears), foot length and width of a body, metres.

    The foot is the longer of both.
    """
    head = head_of(form)
    above = head.heights >= head.brow
    v = form.vertices.astype(np.float64)
    dominant = form.skin.joints[np.arange(len(v)), form.skin.weights.argmax(axis=1)]
    bones = np.array(form.skin.names)[dominant]
    lengths, widths = [], []
    for side in ("left", "right"):
        ankle = form.skin.rest[form.skin.names.index(f"{side}Foot"), 1]
        foot = v[np.isin(bones, [f"{side}Foot", f"{side}Toes"]) & (v[:, 1] < ankle)][:, [0, 2]]
        ahead = foot[foot[:, 1].argmax()] - foot[foot[:, 1].argmin()]
        ahead /= np.linalg.norm(ahead)
        lengths.append(float(np.ptp(foot @ ahead)))
        widths.append(float(np.ptp(foot @ np.array([ahead[1], -ahead[0]]))))
    return {
        "head": float(head.girths[above].max()),
        "foot_length": max(lengths),
        "foot_width": max(widths),
    }
