from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from product_samples import picture

from reconstruction.families import get_family
from reconstruction.freeform.family import freeform_family
from reconstruction.freeform.refit import families_of, refitted
from reconstruction.mesh import Mesh
from reconstruction.meshes.clean import picture_of
from reconstruction.product import Estimate, Material, Product
from reconstruction.render.shading import sample_texture


def statue(mesh: Mesh, category: str) -> Product:
    """A mesh as it comes from elsewhere: one part, one colour, only scalable."""
    whole = replace(
        mesh,
        face_part=np.zeros(len(mesh.faces), np.int32),
        parts=("body",),
        part_material=("body",),
        anchors={},
    )
    sizes = dict(zip(("width", "height", "depth"), mesh.size, strict=True))
    return Product(
        id="statue",
        name={"en": "statue"},
        family=freeform_family(whole, category, {"en": "statue"}),
        values={k: Estimate(v, v, v, 1.0, "declared") for k, v in sizes.items()},
        choices={},
        mesh=whole,
        materials={"body": Material(texture=picture((140, 60, 40), print_=False))},
        warnings=("It can be scaled, not re-fitted.",),
    )


def table() -> Mesh:
    family = get_family("table")
    return family.build({"width": 1.4, "height": 0.72, "depth": 0.8}, {})


def test_a_table_of_an_artist_becomes_a_table() -> None:
    made = refitted(statue(table(), "table"), effort=0.3)
    assert made.family.name == "table"
    np.testing.assert_allclose(made.mesh.size, table().size, rtol=0.01)
    assert not any("not re-fitted" in w for w in made.warnings)
    texture = next(iter(made.materials.values())).texture
    assert texture is not None
    shown = sample_texture(picture_of(texture), made.mesh.uv[made.mesh.faces].mean(axis=1))
    wood = (np.array([140, 60, 40]) / 255) ** 2.2
    np.testing.assert_allclose(np.median(shown, axis=0), wood, atol=0.05)
    higher = made.refit({"height": 0.75})
    assert higher.mesh.size[1] == pytest.approx(0.75, abs=0.01)


def test_what_no_family_stands_for_stays_as_it_is() -> None:
    product = statue(table(), "totem pole")
    assert families_of("totem pole") == ()
    assert refitted(product) is product


def test_what_its_family_cannot_follow_says_so() -> None:
    wave = table()
    angle = wave.vertices[:, 1:2] * 9 + wave.vertices[:, 0:1] * 5
    bent = wave.with_vertices(wave.vertices + 0.2 * np.sin(angle) * np.float32([0, 0.4, 1]))
    product = statue(bent, "table")
    made = refitted(product, effort=0.2)
    assert made.family.name == "freeform"
    assert "Not re-fittable" in made.warnings[-1]
