"""What a verb needs and what of it is missing; standard library only."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MINIMUM_PYTHON = (3, 11)

RUN_EXTRAS = ("reconstruct", "stage", "xr", "hearing", "embed")
TEST_EXTRAS = (*RUN_EXTRAS, "serve", "speech", "engines", "train", "dev")
TRAIN_EXTRAS = ("reconstruct", "stage", "train")
EXTRAS: dict[str, tuple[str, ...] | None] = {
    "doctor": None,
    "--version": None,
    "intent": ("embed",),
    "hear": ("hearing", "embed"),
    "token": ("serve",),
    "serve": (*RUN_EXTRAS, "serve"),
    "record": (*RUN_EXTRAS, "serve"),
    "ask": ("reconstruct", "embed"),
    "chat": ("reconstruct", "embed"),
    "test": TEST_EXTRAS,
    "data": TRAIN_EXTRAS,
    "train": TRAIN_EXTRAS,
    "finetune": TRAIN_EXTRAS,
    "evaluate": TRAIN_EXTRAS,
    "bench": TRAIN_EXTRAS,
}
"""What a verb needs beside the standard library: None nothing, else these extras."""

SYSTEM_LIBRARIES = {"EGL": "libegl1", "GL": "libgl1"}
DRIVER_PACKAGE = "libgl1-mesa-dri"
DRIVER_FOLDERS = ("/usr/lib/x86_64-linux-gnu/dri", "/usr/lib/aarch64-linux-gnu/dri", "/usr/lib/dri")


def missing_packages(extras: tuple[str, ...]) -> list[str]:
    """Requirements of the project (with ``extras``) that are not installed, as written."""
    import tomllib  # newer than the oldest Python that must still hear that it is too old

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return [requirement for requirement in wanted if not _installed(requirement)]


def missing_system_packages() -> list[str]:
    """Debian packages whose libraries the headless OpenGL stage needs and cannot find."""
    if not sys.platform.startswith("linux"):
        return []
    missing = [deb for lib, deb in SYSTEM_LIBRARIES.items() if not ctypes.util.find_library(lib)]
    if not any(Path(f).is_dir() and any(Path(f).iterdir()) for f in DRIVER_FOLDERS):
        missing.append(DRIVER_PACKAGE)
    return missing


def _installed(requirement: str) -> bool:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    try:
        found = importlib.metadata.version(match.group())
    except importlib.metadata.PackageNotFoundError:
        return False
    # Only lower bounds are compared here; pip has the last word when it installs.
    bound = re.search(r"[~>=]=\s*([0-9.]+)", requirement)
    return bound is None or _numbers(found) >= _numbers(bound.group(1))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version.split("+")[0])[:3])
