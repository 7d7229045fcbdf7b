"""What all furniture families share: topology per choices, vertices per values, sampling.

A family of furniture gives a list of lofts for its values and choices. How those lofts join and
unfold is worked out once per set of choices, from the family's default values, so that a changed
dimension moves vertices and nothing else: faces, UVs and any texture stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..family import ChoiceSpec, ParameterSpec, View, complete
from ..mesh import F32, Mesh
from .furniture_solids import F64, Loft, Surface, Topology, fit_box, surface, topology
from .spec import FamilySpec

Values = Mapping[str, float]
Choices = Mapping[str, str]
Anchors = dict[str, tuple[float, float, float]]


@dataclass(frozen=True, eq=False)
class Assembly:
    """One member of a family before it is joined.

    Attributes:
        lofts: the solids, in an order that depends on the choices alone.
        seat_line: y up to which heights are exact; what is above is stretched to ``height``.
        anchors: places by name, in the same frame as the lofts.
    """

    lofts: list[Loft]
    seat_line: float
    anchors: Anchors


@dataclass(frozen=True)
class Habit:
    """How people photograph a family.

    Attributes:
        azimuth, elevation: ranges, radians; the azimuth is counted from the front.
        behind: share of the pictures from anywhere around.
        front_only: options, as ``"back=none"``, of which no picture is from anywhere around.
    """

    azimuth: tuple[float, float] = (-1.25, 1.25)
    elevation: tuple[float, float] = (0.02, 0.7)
    behind: float = 0.0
    front_only: tuple[str, ...] = ()


class FurnitureFamily:
    """A furniture family made of lofts; implements :class:`reconstruction.family.Family`.

    Args:
        spec: what the family's data file says.
        assemble: makes the lofts for complete values and choices.

    Attributes:
        habit: how people photograph it (``extra.camera`` of the data file).
        main_choices: those that decide what a member is (``extra.main``); others are details.
        gauge: the length that stands for the size where none is known (``extra.gauge``).
    """

    kind: Literal["garment", "furniture"] = "furniture"
    view: View = "solid"

    def __init__(self, spec: FamilySpec, assemble: Callable[[Values, Choices], Assembly]) -> None:
        self.spec = spec
        self.assemble = assemble
        self.name = spec.name
        self.category = spec.category
        self.label = spec.label
        self.parameters: tuple[ParameterSpec, ...] = spec.parameters
        self.choices: tuple[ChoiceSpec, ...] = spec.choices
        self.habit = _habit(spec.extra.get("camera", {}))
        names = [c.name for c in spec.choices]
        self.main_choices: tuple[str, ...] = tuple(spec.extra.get("main", names))
        self.gauge: str = spec.extra.get("gauge", "height")
        self._topologies: dict[tuple[str, ...], Topology] = {}
        self._surfaces: dict[tuple[str, ...], Surface] = {}

    def build(self, values: Values, choices: Choices) -> Mesh:
        """The mesh: exact ``width``, ``height`` and ``depth``, floor centre at the origin.

        Raises:
            ParameterError: an unknown name or a value out of range.
        """
        full, picked = complete(self, values, choices)
        points, anchors = self.solve(full, picked)
        how = self.topology(picked)
        return Mesh(
            vertices=np.ascontiguousarray(points[how.weld]),
            faces=how.faces,
            uv=how.uv,
            face_part=how.face_part,
            parts=how.parts,
            part_material=how.part_material,
            weld=how.weld,
            anchors=anchors,
        )

    def points(self, values: Values, choices: Choices) -> F32:
        """(p, 3) points that :meth:`surface`'s faces join; unchecked, for fitting."""
        return self.solve(values, choices)[0]

    def solve(self, values: Values, choices: Choices) -> tuple[F32, Anchors]:
        """Points and anchors for complete values and choices, which are not checked."""
        assembly = self.assemble(values, choices)
        points = np.concatenate([loft.points() for loft in assembly.lofts])
        names = list(assembly.anchors)
        marks = np.array([assembly.anchors[n] for n in names])
        size = (values["width"], values["height"], values["depth"])
        fitted, moved = fit_box(points, marks, size, assembly.seat_line)
        anchors = {
            n: (float(p[0]), float(p[1]), float(p[2])) for n, p in zip(names, moved, strict=True)
        }
        return fitted, anchors

    def topology(self, choices: Choices) -> Topology:
        """Faces, UVs and parts, which depend on the (complete) choices alone."""
        key = tuple(choices[c.name] for c in self.choices)
        known = self._topologies.get(key)
        if known is None:
            defaults = {p.name: p.default for p in self.parameters}
            known = topology(self.assemble(defaults, choices).lofts)
            self._topologies[key] = known
        return known

    def surface(self, choices: Choices) -> Surface:
        """The closed surface that :meth:`points` stand on; cheaper than :meth:`topology`."""
        key = tuple(choices[c.name] for c in self.choices)
        known = self._surfaces.get(key)
        if known is None:
            defaults = {p.name: p.default for p in self.parameters}
            known = surface(self.assemble(defaults, choices).lofts)
            self._surfaces[key] = known
        return known

    def active(self, choices: Choices) -> tuple[str, ...]:
        """The parameters that change the shape under these (complete) choices."""
        picked = {f"{name}={option}" for name, option in choices.items()}
        table = self.spec.extra["inactive"]
        without = {p for key, names in table.items() if key in picked for p in names}
        return tuple(p.name for p in self.parameters if p.name not in without)

    def meaningful(self, choices: Choices) -> dict[str, str]:
        """The choices without those that another one makes void (``extra.void``)."""
        picked = {f"{name}={option}" for name, option in choices.items()}
        table = self.spec.extra.get("void", {})
        void = {name for key, names in table.items() if key in picked for name in names}
        return {name: option for name, option in choices.items() if name not in void}

    def tied(self, choices: Choices) -> dict[str, tuple[str, float, float]]:
        """Lengths that go with others under these choices, as what is round is as deep as wide.

        Returns:
            By name the other length, the usual ratio to it and its deviation. A length counts as
            tied if nine tenths of the sampler's members with these choices tie it.
        """
        total = 0.0
        weight: dict[str, float] = {}
        found: dict[str, tuple[str, float, float]] = {}
        for kind in self.spec.extra["archetypes"].values():
            chance = float(kind["weight"])
            for choice in self.choices:
                options = kind.get("choices", {}).get(choice.name, choice.options)
                chance *= options.count(choices[choice.name]) / len(options)
            total += chance
            for name, (other, low, high) in kind.get("tied", {}).items():
                weight[name] = weight.get(name, 0.0) + chance
                found[name] = (str(other), (low + high) / 2, (high - low) / 12**0.5)
        return {n: found[n] for n, share in weight.items() if share >= 0.9 * total > 0}

    def sample(self, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, str]]:
        """A random member after one of the data file's archetypes, or now and then a wild one."""
        kinds = self.spec.extra["archetypes"]
        weight = np.array([float(a["weight"]) for a in kinds.values()])
        kind = list(kinds.values())[int(rng.choice(len(weight), p=weight / weight.sum()))]
        choices = {}
        for choice in self.choices:
            options = kind.get("choices", {}).get(choice.name, choice.options)
            choices[choice.name] = str(options[int(rng.integers(len(options)))])
        values = {}
        for p in self.parameters:
            low, high = kind.get("values", {}).get(p.name, (p.minimum, p.maximum))
            values[p.name] = float(rng.uniform(low, high))
        known = {p.name: p for p in self.parameters}
        # What is round is about as deep as it is wide.
        for name, (other, low, high) in kind.get("tied", {}).items():
            value = values[other] * float(rng.uniform(low, high))
            values[name] = min(max(value, known[name].minimum), known[name].maximum)
        return values, choices


def _habit(table: Mapping[str, Any]) -> Habit:
    usual = Habit()
    return Habit(
        azimuth=tuple(table.get("azimuth", usual.azimuth)),
        elevation=tuple(table.get("elevation", usual.elevation)),
        behind=float(table.get("behind", usual.behind)),
        front_only=tuple(table.get("front_only", usual.front_only)),
    )


def turned_profile(table: list[list[float]], rings: int) -> tuple[F64, F64]:
    """A turned leg's radius along its height from a table of (height, radius) in 0..1.

    Returns:
        (n,) heights and (n,) radii, n at most ``rings``; every row of the table is kept.
    """
    rows = np.asarray(table, float)
    extra = np.linspace(0, 1, max(rings - len(rows), 2))
    heights = np.union1d(rows[:, 0], extra)
    return heights, np.interp(heights, rows[:, 0], rows[:, 1])
