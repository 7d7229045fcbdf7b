"""Setting up what a verb needs before it runs; standard library only.

In a virtual environment packages are installed into it; otherwise a ``.venv`` is made beside
``run_showroom.py`` and the verb goes on in there. System libraries (OpenGL through EGL) are
installed with apt where that is allowed, and named with the command that installs them where not.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .requirements import (
    EXTRAS,
    MINIMUM_PYTHON,
    ROOT,
    RUN_EXTRAS,
    missing_packages,
    missing_system_packages,
)

CHECKS = (
    ("style", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("types", ["mypy"]),
    ("floors", ["lint-imports"]),
    ("tests", ["pytest", "-q"]),
)


class SetupError(Exception):
    """Setting up failed; the message names the remedy."""


def main(arguments: list[str] | None = None) -> int:
    """Set up, run the verb, and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    verb = arguments[0] if arguments else ""
    try:
        _check_python()
        extras = EXTRAS.get(verb, RUN_EXTRAS)
        if extras is not None and not {"-h", "--help"} & set(arguments):
            if extras:
                _ensure_system_libraries()
            python = _ensure_packages(extras)
            if python != sys.executable:
                os.execv(python, [python, str(ROOT / "run_showroom.py"), *arguments])
    except SetupError as error:
        print(f"showroom: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print(
            "\nshowroom: setting up was cancelled; run the same command to go on", file=sys.stderr
        )
        return 130
    if verb == "test":
        return _run_checks(arguments[1:])
    from showroom.cli import main as run

    return run(arguments)


def _check_python() -> None:
    if sys.version_info < MINIMUM_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(
            f"Python 3.11 or newer is needed, this is {found}; run it as `python3.11 …`"
        )


def _in_virtual_environment() -> bool:
    return sys.prefix != sys.base_prefix


def _ensure_packages(extras: tuple[str, ...]) -> str:
    """Install what is missing; returns the Python to go on with."""
    if _in_virtual_environment():
        missing = missing_packages(extras)
        if missing:
            _pip_install(sys.executable, extras, missing)
        return sys.executable
    if not missing_packages(extras):
        return sys.executable
    folder = ROOT / ".venv"
    python = folder / "bin" / "python"
    if not python.exists():
        _say(f"making a virtual environment in {folder}")
        _make_environment(folder)
    return str(python)


def _make_environment(folder: Path) -> None:
    command = [sys.executable, "-m", "venv", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode == 0:
        return
    shutil.rmtree(folder, ignore_errors=True)
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    _apt_install([package], "Python's venv module")
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        last = (made.stderr or made.stdout).strip().splitlines()[-1:]
        raise SetupError(
            f"a virtual environment could not be made ({' '.join(last)}); "
            f"install {package}, or make one yourself and run this command inside it"
        )


def _ensure_system_libraries() -> None:
    missing = missing_system_packages()
    if missing:
        _apt_install(missing, "OpenGL (the stage draws with it, with or without a screen)")


def _apt_install(packages: list[str], purpose: str) -> None:
    remedy = f"install it with: sudo apt-get install -y {' '.join(packages)}"
    apt = shutil.which("apt-get")
    if apt is None:
        raise SetupError(f"{purpose} is missing; install the packages that carry it and try again")
    prefix: list[str] = []
    if os.geteuid() != 0:
        if shutil.which("sudo") is None:
            raise SetupError(f"{purpose} is missing; as root, {remedy.replace('sudo ', '')}")
        prefix = ["sudo", "-n"]
    _say(f"installing {', '.join(packages)} with apt: {purpose}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*prefix, apt, "install", "-y", "--no-install-recommends", *packages]
    for command in ([*prefix, apt, "update"], install):
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SetupError(f"{purpose} is missing and apt could not install it; {remedy}")


def _pip_install(python: str, extras: tuple[str, ...], missing: list[str]) -> None:
    names = ", ".join(re.split(r"[~>=<\[ ]", m)[0] for m in missing)
    _say(f"installing into {sys.prefix}: {names}")
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    command = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "--no-input", "-e", target]
    started = time.monotonic()
    tail: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            tail = [*tail[-11:], line.rstrip()]
            _show_pip_line(line, time.monotonic() - started)
    _clear_line()
    if pip.returncode:
        print("\n".join(tail), file=sys.stderr)
        raise SetupError(
            "the packages could not be installed (pip's last words are above); "
            "check the network and the disk's free space, then run the same command again"
        )
    _say(f"installed in {time.monotonic() - started:.0f} s")


def _show_pip_line(line: str, seconds: float) -> None:
    match = re.match(
        r"\s*(Collecting|Downloading|Installing collected|Building|Preparing)\s*(\S*)", line
    )
    if not match:
        return
    word = match.group(1).split()[0]
    name = match.group(2).rsplit("/", 1)[-1] if word != "Installing" else "all packages"
    text = f"  {seconds:4.0f} s  {word.lower()} {name}"
    if sys.stderr.isatty():
        print(f"\r{text[:78]:<78}", end="", file=sys.stderr, flush=True)
    elif word in ("Downloading", "Installing"):
        print(text, file=sys.stderr, flush=True)


def _clear_line() -> None:
    if sys.stderr.isatty():
        print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)


def _say(text: str) -> None:
    print(f"showroom: {text}", file=sys.stderr, flush=True)


def _run_checks(arguments: list[str]) -> int:
    """Run style, types, floors and tests in turn; stops at none, fails if any failed.

    ``arguments`` go to pytest; with any, only pytest runs.
    """
    checks = CHECKS if not arguments else CHECKS[-1:]
    bin_folder = Path(sys.executable).parent
    failed: list[str] = []
    for number, (name, command) in enumerate(checks, 1):
        words = [*command, *arguments] if name == "tests" else command
        _say(f"[{number}/{len(checks)}] {name}: {' '.join(words)}")
        started = time.monotonic()
        status = subprocess.call([str(bin_folder / words[0]), *words[1:]], cwd=ROOT)
        _say(
            f"{name} {'passed' if status == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s"
        )
        if status:
            failed.append(name)
    if failed:
        _say(f"failed: {', '.join(failed)}; the lines above say where")
        return 1
    return 0
