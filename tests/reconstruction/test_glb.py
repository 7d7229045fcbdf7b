from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from product_samples import picture, sheet_product

from reconstruction.dressform import reference_form
from reconstruction.errors import ProductFileError
from reconstruction.gltf.glb import avatar_glb, product_glb, write_glb
from reconstruction.gltf.read import Budget, read_glb
from reconstruction.product import Material


def unpack(glb: bytes) -> tuple[dict[str, Any], bytes]:
    size = struct.unpack_from("<I", glb, 12)[0]
    return json.loads(glb[20 : 20 + size]), glb[28 + size :]


def repack(document: dict[str, Any], binary: bytes) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<III", 0x46546C67, 2, 28 + len(text) + len(binary))
    return b"".join(
        [
            head,
            struct.pack("<II", len(text), 0x4E4F534A),
            text,
            struct.pack("<II", len(binary), 0x4E4942),
            binary,
        ]
    )


def test_a_product_comes_back_exactly() -> None:
    product = sheet_product()
    contents = read_glb(product_glb(product))
    was, now = product.mesh, contents.mesh
    for name in ("vertices", "faces", "uv", "face_part", "weld"):
        np.testing.assert_array_equal(getattr(now, name), getattr(was, name), err_msg=name)
    assert (now.parts, now.part_material, now.anchors) == (
        was.parts,
        was.part_material,
        was.anchors,
    )
    assert was.skin is not None and now.skin is not None
    assert now.skin.names == was.skin.names
    np.testing.assert_array_equal(now.skin.parents, was.skin.parents)
    np.testing.assert_array_equal(now.skin.joints, was.skin.joints)
    np.testing.assert_allclose(now.skin.rest, was.skin.rest, atol=1e-6)
    np.testing.assert_allclose(now.skin.weights, was.skin.weights, atol=2e-7)
    assert contents.materials == product.materials
    assert contents.variants == product.variants


def test_triangles_keep_their_order_when_parts_are_interleaved() -> None:
    mesh = sheet_product().mesh
    shuffled = np.random.default_rng(1).integers(0, 3, len(mesh.faces)).astype(np.int32)
    mixed = replace(mesh, face_part=shuffled)
    materials = sheet_product().materials
    now = read_glb(write_glb(mixed, materials)).mesh
    np.testing.assert_array_equal(now.faces, mixed.faces)
    np.testing.assert_array_equal(now.face_part, shuffled)


def test_all_primitives_share_the_vertex_order_of_the_mesh() -> None:
    product = sheet_product()
    document, binary = unpack(product_glb(product))
    primitives = document["meshes"][0]["primitives"]
    assert len(primitives) == 2
    assert len({p["attributes"]["POSITION"] for p in primitives}) == 1
    accessor = document["accessors"][primitives[0]["attributes"]["POSITION"]]
    view = document["bufferViews"][accessor["bufferView"]]
    raw = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
    np.testing.assert_array_equal(
        np.frombuffer(raw, np.float32).reshape(-1, 3), product.mesh.vertices
    )


def test_extras_name_parameters_with_unit_and_range() -> None:
    extras = read_glb(product_glb(sheet_product())).extras
    assert extras["product"] == "grey-sheet"
    width = extras["parameters"]["width"]
    assert (width["value"], width["unit"], width["min"], width["max"]) == (0.8, "m", 0.2, 2.0)


def test_bones_carry_their_names_and_rest_places() -> None:
    document, _ = unpack(product_glb(sheet_product()))
    nodes = {n["name"]: n for n in document["nodes"]}
    np.testing.assert_allclose(nodes["chest"]["translation"], [0, 0.3, 0.1], atol=1e-6)
    assert "JOINTS_1" in document["meshes"][0]["primitives"][0]["attributes"]


def test_repeated_joints_are_added_up() -> None:
    mesh = sheet_product().mesh
    assert mesh.skin is not None
    n = len(mesh.vertices)
    twice = replace(
        mesh.skin,
        joints=np.tile(np.array([1, 2, 1], np.uint16), (n, 1)),
        weights=np.tile(np.array([0.3, 0.5, 0.2], np.float32), (n, 1)),
    )
    skin = read_glb(write_glb(replace(mesh, skin=twice), sheet_product().materials)).mesh.skin
    assert skin is not None
    np.testing.assert_allclose(skin.weights[0], [0.5, 0.5, 0.0], atol=1e-6)


def test_an_avatar_is_a_skinned_body() -> None:
    contents = read_glb(avatar_glb(reference_form()))
    assert contents.mesh.skin is not None


def test_an_avatar_wears_plain_leggings_between_waist_and_ankles() -> None:
    mesh = read_glb(avatar_glb(reference_form())).mesh
    assert mesh.parts == ("body", "leggings")
    heights = mesh.vertices[mesh.part_faces("leggings"), 1]
    assert 0.02 < heights.min() < 0.2
    assert 0.8 < heights.max() < 1.15
    assert mesh.vertices[mesh.part_faces("body"), 1].max() > 1.5


def test_equal_textures_are_stored_once() -> None:
    image = picture((9, 90, 9))
    materials = {k: Material(texture=image) for k in ("fabric", "rib")}
    document, _ = unpack(write_glb(sheet_product().mesh, materials))
    assert len(document["images"]) == 1


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("mesh.vertices", {"vertices": np.full((126, 3), np.nan, np.float32)}),
        ("mesh.uv", {"uv": np.zeros((5, 2), np.float32)}),
        ("mesh.faces", {"faces": np.full((192, 3), 126, np.int32)}),
        ("mesh.face_part", {"face_part": np.full(192, 3, np.int32)}),
        ("mesh.weld", {"weld": np.zeros(3, np.int32)}),
    ],
)
def test_meshes_that_do_not_fit_together_are_refused(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(ProductFileError) as caught:
        write_glb(replace(sheet_product().mesh, **change), sheet_product().materials)
    assert caught.value.field == field and caught.value.expected


def test_materials_are_checked() -> None:
    mesh, materials = sheet_product().mesh, dict(sheet_product().materials)
    with pytest.raises(ProductFileError, match="slot 'fabric'"):
        write_glb(mesh, {"rib": Material()})
    with pytest.raises(ProductFileError, match="no picture"):
        write_glb(mesh, materials | {"rib": Material(texture=b"GIF89a")})
    with pytest.raises(ProductFileError, match="out of range"):
        write_glb(mesh, materials | {"rib": Material(roughness=float("nan"))})


@pytest.mark.parametrize("alpha", ["opaque", "mask", "blend"])
def test_alpha_comes_back(alpha: Any) -> None:
    for factor in (1.0, 0.5):
        glass = Material((1.0, 1.0, 1.0, factor), alpha=alpha if factor == 1.0 else "opaque")
        materials = {**sheet_product().materials, "rib": glass}
        assert read_glb(write_glb(sheet_product().mesh, materials)).materials["rib"] == glass


def test_a_slot_that_a_choice_brought_in_is_plain_in_the_first_colour() -> None:
    product = sheet_product()
    less = replace(product, materials={"fabric": product.materials["fabric"]})
    rib = read_glb(product_glb(less)).materials["rib"]
    assert rib.texture is None
    np.testing.assert_allclose(rib.base_color[:3], 0.3, atol=0.12)
    with pytest.raises(ProductFileError, match="no material"):
        product_glb(replace(product, materials={}))


# --- files from strangers ----------------------------------------------------------------------


def test_every_truncation_is_refused() -> None:
    glb = product_glb(sheet_product())
    for size in [*range(0, 40), *range(40, len(glb), 997), len(glb) - 1]:
        with pytest.raises(ProductFileError):
            read_glb(glb[:size])


def test_damaged_bytes_never_raise_anything_else() -> None:
    glb = bytearray(product_glb(sheet_product()))
    size = struct.unpack_from("<I", glb, 12)[0]
    rng = np.random.default_rng(2)
    refused = 0
    for _ in range(600):
        copy = bytearray(glb)
        for at in rng.integers(0, 20 + size, rng.integers(1, 4)):
            copy[at] = rng.integers(32, 127)
        try:
            read_glb(bytes(copy))
        except ProductFileError:
            refused += 1
    assert refused > 100


def mutations() -> list[tuple[str, Any]]:
    def at(*path: str | int) -> Any:
        def change(document: dict[str, Any], value: Any) -> None:
            place: Any = document
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = value

        return change

    return [
        ("buffers", (at("buffers", 0, "uri"), "file:///etc/passwd")),
        ("images.0", (at("images", 0, "uri"), "http://example.invalid/a.png")),
        ("accessors.0.count", (at("accessors", 0, "count"), 2**40)),
        ("accessors.0", (at("accessors", 0, "count"), 100_000)),
        ("accessors.0", (at("accessors", 0, "byteOffset"), -4)),
        ("bufferViews.0", (at("bufferViews", 0, "byteLength"), 2**31)),
        ("bufferViews.0", (at("bufferViews", 0, "byteOffset"), -64)),
        ("extensionsRequired", (at("extensionsRequired"), ["EXT_of_tomorrow"])),
        ("nodes.0", (at("nodes", 0, "children"), [0])),
        ("nodes", (at("scenes", 0, "nodes"), [99])),
        ("nodes", (at("nodes"), [{}] * 5000)),
        ("gltf", (at("meshes", 0, "primitives"), None)),
        ("gltf", (at("accessors", 0, "type"), ["VEC3"])),
        ("scene", (at("scenes", 0, "nodes"), [])),
        ("extras.runs", (at("meshes", 0, "primitives", 0, "extras", "runs"), [[0, 0, 1]])),
        ("primitive.mode", (at("meshes", 0, "primitives", 0, "mode"), 5)),
    ]


@pytest.mark.parametrize(("field", "mutation"), mutations())
def test_hostile_documents_are_refused_by_field(field: str, mutation: tuple[Any, Any]) -> None:
    document, binary = unpack(product_glb(sheet_product()))
    change, value = mutation
    change(document, value)
    with pytest.raises(ProductFileError) as caught:
        read_glb(repack(document, binary))
    assert caught.value.field == field
    assert caught.value.expected


def test_deep_json_is_refused() -> None:
    text = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}  "
    text += b" " * (-len(text) % 4)
    head = struct.pack("<III", 0x46546C67, 2, 20 + len(text))
    with pytest.raises(ProductFileError):
        read_glb(head + struct.pack("<II", len(text), 0x4E4F534A) + text)


def test_a_budget_is_kept() -> None:
    glb = product_glb(sheet_product())
    for budget in (
        Budget(vertices=100),
        Budget(triangles=100),
        Budget(nodes=2),
        Budget(bytes=1000),
        Budget(image_pixels=100),
        Budget(materials=2),
    ):
        with pytest.raises(ProductFileError, match="expected"):
            read_glb(glb, budget)


def test_another_programs_scene_is_read_as_it_stands() -> None:
    trimesh = pytest.importorskip("trimesh")
    box = trimesh.creation.box((1, 2, 3))
    scene = trimesh.Scene()
    scene.add_geometry(box, node_name="low")
    lift = np.eye(4)
    lift[1, 3] = 5.0
    scene.add_geometry(box.copy(), node_name="high", transform=lift)
    mesh = read_glb(scene.export(file_type="glb")).mesh
    assert len(mesh.faces) == 24
    np.testing.assert_allclose(mesh.size, (1, 7, 3), atol=1e-5)


def test_khronos_finds_nothing(khronos: Callable[[bytes], dict[str, Any]]) -> None:
    product = sheet_product()
    bumpy = replace(product.materials["fabric"], normal=picture((128, 128, 255), print_=False))
    materials = {"fabric": bumpy, "rib": product.materials["rib"]}
    for glb in (
        write_glb(product.mesh, materials, variants=product.variants, extras={"product": "x"}),
        write_glb(replace(product.mesh, skin=None, weld=None), materials),
        avatar_glb(reference_form()),
    ):
        report = khronos(glb)
        assert (report["numErrors"], report["numWarnings"]) == (0, 0), report["messages"]
