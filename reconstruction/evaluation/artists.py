"""Furniture by artists, lit by photographed panoramas: shapes that no family was made for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..mesh import F32
from ..render.camera import frame_camera
from .cases import Case, Outcome
from .distance import Shape
from .drawn import encoded
from .environment import Environment, read_hdri
from .raytrace import Body, trace
from .scoring import AXES, Truth, score_photo

SIZE = 480


def artist_cases(data: Path, lists: Mapping[str, Any], validator: Path | None) -> list[Case]:
    """Every model from each of its views, and the certified renders of the one that has some."""
    panoramas = sorted((data / lists["panoramas"]).glob("*.hdr"))
    if not panoramas:
        return []
    where = None if validator is None else str(validator)
    certified = lists["certified"]
    models = [
        (category, data / lists["folder"] / file, lists["scale"])
        for category, files in lists["models"].items()
        for file in files
    ]
    models.append((certified["category"], data / certified["model"], certified["scale"]))
    out = []
    for number in range(len(models) * lists["views"]):
        category, model, scale = models[number // lists["views"]]
        spec = {
            "model": str(model),
            "scale": scale,
            "panorama": str(panoramas[number % len(panoramas)]),
            "azimuth": list(lists["azimuth"]),
            "elevation": list(lists["views_from"].get(category, lists["elevation"])),
            "declare": lists["declare"].get(category, "height"),
            "seed": lists["seed"] + number,
            "validator": where,
        }
        out.append(Case("artists", f"{model.stem}-{number % lists['views']}", category, spec))
    for i, render in enumerate(certified["renders"]):
        spec = {
            "model": str(data / certified["model"]),
            "scale": certified["scale"],
            "render": str(data / render),
            "declare": "height",
            "validator": where,
        }
        name = f"{Path(certified['model']).stem}-render-{i}"
        out.append(Case("artists", name, certified["category"], spec))
    return [c for c in out if Path(c.spec["model"]).is_file()]


def run_artist(case: Case) -> Outcome:
    """Photograph a model and reconstruct it."""
    spec = case.spec
    bodies = load_model(Path(spec["model"]), spec["scale"])
    shape = joined(bodies)
    azimuth: float | None = None
    eye: NDArray[np.float64] | None = None
    mask: NDArray[np.bool_] | None = None
    if "render" in spec:
        data = Path(spec["render"]).read_bytes()
    else:
        rng = np.random.default_rng(spec["seed"])
        azimuth = float(rng.uniform(*spec["azimuth"]))
        camera = frame_camera(
            shape.vertices,
            azimuth,
            float(rng.uniform(*spec["elevation"])),
            fov=float(rng.uniform(0.4, 0.7)),
            margin=float(rng.uniform(1.2, 1.5)),
        )
        light = panorama(Path(spec["panorama"])).turned(float(rng.uniform(0, 2 * math.pi)))
        traced = trace(
            bodies,
            camera,
            light,
            SIZE,
            rng,
            product=len(bodies),
            exposure=float(rng.uniform(0.8, 1.2)),
            catcher=1.4,
        )
        data, mask, eye = encoded(traced.rgb), traced.mask > 0.5, camera.position
    truth = Truth(case.category, shape, mask=mask, azimuth=azimuth, eye=eye)
    side = spec["declare"]
    validator = spec["validator"]
    return score_photo(
        data,
        case.name,
        truth,
        {side: float(shape.size[AXES[side]])},
        validator=None if validator is None else Path(validator),
        baselines=True,
    )


@cache
def panorama(path: Path) -> Environment:
    """A panorama, read once."""
    return read_hdri(path)


def joined(bodies: list[Body]) -> Shape:
    """All bodies as one shape."""
    offsets = np.cumsum([0] + [len(b.vertices) for b in bodies])
    faces = [b.faces + o for b, o in zip(bodies, offsets[:-1], strict=True)]
    vertices = np.concatenate([b.vertices for b in bodies]).astype(np.float32)
    return Shape(vertices, np.concatenate(faces).astype(np.int32))


def load_model(path: Path, scale: float) -> list[Body]:
    """An artist's glTF in metres, its floor centre at the origin, one body per mesh."""
    import trimesh

    scene = trimesh.load_scene(path)
    meshes: list[Any] = scene.dump()
    every = np.concatenate([m.vertices for m in meshes]) * scale
    low, high = every.min(axis=0), every.max(axis=0)
    shift = np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
    return [_body(m, scale, shift) for m in meshes]


def _body(mesh: Any, scale: float, shift: NDArray[np.float64]) -> Body:
    vertices = np.asarray(mesh.vertices * scale - shift, np.float32)
    faces = np.asarray(mesh.faces, np.int32)
    visual = mesh.visual
    uv: F32 = np.zeros((len(vertices), 2), np.float32)
    texture = np.full((2, 2, 3), 200, np.uint8)
    material = getattr(visual, "material", None)
    if getattr(visual, "uv", None) is not None:
        # trimesh counts v upwards.
        uv = np.stack([visual.uv[:, 0], 1 - visual.uv[:, 1]], axis=1).astype(np.float32)
    picture = getattr(material, "baseColorTexture", None)
    factor = getattr(material, "baseColorFactor", None)
    if picture is not None:
        texture = np.asarray(picture.convert("RGB"))
    elif factor is not None:
        texture = np.broadcast_to(np.asarray(factor[:3], np.uint8), (2, 2, 3)).copy()
    rough = getattr(material, "roughnessFactor", None)
    return Body(vertices, faces, uv, texture, 0.8 if rough is None else max(float(rough), 0.4))
