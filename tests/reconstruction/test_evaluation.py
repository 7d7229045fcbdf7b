"""The evaluation: exact distances, honest pictures, figures with intervals, runs that go on."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from reconstruction.errors import ParameterError
from reconstruction.evaluation import pictures as pictures_module
from reconstruction.evaluation.baselines import extruded_silhouette, mean_template
from reconstruction.evaluation.cases import Case, Outcome, Scored, run_cases
from reconstruction.evaluation.distance import Shape, compare
from reconstruction.evaluation.environment import Environment, made_up
from reconstruction.evaluation.figures import Report, figure, mean, median, ratio, separation
from reconstruction.evaluation.pictures import estranged, picture_of, random_member
from reconstruction.evaluation.raytrace import Body, trace
from reconstruction.evaluation.run import evaluate
from reconstruction.evaluation.sheet import reason, worst_sheet
from reconstruction.evaluation.soundness import soundness
from reconstruction.evaluation.split import split
from reconstruction.evaluation.tables import add_figures
from reconstruction.families import get_family
from reconstruction.render.camera import Camera

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def box(width: float, height: float, depth: float, shift: float = 0.0) -> Shape:
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (0, 1) for z in (-0.5, 0.5)])
    vertices = corners * (width, height, depth) + (shift, 0, 0)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [f for a, b, c, d in quads for f in ((a, b, c), (a, c, d))]
    return Shape(vertices.astype(np.float32), np.array(faces, np.int32))


def test_a_shape_equals_itself_and_misses_itself_by_how_far_it_was_moved():
    truth = box(1, 1, 1)
    same = compare(truth, box(1, 1, 1), samples=2000)
    assert same["f1"] == 1.0
    assert same["chamfer"] < 1e-6
    # Moved by 3% along x: the two sides across lie 3% off, the other four all but on it.
    moved = compare(truth, box(1, 1, 1, 0.03), samples=4000)
    assert moved["f5"] == 1.0
    assert moved["f2"] == pytest.approx(2 / 3, abs=0.04)
    assert moved["chamfer"] == pytest.approx(0.03 / 3, rel=0.15)


def test_what_lies_inside_another_part_does_not_count():
    outer, inner = box(1, 1, 1), box(0.2, 0.2, 0.2)
    inside = Shape(inner.vertices + np.float32([0, 0.4, 0]), inner.faces)
    vertices = np.concatenate([outer.vertices, inside.vertices])
    both = Shape(vertices, np.concatenate([outer.faces, inside.faces + 8]))
    assert compare(both, outer, samples=2000)["f1"] == 1.0


def test_seen_and_hidden_surface_are_told_apart():
    truth, deep = box(1, 1, 1), box(1, 1, 1.6)
    shifted = Shape(deep.vertices + np.float32([0, 0, -0.3]), deep.faces)
    # The front face agrees, the back one lies far behind.
    found = compare(truth, shifted, eye=np.array([0, 0.5, 8.0]), samples=4000)
    assert found["seen_recall2"] == 1.0
    assert found["unseen_recall2"] < 0.9


def test_baselines_have_the_known_side():
    template = mean_template("chair", 1, 1.1)
    assert template is not None
    assert template.size[1] == pytest.approx(1.1)
    mask = np.zeros((60, 80), bool)
    mask[10:50, 20:40] = True
    slab = extruded_silhouette(mask, 1, 2.0)
    assert np.allclose(slab.size, (1.0, 2.0, 1.0), atol=0.03)
    assert compare(box(1, 2, 1), slab, samples=2000)["f5"] > 0.99


def test_closed_open_and_torn_meshes_are_told_apart():
    chair = soundness(get_family("chair").build({}, {}))
    assert chair.watertight
    shirt = soundness(get_family("t_shirt").build({}, {}))
    assert not shirt.watertight
    assert shirt.manifold
    assert shirt.hemmed
    assert shirt.loops == 4
    mesh = get_family("chair").build({}, {})
    torn = soundness(type(mesh)(**{**mesh.__dict__, "faces": mesh.faces[1:]}))
    assert not torn.watertight
    assert not torn.hemmed


def test_light_comes_from_where_the_environment_is_bright():
    picture = np.full((64, 128, 3), 0.05, np.float32)
    picture[5:20, 90:100] = 40  # above, on the side of -X
    lamp = Environment(picture)
    ways, _ = lamp.draw(1, 0, np.arange(4096))
    share = (lamp.radiance(ways)[:, 0] > 10).mean()
    assert share > 0.8
    floor = Body(
        np.float32([[-3, 0, 3], [3, 0, 3], [3, 0, -3], [-3, 0, -3]]),
        np.int32([[0, 1, 2], [0, 2, 3]]),
        np.zeros((4, 2), np.float32),
        np.full((2, 2, 3), 200, np.uint8),
    )
    cube = box(0.5, 0.5, 0.5)
    post = Body(cube.vertices, cube.faces, np.zeros((8, 2), np.float32), floor.texture)
    camera = Camera(0.0, 1.4, distance=4.0, fov=0.7)
    seen = trace([post, floor], camera, lamp, 96, np.random.default_rng(0))
    grey = seen.rgb.mean(axis=2)
    inside = seen.mask > 0.5
    assert 0.02 < inside.mean() < 0.2
    columns = np.nonzero(inside.any(axis=0))[0]
    rows = np.nonzero(inside.any(axis=1))[0]
    left = grey[rows[0] : rows[-1], columns[0] - 8 : columns[0] - 2].mean()
    right = grey[rows[0] : rows[-1], columns[-1] + 3 : columns[-1] + 9].mean()
    assert right < left - 20  # the shadow falls away from the lamp


@pytest.mark.parametrize("name", ["chair", "skirt"])
def test_pictures_are_seeded_and_show_the_product_whole(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures_module, "SIZE", 96)
    pictures = []
    for _ in range(2):
        family, values, choices, rng = random_member(name, 5, 0)
        pictures.append(picture_of(family, values, choices, rng, "studio"))
    assert pictures[0].jpeg == pictures[1].jpeg
    mask = pictures[0].mask
    assert 0.03 < mask.mean() < 0.8
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert not edge.any()
    assert made_up(np.random.default_rng(0), True).irradiance().min() > 0


def test_an_estranged_mesh_keeps_its_box_and_leaves_its_shape():
    mesh = get_family("chair").build({}, {})
    bent = estranged(mesh, 0.04, np.random.default_rng(0))
    assert np.allclose(bent.size, mesh.size, atol=1e-4)
    apart = compare(
        Shape(mesh.vertices, mesh.faces), Shape(bent.vertices, bent.faces), samples=2000
    )
    assert apart["f1"] < 0.8
    assert soundness(bent).watertight


def test_the_split_lies_beyond_the_seeds_of_training_and_lists_files_relatively():
    lists = split()
    seeds = [lists[g]["seed"] for g in ("drawn", "masks", "empty", "artists", "speed")]
    assert min(seeds) >= 90_000
    assert len(set(seeds)) == len(seeds)
    listed = [n for names in lists["photos"]["reconstructed"].values() for n in names]
    assert len(listed) == len(set(listed)) == 70
    assert not any(n.startswith(("/", ".")) for n in listed)


def test_intervals_hold_the_value_and_narrow():
    rng = np.random.default_rng(0)
    few, many = (figure("x", rng.normal(0.7, 0.2, n), target=">= 0.6") for n in (20, 2000))
    assert few is not None
    assert many is not None
    for made in (few, many):
        assert made.low <= made.value <= made.high
        assert made.reached
    assert many.high - many.low < (few.high - few.low) / 3
    assert figure("none", [math.nan]) is None
    pair = figure("x", [(1.0, 4.0), (1.0, 2.0)], ratio)
    assert pair is not None
    assert pair.value == pytest.approx(1 / 3)
    assert float(median(np.array([1.0, 5.0, 2.0]))) == 2.0
    assert float(mean(np.array([1.0, 3.0]))) == 2.0


def test_separation_is_the_area_under_the_curve():
    assert separation([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert separation([0.5], [0.5]) == 0.5


def test_a_report_is_written_twice(tmp_path: Path):
    report = Report(head={"commit": "abc"})
    report.add(figure("top-1", [1.0, 0.0, 1.0], target=">= 0.9", categories=["a", "b", "b"]))
    report.add(figure("nothing known", [math.nan]))
    report.confusion["dress"] = {"dress": 3, "skirt": 1}
    report.write(tmp_path / "r.json")
    text = (tmp_path / "r.md").read_text()
    assert "| top-1 | 0.667 | 0.000 to 1.000 | 3 | >= 0.9 | no |" in text
    assert "| top-1 | 1.000 | 0.500 |" in text
    assert "nothing known" not in text
    assert "| dress | 3 | 1 |" in text


def _half(case: Case) -> Outcome:
    runs = Path(case.spec["log"])
    runs.write_text(runs.read_text() + case.name)
    if case.name == "c":
        raise ValueError("this one is broken")
    picture = np.zeros((40, 60, 3), np.uint8)
    return Outcome({"f2": 0.5, "built": 1.0}, {"family": "chair"}, [("photo", picture)])


def test_a_run_goes_on_where_it_stopped_and_keeps_what_broke(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("")
    cases = [Case("drawn", name, "chair", {"log": str(log)}) for name in "abc"]
    common = {"jobs": 1, "label": "test"}
    run_cases(cases[:1], _half, tmp_path, key="k", **common)
    scored = run_cases(cases, _half, tmp_path, key="k", **common)
    assert log.read_text() == "abc"
    assert "this one is broken" in scored[2].notes["crash"]
    report = Report()
    add_figures(report, scored)
    assert report["own families: F@2%"].value == pytest.approx(1 / 3)
    assert report["cases that broke"].value == pytest.approx(1 / 3)
    assert worst_sheet(scored, tmp_path / "worst.jpg")
    run_cases(cases[:1], _half, tmp_path, key="other code", **common)
    assert log.read_text() == "abca"


def test_the_reason_is_the_first_step_that_failed():
    def told(figures: dict[str, float], **notes: str) -> str:
        return reason(Scored(Case("drawn", "x", "chair", {}), figures, notes, ()))[0]

    assert told({}, refused="no_product: nothing") == "refused"
    assert "mask" in told({"mask": 0.7, "category": 0.0})
    assert told({"mask": 0.99, "category": 0.0}, family="table") == "built as table"
    assert "camera" in told({"mask": 0.99, "category": 1.0, "azimuth": 40.0})


def test_an_unknown_group_is_refused(tmp_path: Path):
    with pytest.raises(ParameterError, match="no group"):
        evaluate(tmp_path, only=["everything"])


@pytest.mark.skipif(not (SHARED / "hdri").is_dir(), reason="needs the shared panoramas and models")
def test_artists_models_stand_on_the_floor_in_metres():
    from reconstruction.evaluation.artists import artist_cases, joined, load_model

    cases = artist_cases(SHARED, split()["artists"], None)
    chair = next(c for c in cases if c.category == "chair")
    shape = joined(load_model(Path(chair.spec["model"]), chair.spec["scale"]))
    assert 0.8 < shape.size[1] < 1.0
    assert shape.vertices[:, 1].min() == pytest.approx(0, abs=1e-6)
    assert {c.category for c in cases} >= {"chair", "table", "sofa", "bed", "lamp", "rug"}
