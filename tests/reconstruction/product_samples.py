"""A small family and a textured, skinned product of it, for tests of files and catalogues."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from PIL import Image

from reconstruction.family import ChoiceSpec, ParameterSpec, complete
from reconstruction.mesh import Mesh, Skin
from reconstruction.product import Estimate, Material, PhotoSource, Product, Variant

FACE = np.array([[0, 2, 1], [1, 2, 3]], np.int32)


@dataclass(eq=False)
class Sheet:
    """A curtain of two panels: the simplest thing with parameters, parts, seam and skin."""

    name: str = "sheet"
    kind: Literal["garment", "furniture"] = "garment"
    view: Literal["flat", "solid"] = "flat"
    category: str = "curtain"
    label: Mapping[str, str] = None  # type: ignore[assignment]
    parameters: tuple[ParameterSpec, ...] = (
        ParameterSpec("width", "m", 0.2, 2.0, 0.8, {"en": "width", "zh": "宽"}, grade=0.1),
        ParameterSpec("drop", "m", 0.2, 3.0, 1.0, {"en": "drop", "zh": "长"}),
    )
    choices: tuple[ChoiceSpec, ...] = (ChoiceSpec("edge", ("plain", "rolled"), "plain"),)

    def build(self, values: Mapping[str, float], choices: Mapping[str, str]) -> Mesh:
        full, _ = complete(self, values, choices)
        columns, rows = 9, 7
        u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
        x, y = (u - 0.5) * full["width"], (1 - v) * full["drop"]
        one = np.stack([x, y, 0.02 * np.sin(9 * u)], axis=-1).reshape(-1, 3)
        grid = np.arange(rows * columns).reshape(rows, columns)
        a, b = grid[:-1, :-1].ravel(), grid[:-1, 1:].ravel()
        c, d = grid[1:, 1:].ravel(), grid[1:, :-1].ravel()
        faces = np.concatenate([np.stack([a, d, c], 1), np.stack([a, c, b], 1)])
        n, m = len(one), len(faces)
        part = np.concatenate([np.zeros(m), np.ones(m // 2), np.full(m - m // 2, 2)])
        seam = np.arange(2 * n)
        seam[n : n + columns] = np.arange(columns)
        share = np.linspace(0.1, 0.9, 2 * n, dtype=np.float32)
        skin = Skin(
            names=("hips", "spine", "chest"),
            parents=np.array([-1, 0, 1], np.int32),
            rest=np.array([[0, 0, 0], [0, 0.4, 0], [0, 0.7, 0.1]], np.float32),
            joints=np.tile(np.array([0, 1, 2, 0, 0], np.uint16), (2 * n, 1)),
            weights=np.stack([share, 0.95 - share, 0 * share + 0.05, 0 * share, 0 * share], axis=1),
        )
        return Mesh(
            vertices=np.concatenate([one, one + np.array([0, 0, -0.3])]).astype(np.float32),
            faces=np.concatenate([faces, faces[:, ::-1] + n]).astype(np.int32),
            uv=np.tile(np.stack([u, v], axis=-1).reshape(-1, 2), (2, 1)).astype(np.float32),
            face_part=part.astype(np.int32),
            parts=("front", "back", "hem"),
            part_material=("fabric", "fabric", "rib"),
            weld=seam.astype(np.int32),
            skin=skin,
            anchors={"rail": (0.0, full["drop"], 0.0)},
        )

    def sample(self, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, str]]:
        return {"width": float(rng.uniform(0.2, 2.0))}, {}


def picture(color: tuple[int, int, int], *, size: int = 64, print_: bool = True) -> bytes:
    """A PNG of woven fabric in one colour, with a white and black print in its middle."""
    rng = np.random.default_rng(5)
    weave = rng.normal(0, 6, (size, size, 1))
    pixels = np.clip(np.array(color) + weave, 0, 255).astype(np.uint8)
    if print_:
        pixels[size // 3 : size // 2, size // 3 : 2 * size // 3] = 245
        pixels[size // 2 : 2 * size // 3, size // 3 : 2 * size // 3] = 12
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def sheet_product(product_id: str = "grey-sheet", **changes: object) -> Product:
    family = Sheet(label={"en": "sheet", "zh": "帘"})
    product = Product(
        id=product_id,
        name={"en": "Grey sheet", "zh": "灰色帘"},
        family=family,
        values={
            "width": Estimate(0.8, 0.75, 0.86, 0.9, "photo"),
            "drop": Estimate(1.0, 0.2, 3.0, 0.2, "prior"),
        },
        choices={"edge": "plain"},
        mesh=family.build({}, {}),
        materials={
            "fabric": Material(texture=picture((150, 150, 155)), double_sided=True),
            "rib": Material(base_color=(0.3, 0.3, 0.32, 1.0), roughness=0.9),
            "rail": Material(base_color=(0.9, 0.9, 0.9, 1.0), metallic=1.0),
        },
        variants=(
            Variant(
                "navy",
                {"en": "navy", "zh": "藏青"},
                {
                    "fabric": Material(texture=picture((20, 30, 80)), double_sided=True),
                    "rib": Material(base_color=(0.01, 0.01, 0.05, 1.0)),
                },
            ),
        ),
        sizes={"S": {"width": 0.7}, "M": {"width": 0.8}, "L": {"width": 0.9}},
        size="M",
        photo=PhotoSource("sheet.jpg", "0" * 64, 640, 480),
        confidence=0.8,
        warnings=("The drop was not visible.",),
    )
    return replace(product, **changes)  # type: ignore[arg-type]
