"""The verb ``showroom fit``: garments on a body, standing or moving: pictures, GLBs, a report.

The body's data go into the report only as far as it compares garment and body; nothing else of it
is written.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reconstruction.mesh import Mesh
    from reconstruction.product import Product

    from ..fit.avatar import Avatar
    from ..fit.outfit import Outfit
    from ..fit.report import Report
    from ..fit.skin import PoseState
    from ..protocol.messages import Pose

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

PICTURE: Final = (900, 520)
"""Rows and columns of each view."""
FRAME: Final = 1 / 72
SETTLE: Final = 1.0
"""Seconds that a standing wearer stands before the picture is taken."""
STILLS: Final = 8
"""Pictures of a motion, evenly spread over it."""
MESHES: Final = frozenset((".obj", ".glb", ".gltf", ".ply", ".stl"))
POSES: Final = ("stand", "rest", "reach", "arms-up", "sit", "crouch", "walk")
SITTING: Final = 4.0
"""After so many seconds a head that stays low is that of somebody who sits."""
LONGEST: Final = 600.0
"""Of a motion at most this much is played, seconds."""


@dataclass(frozen=True)
class FitWishes:
    """What ``showroom fit`` was asked.

    Attributes:
        products: product folders, or an artist's meshes made on the reference body; worn together.
        body: ``"height=1.70,waist=0.82,gender=female"``, or a file that ``showroom body`` wrote.
        pose: one of :data:`POSES`.
        motion: a recording, ``"stream"`` for pose messages on standard input, or ``""``.
        size: a label of the size charts, ``"best"`` for the recommended one, or ``""``.
        category: what an artist's mesh is: ``"jacket"``.
    """

    products: tuple[Path, ...]
    body: str
    pose: str = "stand"
    motion: str = ""
    size: str = ""
    category: str = ""


def run_fit(wishes: FitWishes, out: Path) -> int:
    """Dress the body, let it stand or move, and write what there is to be seen and known."""
    from PIL import Image
    from tqdm import tqdm

    from ..fit.outfit import Outfit

    avatar = body_of(wishes.body)
    products = [product_of(path, wishes.category) for path in wishes.products]
    outfit = Outfit(avatar)
    reports: dict[str, Report] = {}
    worn: dict[str, Product] = {}
    for product in tqdm(products, desc="dressing", unit="garment", leave=False):
        dressed = in_size(product, wishes.size, avatar)
        gone = outfit.put_on(dressed.id, dressed.family, dressed.numbers, dressed.choices)
        for key in gone:
            del worn[key]
        worn[dressed.id] = replace(dressed, mesh=outfit.garments[dressed.id].mesh)
    for key, product in worn.items():
        found = report_of(product, avatar, outfit)
        if found is not None:
            reports[key] = found

    stills, facts = played(wishes, avatar, outfit, worn)
    out.mkdir(parents=True, exist_ok=True)
    Image.fromarray(stills).save(out / "fit.png")
    Image.fromarray(strain_picture(avatar, outfit)).save(out / "strain.png")
    for key, product in worn.items():
        (out / f"{key}.glb").write_bytes(garment_glb(product))
        (out / f"{key}-strain.glb").write_bytes(strain_glb(outfit, key))
    report = {
        "garments": {key: as_json(worn[key], reports.get(key)) for key in worn},
        "motion": facts,
    }
    text = json.dumps(report, ensure_ascii=False, indent=2) + "\n"
    (out / "report.json").write_text(text, encoding="utf-8")
    for found in reports.values():
        print(found.reason["en"], found.reason["zh"], sep="\n")
    print(out)
    return 0


# --- what is asked ------------------------------------------------------------------------------


def body_of(text: str) -> Avatar:
    """The body that ``--body`` names: measures, or a ``body.json`` of ``showroom body``.

    Raises:
        BodyError: a measure is impossible or unknown, or the file is no body's.
    """
    from ..fit.body import solve
    from ..fit.errors import BodyError
    from .bodies import BodyWishes, solved

    path = Path(text)
    if "=" not in text:
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            measures = {n: float(row["value"]) for n, row in facts["measures"].items()}
            gender = str(facts["gender"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BodyError(
                "the body cannot be read",
                field="body",
                expected="height=1.70,waist=0.82 or a body.json that `showroom body` wrote",
                got=f"{path.name[:60]}: {type(error).__name__}",
            ) from error
        weight = measures.pop("weight", None)
        return solve(measures.pop("height"), gender, measures, weight)
    pairs = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        pairs[name.strip()] = value.strip()
    if "height" not in pairs:
        raise BodyError(
            "the body has no height", field="body.height", expected="height=1.70", got=text[:60]
        )
    return solved(
        BodyWishes(
            height=pairs.pop("height"),
            gender=pairs.pop("gender", "neutral"),
            weight=pairs.pop("weight", None),
            tape=pairs,
        )
    )


def product_of(path: Path, category: str) -> Product:
    """A product's folder, or an artist's mesh as a product that goes to any body by transfer.

    Raises:
        ReconstructionError, FitError: it cannot be read, or is no garment on the reference body.
    """
    from reconstruction.dressform import reference_form
    from reconstruction.meshes.clean import painted
    from reconstruction.meshes.file import read_mesh_file
    from reconstruction.product import Product
    from reconstruction.product_io import load_product

    from ..fit.artist import ArtistGarment
    from ..fit.errors import GarmentError

    if path.suffix.lower() not in MESHES:
        product = load_product(path)
        if product.kind != "garment":
            raise GarmentError(
                f"{product.id} cannot be worn",
                field="product",
                expected="a garment",
                got=product.category,
            )
        return product
    words = category or path.stem
    name = path.stem.lower().replace("_", "-").replace(" ", "-")
    raw, label = painted(read_mesh_file(path)), {"en": path.stem}
    family = ArtistGarment(replace(raw.mesh, skin=None), reference_form(), words, label)
    return Product(name, label, family, {}, {}, family.mesh, raw.materials, license=raw.license)


def in_size(product: Product, size: str, avatar: Avatar) -> Product:
    """The product in a size of its chart, or in the one recommended for a body.

    Raises:
        ParameterError: the chart has no such size.
    """
    if not size or not product.sizes:
        return product
    if size == "best":
        from ..fit.report import fit_report

        size = fit_report(product, _measures(avatar), avatar.gender).recommended
    return product.in_size(size)


def report_of(product: Product, avatar: Avatar, outfit: Outfit) -> Report | None:
    """The fit report of a worn garment; None for one that has no measures to compare."""
    from ..fit.report import fit_report
    from ..fit.sizing import tables

    if product.family.name not in tables()["families"]:
        return None
    return fit_report(product, _measures(avatar), avatar.gender, outfit.garments[product.id])


def _measures(avatar: Avatar) -> dict[str, float]:
    from ..fit.extremities import extremities

    return {**avatar.measures, **extremities(avatar.form)}


# --- how the wearer moves -----------------------------------------------------------------------


def played(
    wishes: FitWishes, avatar: Avatar, outfit: Outfit, worn: Mapping[str, Product]
) -> tuple[U8, dict[str, Any]]:
    """A picture of the wearer standing from three sides, or of moments of a motion."""
    from tqdm import tqdm

    if not wishes.motion:
        pose = posed(avatar, wishes.pose)
        for _ in tqdm(range(round(SETTLE / FRAME)), desc="settling", unit="frame", leave=False):
            shapes = outfit.step(pose, FRAME)
        turn = _heading(pose)
        views = [
            view(avatar, pose, shapes, worn, turn + angle) for angle in (0.0, np.pi / 2, np.pi)
        ]
        return np.concatenate(views, axis=1), {"pose": wishes.pose}
    poses = list(motion_of(wishes.motion, avatar.height))
    wanted = {int(i) for i in np.linspace(0, len(poses) - 1, min(STILLS, len(poses)))}
    stills, before, worst = [], poses[0].time, 0.0
    for number, state in enumerate(tqdm(follow(avatar, poses), total=len(poses), unit="frame")):
        shapes = outfit.step(state, max(state.time - before, 0.0))
        before = state.time
        strains = [g.strain() for g in outfit.garments.values() if g.swings]
        worst = max([worst, *(float(np.percentile(np.maximum(s, 0), 95)) for s in strains)])
        if number in wanted:
            stills.append(view(avatar, state, shapes, worn, _heading(state) + 0.5))
    rows = [np.concatenate(stills[i : i + 4], axis=1) for i in range(0, len(stills), 4)]
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(r, ((0, 0), (0, width - r.shape[1]), (0, 0)), mode="edge") for r in rows]
    facts = {"frames": len(poses), "seconds": before - poses[0].time, "strain_p95": worst}
    return np.concatenate(padded, axis=0), facts


def posed(avatar: Avatar, name: str) -> PoseState:
    """One of :data:`POSES`.

    Raises:
        PoseError: there is none of that name.
    """
    from ..app import SHIPPED_MOTION
    from ..channel.motion import load_motion
    from ..fit.errors import PoseError
    from ..fit.pose import Tracker, Transform

    if name == "rest":
        return avatar.rest()
    eye = float(avatar.eyes[:, 1].mean())
    head = (0.0, eye, 0.0, 0.0, 0.0, 0.0, 1.0)
    tracker = Tracker(avatar)

    def hands(x: float, y: float, z: float, pitch: float) -> tuple[Transform, Transform]:
        turn = (math.sin(pitch / 2), 0.0, 0.0, math.cos(pitch / 2))
        return (-x * eye, y * eye, z * eye, *turn), (x * eye, y * eye, z * eye, *turn)

    match name:
        case "stand":
            return tracker.update(head, None, None, 0.0)
        case "reach":
            return tracker.update(head, *hands(0.32, 1.05, -0.16, math.pi / 3), 0.0)
        case "arms-up":
            return tracker.update(head, *hands(0.16, 1.28, -0.05, math.pi / 2), 0.0)
        case "sit":
            tracker.update(head, None, None, 0.0)
            low, lap = (0.0, 0.73 * eye, *head[2:]), hands(0.10, 0.42, -0.25, 0.0)
            for frame in range(round(SITTING / FRAME)):
                state = tracker.update(low, *lap, 0.5 + frame * FRAME)
            return state
        case "crouch":
            low = (0.0, 0.56 * eye, 0.0, -math.sin(0.35), 0.0, 0.0, math.cos(0.35))
            return tracker.update(low, *hands(0.14, 0.30, -0.25, -0.5), 0.0)
        case "walk":
            moment = [p for p in load_motion(SHIPPED_MOTION).poses if p.time < 4.2]
            return list(follow(avatar, moment))[-1]
    raise PoseError("there is no such pose", field="pose", expected=", ".join(POSES), got=name[:40])


def motion_of(text: str, stature: float) -> Iterable[Pose]:
    """Poses of a recording, or of a stream of pose messages on standard input.

    Args:
        stature: of the wearer, metres; a recorded skeleton is scaled to it.

    Raises:
        MotionError: there is none, or it cannot be read.
    """
    from ..app import SHIPPED_MOTION
    from ..channel.motion import Motion, MotionError, load_motion, read_lines

    if text == "stream":
        poses: Sequence[Pose] = read_lines("standard input", sys.stdin.read())
    else:
        path = SHIPPED_MOTION if text == "stroll" else Path(text)
        motion: Motion = load_motion(path, stature=stature)
        poses = motion.poses
    if not poses:
        raise MotionError("standard input holds no poses")
    return [pose for pose in poses if pose.time - poses[0].time <= LONGEST]


def follow(avatar: Avatar, poses: Iterable[Pose]) -> Iterator[PoseState]:
    """The avatar in each of the poses; headsets are brought to its own eye level."""
    from ..fit.pose import Tracker, Transform
    from ..fit.stream import named_stream

    given = list(poses)
    eye = float(avatar.eyes[:, 1].mean())
    share = 1.0
    if not any(pose.joints for pose in given):
        share = eye / max(float(np.percentile([p.head[1] for p in given], 90)), 0.1)
    tracker, start = Tracker(avatar), given[0].time

    def scaled(place: Transform | None) -> Transform | None:
        return None if place is None else (*(share * x for x in place[:3]), *place[3:])

    for pose in given:
        head = scaled(pose.head)
        assert head is not None
        stream = named_stream(pose.skeleton, pose.joints) if pose.joints else None
        yield tracker.update(head, scaled(pose.left), scaled(pose.right), pose.time - start, stream)


def _heading(pose: PoseState) -> float:
    """Where the hips face, radians from +Z towards +X."""
    ahead = pose.matrices[0][:, :3] @ np.array([0.0, 0.0, 1.0])
    return float(np.arctan2(ahead[0], ahead[2]))


# --- what is seen -------------------------------------------------------------------------------


def view(
    avatar: Avatar,
    pose: PoseState,
    shapes: Mapping[str, F32],
    worn: Mapping[str, Product],
    azimuth: float,
) -> U8:
    """The dressed body from one side, (rows, columns, 3) uint8 sRGB."""
    from reconstruction.contact_sheet import textures

    items: list[tuple[Mesh, dict[str, Any], dict[str, Any]]] = []
    for key, product in worn.items():
        colours = {slot: m.base_color[:3] for slot, m in product.materials.items()}
        mesh = product.mesh.with_vertices(shapes[key])
        items.append((mesh, colours, dict(textures(product, 1024))))
    return _drawn(avatar, avatar.skin(pose), items, azimuth)


def strain_picture(avatar: Avatar, outfit: Outfit) -> U8:
    """The outermost cloth's strain map from the front, the side and behind, standing at rest."""
    from reconstruction.render.shading import srgb_to_linear

    from ..fit.tension import COLOURS, tension

    palette = srgb_to_linear((COLOURS * 255).astype(np.uint8))
    items: list[tuple[Mesh, dict[str, Any], dict[str, Any]]] = []
    for garment in outfit.garments.values():
        bands = tension(garment).bands[garment.mesh.weld]
        face = bands[garment.mesh.faces].max(axis=1)
        slots = tuple(f"band {i}" for i in range(len(COLOURS)))
        mesh = replace(
            garment.mesh, face_part=face.astype(np.int32), parts=slots, part_material=slots
        )
        items.append((mesh, dict(zip(slots, map(tuple, palette), strict=True)), {}))
    views = [_drawn(avatar, avatar.form.vertices, items, a) for a in (0.0, np.pi / 2, np.pi)]
    return np.concatenate(views, axis=1)


def _drawn(
    avatar: Avatar,
    skin: F32,
    items: Sequence[tuple[Mesh, dict[str, Any], dict[str, Any]]],
    azimuth: float,
) -> U8:
    """Body and garments in one picture: each garment's slots are named apart."""
    from reconstruction.mesh import Mesh, merge
    from reconstruction.render.camera import Camera
    from reconstruction.render.shading import Light, picture

    form = avatar.form
    body = Mesh(
        skin, form.faces, np.zeros((len(skin), 2), np.float32),
        np.zeros(len(form.faces), np.int32), ("skin",), ("skin",),
    )  # fmt: skip
    colours: dict[str, Any] = {"skin": (0.62, 0.52, 0.46)}
    pictures: dict[str, Any] = {}
    meshes = [body]
    for number, (mesh, own, textures) in enumerate(items):
        slots = tuple(f"{number} {slot}" for slot in mesh.part_material)
        parts = tuple(f"{number} {part}" for part in mesh.parts)
        meshes.append(replace(mesh, parts=parts, part_material=slots, weld=None, skin=None))
        colours |= {f"{number} {slot}": colour for slot, colour in own.items()}
        pictures |= {f"{number} {slot}": texture for slot, texture in textures.items()}
    x, _, z = (skin.min(axis=0) + skin.max(axis=0)) / 2
    middle = avatar.height * 0.5
    camera = Camera(
        azimuth, 0.06, distance=6.0, fov=avatar.height * 0.19,
        target=(float(x), middle, float(z)),
    )  # fmt: skip
    # The sun goes with the camera, so that every side is lit alike.
    sun = camera.rotation().T @ np.array([0.4, 0.9, 0.7])
    light = Light((float(sun[0]), float(sun[1]), float(sun[2])))
    drawn = picture(merge(meshes), camera, PICTURE, colours, pictures, light)
    alpha = drawn[..., 3:].astype(np.float32) / 255
    return np.asarray(drawn[..., :3] * alpha + 245 * (1 - alpha), np.uint8)


def garment_glb(product: Product) -> bytes:
    """The garment on this body, skinned, in its rest pose."""
    from reconstruction.gltf.glb import product_glb, write_glb

    if product.values:
        return product_glb(product)
    return write_glb(product.mesh, product.materials, name=product.id)


def strain_glb(outfit: Outfit, key: str) -> bytes:
    """The strain map of one garment as vertex colours, in its rest pose."""
    from reconstruction.gltf.glb import write_glb
    from reconstruction.product import Material
    from reconstruction.render.shading import srgb_to_linear

    from ..fit.tension import tension

    garment = outfit.garments[key]
    colours = srgb_to_linear((tension(garment).colours * 255).astype(np.uint8))
    plain = Material(roughness=1.0, double_sided=True)
    slots = dict.fromkeys(garment.mesh.part_material, plain)
    return write_glb(garment.mesh, slots, name=f"{key}-strain", colors=colours[garment.mesh.weld])


def as_json(product: Product, report: Report | None) -> dict[str, Any]:
    """A report for programs: metres and shares, both languages."""
    base: dict[str, Any] = {
        "category": product.category,
        "size": product.size,
        "values": {name: round(value, 4) for name, value in product.numbers.items()},
    }
    if report is None:
        return base
    base["regions"] = {r.region: _rounded(asdict(r)) for r in report.regions}
    base["zones"] = {name: _rounded(asdict(zone)) for name, zone in report.zones.items()}
    return base | {
        "recommended": report.recommended,
        "confidence": round(report.confidence, 3),
        "next_best": report.next_best,
        "labels": dict(report.labels),
        "reason": dict(report.reason),
    }


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    row.pop("region", None)
    return {name: round(v, 4) if isinstance(v, float) else v for name, v in row.items()}
