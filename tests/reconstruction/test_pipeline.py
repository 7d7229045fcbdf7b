"""One photo becomes one product, true to what was declared; what is no product is refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from reconstruction.confidence import threshold
from reconstruction.errors import NoProductError, ParameterError
from reconstruction.gltf.glb import product_glb
from reconstruction.gltf.read import read_glb
from reconstruction.intake.photo import Photo, decode_photo, read_photo
from reconstruction.pipeline import STEPS, Reconstruction, Request, product_id, reconstruct
from reconstruction.product_io import load_product, save_product

PHOTOS = Path(__file__).resolve().parents[2] / "assets" / "photos"
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def encoded(pixels: np.ndarray, name: str = "made.png") -> Photo:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return decode_photo(stream.getvalue(), name)


@pytest.fixture(scope="module")
def shirt() -> Reconstruction:
    return reconstruct(read_photo(PHOTOS / "tshirt.jpg"), Request(declared={"height": 0.70}))


@pytest.fixture(scope="module")
def chair() -> Reconstruction:
    return reconstruct(read_photo(PHOTOS / "chair.jpg"), Request(declared={"height": 0.92}))


def test_a_shirt_is_recognised_and_measured(shirt: Reconstruction) -> None:
    product = shirt.product
    assert product.family.name == "t_shirt"
    assert product.values["body_length"].value == pytest.approx(0.70, rel=0.005)
    assert product.values["body_length"].source == "declared"
    assert product.photo is not None
    assert product.photo.mask_iou > 0.9
    assert product.confidence > 0.6
    assert product.mesh.skin is not None
    # Half the true pattern's widths lie within the intervals that the fit gives.
    for name in ("chest_width", "sleeve_length", "neck_width"):
        estimate = product.values[name]
        assert estimate.low <= estimate.value <= estimate.high


def test_the_print_is_on_the_front_and_not_on_the_back(shirt: Reconstruction) -> None:
    material = shirt.product.materials["fabric"]
    assert material.texture is not None
    pixels = np.asarray(Image.open(io.BytesIO(material.texture)).convert("RGB")).astype(float)
    mesh = shirt.product.mesh
    cream = {}
    for part in ("front", "back"):
        uv = mesh.uv[mesh.part_faces(part)].mean(axis=1)
        x = (uv[:, 0] * (pixels.shape[1] - 1)).astype(int)
        y = (uv[:, 1] * (pixels.shape[0] - 1)).astype(int)
        cream[part] = float((pixels[y, x].min(axis=1) > 150).mean())
    assert cream["front"] > 0.02
    assert cream["back"] < 0.25 * cream["front"]


def test_a_chair_stands_on_the_floor_at_its_declared_height(chair: Reconstruction) -> None:
    mesh = read_glb(product_glb(chair.product)).mesh
    assert chair.product.family.name == "chair"
    assert mesh.size[1] == pytest.approx(0.92, rel=0.005)
    assert mesh.vertices[:, 1].min() == pytest.approx(0.0, abs=1e-4)
    assert chair.product.photo is not None
    assert chair.product.photo.mask_iou > 0.85


def test_both_products_pass_khronos_validator(
    shirt: Reconstruction, chair: Reconstruction, khronos: Callable[[bytes], dict[str, Any]]
) -> None:
    for made in (shirt, chair):
        issues = khronos(product_glb(made.product))
        assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]


def test_a_product_comes_back_from_disk_and_still_re_fits(
    shirt: Reconstruction, tmp_path: Path
) -> None:
    product = load_product(save_product(shirt.product, tmp_path / "shirt"))
    longer = product.refit({"sleeve_length": product.numbers["sleeve_length"] + 0.03})
    assert longer.numbers["sleeve_length"] - product.numbers["sleeve_length"] == pytest.approx(0.03)
    moved = np.linalg.norm(longer.mesh.vertices - product.mesh.vertices, axis=1)
    assert moved.max() > 0.02
    assert len(longer.mesh.vertices) == len(product.mesh.vertices)


def test_steps_are_told_in_order_and_timed(shirt: Reconstruction) -> None:
    assert tuple(shirt.seconds) == STEPS


def test_an_artists_correction_is_kept_as_such() -> None:
    request = Request(corrections={"sleeve_length": 0.25}, size="L")
    product = reconstruct(read_photo(PHOTOS / "tshirt.jpg"), request).product
    assert product.values["sleeve_length"].source == "artist"
    assert product.values["sleeve_length"].value == 0.25
    assert product.size == "L"


@pytest.mark.parametrize("kind", ["wall", "noise", "black", "gradient"])
def test_a_photo_without_a_product_is_refused(kind: str) -> None:
    rng = np.random.default_rng(3)
    ramp = np.linspace(60, 210, 320)[None, :, None].repeat(320, 0).repeat(3, 2)
    pixels = {
        "wall": 190 + rng.normal(0, 3, (320, 320, 3)),
        "noise": rng.uniform(0, 255, (320, 320, 3)),
        "black": np.zeros((320, 320, 3)),
        "gradient": ramp,
    }[kind]
    with pytest.raises(NoProductError) as caught:
        reconstruct(encoded(np.clip(pixels, 0, 255).astype(np.uint8)))
    assert caught.value.expected
    assert ("almost black" in caught.value.message) == (kind == "black")


def test_a_drawing_is_built_and_always_said_to_be_doubtful() -> None:
    pixels = np.full((480, 480, 3), 255, np.uint8)
    outline = [[160, 96], [320, 96], [416, 192], [368, 232], [320, 192], [320, 400], [160, 400],
               [160, 192], [112, 232], [64, 192]]  # fmt: skip
    cv2.fillPoly(pixels, [np.array(outline, np.int32)], (208, 80, 80))
    cv2.polylines(pixels, [np.array(outline, np.int32)], True, (0, 0, 0), 4)
    product = reconstruct(encoded(pixels), Request(category="t_shirt")).product
    assert product.confidence < threshold()
    assert "drawing" in product.warnings[0]
    assert any("low confidence" in note for note in product.warnings)


def test_wrong_requests_say_what_would_do() -> None:
    photo = read_photo(PHOTOS / "chair.jpg")
    for request, field in (
        (Request(category="spaceship"), "category"),
        (Request(category="chair", declared={"height": 9.0}), "height"),
        (Request(category="chair", declared={"sleeve_length": 0.2}), "sleeve_length"),
        (Request(category="chair", size="M"), "size"),
    ):
        with pytest.raises(ParameterError) as caught:
            reconstruct(photo, request)
        assert field in caught.value.field
        assert caught.value.expected


def test_ids_are_safe_file_names() -> None:
    assert product_id("My Shirt (1).JPG") == "my-shirt-1"
    assert product_id("衬衫.jpg") == "product"
    assert product_id("../My Photo.of.it.png") == "my-photo-of-it"


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared test photos")
@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("product_photos/triposr_chair.png", "chair"),
        ("garment_photos/train/t-shirt/00d9cc6e-2564-4813-9d68-4bc4d562107b.jpg", "t_shirt"),
    ],
)
def test_real_photos_are_met_by_their_products(path: str, family: str) -> None:
    product = reconstruct(read_photo(SHARED / path)).product
    assert product.family.name == family
    assert product.photo is not None
    assert product.photo.mask_iou > 0.9
