"""A sheet on the floor beside furniture gives its scale."""

from __future__ import annotations

import numpy as np
import pytest

from reconstruction.errors import NoProductError, ParameterError
from reconstruction.intake.floor_reference import floor_outlines, floor_scale, without
from reconstruction.intake.reference import reference_object
from reconstruction.mesh import F32, Mesh
from reconstruction.render.camera import Camera
from reconstruction.render.shading import picture
from reconstruction.render.zbuffer import render

SIZE = (540, 720)
BOX = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
BOX_FACES = np.array(
    [
        [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
        [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3],
    ],
    np.int32,
)  # fmt: skip
COLOURS = {"floor": (0.3, 0.22, 0.15), "body": (0.1, 0.2, 0.35), "sheet": (0.9, 0.9, 0.88)}


def block(low: tuple[float, float, float], high: tuple[float, float, float]) -> F32:
    return (np.array(low) + BOX * (np.array(high) - np.array(low))).astype(np.float32)


def scene(
    camera: Camera, sheet: tuple[float, float] | None, at: tuple[float, float] = (0.5, 0.35)
) -> tuple[np.ndarray, np.ndarray]:
    """A stool on its floor, maybe with a sheet (long, short side) beside it; and its mask."""
    legs = [
        block((x, 0, z), (x + 0.05, 0.42, z + 0.05)) for x in (-0.2, 0.15) for z in (-0.2, 0.15)
    ]
    body = [*legs, block((-0.22, 0.42, -0.22), (0.22, 0.46, 0.22))]
    solids = [("floor", block((-0.9, -0.01, -0.9), (0.9, 0, 0.9))), *(("body", b) for b in body)]
    if sheet is not None:
        turn = 0.3
        corners = block((-0.5, 0.0, -0.5), (0.5, 0.0015, 0.5)) * (sheet[0], 1.0, sheet[1])
        c, s = np.cos(turn), np.sin(turn)
        turned = corners @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]], np.float32)
        solids.append(("sheet", turned + np.array([at[0], 0, at[1]], np.float32)))
    names = [n for n, _ in solids]
    parts = tuple(dict.fromkeys(names))
    mesh = Mesh(
        vertices=np.concatenate([v for _, v in solids]).astype(np.float32),
        faces=np.concatenate([BOX_FACES + 8 * i for i in range(len(solids))]).astype(np.int32),
        uv=np.zeros((8 * len(solids), 2), np.float32),
        face_part=np.repeat([parts.index(n) for n in names], len(BOX_FACES)).astype(np.int32),
        parts=parts,
        part_material=parts,
    )
    rgb = picture(mesh, camera, SIZE, COLOURS)[..., :3]
    seen = render(mesh.vertices, mesh.faces, camera, SIZE).face_id
    return rgb, np.isin(mesh.face_part[np.maximum(seen, 0)], [parts.index("body")]) & (seen >= 0)


@pytest.mark.parametrize("name", ["a4", "card"])
@pytest.mark.parametrize("elevation", [0.3, 0.6])
def test_a_sheet_beside_furniture_measures_it(name: str, elevation: float) -> None:
    what = reference_object(name)
    camera = Camera(0.5, elevation, 0.02, 2.0 if name == "a4" else 1.3, 0.6, (0.1, 0.2, 0.0))
    near = (0.5, 0.35) if name == "a4" else (0.33, 0.2)
    rgb, body = scene(camera, (what.size[0], what.size[1]), near)
    found = floor_scale(floor_outlines(rgb, what, body), what, camera, SIZE)
    assert found.factor == pytest.approx(1.0, abs=0.02 if name == "a4" else 0.03)
    # A fit that took the product for half as large again sees the floor as much larger.
    wrong = Camera(0.5, elevation, 0.02, camera.distance * 1.5, 0.6, (0.15, 0.3, 0.0))
    assert floor_scale(floor_outlines(rgb, what, body), what, wrong, SIZE).factor == pytest.approx(
        found.factor / 1.5, rel=1e-3
    )


def test_a_sheet_in_the_mask_is_left_out_of_it() -> None:
    what = reference_object("a4")
    camera = Camera(0.5, 0.5, 0.0, 2.0, 0.6, (0.1, 0.2, 0.0))
    rgb, body = scene(camera, (what.size[0], what.size[1]))
    sheets = floor_outlines(rgb, what, body)
    mask = without(np.ones(SIZE, np.float32), floor_scale(sheets, what, camera, SIZE).outline)
    assert mask[body].all()
    light = rgb.min(axis=2) > 150
    assert mask[light].mean() < 0.02


def test_no_sheet_a_coin_and_another_shape_are_refused() -> None:
    camera = Camera(0.5, 0.5, 0.0, 2.0, 0.6, (0.1, 0.2, 0.0))
    a4 = reference_object("a4")
    rgb, body = scene(camera, None)
    with pytest.raises(NoProductError, match="on the floor"):
        floor_scale(floor_outlines(rgb, a4, body), a4, camera, SIZE)
    rgb, body = scene(camera, (0.30, 0.10))
    with pytest.raises(NoProductError, match="on the floor"):
        floor_scale(floor_outlines(rgb, a4, body), a4, camera, SIZE)
    with pytest.raises(ParameterError, match="too small"):
        floor_outlines(rgb, reference_object("coin:eur1"), body)
