"""The body that garments are worn on: a skinned mesh in its rest pose, and a reference one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .errors import ReconstructionError
from .mesh import F32, I32, Skin

REFERENCE = Path(__file__).parent / "data_files" / "dressform.npz"


@dataclass(frozen=True, eq=False)
class BodyForm:
    """A body in its rest pose, body frame: metres, Y up, feet on y = 0, facing +Z.

    Attributes:
        vertices: (n, 3) float32.
        faces: (m, 3) int32, counter-clockwise seen from outside.
        skin: skeleton with VRM 1.0 bone names and the weights of every vertex; its joints' rest
            places are this body's own.
    """

    vertices: F32
    faces: I32
    skin: Skin


def load_form(path: Path) -> BodyForm:
    """Read a body form: ``vertices, faces, joint_names, parents, joint_rest, joints, weights``.

    Raises:
        ReconstructionError: the file is missing or lacks a field.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            return BodyForm(
                vertices=data["vertices"].astype(np.float32),
                faces=data["faces"].astype(np.int32),
                skin=Skin(
                    names=tuple(str(n) for n in data["joint_names"]),
                    parents=data["parents"].astype(np.int32),
                    rest=data["joint_rest"].astype(np.float32),
                    joints=data["joints"].astype(np.uint16),
                    weights=data["weights"].astype(np.float32),
                ),
            )
    except (OSError, KeyError, ValueError) as error:
        raise ReconstructionError(
            f"the body form {path.name} cannot be read: reinstall the package",
            field="dressform",
            expected="an NPZ file with vertices, faces and a skin",
            got=type(error).__name__,
        ) from error


@cache
def reference_form() -> BodyForm:
    """The dress form that products are shown on without a visitor."""
    return load_form(REFERENCE)
