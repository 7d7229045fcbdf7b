"""Cases: one picture each, run on its own, its outcome kept on disk so that a run can go on."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """One thing to score.

    Attributes:
        group: of cases that are scored alike, such as ``"drawn"``.
        name: unique in its group, fit for a file name.
        category: what it truly shows, for tables per category.
        spec: all that it takes to run it, as JSON.
    """

    group: str
    name: str
    category: str
    spec: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a case.

    Attributes:
        figures: numbers by name; a name that is missing does not apply.
        notes: whatever else a table or a person wants, as JSON.
        panel: (h, w, 3) uint8 pictures with captions, for contact sheets; kept beside the JSON.
    """

    figures: Mapping[str, float]
    notes: Mapping[str, Any] = field(default_factory=dict)
    panel: Sequence[tuple[str, U8]] = ()


@dataclass(frozen=True)
class Scored:
    """A case with its outcome as it lies on disk."""

    case: Case
    figures: Mapping[str, float]
    notes: Mapping[str, Any]
    pictures: tuple[Path, ...]


Runner = Callable[[Case], Outcome]


def run_cases(
    cases: Iterable[Case], run: Runner, folder: Path, *, key: str, jobs: int, label: str
) -> list[Scored]:
    """Run what has not been run yet, and read all outcomes.

    Args:
        run: a module's function, so that other processes can find it. What it raises becomes the
            outcome's note ``crash``.
        folder: where each case keeps ``GROUP/NAME.json`` and its pictures.
        key: of code, weights and data; outcomes with another key are run again.
        jobs: processes; with one everything runs in this process.
    """
    listed = list(cases)
    todo = [c for c in listed if _read(folder, c, key) is None]
    with tqdm(total=len(listed), initial=len(listed) - len(todo), desc=label, unit="case") as bar:
        if jobs == 1 or len(todo) < 2:
            for case in todo:
                _run_and_write(case, run, folder, key)
                bar.update()
        else:
            with ProcessPoolExecutor(
                min(jobs, len(todo)), mp_context=get_context("spawn"), initializer=_settle
            ) as pool:
                waiting: set[Future[None]] = {
                    pool.submit(_run_and_write, case, run, folder, key) for case in todo
                }
                for done in as_completed(waiting):
                    done.result()
                    bar.update()
    found = [_read(folder, c, key) for c in listed]
    return [scored for scored in found if scored is not None]


def _settle() -> None:
    """One thread per process."""
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def _path(folder: Path, case: Case) -> Path:
    return folder / case.group / f"{case.name}.json"


def _run_and_write(case: Case, run: Runner, folder: Path, key: str) -> None:
    try:
        outcome = run(case)
    except Exception as error:  # whatever breaks is the case's outcome, not the evaluation's end
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        outcome = Outcome({}, {"crash": text})
    path = _path(folder, case)
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = []
    for i, (caption, picture) in enumerate(outcome.panel):
        name = f"{case.name}.{i}.jpg"
        cv2.imwrite(str(path.parent / name), _small(picture)[..., ::-1])
        pictures.append({"file": name, "caption": caption})
    document = {
        "key": key,
        "category": case.category,
        "spec": dict(case.spec),
        "figures": {k: round(float(v), 6) for k, v in outcome.figures.items() if np.isfinite(v)},
        "notes": dict(outcome.notes),
        "pictures": pictures,
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
    partial.replace(path)


def _small(picture: U8, side: int = 320) -> U8:
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def _read(folder: Path, case: Case, key: str) -> Scored | None:
    path = _path(folder, case)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if document.get("key") != key or document.get("spec") != json.loads(json.dumps(case.spec)):
        return None
    pictures = tuple(path.parent / entry["file"] for entry in document["pictures"])
    return Scored(case, document["figures"], document["notes"], pictures)
