from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reconstruction.errors import NoProductError, ParameterError
from reconstruction.freeform.inflate import inflate, silhouette_grid
from reconstruction.freeform.photo import freeform_from_photos
from reconstruction.intake.photo import Photo
from reconstruction.mesh import Mesh
from reconstruction.meshes.isosurface import enclosed_volume
from reconstruction.meshes.simplify import point_groups
from reconstruction.product import Product
from reconstruction.product_io import load_product, save_product
from reconstruction.render.shading import sample_texture

F32 = NDArray[np.float32]


def photo(mask: F32, color: tuple[int, int, int] = (40, 120, 60)) -> Photo:
    rgb = np.full((*mask.shape, 3), 255, np.uint8)
    rgb[mask > 0.5] = color
    return Photo("thing.png", "0" * 64, rgb, None, mask.shape[1], mask.shape[0])


def disc() -> F32:
    mask = np.zeros((300, 260), np.float32)
    cv2.circle(mask, (130, 150), 100, 1.0, -1, cv2.LINE_AA)
    return mask


def plant() -> F32:
    """A pot with leaves; there is a gap between two of them."""
    mask = np.zeros((300, 240), np.float32)
    cv2.rectangle(mask, (80, 210), (150, 290), 1.0, -1)
    for x, y in ((40, 90), (115, 40), (200, 100)):
        cv2.line(mask, (115, 215), (x, y), 1.0, 9, cv2.LINE_AA)
        cv2.ellipse(mask, (x, y), (24, 38), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    cv2.ellipse(mask, (75, 140), (9, 14), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    return mask


def is_closed(mesh: Mesh) -> bool:
    faces = point_groups(mesh)[mesh.faces]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    counts = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)[1]
    return bool((counts == 2).all())


def test_a_disc_becomes_a_sphere() -> None:
    grid, _, cell = silhouette_grid(disc(), cells=40)
    mesh = inflate(grid)
    radius = 100.5 / cell
    middle = (mesh.vertices.max(axis=0) + mesh.vertices.min(axis=0)) / 2
    around = np.linalg.norm((mesh.vertices - middle) * [1, 1, 1 / 0.9], axis=1)
    np.testing.assert_allclose(around, radius, rtol=0.04)
    assert enclosed_volume(mesh.vertices, mesh.faces) > 0


@pytest.fixture(scope="module")
def potted() -> Product:
    mask = plant()
    return freeform_from_photos([photo(mask)], [mask], category="plant", declared={"height": 0.8})


def test_one_photo_gives_a_closed_body_in_its_outline(potted: Product) -> None:
    mesh = potted.mesh
    assert is_closed(mesh)
    assert mesh.size[1] == pytest.approx(0.8, abs=1e-5)
    assert mesh.vertices[:, 1].min() == pytest.approx(0, abs=1e-6)
    assert potted.photo is not None and potted.photo.mask_iou > 0.96
    assert len(mesh.faces) <= 8000
    shares = mesh.size[0] / mesh.size[1]
    rows, columns = np.where(plant() > 0.5)
    assert shares == pytest.approx((np.ptp(columns) + 1) / (np.ptp(rows) + 1), rel=0.02)


def test_the_front_shows_the_photo_and_the_back_makes_no_claim(potted: Product) -> None:
    texture = potted.materials["body"].texture
    assert texture is not None
    image = cv2.imdecode(np.frombuffer(texture, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    uv = potted.mesh.uv[potted.mesh.faces].mean(axis=1)
    shown = sample_texture(np.ascontiguousarray(image), uv)
    green = (np.array([40, 120, 60]) / 255) ** 2.2
    assert np.abs(shown - green).max() < 0.08, "no background bleeds onto the product"
    a, b, c = (potted.mesh.uv[potted.mesh.faces[:, i]] for i in range(3))
    d, e = b - a, c - a
    assert (d[:, 0] * e[:, 1] - d[:, 1] * e[:, 0] < 1e-9).all(), "front and back unfold unturned"
    assert potted.confidence < 0.5
    assert "guess" in potted.warnings[0] and "not re-fitted" in potted.warnings[0]
    assert potted.values["depth"].source == "prior"
    assert potted.values["height"].source == "declared"
    depth = potted.values["depth"]
    assert depth.high > 1.3 * depth.low


def test_it_scales_and_survives_the_disk(potted: Product, tmp_path: Path) -> None:
    again = load_product(save_product(potted, tmp_path / "plant"))
    assert again.name["zh"] == "植物"
    assert again.refit({"height": 1.0}).mesh.size[1] == pytest.approx(1.0, abs=1e-5)


def test_without_a_size_the_interval_is_wide_and_said() -> None:
    mask = disc()
    product = freeform_from_photos([photo(mask)], [mask], category="vase")
    height = product.values["height"]
    assert height.low < 0.15 and height.high > 0.6 and height.confidence <= 0.3
    assert any("No size was declared" in w for w in product.warnings)


def boxes(azimuth: float, shift: float = 0.0) -> F32:
    """The silhouette of a block 0.6 x 1 x 0.3 with a tower, seen level from an azimuth."""
    mask = np.zeros((300, 320), np.float32)
    for x0, x1, y0, y1, z0, z1 in ((-0.3, 0.3, 0, 0.5, -0.15, 0.15), (0.1, 0.3, 0.4, 1, -0.15, 0)):
        corners = np.array([(x, z) for x in (x0, x1) for z in (z0, z1)])
        across = corners @ [math.cos(azimuth), -math.sin(azimuth)]
        left, right = 160 + (across.min() + shift) * 250, 160 + (across.max() + shift) * 250
        box = (round(left), round(280 - y1 * 250)), (round(right) - 1, round(280 - y0 * 250) - 1)
        cv2.rectangle(mask, *box, 1.0, -1)
    return mask


def test_photos_from_all_round_give_their_visual_hull() -> None:
    azimuths = [k * math.pi / 2 for k in range(4)]
    rng = np.random.default_rng(3)
    masks = [boxes(a, float(rng.uniform(-0.03, 0.03))) for a in azimuths]
    shots = [photo(m, (200, 30 + 30 * k, 40)) for k, m in enumerate(masks)]
    product = freeform_from_photos(shots, masks, None, "other", {"height": 1.0})
    assert is_closed(product.mesh)
    np.testing.assert_allclose(product.mesh.size, (0.6, 1.0, 0.3), atol=0.045)
    tower = product.mesh.vertices[product.mesh.vertices[:, 1] > 0.7]
    assert tower[:, 0].min() > 0.02, "the tower stands on its own side"
    assert tower[:, 2].max() < 0.06
    assert "hull" in product.warnings[0] and product.confidence < 0.6


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (NoProductError, {"masks": [np.zeros((300, 260), np.float32)]}),
        (ParameterError, {"masks": [np.zeros((10, 10), np.float32)]}),
        (ParameterError, {"masks": []}),
        (ParameterError, {"azimuths": [0.0, 1.0]}),
        (ParameterError, {"azimuths": [math.nan]}),
        (ParameterError, {"declared": {"seat_height": 0.4}}),
        (ParameterError, {"declared": {"height": 400.0}}),
    ],
)
def test_bad_input_is_typed(error: type[Exception], change: dict[str, Any]) -> None:
    given: dict[str, Any] = {"photos": [photo(disc())], "masks": [disc()]}
    with pytest.raises(error):
        freeform_from_photos(**(given | change))
