from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from product_samples import picture, sheet_product
from test_glb import repack, unpack

from reconstruction.export.commerce import Finding, commerce_check
from reconstruction.export.lod import LEVELS, lod_glb, make_lods
from reconstruction.families import family_names, get_family
from reconstruction.gltf.glb import product_glb, write_glb
from reconstruction.gltf.quantize import quantized
from reconstruction.mesh import Mesh
from reconstruction.product import Estimate, Material, Product, Variant


def family_product(name: str) -> Product:
    """An ordinary member of a family with a texture and a colourway."""
    family = get_family(name)
    values = {p.name: Estimate(p.default, p.minimum, p.maximum, 0.5, "prior")
              for p in family.parameters}  # fmt: skip
    choices = {c.name: c.default for c in family.choices}
    mesh = family.build({k: e.value for k, e in values.items()}, choices)
    cloth = Material(texture=picture((150, 140, 130), size=256, print_=False))
    navy = Material(texture=picture((40, 50, 90), size=256, print_=False))
    slots = dict.fromkeys(mesh.part_material, cloth)
    return Product(
        id=name.replace("_", "-"),
        name=family.label,
        family=family,
        values=values,
        choices=choices,
        mesh=mesh,
        materials=slots,
        variants=(Variant("navy", {"en": "navy", "zh": "藏青"}, dict.fromkeys(slots, navy)),),
    )


def errors(found: tuple[Finding, ...]) -> list[Finding]:
    return [f for f in found if f.severity == "error"]


@pytest.mark.parametrize("name", family_names())
def test_every_family_follows_the_guidelines(
    name: str, khronos: Callable[[bytes], dict[str, Any]]
) -> None:
    product = family_product(name)
    assert not errors(commerce_check(product_glb(product)))
    # A coarse level with its colourways, quantised: everything that can go wrong at once.
    report = khronos(quantized(lod_glb(product, make_lods(product.mesh, LEVELS[1:])[0])))
    assert (report["numErrors"], report["numWarnings"]) == (0, 0), report["messages"]


def block(**changes: Any) -> bytes:
    """A box of 1 m on the floor, each side with its own place in the texture."""
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (0, 1) for z in (-0.5, 0.5)])
    quads = np.array([(1, 5, 7, 3), (4, 0, 2, 6), (0, 1, 3, 2), (5, 4, 6, 7), (3, 7, 6, 2),
                      (0, 4, 5, 1)])  # fmt: skip
    square = np.array([[0, 1], [1, 1], [1, 0], [0, 0]]) * 0.3
    uv = [square + np.array([k % 3, k // 3]) * 0.33 + 0.01 for k in range(6)]
    mesh = Mesh(
        vertices=corners[quads].reshape(-1, 3).astype(np.float32),
        faces=(np.arange(6)[:, None, None] * 4 + [[0, 1, 2], [0, 2, 3]]).reshape(-1, 3)
        .astype(np.int32),
        uv=np.concatenate(uv).astype(np.float32),
        face_part=np.zeros(12, np.int32),
        parts=("box",),
        part_material=("wood",),
    )  # fmt: skip
    material = changes.pop("material", Material(texture=picture((120, 90, 60), print_=False)))
    return write_glb(replace(mesh, **changes), {"wood": material}, name="box", copyright="me")


def plain(color: tuple[int, int, int], size: tuple[int, int] = (64, 64)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, color).save(stream, "PNG")
    return stream.getvalue()


def edited(change: Callable[[dict[str, Any]], None]) -> bytes:
    document, binary = unpack(block())
    change(document)
    return repack(document, binary)


def vertices(glb: bytes) -> Any:
    from reconstruction.gltf.read import read_glb

    return read_glb(glb).mesh.vertices


def test_a_clean_box_has_no_findings() -> None:
    assert commerce_check(block()) == ()


CASES: list[tuple[str, str, Callable[[], bytes]]] = [
    ("error", "unreadable", lambda: b"glTF"),
    ("error", "metres", lambda: block(vertices=vertices(block()) * 100)),
    ("error", "floor", lambda: block(vertices=vertices(block()) - np.float32([0, 0.5, 0]))),
    ("warning", "centre", lambda: block(vertices=vertices(block()) + np.float32([1, 0, 0]))),
    ("error", "overlap", lambda: block(uv=np.tile(np.float32([[0, 1], [1, 1], [1, 0], [0, 0]]),
                                                  (6, 1)))),
    ("error", "uv", lambda: block(uv=np.zeros((24, 2), np.float32))),
    ("error", "scale", lambda: edited(lambda d: d["nodes"][0].update(scale=[-1, 1, 1]))),
    ("error", "scene", lambda: edited(lambda d: d["scenes"].append({}))),
    ("warning", "root", lambda: edited(lambda d: (d["nodes"].append({"name": "empty"}),
                                                  d["scenes"][0]["nodes"].append(1)))),
    ("warning", "names", lambda: edited(lambda d: d["nodes"][0].pop("name"))),
    ("warning", "albedo", lambda: block(material=Material(texture=plain((5, 5, 5))))),
    ("warning", "albedo", lambda: block(material=Material(base_color=(1.0, 1.0, 1.0, 1.0)))),
    ("warning", "metallic", lambda: block(material=Material(base_color=(0.3, 0.3, 0.3, 1),
                                                            metallic=0.5))),
    ("error", "texture", lambda: block(material=Material(texture=plain((90, 90, 90), (4128, 16))))),
    ("note", "power-of-two", lambda: block(material=Material(texture=plain((90,) * 3, (96, 96))))),
    ("warning", "degenerate", lambda: block(faces=np.zeros((12, 3), np.int32))),
]  # fmt: skip


@pytest.mark.parametrize(("severity", "code", "make"), CASES)
def test_each_fault_is_found_with_its_remedy(
    severity: str, code: str, make: Callable[[], bytes]
) -> None:
    found = [f for f in commerce_check(make()) if f.code == code]
    assert [f.severity for f in found] == [severity]
    assert found[0].message and found[0].remedy.endswith(".")


def test_a_garment_may_hang_above_the_floor() -> None:
    assert not [f for f in commerce_check(product_glb(sheet_product())) if f.code == "floor"]
