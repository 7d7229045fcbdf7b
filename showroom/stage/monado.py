"""Monado, a real OpenXR runtime, without a headset, a GPU or a display: for tests and for trying.

Debian 12 has no Monado. Its packages of Debian 13 are unpacked into a folder of the user's cache,
with the libraries they need, and run through that folder's own loader: nothing is installed, no
root is needed. The packages come from the mirror that this machine's apt is set up with, checked
by its keys.

``python -m showroom.stage.monado`` fetches it and says where it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SUITE = "trixie"
PACKAGES = (
    "monado-service", "libopenxr1-monado", "mesa-vulkan-drivers", "libgl1-mesa-dri", "libegl1",
    "libgl1", "libgles2", "libglx0", "libopengl0", "libx11-6", "libxcb1",
    # What Python and its packages link to.
    "libc6", "libstdc++6", "zlib1g", "libexpat1", "libffi8", "libssl3t64", "libsqlite3-0",
    "liblzma5", "libbz2-1.0", "libreadline8t64", "libncursesw6", "libuuid1",
)  # fmt: skip
_SOURCES = Path("/etc/apt")
_START = 10.0


class MonadoError(Exception):
    """Monado cannot be had here; the sentence says why."""


def folder() -> Path:
    """Where Monado is or will be: ``SHOWROOM_MONADO``, else a folder of the user's cache."""
    named = os.environ.get("SHOWROOM_MONADO")
    if named:
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    text = " ".join((SUITE, *PACKAGES)).encode()
    return cache / "showroom" / f"monado-{SUITE}-{hashlib.sha256(text).hexdigest()[:8]}"


def fetch(into: Path | None = None) -> Path:
    """Unpack Monado unless it is there; 170 MB to load, 600 MB on disk, half a minute.

    Returns:
        its folder.

    Raises:
        MonadoError: this is no Debian on x86-64, or its mirror cannot be reached.
    """
    target = into or folder()
    if (target / "usr/bin/monado-service").is_file():
        return target
    tools = ("apt-get", "dpkg-deb")
    lacking = [name for name in tools if shutil.which(name) is None]
    if lacking or os.uname().machine != "x86_64":
        raise MonadoError(
            f"Monado is unpacked from Debian's packages for x86-64 here; this is "
            f"{os.uname().machine} with no {' or '.join(lacking) or 'such packages'}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / "monado.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (target / "usr/bin/monado-service").is_file():
            return target  # Another process has fetched it meanwhile.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="monado-") as work:
            made = Path(work) / "root"
            _unpack(_download(Path(work)), made)
            shutil.rmtree(target, ignore_errors=True)
            made.rename(target)
    return target


def debian_source(etc: Path = _SOURCES, suite: str = SUITE) -> tuple[str, str]:
    """The suite at the mirror that this machine's apt takes Debian from: (file name, its text).

    Args:
        etc: apt's folder of settings.

    Raises:
        MonadoError: there is no such mirror.
    """
    places = sorted((etc / "sources.list.d").glob("*.sources"))
    for path in places:
        for stanza in re.split(r"\n\s*\n", path.read_text("utf-8", "replace")):
            found = _from_stanza(stanza, suite)
            if found:
                return "debian.sources", found
    places = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]
    for path in places:
        for line in path.read_text("utf-8", "replace").splitlines() if path.is_file() else ():
            match = re.match(r"deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)", line.strip())
            if match and _is_release(match[3]) and "main" in match[4].split():
                return "debian.list", f"deb {match[1] or ''}{match[2]} {suite} main\n"
    raise MonadoError(f"apt's settings in {etc} name no mirror of Debian")


def _from_stanza(stanza: str, suite: str) -> str:
    """A deb822 stanza turned to another suite; "" where it is not Debian's main archive."""
    lines = [line for line in stanza.splitlines() if line.strip() and not line.startswith("#")]
    fields = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            fields[name.strip().lower()] = value.strip()
    suites, components = fields.get("suites", "").split(), fields.get("components", "").split()
    types, enabled = fields.get("types", "").split(), fields.get("enabled", "yes")
    if "deb" not in types or enabled.lower() in ("no", "false") or "main" not in components:
        return ""
    if not any(_is_release(name) for name in suites):
        return ""
    kept = {"types": "deb", "suites": suite, "components": "main"}
    text, name = [], ""
    for line in lines:
        if not line[0].isspace():
            name = line.partition(":")[0].strip().lower()
            text.append(f"{name.capitalize()}: {kept[name]}" if name in kept else line)
        elif name not in kept:
            text.append(line)
    return "\n".join(text) + "\n"


def _is_release(suite: str) -> bool:
    """Whether a suite is a release of Debian itself, not its updates or security."""
    return suite in ("bookworm", "trixie", "stable", "oldstable", "testing", "sid")


def _download(work: Path) -> list[Path]:
    """The packages that Monado needs on a machine that has none."""
    for name in ("lists/partial", "cache/archives/partial", "etc"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    name, text = debian_source()
    source = work / "etc" / name
    source.write_text(text, "utf-8")
    options = {
        "Dir::Etc::sourcelist": source, "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": work / "lists", "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache", "Debug::NoLocking": "1", "APT::Install-Recommends": "0",
        "APT::Architecture": "amd64", "Acquire::Languages": "none", "Acquire::Retries": "2",
        "Acquire::http::Timeout": "20", "Acquire::https::Timeout": "20",
    }  # fmt: skip
    if os.geteuid() == 0:
        options["APT::Sandbox::User"] = "root"
    command = ["apt-get", "-q", *(f"-o{key}={value}" for key, value in options.items())]
    _apt([*command, "update"])
    _apt([*command, "-y", "--download-only", "install", *PACKAGES])
    return sorted((work / "cache/archives").glob("*.deb"))


def _apt(command: list[str]) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode:
        words = [line for line in (done.stderr + done.stdout).splitlines() if line[:2] == "E:"]
        raise MonadoError(f"apt could not load Monado: {'; '.join(words[:2]) or done.returncode}")


def _unpack(packages: list[Path], target: Path) -> None:
    target.mkdir()
    for name in ("bin", "lib", "lib64", "sbin"):
        # Packages that still name /lib land where everything else is.
        (target / "usr" / name).mkdir(parents=True, exist_ok=True)
        (target / name).symlink_to(f"usr/{name}")
    for package in packages:
        stream = subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE
        )
        command = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(target)]
        command += [f"--exclude=./usr/share/{n}" for n in ("doc", "man", "locale", "icons")]
        done = subprocess.run(command, stdin=stream.stdout, capture_output=True, check=False)
        assert stream.stdout is not None
        stream.stdout.close()
        if stream.wait() or done.returncode:
            raise MonadoError(f"{package.name} could not be unpacked: {done.stderr[-200:]!r}")


class Monado:
    """Monado's service with its ``remote`` devices, which a program leads over TCP.

    Args:
        root: what :func:`fetch` returned.
        run: an empty folder with a short path; sockets and settings go there.
        port: of the remote devices; the service listens on every address.

    Attributes:
        environment: of a program that shall find this runtime and the folder's Mesa.
    """

    def __init__(self, root: Path, run: Path, port: int) -> None:
        self.root, self.run, self.port = root, run, port
        self._service: subprocess.Popen[bytes] | None = None
        self._libraries = root / "usr/lib/x86_64-linux-gnu"
        (run / "monado").mkdir()
        remote = {"version": 0, "port": port, "view_count": 2}
        self._write("monado/config_v0.json", {"active": "remote", "remote": remote})
        driver = json.loads((root / "usr/share/vulkan/icd.d/lvp_icd.json").read_text())
        driver["ICD"]["library_path"] = str(self._libraries / "libvulkan_lvp.so")
        self._write("vulkan.json", driver)
        library = str(self._libraries / "libopenxr_monado.so")
        runtime = {"name": "Monado", "library_path": library}
        self._write("openxr.json", {"file_format_version": "1.0.0", "runtime": runtime})
        self.environment = self._environment()

    def program(self, *command: str) -> list[str]:
        """A command that runs a program of this machine with the folder's libraries.

        Args:
            command: the program's path and its arguments; a program of the folder itself may be
                named by its path there.
        """
        places = [
            self._libraries,
            *(self._libraries / n for n in ("dri", "blas", "lapack", "pulseaudio")),
            self.root / "usr/lib",
        ]
        loader = str(self.root / "usr/lib64/ld-linux-x86-64.so.2")
        path = ":".join(map(str, places))
        return [loader, "--library-path", path, "--argv0", command[0], *command]

    def start(self) -> None:
        """Start the service.

        Raises:
            MonadoError: it does not start; says its last words.
        """
        log = self.run / "service.log"
        with log.open("ab") as stream:
            self._service = subprocess.Popen(
                self.program(str(self.root / "usr/bin/monado-service")),
                env=self.environment | {"XRT_NO_STDIN": "1", "XRT_COMPOSITOR_NULL": "1"},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        until = time.monotonic() + _START
        while not (self.run / "monado_comp_ipc").exists():
            if self._service.poll() is not None or time.monotonic() > until:
                self.stop()
                raise MonadoError(f"Monado did not start: {log.read_text()[-400:]}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """The service's process."""
        assert self._service is not None
        return self._service.pid

    @property
    def dead(self) -> bool:
        """Whether the service has ended by itself."""
        return self._service is not None and self._service.poll() is not None

    def stop(self) -> None:
        """End the service at once, as when it crashes."""
        if self._service is not None:
            self._service.kill()
            self._service.wait()
            self._service = None
        (self.run / "monado_comp_ipc").unlink(missing_ok=True)

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
        vulkan = str(self.run / "vulkan.json")
        return kept | {
            "XDG_RUNTIME_DIR": str(self.run),
            "XDG_CONFIG_HOME": str(self.run),
            "XR_RUNTIME_JSON": str(self.run / "openxr.json"),
            "VK_ICD_FILENAMES": vulkan,
            "VK_DRIVER_FILES": vulkan,
            "__EGL_VENDOR_LIBRARY_DIRS": str(self.root / "usr/share/glvnd/egl_vendor.d"),
            "LIBGL_DRIVERS_PATH": str(self._libraries / "dri"),
            "GBM_BACKENDS_PATH": str(self._libraries / "gbm"),
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        (self.run / name).write_text(json.dumps(content), "utf-8")


@contextmanager
def running(root: Path) -> Iterator[Monado]:
    """A started service in a folder of its own, and its end."""
    # A socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="monado", dir="/tmp") as run:
        made = Monado(root, Path(run), free_port())
        made.start()
        try:
            yield made
        finally:
            made.stop()


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def alone() -> list[str]:
    """The words before a command that give it a network of its own, where that is allowed."""
    words = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    if shutil.which("unshare") is None:
        return []
    allowed = subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    return words if allowed else []


def raise_loopback() -> None:
    """Bring up ``lo`` of a new network namespace; where it is up already, nothing changes."""
    with socket.socket() as any_socket:
        try:
            # SIOCSIFFLAGS with IFF_UP and IFF_RUNNING.
            up = b"lo".ljust(16, b"\0") + (0x41).to_bytes(2, "little") + bytes(14)
            fcntl.ioctl(any_socket, 0x8914, up)
        except PermissionError:
            return


if __name__ == "__main__":
    try:
        print(fetch())
    except MonadoError as error:
        sys.exit(f"showroom: {error}")
