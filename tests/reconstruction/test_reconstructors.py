from __future__ import annotations

import base64
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reconstruction.reconstructors as reconstructors
from reconstruction.errors import ReconstructorError
from reconstruction.gltf.read import GlbContents, read_glb
from reconstruction.intake.photo import Photo
from reconstruction.meshes.clean import clean, picture_of
from reconstruction.meshes.isosurface import bare
from reconstruction.product import Material
from reconstruction.product_io import load_product, save_product
from reconstruction.reconstructors import Hints, get_reconstructor, reconstructor_names
from reconstruction.reconstructors.hunyuan3d import Hunyuan3d
from reconstruction.render.camera import frame_camera
from reconstruction.render.shading import picture, sample_texture

trimesh = pytest.importorskip("trimesh")
RED, BLUE = (200, 30, 30, 255), (30, 30, 200, 255)


def toy(turned: int = 0) -> Any:
    """A post with a red nose towards +Z, turned about its height; unitless, off centre."""
    post = trimesh.creation.box((1.0, 3.0, 1.0))
    nose = trimesh.creation.icosphere(2, radius=0.55)
    nose.apply_translation((0.0, 1.0, 0.9))
    post.visual.vertex_colors = BLUE
    nose.visual.vertex_colors = RED
    inside = trimesh.creation.icosphere(1, radius=0.2)
    speck = trimesh.creation.icosphere(0, radius=0.03)
    speck.apply_translation((0.0, 2.0, 0.0))
    for part in (inside, speck):
        part.visual.vertex_colors = BLUE
    whole = trimesh.util.concatenate([post, nose, inside, speck])
    whole.apply_transform(
        trimesh.transformations.rotation_matrix(turned * np.pi / 2, (0, 1, 0), (5, 0, 0))
    )
    return whole


def shot() -> tuple[Photo, Any]:
    """The toy's front as a photo, and its mask."""
    contents = clean(read_glb(toy().export(file_type="glb")))[0]
    textures = {
        s: np.ascontiguousarray(picture_of(m.texture))
        for s, m in contents.materials.items()
        if m.texture
    }
    camera = frame_camera(contents.mesh.vertices, 0.0, 0.1, fov=0.3)
    drawn = picture(contents.mesh, camera, (300, 200), {}, textures)
    photo = Photo("toy.png", "0" * 64, np.ascontiguousarray(drawn[..., :3]), None, 200, 300)
    return photo, drawn[..., 3].astype(np.float32) / 255


@pytest.fixture(scope="module")
def taken() -> tuple[Photo, Any]:
    return shot()


@contextmanager
def server(answer: Any) -> Iterator[str]:
    """A small server on this machine; ``answer(path, body)`` gives status and bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            self.reply(json.loads(self.rfile.read(size)))

        def do_GET(self) -> None:
            self.reply(None)

        def reply(self, body: Any) -> None:
            status, data = answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if status == 302:
                self.send_header("Location", "http://192.0.2.1/")
            self.end_headers()
            with suppress(OSError):  # a client is gone after its timeout, as it should be
                self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


HINTS = Hints(category="toy", declared={"height": 0.3}, id="toy", seed=7)


def test_a_servers_mesh_comes_in_cleaned_turned_and_to_scale(
    taken: tuple[Photo, Any], tmp_path: Path
) -> None:
    asked: list[Any] = []

    def answer(path: str, body: Any) -> tuple[int, bytes]:
        asked.append((path, body))
        return 200, toy(turned=1).export(file_type="glb")

    photo, mask = taken
    with server(answer) as url:
        product = Hunyuan3d(url).reconstruct([photo], [mask], HINTS)
    ((path, body),) = asked
    assert path == "/generate" and body["seed"] == 7 and body["type"] == "glb"
    assert base64.b64decode(body["image"])[:4] == b"\x89PNG"
    assert product.mesh.size[1] == pytest.approx(0.3, abs=1e-5)
    assert product.mesh.vertices[:, 1].min() == pytest.approx(0, abs=1e-6)
    assert product.category == "toy" and product.family.name == "freeform"
    assert product.mesh.size[2] > 1.2 * product.mesh.size[0], "its nose points forward again"
    high = product.mesh.vertices[product.mesh.vertices[:, 2].argmax()]
    assert high[1] > 0.2
    assert product.photo is not None and product.photo.mask_iou > 0.9
    assert "Hunyuan3D" in product.warnings[0] and product.confidence < 0.5
    again = load_product(save_product(product, tmp_path / "toy", lods=True))
    assert "Tencent" in again.license
    extras = read_glb((tmp_path / "toy" / "product.glb").read_bytes()).extras
    assert "Tencent" in extras["license"]


def test_a_queue_is_asked_until_it_is_done(taken: tuple[Photo, Any]) -> None:
    looks = 0

    def answer(path: str, body: Any) -> tuple[int, bytes]:
        nonlocal looks
        if path == "/send":
            return 200, b'{"uid": "a b/c"}'
        assert path == "/status/a%20b%2Fc"
        looks += 1
        if looks < 3:
            return 200, b'{"status": "processing"}' if looks < 2 else b'{"status": "texturing"}'
        model = base64.b64encode(toy().export(file_type="glb")).decode()
        return 200, json.dumps({"status": "completed", "model_base64": model}).encode()

    photo, mask = taken
    with server(answer) as url:
        client = Hunyuan3d(url, queue=True, poll=0.01)
        assert client.reconstruct([photo], [mask], HINTS).mesh.size[1] == pytest.approx(0.3)
    assert looks == 3


@pytest.mark.parametrize(
    ("field", "queue", "answer"),
    [
        ("response.status", False, lambda p, b: (500, b"Traceback")),
        ("response.status", False, lambda p, b: (302, b"")),
        ("response", False, lambda p, b: (200, b"")),
        ("response", False, lambda p, b: (200, b"glTF garbage" * 9)),
        ("response", True, lambda p, b: (200, b"[]")),
        ("response", True, lambda p, b: (200, b"{")),
        ("response", True, lambda p, b: (200, b'{"uid": 5}')),
        ("response.status", True, lambda p, b: (200, b'{"uid": "u", "status": "error"}')),
        ("response", True, lambda p, b: (200, b'{"uid": "u", "status": "completed"}')),
        ("timeout", True, lambda p, b: (200, b'{"uid": "u", "status": "processing"}')),
        ("timeout", False, lambda p, b: (time.sleep(0.6), (200, b""))[1]),
    ],
)
def test_a_server_that_fails_is_named(
    taken: tuple[Photo, Any], field: str, queue: bool, answer: Any
) -> None:
    with server(answer) as url, pytest.raises(ReconstructorError) as caught:
        client = Hunyuan3d(url, queue=queue, poll=0.01, timeout=0.3 if field == "timeout" else 20)
        client.reconstruct([taken[0]], [taken[1]], HINTS)
    assert caught.value.field == field and caught.value.expected


def test_no_server_and_other_machines(taken: tuple[Photo, Any]) -> None:
    with pytest.raises(ReconstructorError, match="api_server"):
        Hunyuan3d("http://127.0.0.1:9").reconstruct([taken[0]], [taken[1]], HINTS)
    with pytest.raises(ReconstructorError, match="another machine"):
        Hunyuan3d("http://192.0.2.1:8081")
    with pytest.raises(ReconstructorError, match="no HTTP address"):
        Hunyuan3d("file:///etc/passwd")
    assert Hunyuan3d("http://192.0.2.1:8081", remote=True).name == "hunyuan3d"


def test_triposr_says_what_is_missing(taken: tuple[Photo, Any]) -> None:
    with pytest.raises(ReconstructorError, match="not installed"):
        get_reconstructor("triposr").reconstruct([taken[0]], [taken[1]], HINTS)


STAND_IN = '''
import os

import torch
import trimesh
from torch import nn


class Renderer(nn.Module):
    chunk_size = 0

    def set_chunk_size(self, chunk_size):
        assert chunk_size >= 0
        self.chunk_size = chunk_size


class TSR(nn.Module):
    """The published package's interface around a mesh that is read, not inferred."""

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path, config_name, weight_name):
        config = os.path.join(pretrained_model_name_or_path, config_name)
        assert open(config).read().startswith("cond_image_size: 512")
        model = cls()
        weights = os.path.join(pretrained_model_name_or_path, weight_name)
        model.load_state_dict(torch.load(weights, map_location="cpu"))
        return model

    def __init__(self):
        super().__init__()
        self.renderer = Renderer()
        self.points = nn.Parameter(torch.zeros(COUNT, 3))
        self.faces = nn.Parameter(torch.zeros(FACES, 3))
        self.colours = nn.Parameter(torch.zeros(COUNT, 3))

    def forward(self, image, device):
        (picture,) = image
        assert picture.mode == "RGB" and picture.size == (512, 512)
        corner = picture.getpixel((3, 3))
        assert all(abs(v - 127) < 2 for v in corner), "grey ground, as it was trained"
        assert self.renderer.chunk_size > 0
        return torch.zeros(1, 3, 40, 64, 64, device=device)

    def extract_mesh(self, scene_codes, SIGNATURE):
        assert scene_codes.shape[0] == 1 and resolution >= 64
        return [
            trimesh.Trimesh(
                vertices=self.points.detach().cpu().numpy(),
                faces=self.faces.detach().cpu().numpy().astype("int64"),
                vertex_colors=self.colours.detach().cpu().numpy(),
            )
        ]
'''


@pytest.mark.parametrize(
    "signature",
    [
        "has_vertex_color, resolution: int = 256, threshold: float = 25.0",
        "resolution: int = 256, threshold: float = 25.0",
    ],
)
def test_triposr_as_a_package_is_not_mirrored(
    taken: tuple[Photo, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signature: str
) -> None:
    torch = pytest.importorskip("torch")
    ear = trimesh.creation.box((0.4, 0.5, 0.4))
    ear.apply_translation((0.65, 1.1, 0.0))
    ear.visual.vertex_colors = BLUE
    mesh = trimesh.util.concatenate([toy(), ear])
    x, y, z = np.asarray(mesh.vertices).T
    state = {
        # As that package has it: x towards the camera, y right, z up.
        "points": torch.tensor(np.stack([z, x, y], axis=1) * 0.2, dtype=torch.float32),
        "faces": torch.tensor(np.asarray(mesh.faces), dtype=torch.float32),
        "colours": torch.tensor(mesh.visual.vertex_colors[:, :3] / 255, dtype=torch.float32),
    }
    package = tmp_path / "package" / "tsr"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    sizes = {"COUNT": len(x), "FACES": len(mesh.faces), "SIGNATURE": signature}
    source = STAND_IN
    for word, value in sizes.items():
        source = source.replace(word, str(value))
    (package / "system.py").write_text(source)
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "config.yaml").write_text("cond_image_size: 512\n")
    torch.save(state, weights / "model.ckpt")
    monkeypatch.syspath_prepend(str(package.parent))
    for name in [n for n in sys.modules if n == "tsr" or n.startswith("tsr.")]:
        monkeypatch.delitem(sys.modules, name)
    photo, mask = taken
    try:
        maker = get_reconstructor("triposr", weights=str(weights), resolution=96)
        product = maker.reconstruct([photo], [mask], HINTS)
    finally:
        for name in [n for n in sys.modules if n == "tsr" or n.startswith("tsr.")]:
            del sys.modules[name]
    assert "TripoSR" in product.warnings[0]
    assert product.mesh.size[1] == pytest.approx(0.3, abs=1e-5)
    points = product.mesh.vertices
    assert points[points[:, 2].argmax(), 1] > 0.2, "its nose points forward"
    middle = (points[:, 0].max() + points[:, 0].min()) / 2
    high = points[points[:, 1] > 0.29]
    assert high[:, 0].mean() < middle, "its ear is on its right hand side in the photo, +X"


class Mine:
    name = "mine"


def test_packages_bring_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    group = reconstructors.GROUP
    found = [
        EntryPoint("mine", f"{__name__}:Mine", group),
        EntryPoint("broken", "no_such_module:X", group),
    ]
    monkeypatch.setattr(reconstructors, "entry_points", lambda group: found)
    assert reconstructor_names() == ("resnet", "hunyuan3d", "triposr", "mine", "broken")
    assert isinstance(get_reconstructor("mine"), Mine)
    with pytest.raises(ReconstructorError, match="cannot be loaded"):
        get_reconstructor("broken")
    with pytest.raises(ReconstructorError, match="hunyuan3d, triposr"):
        get_reconstructor("magic")


def ball(faces: Any) -> GlbContents:
    """A sphere of these faces, red in front and blue behind."""
    whole = trimesh.creation.icosphere(3)
    mesh = bare(whole.vertices.astype(np.float32), faces(whole).astype(np.int32))
    color = np.where(whole.vertices[:, 2:] > 0, (0.8, 0.1, 0.1), (0.1, 0.1, 0.8))
    return GlbContents(mesh, {"body": Material()}, color=color.astype(np.float32))


def check_ball(contents: GlbContents, volume: float) -> None:
    whole = contents.mesh
    closed = trimesh.Trimesh(whole.vertices, whole.faces)
    closed.merge_vertices(merge_tex=True, merge_norm=True)
    assert closed.is_watertight
    assert closed.volume == pytest.approx(volume, rel=0.1)
    texture = contents.materials["body"].texture
    assert texture is not None
    middle = whole.vertices[whole.faces].mean(axis=1)
    shown = sample_texture(picture_of(texture), whole.uv[whole.faces].mean(axis=1))
    front = (middle[:, 2] > 0.2) & (middle[:, 1] < 0.8) & (middle[:, 0] < 0.8)
    assert shown[front, 0].mean() > 0.6 and shown[front, 2].mean() < 0.3


def test_holes_are_closed() -> None:
    def holed(sphere: Any) -> Any:
        middle = sphere.triangles_center
        return sphere.faces[(middle[:, 1] < 0.9) & (middle[:, 0] < 0.95)]

    whole, done = clean(ball(holed), 800)
    assert done.capped and not done.remeshed and len(whole.mesh.faces) <= 800
    check_ball(whole, 4 / 3 * np.pi)


def test_what_is_no_surface_is_made_anew() -> None:
    def doubled(sphere: Any) -> Any:
        return np.concatenate([sphere.faces, sphere.faces[::7, ::-1]])

    whole, done = clean(ball(doubled), 1500)
    assert done.remeshed and len(whole.mesh.faces) <= 1500
    check_ball(whole, 4 / 3 * np.pi)
