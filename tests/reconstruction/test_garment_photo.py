import io
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from reconstruction.errors import NoProductError, ParameterError
from reconstruction.families import get_family
from reconstruction.families.garment_flat import LANDMARKS
from reconstruction.garment.fabric import study
from reconstruction.garment.fit import FitHint, refine, to_pixels
from reconstruction.garment.mask import contour_of, fill
from reconstruction.garment.texture import rectify
from reconstruction.render.shading import linear_to_srgb, srgb_to_linear
from reconstruction.texture.delight import smooth_light
from reconstruction.texture.score import compare

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "garment_photos" / "train"
SIZE = (420, 400)


def photo_of(family, values, choices, pose, scale=430.0, origin=(200.0, 60.0)):
    """A mask of a flat garment, and its landmarks, as a camera would see them."""
    flat = family.flat(values, choices, pose)
    mask = fill([to_pixels(p, scale, origin) for p in flat.parts.values()], SIZE)
    return mask, to_pixels(flat.points, scale, origin)


@pytest.mark.parametrize(("name", "seed"), [("t_shirt", 1), ("skirt", 2), ("long_sleeve", 5)])
def test_a_mask_alone_gives_the_garment_back(name, seed):
    family, rng = get_family(name), np.random.default_rng(seed)
    values, choices = family.sample(rng)
    pose = family.sample_pose(rng, choices)
    scale = {"t_shirt": 400.0, "skirt": 430.0, "long_sleeve": 260.0}[name]
    mask, _ = photo_of(family, values, choices, pose, scale)
    length = "length" if name == "skirt" else "body_length"
    fitted = refine(family, {}, choices, mask, FitHint(declared={length: values[length]}))
    assert fitted.iou > 0.96
    assert fitted.values[length] == pytest.approx(values[length], abs=0.003)
    assert fitted.values["hem_width"] == pytest.approx(values["hem_width"], rel=0.08)


def test_landmarks_help_where_the_silhouette_is_silent():
    family, rng = get_family("t_shirt"), np.random.default_rng(3)
    values, choices = family.sample(rng)
    values = {**values, "neck_depth": 0.16}
    mask, marks = photo_of(family, values, choices, family.flat_pose(choices))
    blind = refine(family, {}, choices, mask)
    told = refine(family, {}, choices, mask, FitHint(landmarks=marks))
    drop = LANDMARKS.index("neck_center")
    error = {f: np.linalg.norm(f.landmarks[drop] - marks[drop]) for f in (blind, told)}
    assert error[told] < 0.5 * error[blind]
    width = blind.intervals["neck_depth"][1] - blind.intervals["neck_depth"][0]
    assert told.intervals["neck_depth"][1] - told.intervals["neck_depth"][0] < width


def test_scale_is_a_guess_without_a_declared_dimension_and_says_so():
    family = get_family("t_shirt")
    values = family.defaults({})
    mask, _ = photo_of(family, values, {"neckline": "round"}, family.flat_pose({}))
    guess = refine(family, {}, {}, mask)
    known = refine(family, {}, {}, mask, FitHint(declared={"body_length": 0.62}))
    low, high = guess.intervals["body_length"]
    assert low < values["body_length"] < high and high - low > 0.08
    low, high = known.intervals["chest_width"]
    assert high - low < 0.08
    ratio = known.values["chest_width"] / known.values["body_length"]
    assert ratio == pytest.approx(values["chest_width"] / values["body_length"], rel=0.04)


def test_a_dress_with_other_sleeves_than_proposed_is_recognised():
    family = get_family("dress")
    choices = {"sleeves": "long", "neckline": "round"}
    values = family.defaults(choices)
    mask, _ = photo_of(family, values, choices, family.flat_pose(choices), 340.0)
    assert refine(family, {}, {"sleeves": "none"}, mask).choices["sleeves"] == "long"


@pytest.mark.parametrize(("name", "seed"), [("shirt", 4), ("outwear", 6)])
def test_shirts_and_jackets_come_back_from_their_masks(name, seed):
    family, rng = get_family(name), np.random.default_rng(seed)
    values, choices = family.sample(rng)
    mask, _ = photo_of(family, values, choices, family.sample_pose(rng, choices), 240.0)
    hint = FitHint(declared={"body_length": values["body_length"]})
    fitted = refine(family, {}, choices, mask, hint)
    assert fitted.iou > 0.95
    for length in ("chest_width", "shoulder_width"):
        assert fitted.values[length] == pytest.approx(values[length], rel=0.08)


def test_a_hood_and_missing_sleeves_are_seen_in_the_silhouette():
    family = get_family("outwear")
    choices = {c.name: c.default for c in family.choices} | {"collar": "hood", "sleeves": "none"}
    values = family.defaults(choices)
    mask, _ = photo_of(family, values, choices, family.flat_pose(choices), 330.0, (200.0, 130.0))
    fitted = refine(family, {}, {"collar": "stand", "sleeves": "long"}, mask)
    assert fitted.choices["collar"] == "hood" and fitted.choices["sleeves"] == "none"


@pytest.mark.parametrize("mask", [np.zeros((60, 60), bool), np.pad(np.ones((5, 5), bool), 30)])
def test_no_garment_is_an_error(mask):
    with pytest.raises(NoProductError):
        refine(get_family("skirt"), {}, {}, mask)


def test_wrong_names_and_impossible_sizes_are_refused():
    mask = np.pad(np.ones((80, 60), bool), 20)
    with pytest.raises(ParameterError, match="wings"):
        refine(get_family("skirt"), {"wings": 1.0}, {}, mask)
    with pytest.raises(ParameterError, match="length"):
        refine(get_family("skirt"), {}, {}, mask, FitHint(declared={"length": 7.0}))


def test_contour_leaves_the_hanger_out():
    mask = np.zeros((200, 200), bool)
    mask[60:180, 50:150] = True
    mask[10:60, 99:101] = True
    assert contour_of(mask, 200)[:, 1].min() > 55


@cache
def textured():
    """A grey T-shirt with a red print left of the middle, on green ground, rectified."""
    family, choices = get_family("t_shirt"), {"neckline": "round"}
    values = family.defaults(choices)
    mask, marks = photo_of(family, values, choices, family.flat_pose(choices))
    rng = np.random.default_rng(0)
    photo = np.full((*SIZE, 3), [20.0, 160.0, 40.0], np.float32)
    photo[mask] = [128, 128, 132]
    cv2.rectangle(photo, (215, 170), (245, 215), (200, 30, 30), -1)
    photo = np.clip(photo + rng.normal(0, 2, photo.shape), 0, 255).astype(np.uint8)
    fitted = refine(family, {}, choices, mask, FitHint(landmarks=marks))
    mesh = family.build(fitted.values, fitted.choices)
    material = rectify(photo, mask, fitted, mesh).materials["fabric"]
    texture = np.asarray(Image.open(io.BytesIO(material.texture)).convert("RGB")).astype(int)
    return mesh, material, texture


def seen(mesh, texture, part):
    """Texture colours at the vertices of a part, and the vertices' places."""
    index = np.unique(mesh.part_faces(part))
    h, w = texture.shape[:2]
    uv = mesh.uv[index]
    pixels = texture[(uv[:, 1] * h).astype(int), (uv[:, 0] * w).astype(int)]
    return pixels, mesh.vertices[index]


def test_print_is_on_the_front_and_nowhere_else():
    mesh, _, texture = textured()
    colors, places = seen(mesh, texture, "front")
    red = (colors[:, 0] > 150) & (colors[:, 1] < 90)
    assert 10 < red.sum() < 0.1 * len(red)
    assert places[red, 0].min() > 0, "the print keeps its side of the chest"
    for part in ("back", "left_sleeve", "right_sleeve"):
        colors, _ = seen(mesh, texture, part)
        assert not ((colors[:, 0] > 150) & (colors[:, 1] < 90)).any()


def test_background_never_bleeds_in():
    mesh, material, texture = textured()
    for part in mesh.parts:
        colors, _ = seen(mesh, texture, part)
        assert not (colors[:, 1] > colors[:, 0] + 40).any()
    assert material.double_sided and 0 < material.roughness <= 1
    assert max(texture.shape) <= 2048


def test_a_print_that_a_fold_cuts_off_is_print_and_a_trim_is_cloth():
    cloth = np.full((220, 200, 3), 0.4, np.float32)
    inside = np.zeros((220, 200), bool)
    inside[10:210, 10:190] = True
    cloth[150:198, 80:115] = (0.8, 0.1, 0.1)
    cloth[198:210, 80:105] = (0.8, 0.1, 0.1)
    cloth[10:16, 10:190] = (0.1, 0.1, 0.8)
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    printed = study(cloth, inside, inside & (depth < 12)).printed
    assert printed[152:196, 82:112].mean() > 0.9
    assert printed[10:16].mean() < 0.1


def test_light_is_taken_out_of_cloth_and_print_towards_the_true_colours():
    true = np.full((300, 260, 3), [150, 60, 50], np.uint8)
    cv2.putText(true, "Hello", (50, 170), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (230, 220, 90), 12)
    rng = np.random.default_rng(4)
    region = np.full(true.shape[:2], -1, np.int32)
    cv2.ellipse(region, (130, 150), (110, 135), 0, 0, 360, 0, -1)
    y, x = np.mgrid[0:300, 0:260] / 300.0
    light = np.exp(1.2 * (x - 0.45)) * (1 - 0.35 / (1 + np.exp((y - 0.4 + 0.3 * x) / 0.03)))
    inside = region == 0
    light /= np.median(light[inside])
    noisy = linear_to_srgb((srgb_to_linear(true) * light[..., None]).astype(np.float32))
    noisy = np.clip(noisy + rng.normal(0, 1, true.shape), 0, 255).astype(np.uint8)
    linear = srgb_to_linear(noisy)
    clean = linear_to_srgb(linear / np.exp(smooth_light(linear, region))[..., None])
    before, after = (compare(p, true, inside)[1] for p in (noisy, clean))
    assert after < 0.6 * before
    # Only light is scaled, so that chromaticities stay: red per green is as photographed.
    again = srgb_to_linear(clean)[inside]
    ratio, was = (c[:, 0] / c[:, 1] for c in (again, linear[inside]))
    assert np.median(np.abs(ratio / was - 1)) < 0.03


def test_a_photo_from_behind_is_worn_on_the_back_the_right_way_round():
    family, choices = get_family("t_shirt"), {"neckline": "round"}
    values = family.defaults(choices)
    mask, marks = photo_of(family, values, choices, family.flat_pose(choices))
    fitted = refine(family, {}, choices, mask, FitHint(landmarks=marks))
    mesh = family.build(fitted.values, fitted.choices)
    front = np.full((*SIZE, 3), 255, np.uint8)
    front[mask] = (90, 90, 96)
    behind = front.copy()
    # Seen from behind, the wearer's left is on the left of the picture.
    cv2.rectangle(behind, (150, 170), (180, 230), (30, 60, 200), -1)
    made = rectify(front, mask, fitted, mesh, (behind, mask, fitted))
    texture = np.asarray(Image.open(io.BytesIO(made.materials["fabric"].texture)).convert("RGB"))
    for part, expected in (("front", False), ("back", True)):
        colors, places = seen(mesh, texture.astype(int), part)
        blue = (colors[:, 2] > 150) & (colors[:, 0] < 90)
        assert blue.any() == expected
    assert places[blue, 0].min() > 0, "the wearer's left is at +X"
    assert made.materials["fabric"].seen == pytest.approx(1.0)
    assert len(made.views) == 2


def test_the_front_is_drawn_again_as_it_was_photographed():
    family, choices = get_family("t_shirt"), {"neckline": "round"}
    values = family.defaults(choices)
    pose = replace(family.flat_pose(choices), rotation=0.06, lean=0.03)
    mask, marks = photo_of(family, values, choices, pose)
    rng = np.random.default_rng(1)
    photo = np.full((*SIZE, 3), 240, np.uint8)
    cloth = cv2.GaussianBlur(rng.normal(0, 40, (*SIZE, 1)).astype(np.float32), (0, 0), 2.0)
    photo[mask] = np.clip(np.array([70, 110, 150]) + 3 * cloth[mask][:, None], 0, 255)
    cv2.putText(photo, "Ab", (170, 230), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (240, 230, 200), 5)
    fitted = refine(family, {}, choices, mask, FitHint(landmarks=marks))
    mesh = family.build(fitted.values, fitted.choices)
    made = rectify(photo, mask, fitted, mesh)
    texture = np.asarray(Image.open(io.BytesIO(made.materials["fabric"].texture)).convert("RGB"))
    base, shown = made.views[0].draw({"fabric": texture}, {})
    relit = linear_to_srgb(base * made.views[0].shading[..., None])
    ssim, delta = compare(photo, relit, mask & shown)
    assert ssim > 0.9
    assert delta < 2.0


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared garment photos are not here")
def test_real_photos_are_met():
    from reconstruction.intake.photo import read_photo
    from reconstruction.networks.segmentation import segment

    names = {
        "t-shirt": ("t_shirt", "00805d0e-7fe5-4251-b577-86065e4f6587.jpg"),
        "skirt": ("skirt", None),
    }
    for folder, (family, name) in names.items():
        path = DATA / folder / name if name else sorted((DATA / folder).iterdir())[0]
        photo = read_photo(path)
        mask = segment(photo.rgb)
        fitted = refine(get_family(family), {}, {}, mask.soft)
        assert fitted.iou > 0.93
