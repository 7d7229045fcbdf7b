from __future__ import annotations

import numpy as np
import pytest
from stage_models import ASSETS, box, glb

from reconstruction.gltf.glb import write_glb
from reconstruction.mesh import Mesh
from reconstruction.product import Material
from showroom.stage.model import read_model
from showroom.stage.settings import StageError


def mesh() -> Mesh:
    place, faces = box()
    half = len(faces) // 2
    return Mesh(
        vertices=place,
        faces=faces.astype(np.int32),
        uv=np.linspace(0, 1, 2 * len(place), dtype=np.float32).reshape(-1, 2),
        face_part=(np.arange(len(faces)) >= half).astype(np.int32),
        parts=("seat", "leg"),
        part_material=("cloth", "wood"),
    )


def test_reads_what_the_project_writes() -> None:
    made = mesh()
    materials = {
        "cloth": Material(base_color=(0.5, 0.1, 0.1, 1.0), roughness=0.9, double_sided=True),
        "wood": Material(base_color=(0.4, 0.2, 0.1, 1.0), roughness=0.4),
    }
    model = read_model(write_glb(made, materials))
    # Mesh frames write the shared buffer in this order.
    assert np.array_equal(model.positions, made.vertices)
    assert np.allclose(model.uv, made.uv)
    assert sorted(map(tuple, model.faces.tolist())) == sorted(map(tuple, made.faces.tolist()))
    colors = {p.material.base_color[0]: p.material for p in model.primitives}
    assert colors[0.5].double_sided and colors[0.5].roughness == pytest.approx(0.9)


def test_hard_edges_stay_hard_when_vertices_move() -> None:
    from showroom.stage.geometry import _normals

    model = read_model(write_glb(mesh(), {"cloth": Material(), "wood": Material()}))
    out = np.empty_like(model.positions)
    _normals(model.positions, model.faces, model.weld, int(model.weld.max()) + 1, out)
    assert np.abs(out).max(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.allclose(out, model.normals, atol=1e-5)


def test_nodes_place_their_meshes() -> None:
    data = glb(*box(), (1, 1, 1), nodes=[{"mesh": 0, "translation": [0, 2, 0], "scale": [2, 2, 2]}])
    model = read_model(data)
    assert model.positions[:, 1].min() == pytest.approx(2.0)
    assert np.ptp(model.positions[:, 0]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG" + b"\0" * 40,
        ASSETS["red"][:-20],
        glb(*box(), (1, 1, 1), extensionsRequired=["KHR_draco_mesh_compression"]),
        glb(*box(), (1, 1, 1), accessors=[]),
        glb(*box(), (1, 1, 1), bufferViews=[{"buffer": 0, "byteLength": 4}] * 2),
        glb(np.full((3, 3), np.inf), np.array([[0, 1, 2]]), (1, 1, 1)),
        glb(*box(), (1, 1, 1), nodes=[{"children": [0]}]),
        glb(np.zeros((3, 3)), np.array([[0, 1, 7]]), (1, 1, 1)),
    ],
    ids=["empty", "png", "cut", "draco", "no data", "beyond", "infinite", "cycle", "index"],
)
def test_refuses_what_is_broken_and_says_what_was_expected(data: bytes) -> None:
    with pytest.raises(StageError, match=r"cannot be shown: .*expected .*got"):
        read_model(data)
