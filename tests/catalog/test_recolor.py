from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from product_samples import picture, sheet_product

from reconstruction.product import Material
from showroom.catalog.color import find_color, from_lab, nearest_color, to_lab, to_linear
from showroom.catalog.errors import CatalogError
from showroom.catalog.recolor import product_cloths, product_color, recolor


def pixels(texture: bytes | None) -> np.ndarray:
    assert texture is not None
    return np.asarray(Image.open(io.BytesIO(texture)).convert("RGB")) / 255


def test_the_cloth_takes_the_colour_and_keeps_its_weave() -> None:
    was = sheet_product(variants=())
    now = recolor(was, "navy")
    texture = pixels(now.materials["fabric"].texture)
    cloth = texture[:15].mean(axis=(0, 1))
    goal = np.array(find_color("navy").srgb)
    np.testing.assert_allclose(cloth, goal, atol=0.02)
    assert 0.002 < texture[:15].std(axis=(0, 1)).mean() < 0.06


@pytest.mark.parametrize("color", ["navy", "white", "red", "black", "mint"])
def test_a_print_stays(color: str) -> None:
    was = pixels(sheet_product().materials["fabric"].texture)
    now = pixels(recolor(sheet_product(variants=()), color).materials["fabric"].texture)
    dark_print = (slice(34, 41), slice(24, 40))
    np.testing.assert_allclose(now[dark_print], was[dark_print], atol=0.06)
    light_print = (slice(23, 30), slice(24, 40))
    np.testing.assert_allclose(now[light_print], was[light_print], atol=0.06)


def test_every_colour_lands_near_its_name() -> None:
    goals = ("black", "white", "red", "mustard", "lilac")
    for start in ((150, 150, 155), (25, 25, 28), (235, 232, 228), (160, 40, 45)):
        product = sheet_product(
            variants=(),
            materials=sheet_product().materials
            | {"fabric": Material(texture=picture(start, print_=False))},
        )
        for goal in goals:
            cloths = product_cloths(recolor(product, goal))
            lab = np.array(cloths["fabric"].lab)
            assert np.linalg.norm(lab - to_lab(find_color(goal).linear)) < 6, (start, goal)


def test_slots_of_the_same_colour_follow_and_contrasts_stay() -> None:
    product = sheet_product(variants=())
    grey = tuple(to_linear(np.array([0.58, 0.58, 0.6])))
    follows = replace(
        product, materials={**product.materials, "rib": Material(base_color=(*grey, 1.0))}
    )
    assert recolor(follows, "red").materials["rib"].base_color[0] > 0.3
    stays = replace(
        product, materials={**product.materials, "rib": Material(base_color=(0, 0.02, 0.4, 1))}
    )
    assert recolor(stays, "red").materials["rib"] == stays.materials["rib"]


def test_shape_and_other_surface_values_stay() -> None:
    was = sheet_product()
    now = recolor(was, "teal")
    assert now.mesh is was.mesh and now.values == was.values
    fabric = now.materials["fabric"]
    assert fabric.double_sided and fabric.roughness == was.materials["fabric"].roughness


def test_a_colourway_of_the_products_own_comes_first() -> None:
    product = sheet_product()
    assert recolor(product, "navy").materials["rib"] == product.variants[0].materials["rib"]


def test_a_factor_over_a_texture_is_baked_in() -> None:
    tinted = sheet_product(
        variants=(),
        materials=sheet_product().materials
        | {"fabric": Material((0.2, 0.2, 0.2, 1.0), texture=picture((230, 230, 230)))},
    )
    now = recolor(tinted, "mint")
    assert now.materials["fabric"].base_color == (1.0, 1.0, 1.0, 1.0)
    assert product_color(now).name == "mint"


def test_transparency_stays() -> None:
    rgba = np.dstack([np.full((32, 32, 3), 120, np.uint8), np.arange(1024).reshape(32, 32) % 256])
    stream = io.BytesIO()
    Image.fromarray(rgba.astype(np.uint8), "RGBA").save(stream, "PNG")
    product = sheet_product(
        variants=(),
        materials=sheet_product().materials | {"fabric": Material(texture=stream.getvalue())},
    )
    texture = recolor(product, "red").materials["fabric"].texture
    assert texture is not None
    alpha = np.asarray(Image.open(io.BytesIO(texture)))[..., 3]
    np.testing.assert_array_equal(alpha, rgba[..., 3])


def test_the_colour_of_a_product_is_named() -> None:
    assert product_color(sheet_product()).name == "grey"
    navy = recolor(sheet_product(variants=()), "navy")
    assert product_color(navy).name == "navy"


def test_bad_input_is_refused() -> None:
    with pytest.raises(CatalogError, match="no colour"):
        recolor(sheet_product(), "octarine")
    broken = sheet_product().materials["fabric"].texture
    assert broken is not None
    product = sheet_product(
        materials=sheet_product().materials | {"fabric": Material(texture=broken[:200])}
    )
    with pytest.raises(CatalogError, match="decoded"):
        recolor(product, "red")


def test_labs_of_cloth_are_colours() -> None:
    lab = product_cloths(sheet_product())["rib"].lab
    assert nearest_color(from_lab(lab)).name in ("grey", "charcoal", "taupe")
