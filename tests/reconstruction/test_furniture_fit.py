"""Fitting furniture to masks: what was rendered must come back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reconstruction.errors import NoProductError, ParameterError
from reconstruction.families import get_family
from reconstruction.families.furniture_family import FurnitureFamily
from reconstruction.furniture.fit import PhotoView, refine, refine_views, refit, silhouette_iou
from reconstruction.furniture.scale import metric_scale, rescaled
from reconstruction.furniture.solver import Start
from reconstruction.furniture.target import (
    Pose,
    compare,
    make_target,
    material_colours,
    photo_camera,
    place,
)
from reconstruction.render.rasterize import Camera, frame_camera, picture, render

PHOTOS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "product_photos"

CHAIR = {
    "width": 0.47, "height": 0.88, "depth": 0.55, "seat_height": 0.45, "seat_thickness": 0.03,
    "leg_thickness": 0.04, "back_tilt": 0.18, "back_width": 0.9, "seat_taper": 0.88,
}  # fmt: skip
STYLE = {"seat": "apron", "back": "ladder", "slat_count": "3"}


def family_of(name: str) -> FurnitureFamily:
    family = get_family(name)
    assert isinstance(family, FurnitureFamily)
    return family


def view(name: str, values: dict[str, float], choices: dict[str, str], azimuth: float = 0.6):
    mesh = family_of(name).build(values, choices)
    camera = frame_camera(mesh.vertices, azimuth, 0.3, fov=0.45, aspect=200 / 240)
    mask = (render(mesh.vertices, mesh.faces, camera, (240, 200)).face_id >= 0).astype(np.float32)
    return mesh, camera, mask


def test_photo_camera_puts_points_where_the_square_had_them() -> None:
    mesh, _, mask = view("chair", CHAIR, STYLE)
    target = make_target(mask)
    pose = Pose(0.5, 0.2, 0.2, 0.01, (0.01, -0.02), 0.03)
    square, _ = place(mesh.vertices, pose, target)
    in_photo = photo_camera(mesh.vertices, pose, target).project(mesh.vertices, (240, 200))
    moved = target.to_photo(square[:, :2])
    assert in_photo[:, :2] == pytest.approx(moved, abs=0.02)
    assert in_photo[:, 2] == pytest.approx(square[:, 2], rel=1e-4)


def test_compare_counts_overlap_distance_and_colours() -> None:
    mask = np.zeros((90, 90), np.float32)
    mask[20:70, 30:60] = 1
    target = make_target(mask)
    face_id, region = np.where(target.inside > 0, 0, -1).astype(np.int32), np.zeros(1, np.int32)
    assert compare(face_id, region, target)[:2] == pytest.approx((1.0, 0.0))
    iou, miss, *_ = compare(np.roll(face_id, 8, axis=1), region, target)
    assert 0.5 < iou < 0.9
    assert miss > 0


def test_three_materials_are_told_apart_and_an_even_one_has_no_weight() -> None:
    inside = np.ones((60, 60), np.uint8)
    three = np.full((60, 60, 3), (80, 45, 30), np.uint8)
    three[20:40], three[40:] = (225, 215, 200), (60, 90, 170)
    colours, weight = material_colours(three, inside)
    assert weight == 1.0
    rows = colours[[5, 30, 55], 30]
    apart = np.linalg.norm(rows - np.roll(rows, 1, axis=0), axis=1)
    assert apart.min() > 0.8
    assert (colours**2).sum(axis=2).mean() == pytest.approx(1.0, abs=0.1)
    noise = np.random.default_rng(0).normal(120, 2, (60, 60, 1))
    even = np.clip(np.repeat(noise, 3, axis=2), 0, 255).astype(np.uint8)
    assert material_colours(even, inside)[1] == 0.0


def test_regions_that_follow_the_colours_explain_them() -> None:
    photo = np.full((90, 90, 3), (90, 60, 40), np.uint8)
    photo[:45] = (190, 200, 210)
    mask = np.zeros((90, 90), np.float32)
    mask[20:70, 30:60] = 1
    target = make_target(mask, photo)
    bright = target.colours[..., 1] > 0
    face_id = np.where(target.inside == 0, -1, np.where(bright, 0, 1)).astype(np.int32)
    both = compare(face_id, np.array([0, 1], np.int32), target)
    one = compare(face_id, np.array([0, 0], np.int32), target)
    assert both[2] < 0.1 < 0.9 < one[2]
    assert np.linalg.norm(both[3][0] - both[3][1]) > 1.5


def test_a_rug_seen_from_its_side_is_not_taken_for_a_longer_one() -> None:
    _, _, mask = view("rug", {"width": 2.4, "depth": 1.6}, {}, azimuth=0.4)
    # What lies across is deep by the guess, and wide in truth.
    guess, aside = {"width": 1.6, "depth": 2.4}, Pose(0.4 - np.pi / 2, 0.3, 0.2)
    start = Start(guess, {}, aside, {"width": 0.2, "depth": 0.2}, size_spread=0.3)
    fit = refine(
        family_of("rug"), {}, {}, None, mask, declared={"width": 2.4}, proposals=[start], effort=0
    )
    assert fit.values["depth"] == pytest.approx(1.6, rel=0.08)
    assert np.cos(2 * (fit.camera.azimuth - 0.4)) > 0.9


def test_a_declared_height_changes_what_was_sure_the_least() -> None:
    family = family_of("bed")
    guess = {p.name: p.default for p in family.parameters}
    told = {"height": guess["height"] * 1.3}
    spread = {"height": 0.2 * guess["height"]}
    sure, left = rescaled(family, guess, told, spread, 0.04)
    assert sure["depth"] / guess["depth"] == pytest.approx(1.01, abs=0.01)
    assert left < 0.04
    unsure, _ = rescaled(family, guess, told, {"height": 0.01 * guess["height"]}, 0.2)
    assert unsure["width"] / guess["width"] == pytest.approx(1.3, abs=0.01)
    whole, _ = rescaled(family, guess, told)
    assert whole["width"] / guess["width"] == pytest.approx(1.3, abs=0.001)


def test_a_perturbed_guess_comes_back_to_what_was_rendered() -> None:
    family = family_of("chair")
    _, camera, mask = view("chair", CHAIR, STYLE)
    guess = {**CHAIR, "width": 0.53, "seat_height": 0.50, "back_tilt": 0.05, "depth": 0.50}
    start = Start(guess, STYLE, Pose(0.45, 0.4, 0.2))
    fit = refine(family, {}, {}, None, mask, declared={"height": 0.88}, proposals=[start], effort=0)
    assert fit.iou > 0.95
    assert fit.values["height"] == 0.88
    assert fit.values["width"] == pytest.approx(0.47, rel=0.05)
    assert fit.values["seat_height"] == pytest.approx(0.45, rel=0.05)
    assert fit.camera.azimuth == pytest.approx(camera.azimuth, abs=0.1)
    assert fit.estimates["width"].low <= fit.values["width"] <= fit.estimates["width"].high
    assert fit.estimates["height"].source == "declared"


def test_declared_dimensions_come_back_in_the_mesh() -> None:
    family = family_of("table")
    true = {"width": 1.4, "height": 0.75, "depth": 0.7, "leg_thickness": 0.07}
    _, _, mask = view("table", true, {})
    start = Start({}, {}, Pose(0.5, 0.3, 0.2))
    declared = {"width": 1.4, "depth": 0.7}
    fit = refine(family, {}, {}, None, mask, declared=declared, proposals=[start], effort=0)
    width, height, depth = family.build(fit.values, fit.choices).size
    assert width == pytest.approx(1.4, rel=0.005)
    assert depth == pytest.approx(0.7, rel=0.005)
    assert height == pytest.approx(0.75, rel=0.05)


def test_the_same_seed_gives_the_same_result() -> None:
    family = family_of("table")
    _, _, mask = view("table", {"width": 1.0}, {"legs": "round"})
    start = Start({"width": 1.2}, {"legs": "round"}, Pose(0.5, 0.3, 0.2))
    one, two = (
        refine(family, {}, {}, None, mask, proposals=[start], effort=0, seed=3) for _ in range(2)
    )
    assert one.values == two.values
    assert one.camera == two.camera


def test_without_a_declared_size_the_scale_is_usual_and_its_doubt_is_said() -> None:
    family = family_of("chair")
    doubled = {**{p.name: p.default for p in family.parameters}, "seat_height": 0.80}
    doubled |= {"height": 1.45, "width": 0.85}
    choices = {c.name: c.default for c in family.choices}
    scale = metric_scale(family, doubled, choices, {})
    assert 0.5 < scale.factor < 0.75
    assert 0.05 < scale.spread < 0.3
    assert metric_scale(family, doubled, choices, {"width": 0.85}) == (1.0, 0.0)
    _, _, mask = view("table", {}, {})
    start = Start({}, {}, Pose(0.55, 0.3, 0.2))
    fit = refine(family_of("table"), {}, {}, None, mask, proposals=[start], effort=0)
    assert any("No dimension was declared" in w for w in fit.warnings)
    height = fit.estimates["height"]
    assert height.high - height.low > 0.03


def test_a_shape_outside_the_family_is_said_to_be_one() -> None:
    mask = np.zeros((160, 160), np.float32)
    yy, xx = np.mgrid[:160, :160]
    mask[(yy - 80) ** 2 + (xx - 80) ** 2 < 70**2] = 1
    mask[(yy - 80) ** 2 + (xx - 80) ** 2 < 55**2] = 0
    start = Start({}, {"legs": "round"}, Pose(0.4, 0.3, 0.2))
    fit = refine(family_of("table"), {}, {}, None, mask, proposals=[start], effort=0.02)
    assert fit.iou < 0.88
    assert fit.confidence < 0.75
    assert any("outside" in w for w in fit.warnings)


@pytest.mark.parametrize(
    ("declared", "field"),
    [({"height": 7.0}, "declared.height"), ({"girth": 1.0}, "declared.girth")],
)
def test_impossible_declared_sizes_are_refused(declared: dict[str, float], field: str) -> None:
    with pytest.raises(ParameterError) as caught:
        refine(family_of("chair"), {}, {}, None, np.ones((64, 64), np.float32), declared=declared)
    assert caught.value.field == field


def test_an_empty_mask_is_no_product() -> None:
    with pytest.raises(NoProductError):
        refine(family_of("chair"), {}, {}, None, np.zeros((64, 64), np.float32))


def test_iou_of_a_mesh_with_its_own_mask_is_one() -> None:
    mesh, camera, mask = view("chair", CHAIR, STYLE)
    assert silhouette_iou(mesh.vertices, mesh.faces, camera, mask) == pytest.approx(1.0)
    aside = Camera(camera.azimuth + 0.4, 0.3, 0.0, camera.distance, camera.fov, camera.target)
    assert silhouette_iou(mesh.vertices, mesh.faces, aside, mask) < 0.9


def test_material_colours_help_where_the_outline_is_silent() -> None:
    # From straight ahead, where the cushion ends and the frame begins shows only in colour.
    family = family_of("chair")
    true = {**CHAIR, "seat_thickness": 0.11, "apron_height": 0.04}
    style = {"seat": "cushion", "back": "frame"}
    mesh, camera, mask = view("chair", true, style, azimuth=0.0)
    colours = {"wood": (0.08, 0.03, 0.02), "upholstery": (0.8, 0.75, 0.65)}
    photo = picture(mesh, camera, (240, 200), colours)[..., :3]
    guess = {**true, "seat_thickness": 0.06, "apron_height": 0.09}
    start = Start(guess, style, Pose(0.0, 0.3, 0.2))
    fit = refine(
        family, {}, {}, None, mask, photo=photo, declared={"height": 0.88}, proposals=[start],
        effort=0,
    )  # fmt: skip
    assert fit.iou > 0.95
    assert fit.values["apron_height"] == pytest.approx(0.04, abs=0.015)
    assert fit.values["seat_thickness"] > 0.065


def views_of(name: str, values: dict[str, float], choices: dict[str, str], *azimuths: float):
    return tuple(
        PhotoView(view(name, values, choices, a)[2], pose=Pose(a + 0.15, 0.38, 0.2))
        for a in azimuths
    )


def test_several_photos_decide_what_one_leaves_open() -> None:
    family = family_of("table")
    true = {"width": 1.4, "height": 0.75, "depth": 0.62, "leg_thickness": 0.07}
    views = views_of("table", true, {}, 0.1, 1.0, -0.7)
    start = Start({"width": 1.1, "depth": 0.9}, {}, Pose(0.0, 0.3, 0.2))
    known = {"height": 0.75}
    one = refine_views(family, views[:1], proposals=[start], declared=known, effort=0)
    all_ = refine_views(family, views, proposals=[start], declared=known, effort=0)
    assert len(all_.cameras) == len(all_.ious) == 3
    assert min(all_.ious) > 0.95
    assert all_.odd_views == ()
    assert all_.values["depth"] == pytest.approx(0.62, rel=0.03)
    assert all_.values["width"] == pytest.approx(1.4, rel=0.03)
    assert [c.azimuth for c in all_.cameras] == pytest.approx([0.1, 1.0, -0.7], abs=0.05)
    assert one.evidence is not None and all_.evidence is not None
    assert all_.evidence.spread["depth"] < one.evidence.spread["depth"]


def test_a_photo_of_another_piece_is_named_and_left_out() -> None:
    family = family_of("table")
    true = {"width": 1.4, "height": 0.75, "depth": 0.62}
    views = views_of("table", true, {}, 0.4, 1.0)
    other = views_of("chair", CHAIR, STYLE, 0.5)
    start = Start({"width": 1.2}, {}, Pose(0.0, 0.3, 0.2))
    fit = refine_views(
        family, (views[0], *other, views[1]), proposals=[start], declared={"height": 0.75}, effort=0
    )
    assert fit.odd_views == (1,)
    assert any("Photo 2 disagrees" in w for w in fit.warnings)
    assert fit.values["width"] == pytest.approx(1.4, rel=0.04)
    assert fit.iou > 0.95


def test_views_without_a_guess_of_their_camera_are_tried_from_all_sides() -> None:
    family = family_of("chair")
    masks = [view("chair", CHAIR, STYLE, a)[2] for a in (0.5, 2.4)]
    views = (PhotoView(masks[0], pose=Pose(0.5, 0.3, 0.2)), PhotoView(masks[1]))
    start = Start(CHAIR, STYLE, Pose(0.0, 0.3, 0.2))
    fit = refine_views(family, views, proposals=[start], declared={"height": 0.88}, effort=0)
    assert np.cos(fit.cameras[1].azimuth - 2.4) > 0.99
    assert min(fit.ious) > 0.95


def test_poses_that_do_not_match_the_views_are_refused() -> None:
    views = views_of("table", {}, {}, 0.4)
    start = Start({}, {}, (Pose(0.0, 0.3, 0.2),) * 3)
    with pytest.raises(ValueError, match="3 poses, expected 1 or 1"):
        refine_views(family_of("table"), views, proposals=[start])
    with pytest.raises(ValueError, match="at least one"):
        refine_views(family_of("table"), ())


def test_a_dimension_that_becomes_known_refits_from_where_the_fit_ended() -> None:
    family = family_of("table")
    true = {"width": 1.4, "height": 0.75, "depth": 0.7, "leg_thickness": 0.07}
    _, _, mask = view("table", true, {})
    start = Start({"width": 1.2}, {}, Pose(0.5, 0.3, 0.2))
    free = refine(family, {}, {}, None, mask, proposals=[start], effort=0)
    known = refit(free, {"width": 1.4})
    assert known.values["width"] == 1.4
    assert known.values["height"] == pytest.approx(0.75, rel=0.05)
    assert known.iou > 0.93
    assert known.estimates["width"].source == "declared"
    both = refit(known, {"height": 0.8})
    assert (both.values["width"], both.values["height"]) == (1.4, 0.8)
    with pytest.raises(ParameterError):
        refit(known, {"height": 9.0})


def test_evidence_says_what_the_photo_does_not_show() -> None:
    # From straight ahead and level, a table's depth shows in nothing but perspective.
    family = family_of("table")
    true = {"width": 1.4, "height": 0.75, "depth": 0.7}
    mesh = family.build(true, {})
    spreads = []
    for azimuth, elevation in ((0.0, 0.02), (0.7, 0.35)):
        camera = frame_camera(mesh.vertices, azimuth, elevation, fov=0.2)
        drawn = render(mesh.vertices, mesh.faces, camera, (200, 200)).face_id >= 0
        start = Start(true, {}, Pose(azimuth, elevation, 0.1))
        fit = refine(
            family, {}, {}, None, drawn.astype(np.float32), declared={"height": 0.75},
            proposals=[start], effort=0,
        )  # fmt: skip
        assert fit.evidence is not None
        assert all(np.isfinite(v) for v in fit.evidence.features().values())
        low, high = fit.estimates["depth"].low, fit.estimates["depth"].high
        assert low <= 0.7 <= high
        spreads.append(high - low)
    assert spreads[0] > 2 * spreads[1]


@pytest.mark.slow
def test_a_real_photo_of_a_chair_is_met_and_its_structure_found() -> None:
    import cv2

    path = PHOTOS / "triposr_chair.png"
    if not path.exists():
        pytest.skip("needs shared/data/product_photos")
    rgba = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert rgba is not None
    photo, mask = np.ascontiguousarray(rgba[..., 2::-1]), rgba[..., 3].astype(np.float32) / 255
    fit = refine(family_of("chair"), {}, {}, None, mask, photo=photo)
    assert fit.iou > 0.92
    assert fit.choices["seat"] == "loose"  # Upholstery upon a wooden apron that is seen below it.
    assert fit.choices["back"] == "frame"
    assert fit.choices["arms"] == "none"
    assert 0.40 < fit.values["seat_height"] < 0.54


@pytest.mark.parametrize(("side", "value"), [("right", "width"), ("bottom", "depth")])
def test_a_side_that_the_photo_cuts_off_is_not_taken_for_the_outline(side: str, value: str) -> None:
    _, camera, mask = view("chair", CHAIR, STYLE)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if side == "right":
        cut = mask[:, : int(columns[0] + 0.8 * np.ptp(columns))]
    else:
        cut = mask[: int(rows[0] + 0.85 * np.ptp(rows))]
    guess = {**CHAIR, "width": 0.41, "depth": 0.6}
    start = Start(guess, STYLE, Pose(camera.azimuth + 0.08, 0.25, 0.2))

    def fitted(which: np.ndarray, sides: frozenset[str]):
        photo = PhotoView(np.ascontiguousarray(which), pose=start.poses[0], cut=sides)
        declared = {"height": CHAIR["height"]}
        return refine_views(
            family_of("chair"), [photo], proposals=[start], declared=declared, effort=0.0
        )

    told, untold = fitted(cut, frozenset({side})), fitted(cut, frozenset())
    assert told.iou > max(0.97, untold.iou)
    off = [abs(f.values[value] / CHAIR[value] - 1) for f in (told, untold)]
    assert off[0] < 0.08
    assert off[0] < off[1]


def test_a_photos_own_transparency_is_not_mended() -> None:
    _, camera, mask = view("table", {"width": 1.2, "height": 0.75, "depth": 0.7}, {})
    rows = np.flatnonzero(mask.any(axis=1))
    lost = mask.copy()
    lost[int(rows[0] + 0.6 * np.ptp(rows)) :, :100] = 0
    photo = np.where(mask[..., None] > 0.5, (120, 70, 40), (170, 172, 175)).astype(np.uint8)
    pose = Pose(camera.azimuth, 0.3, 0.2)

    def fitted(exact: bool):
        views = [PhotoView(lost, photo, pose, exact=exact)]
        start = Start({"width": 1.2, "height": 0.75, "depth": 0.7}, {}, pose)
        return refine_views(family_of("table"), views, proposals=[start], effort=0.3)

    kept, mended = fitted(True), fitted(False)
    assert kept.masks[0] is lost
    assert kept.mended == 0
    assert mended.mended > 0.02
    found = silhouette_iou
    points = family_of("table").points(mended.values, mended.choices)
    faces = family_of("table").surface(mended.choices).faces
    assert mended.iou == pytest.approx(found(points, faces, mended.camera, mended.masks[0]))
    assert mended.iou > found(points, faces, mended.camera, lost)
