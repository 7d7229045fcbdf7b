"""Families of solid products: exact dimensions, closed parts, stable topology, honest ranges."""

from __future__ import annotations

import numpy as np
import pytest

from reconstruction.errors import ParameterError
from reconstruction.families import family_names, get_family
from reconstruction.families.furniture_family import FurnitureFamily
from reconstruction.families.furniture_solids import surface
from reconstruction.family import complete
from reconstruction.render.rasterize import uv_raster

NAMES = tuple(n for n in family_names() if get_family(n).kind == "furniture")


def family_of(name: str) -> FurnitureFamily:
    family = get_family(name)
    assert isinstance(family, FurnitureFamily)
    return family


def members(name: str, count: int = 40):
    family, rng = family_of(name), np.random.default_rng(11)
    for _ in range(count):
        yield family, *family.sample(rng)


@pytest.mark.parametrize("name", NAMES)
def test_samples_lie_in_their_ranges_and_build_exact_boxes_on_the_floor(name: str) -> None:
    for family, values, choices in members(name):
        complete(family, values, choices)
        points = family.points(values, choices)
        assert np.isfinite(points).all()
        low, high = points.min(axis=0), points.max(axis=0)
        want = (values["width"], values["height"], values["depth"])
        assert high - low == pytest.approx(want, rel=1e-4)
        assert low[1] == pytest.approx(0, abs=1e-5)
        assert low[[0, 2]] + high[[0, 2]] == pytest.approx([0, 0], abs=1e-4)
        assert len(family.surface(choices).faces) <= 20000


@pytest.mark.parametrize("name", NAMES)
def test_every_solid_is_closed_manifold_and_turned_outwards(name: str) -> None:
    for family, values, choices in members(name, 24):
        for loft in family.assemble(values, choices).lofts:
            points, faces = loft.points(), surface([loft]).faces.astype(np.int64)
            start = np.concatenate([faces[:, 0], faces[:, 1], faces[:, 2]])
            stop = np.concatenate([faces[:, 1], faces[:, 2], faces[:, 0]])
            forward = np.unique(start * len(points) + stop)
            assert len(forward) == len(start), loft.part
            assert np.array_equal(forward, np.unique(stop * len(points) + start)), loft.part
            corners = points[faces]
            volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
            copies = volume.reshape(loft.rings.shape[0], -1).sum(axis=1)
            assert (copies > 0).all(), loft.part


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_dimension_moves_vertices_and_nothing_else(name: str) -> None:
    family = family_of(name)
    one = family.build({}, {})
    other = family.build({"width": one.size[0] * 1.2, "height": one.size[1] * 1.1}, {})
    assert np.array_equal(one.faces, other.faces)
    assert np.array_equal(one.uv, other.uv)
    assert one.parts == other.parts
    assert other.size[0] == pytest.approx(one.size[0] * 1.2, rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_atlas_lies_in_the_unit_square_and_does_not_overlap(name: str) -> None:
    for family, values, choices in members(name, 4):
        mesh = family.build(values, choices)
        assert mesh.uv.min() >= 0
        assert mesh.uv.max() <= 1
        flat = mesh.uv[mesh.faces]
        a, b = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
        area = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / 2
        covered = (uv_raster(mesh.uv, mesh.faces, 1024).face_id >= 0).mean()
        # Overlapping triangles would add up to more area than they cover.
        assert area == pytest.approx(covered, rel=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_points_join_into_the_built_mesh(name: str) -> None:
    for family, values, choices in members(name, 6):
        mesh, how = family.build(values, choices), family.topology(choices)
        points = family.points(values, choices)
        assert np.array_equal(mesh.vertices, points[how.weld])
        points = points.astype(np.float64)
        cheap = family.surface(choices)
        volume = {
            name: np.einsum("ij,ij->", p[:, 0], np.cross(p[:, 1], p[:, 2]))
            for name, p in (("surface", points[cheap.faces]), ("mesh", points[how.point_faces]))
        }
        assert volume["surface"] == pytest.approx(volume["mesh"], rel=1e-4)
        assert cheap.parts == mesh.parts


def test_seat_height_is_where_the_seat_is() -> None:
    mesh = family_of("chair").build({"seat_height": 0.44}, {"seat": "solid", "back": "slats"})
    seat = mesh.vertices[np.unique(mesh.part_faces("seat"))]
    assert seat[:, 1].max() == pytest.approx(0.44, abs=2e-3)
    assert mesh.anchors["seat"][1] == pytest.approx(0.44, abs=2e-3)
    assert mesh.anchors["back_top"][1] > 0.8


def test_chairs_face_plus_z() -> None:
    mesh = family_of("chair").build({}, {"back": "panel"})
    back = mesh.vertices[np.unique(mesh.part_faces("back_panel"))]
    seat = mesh.vertices[np.unique(mesh.part_faces("cushion"))]
    assert back[:, 2].mean() < seat[:, 2].mean()


@pytest.mark.parametrize("name", NAMES)
def test_active_parameters_are_those_that_change_the_shape(name: str) -> None:
    for family, values, choices in members(name, 10):
        active = family.active(choices)
        base = family.points(values, choices)
        for spec in family.parameters:
            middle = (spec.minimum + spec.maximum) / 2
            moved = spec.minimum if values[spec.name] > middle else spec.maximum
            changed = family.points({**values, spec.name: moved}, choices)
            if spec.name not in active:
                assert np.allclose(base, changed, atol=1e-6), (spec.name, choices)


@pytest.mark.parametrize("name", NAMES)
def test_void_choices_change_nothing(name: str) -> None:
    for family, values, choices in members(name, 25):
        plain = {c.name: c.default for c in family.choices}
        kept = {**plain, **family.meaningful(choices)}
        assert np.array_equal(family.points(values, kept), family.points(values, choices)), choices


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_shows_somewhere(name: str) -> None:
    seen: set[str] = set()
    wanted = {p.name for p in family_of(name).parameters}
    for family, values, choices in members(name, 150):
        if seen == wanted:
            break
        base = family.points(values, choices)
        for spec in family.parameters:
            if spec.name not in seen and spec.name in family.active(choices):
                middle = (spec.minimum + spec.maximum) / 2
                moved = spec.minimum if values[spec.name] > middle else spec.maximum
                if not np.allclose(base, family.points({**values, spec.name: moved}, choices)):
                    seen.add(spec.name)
    assert seen == wanted


@pytest.mark.parametrize("name", NAMES)
def test_any_values_give_the_same_topology_as_the_defaults(name: str) -> None:
    family = family_of(name)
    for _, values, choices in members(name, 25):
        lofts = family.assemble(values, choices).lofts
        plain = {p.name: p.default for p in family.parameters}
        usual = family.assemble(plain, choices).lofts
        assert [(a.layout, a.part, a.material) for a in lofts] == [
            (b.layout, b.part, b.material) for b in usual
        ]


@pytest.mark.parametrize(
    ("name", "choices", "rear", "front"),
    [
        ("sofa", {"back": "tight"}, "back", "seat_cushions"),
        ("cabinet", {"fronts": "doors"}, "back_panel", "doors"),
        ("bed", {"headboard": "panel"}, "headboard", "mattress"),
        ("car", {}, "taillights", "headlights"),
        ("chair", {"back": "shell", "seat": "cushion"}, "shell", "cushion"),
        ("table", {"legs": "pedestals"}, "top", "drawers"),
    ],
)
def test_products_face_plus_z(name: str, choices: dict[str, str], rear: str, front: str) -> None:
    mesh = family_of(name).build({}, choices)
    behind, before = (
        mesh.vertices[np.unique(mesh.part_faces(part))][:, 2].mean() for part in (rear, front)
    )
    assert behind < before


def test_what_one_sits_or_lies_on_is_where_it_is_said_to_be() -> None:
    sofa = family_of("sofa").build({"seat_height": 0.41}, {"back": "tight"})
    cushions = sofa.vertices[np.unique(sofa.part_faces("seat_cushions"))]
    assert cushions[:, 1].max() == pytest.approx(0.41, abs=2e-3)
    bed = family_of("bed").build({"mattress_top": 0.47}, {"headboard": "panel"})
    mattress = bed.vertices[np.unique(bed.part_faces("mattress"))]
    assert mattress[:, 1].max() == pytest.approx(0.47, abs=2e-3)


def test_an_open_shelf_is_hollow() -> None:
    family = family_of("cabinet")
    style = {"fronts": "open", "columns": "2", "rows": "2", "base": "floor", "top": "flush"}
    mesh = family.build({}, style)
    how = family.topology({**{c.name: c.default for c in family.choices}, **style})
    width, height, depth = mesh.size
    # Winding number of points in a bay: outside every board. (Jacobson et al. 2013)
    corners = family.points(
        {p.name: p.default for p in family.parameters},
        {**{c.name: c.default for c in family.choices}, **style},
    )[how.point_faces].astype(np.float64)
    for x, y, inside in ((0.25, 0.75, 0.0), (-0.25, 0.25, 0.0), (0.0, 0.75, 1.0)):
        a, b, c = np.moveaxis(corners - [x * width, y * height, 0.2 * depth], 1, 0)
        la, lb, lc = (np.linalg.norm(v, axis=1) for v in (a, b, c))
        top = np.einsum("ij,ij->i", a, np.cross(b, c))
        dots = (np.einsum("ij,ij->i", p, q) for p, q in ((a, b), (b, c), (c, a)))
        ab, bc, ca = dots
        angle = 2 * np.arctan2(top, la * lb * lc + ab * lc + bc * la + ca * lb)
        assert angle.sum() / (4 * np.pi) == pytest.approx(inside, abs=1e-3)


@pytest.mark.parametrize(
    ("values", "choices", "field"),
    [
        ({"width": 9.0}, {}, "values.width"),
        ({"width": float("nan")}, {}, "values.width"),
        ({"wings": 1.0}, {}, "values.wings"),
        ({}, {"legs": "tentacles"}, "choices.legs"),
    ],
)
def test_bad_parameters_say_what_was_expected(
    values: dict[str, float], choices: dict[str, str], field: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        family_of("table").build(values, choices)
    assert caught.value.field == field
    assert caught.value.expected


@pytest.mark.parametrize("name", NAMES)
def test_words_are_given_in_both_languages(name: str) -> None:
    family = family_of(name)
    for spec in (*family.parameters, *family.choices):
        assert spec.label["en"] and spec.label["zh"], spec.name


@pytest.mark.parametrize("name", NAMES)
def test_the_data_files_tables_name_real_parameters_and_options(name: str) -> None:
    family = family_of(name)
    parameters = {p.name for p in family.parameters}
    options = {f"{c.name}={o}" for c in family.choices for o in c.options}
    extra = family.spec.extra
    assert set(extra["inactive"]) <= options
    assert {p for names in extra["inactive"].values() for p in names} <= parameters
    assert set(extra["switch"]) <= options
    assert {p for begin in extra["switch"].values() for p in begin} <= parameters
    assert {p for kind in extra["scale"].values() for p in kind} <= parameters
    assert set(family.main_choices) <= {c.name for c in family.choices}
    assert family.gauge in parameters
    assert set(family.habit.front_only) <= options
    for kind in extra["archetypes"].values():
        for choice, allowed in kind.get("choices", {}).items():
            assert {f"{choice}={o}" for o in allowed} <= options
        for parameter, (other, _, _) in kind.get("tied", {}).items():
            assert {parameter, other} <= parameters
        for parameter, (low, high) in kind.get("values", {}).items():
            spec = next(p for p in family.parameters if p.name == parameter)
            assert spec.minimum <= low <= high <= spec.maximum, parameter
