"""The garment families' shared engine: tailor's parameters to patterns, flat views and meshes.

A family module only names its data file; everything that differs between garments is a parameter,
a choice or a line of that file's ``[extra]`` table:

* ``engine``: ``"upper"`` (tops, dresses), ``"lower"`` (skirts) or ``"trousers"``;
* ``leg_rows``: quads along a leg of trousers;
* ``sleeves``: the sleeves of an upper garment without a choice of that name;
* ``archetypes``: kinds of the garment that :meth:`GarmentFamily.sample` draws from, each with a
  ``weight``, the ``choices`` that it allows and ``values`` that are ordinary for it;
* ``spread``: standard deviation per parameter for :meth:`GarmentFamily.sample`, and
  ``size_spread`` of the common size factor; ``follow`` names the parameter whose deviation from
  the ordinary value a parameter shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..family import ChoiceSpec, ParameterSpec, View, complete
from . import garment_lower as lower
from . import garment_trousers as legs
from . import garment_upper as upper
from . import garment_upper_grid as grid
from .garment_flat import LANDMARKS, Flat, FlatPose, Pattern
from .garment_trim import trim_of
from .garment_upper_shape import UpperShape
from .spec import load_spec

if TYPE_CHECKING:
    from ..dressform import BodyForm
    from ..mesh import Mesh

__all__ = ["LANDMARKS", "Flat", "FlatPose", "GarmentFamily", "Pattern"]


class GarmentFamily:
    """A garment family described by a data file; a :class:`reconstruction.family.Family`."""

    def __init__(self, path: Path) -> None:
        spec = load_spec(path)
        self.name = spec.name
        self.kind: Literal["garment", "furniture"] = "garment"
        self.view: View = "flat"
        self.category = spec.category
        self.label: Mapping[str, str] = spec.label
        self.parameters: tuple[ParameterSpec, ...] = spec.parameters
        self.choices: tuple[ChoiceSpec, ...] = spec.choices
        self.extra: Mapping[str, Any] = spec.extra
        self.engine: str = spec.extra["engine"]

    def sleeves(self, choices: Mapping[str, str]) -> str:
        """``"none"``, ``"short"`` or ``"long"``; ``"none"`` for skirts and trousers."""
        return str(choices.get("sleeves", self.extra.get("sleeves", "none")))

    def upper(self, values: Mapping[str, float], choices: Mapping[str, str]) -> UpperShape:
        """The shape of a top or dress; ``values`` and ``choices`` must be complete."""
        sleeves = self.sleeves(choices)
        neckline = choices.get("neckline", "round")
        if choices.get("collar") == "lapel":
            neckline = "v"
        return upper.upper_shape(values, neckline, sleeves, trim_of(values, choices, sleeves))

    def trousers(
        self, values: Mapping[str, float], choices: Mapping[str, str]
    ) -> legs.TrouserShape:
        """The shape of trousers or shorts; ``values`` and ``choices`` must be complete."""
        return legs.trouser_shape(values, choices, self.extra["leg_rows"])

    def limbs(self, choices: Mapping[str, str]) -> tuple[str, str] | None:
        """The two entries of a :class:`FlatPose` that turn its sleeves or legs; none without."""
        if self.engine == "trousers":
            return ("leg_left", "leg_right")
        return ("sleeve_left", "sleeve_right") if self.sleeves(choices) != "none" else None

    def pattern(self, values: Mapping[str, float], choices: Mapping[str, str]) -> Pattern:
        """Sewing panels and seams, metres.

        Raises:
            ParameterError: see :func:`complete`.
        """
        values, choices = complete(self, values, choices)
        if self.engine == "lower":
            return lower.lower_pattern(lower.lower_shape(values))
        if self.engine == "trousers":
            return legs.trouser_pattern(self.trousers(values, choices))
        return grid.upper_pattern(self.upper(values, choices))

    def flat(
        self,
        values: Mapping[str, float],
        choices: Mapping[str, str],
        pose: FlatPose | None = None,
        *,
        bare: bool = False,
    ) -> Flat:
        """The garment laid flat: silhouette, landmarks and part polygons, under a millisecond.

        Args:
            values, choices: complete (every name given, as :meth:`sample` returns them);
                not checked, since training draws hundreds a second.
            pose: how it lies; none gives :meth:`flat_pose`.
            bare: outline and landmarks only, in half the time.
        """
        pose = pose or self.flat_pose(choices)
        if self.engine == "lower":
            return lower.flat_lower(lower.lower_shape(values), pose)
        if self.engine == "trousers":
            return legs.flat_trousers(self.trousers(values, choices), pose, bare)
        return upper.flat_upper(self.upper(values, choices), pose, bare)

    def flat_outline(
        self, values: Mapping[str, float], choices: Mapping[str, str], pose: FlatPose | None = None
    ) -> tuple[NDArray[np.float64], dict[str, tuple[float, float]]]:
        """The silhouette loop (k, 2) and the named landmarks of :meth:`flat`, metres."""
        flat = self.flat(values, choices, pose)
        return flat.outline, flat.landmarks

    def flat_grid(
        self, values: Mapping[str, float], choices: Mapping[str, str], pose: FlatPose
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Where each vertex lies in a flat pose (n, 2), and whether the camera sees it (n,)."""
        if self.engine == "lower":
            return lower.lower_flat_grid(lower.lower_shape(values), pose)
        if self.engine == "trousers":
            return legs.trouser_flat_grid(self.trousers(values, choices), pose)
        return grid.flat_grid(self.upper(values, choices), pose)

    def flat_pose(self, choices: Mapping[str, str]) -> FlatPose:
        """The ordinary pose of this garment in a shop's photo."""
        if self.engine == "trousers":
            return FlatPose(hem_tilt=0.03)
        angle = {"none": 0.5, "short": 0.55, "long": 0.95}[self.sleeves(choices)]
        return FlatPose(sleeve_left=angle, sleeve_right=angle)

    def sample(self, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, str]]:
        """A random member: a common size, then each parameter around it, cut to its range."""
        picked = {c.name: str(rng.choice(c.options)) for c in self.choices}
        style = self._style(rng)
        for name, options in style.get("choices", {}).items():
            picked[name] = str(rng.choice(options))
        spread: Mapping[str, float] = self.extra["spread"]
        size = float(np.exp(rng.normal(0.0, self.extra["size_spread"])))
        wide = 1.0 + float(rng.random() < 0.25)
        follow: Mapping[str, str] = self.extra.get("follow", {})
        defaults = self.defaults(picked) | style.get("values", {})
        values: dict[str, float] = {}
        off: dict[str, float] = {"": 0.0}
        for p in self.parameters:
            shared = off[follow.get(p.name, "")]
            off[p.name] = shared + float(rng.normal(0.0, spread[p.name])) * wide
            draw = defaults[p.name] * size + off[p.name]
            values[p.name] = float(np.clip(draw, p.minimum, p.maximum))
        return values, picked

    def _style(self, rng: np.random.Generator) -> Mapping[str, Any]:
        """One of the data file's archetypes, such as a coat or a vest; empty without any."""
        styles: Mapping[str, Mapping[str, Any]] = self.extra.get("archetypes", {})
        if not styles:
            return {}
        weights = np.array([float(s["weight"]) for s in styles.values()])
        return list(styles.values())[int(rng.choice(len(weights), p=weights / weights.sum()))]

    def defaults(self, choices: Mapping[str, str]) -> dict[str, float]:
        """The ordinary values of a garment with these choices.

        The data file's ``[extra.defaults.CHOICE.OPTION]`` tables override the parameters' own
        defaults, as long sleeves are longer than short ones.
        """
        values = {p.name: p.default for p in self.parameters}
        tables: Mapping[str, Mapping[str, Mapping[str, float]]] = self.extra.get("defaults", {})
        for choice, options in tables.items():
            values.update(options.get(choices.get(choice, ""), {}))
        return values

    def active(self, choices: Mapping[str, str]) -> frozenset[str]:
        """The parameters that change anything under these choices.

        The data file's ``[extra.inactive]`` lists what ``"CHOICE=OPTION"`` makes void.
        """
        table: Mapping[str, list[str]] = self.extra.get("inactive", {})
        void = {n for c, option in choices.items() for n in table.get(f"{c}={option}", ())}
        return frozenset(p.name for p in self.parameters) - void

    def sample_pose(self, rng: np.random.Generator, choices: Mapping[str, str]) -> FlatPose:
        """A random flat pose, as people lay and hang garments for a photo."""
        return sample_pose(rng, self.sleeves(choices), self.engine)

    def drape_on(
        self, values: Mapping[str, float], choices: Mapping[str, str], form: BodyForm
    ) -> Mesh:
        """The garment worn on a body form; see :mod:`reconstruction.garment.drape`.

        Raises:
            ParameterError: see :func:`complete`.
        """
        from ..garment.drape import drape

        full, picked = complete(self, values, choices)
        return drape(self, full, picked, form)

    def build(self, values: Mapping[str, float], choices: Mapping[str, str]) -> Mesh:
        """The garment worn on the reference dress form, skinned to its skeleton."""
        from ..dressform import reference_form

        return self.drape_on(values, choices, reference_form())


def sample_pose(rng: np.random.Generator, sleeves: str, engine: str) -> FlatPose:
    """A random flat pose for an ``engine`` of ``"upper"``, ``"lower"`` or ``"trousers"``."""
    hanging = rng.random() < 0.3
    if sleeves == "long":
        common = rng.uniform(1.1, 1.4) if hanging else rng.uniform(0.25, 1.4)
        part, bend = 0.10, 0.25
    else:
        common = rng.uniform(0.6, 1.0) if hanging else rng.uniform(0.1, 0.85)
        part, bend = 0.08, 0.0
    spread = 0.0
    if engine == "trousers":
        spread = float(rng.uniform(-0.03, 0.12) if hanging else rng.uniform(0.0, 0.34))
        bend = 0.05 if hanging else 0.12
    bends = rng.normal(0.0, bend, 2) * (rng.random(2) < 0.5) if bend else np.zeros(2)
    dip = rng.normal(0.01, 0.008) if engine == "upper" else 0.015
    return FlatPose(
        rotation=float(rng.normal(0.0, 0.05)),
        sleeve_left=float(np.clip(common + rng.normal(0.0, part), -0.1, 1.55)),
        sleeve_right=float(np.clip(common + rng.normal(0.0, part), -0.1, 1.55)),
        elbow_left=float(np.clip(bends[0], -0.9, 0.9)),
        elbow_right=float(np.clip(bends[1], -0.9, 0.9)),
        lean=float(rng.normal(0.0, 0.02)),
        asymmetry=float(rng.normal(0.0, 0.03)),
        keystone_x=float(rng.normal(0.0, 0.06)),
        keystone_y=float(rng.normal(0.0, 0.10)),
        hem_curve=float(np.clip(rng.normal(0.008, 0.012), -0.02, 0.05)),
        hem_tilt=float(rng.normal(0.04, 0.06) if engine == "trousers" else rng.normal(0.0, 0.02)),
        back_neck=float(np.clip(dip, -0.01, 0.05)),
        waist_curve=float(np.clip(rng.normal(0.012, 0.012), -0.02, 0.05)),
        leg_left=float(np.clip(spread + rng.normal(0.0, 0.04), -0.08, 0.5)),
        leg_right=float(np.clip(spread + rng.normal(0.0, 0.04), -0.08, 0.5)),
    )
