"""What the studio does with a visitor's photo: a product of their own, or their measures."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .studio import Worked

_NO_ROOM = Worked(
    "error",
    text="the server has no room for the product at the moment; try again later",
    error=("busy", "photo", "room on the server's disk", "none"),
)


def work_on_photo(
    data: bytes, wishes: dict[str, Any], step: Callable[[float, str], None]
) -> Worked:
    """Make a product of a photo, or estimate a visitor's measures from one; see :class:`Studio`.

    A product is left in a folder of its own, which is the caller's to delete. Of a body's photo
    nothing is written; it is forgotten when this returns.
    """
    from reconstruction.errors import ReconstructionError
    from showroom.fit.errors import FitError

    try:
        if wishes["what"] == "body":
            return _measured(data, wishes)
        return _made(data, step)
    except (ReconstructionError, FitError) as error:
        code = getattr(error, "code", "refused")
        detail = (code, error.field, str(error.expected), str(error.got)[:80])
        return Worked("error", text=error.message, error=detail)


def _made(data: bytes, step: Callable[[float, str], None]) -> Worked:
    from reconstruction.intake.photo import decode_photo
    from reconstruction.pipeline import STEPS, reconstruct
    from reconstruction.product_io import save_product

    photo = decode_photo(data)
    step(0.1, "look at it")
    made = reconstruct(
        photo, progress=lambda name: step(0.1 + 0.9 * (STEPS.index(name) + 1) / len(STEPS), name)
    )
    try:
        folder = Path(tempfile.mkdtemp(prefix="showroom-own-"))
    except OSError:
        return _NO_ROOM
    try:
        save_product(made.product, folder / made.product.id)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)  # nothing half-written stays
        return _NO_ROOM
    return Worked("folder", text=str(folder / made.product.id))


def _measured(data: bytes, wishes: dict[str, Any]) -> Worked:
    from reconstruction.intake.photo import decode_photo
    from showroom.fit.body import tapes
    from showroom.fit.silhouette.photo import body_from_photos

    avatar = body_from_photos(decode_photo(data), wishes["height"], gender=wishes["gender"])
    known = tapes()[0].keys() - {"height", "weight"}
    measures = {name: float(v) for name, v in avatar.measures.items() if name in known}
    return Worked("body", body=measures)
