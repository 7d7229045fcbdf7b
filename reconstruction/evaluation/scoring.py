"""Score one reconstruction against everything that is true about its photo."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..confidence import threshold
from ..contact_sheet import view
from ..errors import ReconstructionError
from ..families import family_names, get_family
from ..gltf.read import read_glb
from ..intake.photo import Photo, decode_photo
from ..outcome import Reconstruction
from ..pipeline import DECLARED, Request, reconstruct
from ..product_io import GLB_NAME, save_product
from ..texture.score import score_rerender
from .baselines import extruded_silhouette, mean_template
from .cases import U8, Outcome
from .distance import Shape, box_errors, compare
from .khronos import Validator
from .soundness import soundness

AXES = {"width": 0, "height": 1, "depth": 2}


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known about a photo; what is None is not.

    Attributes:
        category: of :attr:`Family.category`.
        shape: the product, in the frame of products.
        values: of the family's parameters, where it is a drawn member.
        mask: (h, w) bool.
        azimuth: radians.
        eye: (3,) metres.
    """

    category: str
    shape: Shape | None = None
    family: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    mask: NDArray[np.bool_] | None = None
    azimuth: float | None = None
    eye: NDArray[np.float64] | None = None


def score_photo(
    data: bytes,
    name: str,
    truth: Truth,
    declared: Mapping[str, float],
    *,
    validator: Path | None = None,
    baselines: bool = False,
) -> Outcome:
    """Reconstruct a photo without being told what it shows, and score the product.

    A refused photo scores nothing but zeros.

    Args:
        declared: the one true dimension that is told.
        validator: where Khronos' validator lies, if it is to be asked.
        baselines: whether to score a mean template and an extruded silhouette as well.
    """
    figures: dict[str, float] = {}
    notes: dict[str, Any] = {}
    panel: list[tuple[str, U8]] = []
    photo = decode_photo(data, name)
    started = time.perf_counter()
    try:
        made = reconstruct(photo, Request(declared=dict(declared)))
    except ReconstructionError as error:
        notes["refused"] = f"{error.code}: {error.message}"
        figures |= {"built": 0.0, "flagged": 1.0, "silhouette": 0.0, "category": 0.0}
        if truth.shape is not None:
            figures |= {"f1": 0.0, "f2": 0.0, "f5": 0.0}
        mask = _segmented(photo)
        panel.append((name, photo.rgb))
    else:
        seconds = time.perf_counter() - started
        mask = made.mask > 0.5
        figures |= {"built": 1.0, "seconds": seconds}
        figures |= _about(made, truth)
        figures |= _files(made, declared, notes, validator)
        notes["family"] = made.product.family.name
        notes["choices"] = dict(made.product.choices)
        notes["categories"] = made.explain()["categories"]
        notes["warnings"] = list(made.product.warnings)
        panel += _panel(made, name)
    if truth.mask is not None:
        figures["mask"] = mask_iou(mask, truth.mask)
    if baselines and truth.shape is not None:
        figures |= _baselines(truth, mask, declared)
        if "chamfer" not in figures:
            # A photo that was refused counts with the worse of what it has to beat.
            worst = [figures[n] for n in ("template_chamfer", "extrusion_chamfer") if n in figures]
            figures["chamfer"] = max(worst)
    return Outcome(figures, notes, panel)


def mask_iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 where both are empty."""
    union = int((a | b).sum())
    return float((a & b).sum() / union) if union else 1.0


def _segmented(photo: Photo) -> NDArray[np.bool_]:
    from ..networks.segmentation import segment

    return np.asarray(segment(photo.rgb, photo.alpha).hard)


def _about(made: Reconstruction, truth: Truth) -> dict[str, float]:
    """Shape, category, camera, silhouette, texture and confidence."""
    product = made.product
    out = {
        "confidence": product.confidence,
        "flagged": float(product.confidence < threshold()),
        "category": float(product.family.category == truth.category),
        "silhouette": silhouette_iou(made),
    }
    if truth.shape is not None:
        shape = Shape(product.mesh.vertices, product.mesh.faces)
        out |= compare(truth.shape, shape, eye=truth.eye)
        if product.kind == "furniture" and _is_furniture(truth.category):
            errors = box_errors(truth.shape, shape)
            out |= {"other_width": errors[0], "other_depth": errors[1]}
    if truth.family == product.family.name and product.family.view == "flat":
        known = {n: e.value for n, e in product.values.items() if e.source != "declared"}
        lengths = [p.name for p in product.family.parameters if p.unit == "m" and p.name in known]
        wrong = [
            abs(known[n] / truth.values[n] - 1) for n in lengths if truth.values.get(n, 0) > 0.15
        ]
        if wrong:
            out["other_lengths"] = float(np.median(wrong))
    if truth.azimuth is not None and made.camera is not None:
        turn = (made.camera.azimuth - truth.azimuth + math.pi) % (2 * math.pi) - math.pi
        out["azimuth"] = math.degrees(abs(turn))
    try:
        texture = score_rerender(made)
    except ReconstructionError:
        pass
    else:
        out |= {"ssim": texture.ssim, "delta_e": texture.delta_e}
        out |= {"ssim_base": texture.ssim_base, "delta_e_base": texture.delta_e_base}
    return out


@cache
def _is_furniture(category: str) -> bool:
    return any(
        get_family(n).kind == "furniture"
        for n in family_names()
        if get_family(n).category == category
    )


def silhouette_iou(made: Reconstruction) -> float:
    """The product drawn again from its photo's camera against the mask it was made from.

    Of a garment laid flat it is its fitted pattern in its fitted pose, as the product records it:
    the view that its texture is taken by lies a little inside the outline on purpose.
    """
    if made.product.family.view == "flat" and made.product.photo is not None:
        return made.product.photo.mask_iou
    if made.textured is None or not made.textured.views:
        return math.nan
    _, seen = made.textured.views[0].draw({}, {})
    return mask_iou(seen, made.mask > 0.5)


def _files(
    made: Reconstruction,
    declared: Mapping[str, float],
    notes: dict[str, Any],
    validator: Path | None,
) -> dict[str, float]:
    """What the product's files hold: the declared dimension, a sound mesh, no errors."""
    out: dict[str, float] = {}
    product = made.product
    with tempfile.TemporaryDirectory() as scratch:
        folder = save_product(product, Path(scratch) / "product")
        contents = read_glb((folder / GLB_NAME).read_bytes())
        if validator is not None:
            counts = [_running(validator).issues(glb) for glb in sorted(folder.glob("*.glb"))]
            bad = [m for c in counts for m in c.get("messages", []) if m["severity"] <= 1]
            out["valid"] = float(all(c["numErrors"] + c["numWarnings"] == 0 for c in counts))
            if bad:
                notes["validator"] = [f"{m['code']}: {m['message']}" for m in bad[:5]]
    joined = soundness(contents.mesh)
    if product.kind == "furniture":
        out["watertight"] = float(joined.watertight)
    else:
        out["hemmed"] = float(joined.manifold and joined.hemmed)
    for name, value in declared.items():
        meant = next((n for n in DECLARED[product.kind].get(name, ()) if n in product.values), name)
        if product.kind == "furniture":
            measured = contents.mesh.size[AXES[name]]
        else:
            # A draped garment is no flat pattern: its own record is read instead.
            measured = float(_recorded(contents.extras, meant))
        out["declared"] = abs(measured / value - 1)
    return out


def _recorded(extras: Any, name: str) -> float:
    """A parameter's value in a GLB's extras, wherever they keep it."""
    stack = [extras]
    while stack:
        at = stack.pop()
        if isinstance(at, Mapping):
            found = at.get(name)
            if isinstance(found, int | float):
                return float(found)
            if isinstance(found, Mapping) and "value" in found:
                return float(found["value"])
            stack += list(at.values())
    return math.nan


_VALIDATORS: dict[Path, Validator] = {}


def _running(folder: Path) -> Validator:
    if folder not in _VALIDATORS:
        _VALIDATORS[folder] = Validator(folder)
    return _VALIDATORS[folder]


def _baselines(
    truth: Truth, mask: NDArray[np.bool_], declared: Mapping[str, float]
) -> dict[str, float]:
    assert truth.shape is not None
    (name, length), *_ = declared.items()
    out: dict[str, float] = {}
    template = mean_template(truth.category, AXES[name], length)
    shapes = {"template": template}
    if mask.any():
        shapes["extrusion"] = extruded_silhouette(mask, AXES[name], length)
    for label, shape in shapes.items():
        if shape is not None:
            out |= {f"{label}_{k}": v for k, v in compare(truth.shape, shape).items()}
    return out


def _panel(made: Reconstruction, name: str) -> list[tuple[str, U8]]:
    """Photo, mask, re-render and a view of the product from another side."""
    rgb = made.photo.rgb.astype(np.float32)
    shown = rgb * (0.2 + 0.8 * made.mask[..., None])
    product = made.product
    return [
        (name, made.photo.rgb),
        ("mask", shown.astype(np.uint8)),
        (f"{product.family.name} {product.confidence:.2f}", made.rerender),
        ("from the left", view(product, -0.9, 0.3, (320, 320))),
    ]
