"""``showroom evaluate reconstruction``: all groups of cases, one table."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..networks.provenance import data_hash
from ..networks.training import commit
from .artists import artist_cases, run_artist
from .cases import Case, Runner, Scored, run_cases
from .drawn import drawn_cases, empty_cases, mask_cases, run_drawn, run_empty, run_mask
from .figures import Report
from .khronos import install_validator
from .photos import class_cases, cutout_cases, photo_cases, run_class, run_cutout, run_photo
from .sheet import worst_cases, worst_sheet, worst_table
from .speed import run_speed, speed_cases
from .split import split
from .tables import add_figures

_SPEED_PHOTOS = 12
_AFTERWARDS = tuple(f"evaluation/{name}.py" for name in ("figures", "run", "sheet", "tables"))
"""Modules that outcomes do not depend on."""


@dataclass(frozen=True)
class Plan:
    """How much to evaluate.

    Attributes:
        data: folder of the test data, see the project's ``split.toml``; None: rendered alone.
        only: groups, empty for all of them.
        count: drawn members per family; None: as the split says.
        seed: of the drawn members; None: as the split says.
        jobs: processes.
        quick: a look at every group that takes five minutes.
        validator: where Khronos' validator lies.
    """

    data: Path | None
    only: tuple[str, ...] = ()
    count: int | None = None
    seed: int | None = None
    jobs: int = 2
    quick: bool = False
    validator: Path | None = None


Lister = Callable[[Plan, Mapping[str, Any]], list[Case]]


def _drawn(plan: Plan, lists: Mapping[str, Any]) -> list[Case]:
    entry = lists["drawn"]
    count = plan.count or (1 if plan.quick else entry["count"])
    seed = entry["seed"] if plan.seed is None else plan.seed
    return drawn_cases(seed, count, entry["styles"], plan.validator)


def _masks(plan: Plan, lists: Mapping[str, Any]) -> list[Case]:
    entry = lists["masks"]
    seed = entry["seed"] if plan.seed is None else plan.seed + 1000
    return mask_cases(seed, 4 if plan.quick else entry["count"], entry["styles"])


def _empty(plan: Plan, lists: Mapping[str, Any]) -> list[Case]:
    return empty_cases(lists["empty"]["seed"], 10 if plan.quick else lists["empty"]["count"])


def _artists(plan: Plan, lists: Mapping[str, Any]) -> list[Case]:
    if plan.data is None:
        return []
    cases = artist_cases(plan.data, lists["artists"], plan.validator)
    return cases[:: 6 if plan.quick else 1]


def _classes(plan: Plan, lists: Mapping[str, Any]) -> list[Case]:
    if plan.data is None:
        return []
    return class_cases(plan.data, lists["photos"])[:: 12 if plan.quick else 1]


def _photos(plan: Plan, lists: Mapping[str, Any]) -> list[Case]:
    if plan.data is None:
        return []
    return photo_cases(plan.data, lists["photos"], plan.validator)[: 12 if plan.quick else None]


def _cutouts(plan: Plan, lists: Mapping[str, Any]) -> list[Case]:
    return [] if plan.data is None else cutout_cases(plan.data, lists["cutouts"])


def _speed(plan: Plan, lists: Mapping[str, Any]) -> list[Case]:
    return speed_cases(lists["speed"]["seed"], 4 if plan.quick else _SPEED_PHOTOS)


GROUPS: Mapping[str, tuple[str, Lister, Runner]] = {
    "drawn": ("own families", _drawn, run_drawn),
    "artists": ("artists' furniture", _artists, run_artist),
    "photos": ("real photos to products", _photos, run_photo),
    "classes": ("real photos' classes", _classes, run_class),
    "cutouts": ("reference cut-outs", _cutouts, run_cutout),
    "masks": ("rendered masks", _masks, run_mask),
    "empty": ("empty pictures", _empty, run_empty),
    "speed": ("seconds and memory", _speed, run_speed),
}
"""What each group is called, how its cases are listed, and how one of them runs."""


def evaluate(
    out: Path,
    *,
    data: Path | None = None,
    only: Sequence[str] = (),
    count: int | None = None,
    seed: int | None = None,
    jobs: int = 2,
    quick: bool = False,
) -> Report:
    """Score the whole way from a photo to a product; a cancelled run goes on.

    Args:
        out: folder to write: ``evaluation.md``, ``evaluation.json``, ``worst.jpg`` and the cases.
        data: folder of test data; groups whose data are not there are named as not measured.
        only: some of :data:`GROUPS`.

    Raises:
        ParameterError: an unknown group.
    """
    for name in only:
        if name not in GROUPS:
            raise ParameterError(
                f"there is no group {name!r} to evaluate",
                field="only",
                expected=", ".join(GROUPS),
                got=name,
            )
    report = Report(head=_head(data, quick))
    why = install_validator(out / ".validator")
    if why is not None:
        report.missing.append(f"errors and warnings of GLBs ({why})")
    plan = Plan(
        data, tuple(only), count, seed, jobs, quick, None if why else (out / ".validator").resolve()
    )
    key = _key()
    scored: list[Scored] = []
    for name, (label, lister, run) in GROUPS.items():
        if only and name not in only:
            continue
        cases = lister(plan, split())
        if not cases:
            report.missing.append(f"{label} (the test data are not there: give --data)")
            continue
        alone = 1 if name == "speed" else jobs
        scored += run_cases(cases, run, out / "cases", key=key, jobs=alone, label=label)
    add_figures(report, [s for whole in scored for s in _spread(whole)])
    report.remarks += _steps(scored)
    worst = worst_cases(scored)
    if worst:
        report.remarks += worst_table(worst)
        if worst_sheet(worst, out / "worst.jpg"):
            report.remarks += ["", "![the worst cases](worst.jpg)"]
    report.write(out / "evaluation.json")
    return report


def _spread(scored: Scored) -> list[Scored]:
    """The speed's one case as one case per sample."""
    if scored.case.group != "speed" or "crash" in scored.notes:
        return [scored]
    notes = scored.notes
    keys = ("full", "quick", "full_cpu", "quick_cpu", "memory")
    rows = [("all", key, value) for key in keys for value in notes[key]]
    rows += [(family, "mesh", value) for family, value in notes["mesh"].items()]
    return [
        Scored(Case("speed", f"{key}-{i}", label, {}), {key: value}, {}, ())
        for i, (label, key, value) in enumerate(rows)
    ]


def _steps(scored: Sequence[Scored]) -> list[str]:
    """Where the seconds go, and how busy the machine was."""
    out = []
    for s in scored:
        if s.case.group == "speed" and s.notes.get("steps"):
            steps = s.notes["steps"]
            each = {k: float(np.median([row.get(k, 0.0) for row in steps])) for k in steps[0]}
            text = ", ".join(f"{name} {seconds:.2f}" for name, seconds in each.items())
            out += [f"Median seconds: {text}; the machine's load before was {s.notes['load']:.1f}."]
    return [*out, ""] if out else []


def _key() -> str:
    """Of everything that an outcome depends on: this package's code, data files and weights."""
    patterns = ("**/*.py", "**/*.toml", "**/*.json", "**/*.npz", "**/*.safetensors")
    return data_hash(Path(__file__).parents[1], patterns, _AFTERWARDS)[:16]


def _head(data: Path | None, quick: bool) -> dict[str, Any]:
    from ..networks.weights import FOLDER, load_weights

    made = {}
    for path in sorted(FOLDER.glob("*.safetensors")):
        header = load_weights(path)[1]
        images = header.get("progress", {}).get("images", "?")
        made[f"weights, {path.stem}"] = f"commit {header.get('commit', '?')}, {images} pictures"
    return {
        "commit": commit(),
        **made,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "test data": "given" if data else "none: rendered pictures alone",
        **({"note": "a quick look, too few cases for a verdict"} if quick else {}),
    }
