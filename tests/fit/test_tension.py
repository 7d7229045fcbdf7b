"""The fit report looks at the cloth: strain in eight bands, gap and contact."""

import json

import numpy as np
import pytest

from reconstruction.dressform import reference_form
from reconstruction.families import get_family
from reconstruction.gltf.read import read_glb
from reconstruction.product_io import load_product
from showroom.app import SHIPPED_PRODUCTS
from showroom.cli import main
from showroom.fit import body
from showroom.fit.artist import ArtistGarment
from showroom.fit.errors import GarmentError
from showroom.fit.garment import LiveGarment
from showroom.fit.tension import BANDS, CONTACT, band_of, tension, zones


@pytest.fixture(scope="module")
def woman():
    return body.solve(1.68, "female", {"bust": 0.92, "waist": 0.74, "hip": 0.99})


def test_bands_go_from_its_own_length_to_120_per_cent():
    strain = np.array([-0.1, 0.0, 0.024, 0.026, 0.1, 0.174, 0.176, 0.2, 0.9])
    assert band_of(strain).tolist() == [0, 0, 0, 1, 4, 6, 7, 7, 7]
    assert BANDS == 8


def test_a_smaller_size_is_stretched_more_and_touches_more(woman):
    family = get_family("t_shirt")
    looked = {}
    for size in (-3, 0, 2):
        values = {p.name: p.default + size * p.grade for p in family.parameters}
        garment = LiveGarment(family, values, {}, woman)
        found = tension(garment)
        looked[size] = zones(garment, found)
        assert found.colours.shape == (len(garment.nodes), 3)
    for zone in ("bust", "hip"):
        strains = [looked[size][zone].strain for size in (-3, 0, 2)]
        assert strains == sorted(strains, reverse=True)
        assert strains[0] > strains[2] + 0.05
    assert looked[-3]["bust"].contact > looked[2]["bust"].contact
    assert looked[-3]["bust"].gap < looked[2]["bust"].gap
    assert looked[2]["waist"].gap > CONTACT


def test_an_artists_mesh_is_worn_like_any_garment(woman):
    skirt = get_family("skirt").build({}, {})
    family = ArtistGarment(skirt, reference_form(), "Pleated skirt", {"en": "skirt"})
    worn = LiveGarment(family, {}, {}, woman)
    assert worn.swings
    for _ in range(30):
        shape = worn.step(woman.rest(), 1 / 72)
    assert np.isfinite(shape).all()
    drawn = get_family("skirt").drape_on({}, {}, woman.form)
    assert np.abs(worn.mesh.vertices - drawn.vertices).mean() < 0.02
    assert np.percentile(np.abs(worn.strain()), 95) < 0.1
    away = skirt.with_vertices(skirt.vertices * 100)
    with pytest.raises(GarmentError) as caught:
        ArtistGarment(away, reference_form(), "skirt")
    assert caught.value.field == "mesh"


def test_the_verb_writes_pictures_files_and_a_report(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("showroom.counter.fitting.PICTURE", (150, 90))
    shirt = next(SHIPPED_PRODUCTS.glob("tshirt"))
    out = tmp_path / "fit"
    wanted = "height=1.70,waist=0.82,gender=female"
    assert main(["fit", str(shirt), "--body", wanted, "--size", "best", "--out", str(out)]) == 0
    assert {p.name for p in out.iterdir()} == {
        "fit.png", "strain.png", "report.json", "tshirt.glb", "tshirt-strain.glb",
    }  # fmt: skip
    report = json.loads((out / "report.json").read_text("utf-8"))["garments"]["tshirt"]
    assert report["recommended"] == report["size"]
    assert report["next_best"] and 0 < report["confidence"] <= 1
    assert {"EN 13402", "GB/T 1335"} == report["labels"].keys()
    assert report["reason"]["zh"] in capsys.readouterr().out
    assert {"strain", "gap", "contact"} == report["zones"]["bust"].keys()
    made = read_glb((out / "tshirt.glb").read_bytes())
    assert made.mesh.skin is not None
    assert len(made.mesh.vertices) == len(load_product(shirt).mesh.vertices)
    assert b"COLOR_0" in (out / "tshirt-strain.glb").read_bytes()


@pytest.mark.parametrize("wrong", ["waist=0.8", "height=0.4", "height=1.7,wings=2", "nobody.json"])
def test_the_verb_refuses_a_body_that_is_none(wrong, tmp_path, capsys):
    shirt = next(SHIPPED_PRODUCTS.glob("tshirt"))
    assert main(["fit", str(shirt), "--body", wrong, "--out", str(tmp_path / "none")]) == 1
    assert "expected" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
