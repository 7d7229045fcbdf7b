"""The verb ``showroom body``: a visitor's measures, sizes and what would narrow them.

Nothing is written unless a folder is named, and photos are never copied anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ..fit.avatar import Avatar

_POUND: Final = 0.45359237
_KILOGRAMS: Final = {"": 1.0, "kg": 1.0, "公斤": 1.0, "斤": 0.5, "lb": _POUND, "lbs": _POUND}
PICTURE: Final = (900, 1200)
"""Rows and columns of the picture of a body: front, side and back."""


@dataclass(frozen=True)
class BodyWishes:
    """What ``showroom body`` was asked, as it was written.

    Attributes:
        height, weight: with or without a unit: ``"1.70"``, ``"170cm"``, ``"64kg"``.
        tape: ISO 8559-1 name to a length, as written.
        photo, side: files.
        again: a front photo, and a side photo where there is one, of each further outfit.
        lang: ``"en"`` or ``"zh"``.
    """

    height: str
    gender: str = "neutral"
    weight: str | None = None
    tape: Mapping[str, str] = field(default_factory=dict)
    photo: Path | None = None
    side: Path | None = None
    again: tuple[tuple[Path, ...], ...] = ()
    lang: str = "en"


def run_body(wishes: BodyWishes, out: Path | None, *, as_json: bool = False) -> int:
    """Solve for a body and print what is known of it; write it only where ``out`` is given."""
    avatar = solved(wishes)
    facts = body_facts(avatar)
    print(json.dumps(facts, ensure_ascii=False) if as_json else readable(facts, wishes.lang))
    if out is not None:
        for path in write_body(avatar, facts, out):
            print(path)
    return 0


def solved(wishes: BodyWishes) -> Avatar:
    """The body that was asked for.

    Raises:
        BodyError, SilhouetteError, PhotoError: what was asked is impossible; names the field.
    """
    from ..fit.body import solve
    from ..fit.errors import BodyError

    height = _metres(wishes.height, "height")
    tape = {name: _metres(text, f"tape.{name}") for name, text in wishes.tape.items()}
    weight = _kilograms(wishes.weight) if wishes.weight is not None else None
    if wishes.photo is None:
        for name in ("side", "again"):
            if getattr(wishes, name):
                raise BodyError(
                    "further photos go with a front photo",
                    field=f"photo.{name}",
                    expected=f"--photo FILE --{name} FILE",
                    got=f"--{name} alone",
                )
        return solve(height, wishes.gender, tape, weight)
    for k, files in enumerate(wishes.again):
        if len(files) > 2:
            raise BodyError(
                "an outfit has a front and a side photo",
                field=f"again.{k}",
                expected="--again FRONT [SIDE]",
                got=f"{len(files)} files",
            )
    from reconstruction.intake.photo import read_photo

    from ..fit.silhouette.photo import body_from_photos

    return body_from_photos(
        read_photo(wishes.photo),
        height,
        side=read_photo(wishes.side) if wishes.side is not None else None,
        again=[(read_photo(f[0]), read_photo(f[1]) if len(f) > 1 else None) for f in wishes.again],
        weight=weight,
        gender=wishes.gender,
        tape=tape,
    )


def _metres(text: str, name: str) -> float:
    from reconstruction.errors import ParameterError

    from ..fit.errors import BodyError
    from ..workshop.orders import metres

    try:
        return metres(text, name)
    except ParameterError as error:
        raise BodyError(
            f"{name} is no length", field=name, expected=error.expected, got=error.got
        ) from error


def _kilograms(text: str) -> float:
    from ..fit.errors import BodyError

    match = re.fullmatch(r"\s*([-+]?\d*\.?\d+|nan|inf)\s*(\S*)\s*", text)
    unit = match[2].casefold() if match else "?"
    if match is None or unit not in _KILOGRAMS:
        raise BodyError(
            "weight is no weight",
            field="weight",
            expected="a number of kilograms, or with a unit: kg, lb, 斤",
            got=text[:40],
        )
    return float(match[1]) * _KILOGRAMS[unit]


def body_facts(avatar: Avatar) -> dict[str, Any]:
    """Measures with their 90% intervals, size labels, and what would narrow them, as JSON.

    Lengths are metres, rounded to the millimetre; weight is kilograms.
    """
    from ..fit.sizing import en_13402, gb_1335

    measures = {}
    for name, value in avatar.measures.items():
        digits = 1 if name == "weight" else 3
        low, high = avatar.intervals[name]
        measures[name] = {
            "value": round(value, digits),
            "low": round(low, digits),
            "high": round(high, digits),
        }
    return {
        "gender": avatar.gender,
        "measures": measures,
        "sizes": {
            "EN 13402": en_13402(avatar.measures, avatar.gender),
            "GB/T 1335 upper": gb_1335(avatar.measures, avatar.gender),
            "GB/T 1335 lower": gb_1335(avatar.measures, avatar.gender, lower=True),
        },
        "would_narrow": list(avatar.advice),
        "message": body_message(avatar),
    }


def body_message(avatar: Avatar) -> dict[str, Any]:
    """The protocol's ``body`` message that gives a visit this very body."""
    import msgspec

    from ..protocol.messages import Body

    tape = {n: round(v, 4) for n, v in avatar.measures.items() if n not in ("height", "weight")}
    message = Body(height=round(avatar.height, 4), gender=avatar.gender, tape=tape)  # type: ignore[arg-type]
    found: dict[str, Any] = msgspec.to_builtins(message)
    return found


def readable(facts: Mapping[str, Any], lang: str = "en") -> str:
    """The facts for a person: centimetres, in English or Chinese."""
    from ..fit.sizing import tables

    words = tables()["body_words"][lang]
    names = words["measures"]
    lines = []
    for name, row in facts["measures"].items():
        scale, unit = (1.0, "kg") if name == "weight" else (100.0, "cm")
        value, low, high = (scale * row[k] for k in ("value", "low", "high"))
        label = names.get(name, name)
        pad = " " * max(1, 16 - len(label) - sum(ord(c) > 0x2E80 for c in label))
        lines.append(f"{label}{pad}{value:6.1f} {unit}   {low:6.1f} … {high:.1f}")
    sizes = facts["sizes"]
    none = words["none"]
    lines += ["", *(f"{name}: {label or none}" for name, label in sizes.items())]
    if facts["would_narrow"]:
        wanted = words["join"].join(names.get(n, n) for n in facts["would_narrow"])
        lines.append(words["narrow"].format(measures=wanted))
    return "\n".join([words["head"], *lines])


def write_body(avatar: Avatar, facts: Mapping[str, Any], out: Path) -> list[Path]:
    """Write ``body.glb`` (skinned, VRM bone names), ``body.png`` and ``body.json``."""
    from PIL import Image

    from reconstruction.gltf.glb import avatar_glb

    out.mkdir(parents=True, exist_ok=True)
    glb, png, text = (out / f"body.{kind}" for kind in ("glb", "png", "json"))
    glb.write_bytes(avatar_glb(avatar.form))
    Image.fromarray(body_picture(avatar)).save(png)
    text.write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return [glb, png, text]


def body_picture(avatar: Avatar) -> Any:
    """(900, 1200, 3) uint8: a mannequin from the front, the side and behind."""
    import numpy as np

    from reconstruction.mesh import Mesh
    from reconstruction.render.camera import Camera
    from reconstruction.render.shading import picture

    form = avatar.form
    mesh = Mesh(
        form.vertices,
        form.faces,
        np.zeros((len(form.vertices), 2), np.float32),
        np.zeros(len(form.faces), np.int32),
        ("skin",),
        ("skin",),
    )
    rows, columns = PICTURE[0], PICTURE[1] // 3
    middle = avatar.height / 2
    views = []
    for azimuth in (0.0, np.pi / 2, np.pi):
        camera = Camera(azimuth, 0.0, distance=6.0, fov=avatar.height * 0.19, target=(0, middle, 0))
        drawn = picture(mesh, camera, (rows, columns), {"skin": (0.62, 0.60, 0.57)})
        alpha = drawn[..., 3:].astype(np.float32) / 255
        views.append(drawn[..., :3] * alpha + 245 * (1 - alpha))
    return np.concatenate(views, axis=1).astype(np.uint8)


def run_train_body(
    what: str,
    out: Path,
    *,
    photos: Path | None,
    start: Path | None,
    count: int | None,
    minutes: float,
    seed: int,
    jobs: int | None = None,
) -> int:
    """Train the network that measures people, or the one that finds them; goes on in ``out``.

    Args:
        what: ``"body"`` or ``"person"``.
        photos: person: real photos of clothes with nobody in them, one sub-folder per class.
        start: person: weights to start from (those that find products).
        count: body: drawn examples.
        jobs: body: processes that draw them.
    """
    from reconstruction.networks.training import TrainSettings

    settings = TrainSettings(minutes=minutes, seed=seed)
    weights = out / f"{what}.safetensors"
    command = f"showroom train {what}"
    given = (("photos", photos), ("from", start))
    command += "".join(f" --{name} {path.name}" for name, path in given if path)
    if count is not None:
        command += f" --count {count}"
    command += f" --minutes {minutes:g} --seed {seed}"
    if what == "body":
        from ..fit.silhouette import training

        recipe = training.recipe(settings)
        number = count or training.COUNT
        training.train_body(weights, out, recipe, count=number, jobs=jobs, command=command)
    else:
        from ..fit.silhouette import person_training

        recipe = person_training.recipe(settings)
        person_training.train_person(
            weights, out, recipe, photos=photos, start=start, command=command
        )
    print(weights)
    return 0


def run_evaluate_body(out: Path, *, count: int | None) -> int:
    """Score the shipped body network on drawn people of the hold-out; writes ``body.json``."""
    from ..fit.silhouette.score import holdout

    report = holdout(out, count)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "body.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report["summary"], indent=2))
    print(path)
    return 0
