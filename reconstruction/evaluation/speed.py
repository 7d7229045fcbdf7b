"""Seconds and memory of a reconstruction, in a process of its own.

Run as ``python -m reconstruction.evaluation.speed SEED COUNT``; prints one JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from .cases import Case, Outcome


def speed_cases(seed: int, count: int) -> list[Case]:
    """All of it is one case: it must run alone."""
    return [Case("speed", f"{seed}-{count}", "all", {"seed": seed, "count": count})]


def run_speed(case: Case) -> Outcome:
    """Measure in a fresh process; the figures' samples lie in the notes."""
    line = [sys.executable, "-m", __name__, str(case.spec["seed"]), str(case.spec["count"])]
    root = str(Path(__file__).parents[2])
    paths = os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH", "")) if p)
    env = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(line, capture_output=True, text=True, check=True, env=env)
    return Outcome({}, json.loads(done.stdout.splitlines()[-1]))


def measure(seed: int, count: int) -> dict[str, Any]:
    """Time ``count`` rendered photos after warming up, and every family's mesh.

    Returns:
        Samples by name: ``full`` and ``quick`` seconds, ``full_cpu`` and ``quick_cpu`` processor
        seconds, which another program on the machine hardly changes, ``mesh`` milliseconds by
        family, ``memory`` the peak in GiB, ``load`` the machine's load before.
    """
    import resource

    from ..errors import ReconstructionError
    from ..families import family_names, get_family
    from ..intake.photo import decode_photo
    from ..pipeline import Request, reconstruct
    from .drawn import drawn_cases, drawn_member

    load = os.getloadavg()[0]
    cases = drawn_cases(seed, -(-count // len(family_names())), ("studio",), None)
    photos = []
    for case in cases[: count + 2]:
        picture, _, declared = drawn_member(case)
        photos.append((decode_photo(picture.jpeg, case.name), declared))
    out: dict[str, Any] = {"load": load, "steps": []}
    out |= {name: [] for name in ("full", "quick", "full_cpu", "quick_cpu")}
    for name in ("quick", "full"):
        for i, (photo, declared) in enumerate(photos):
            started, worked = time.perf_counter(), time.process_time()
            try:
                made = reconstruct(photo, Request(declared=declared, quick=name == "quick"))
            except ReconstructionError:
                continue
            # The first ones compile and load what the others find.
            if i >= 2:
                out[name].append(time.perf_counter() - started)
                out[f"{name}_cpu"].append(time.process_time() - worked)
                if name == "full":
                    out["steps"].append({k: round(s, 2) for k, s in made.seconds.items()})
    # Linux counts it in kibibytes, macOS in bytes.
    unit = 2**30 if sys.platform == "darwin" else 2**20
    out["memory"] = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit]
    out["mesh"] = {}
    for name in family_names():
        family = get_family(name)
        rng = np.random.default_rng(seed)
        values, choices = family.sample(rng)
        family.build(values, choices)
        spec = family.parameters[0]
        took = []
        for t in np.linspace(0.3, 0.7, 7):
            moved = {**values, spec.name: spec.minimum + t * (spec.maximum - spec.minimum)}
            started = time.perf_counter()
            family.build(moved, choices)
            took.append(1000 * (time.perf_counter() - started))
        out["mesh"][name] = float(np.median(took))
    return out


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
