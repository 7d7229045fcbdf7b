"""Visits in Monado's headset, led by a script; run by ``test_stage_monado.py``, beside the service.

``serve FOLDER OUT`` starts the service in whatever network it finds itself, runs each visit in a
process of its own, and starts the service anew when a visit has killed it. What the visits saw
goes to OUT as JSON and pictures.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
IDENTITY = (0.0, 0.0, 0.0, 1.0)
SETTLED = 3
"""Frames after which what the devices were told has arrived."""


def turned(yaw: float) -> tuple[float, float, float, float]:
    return (0.0, math.sin(yaw / 2), 0.0, math.cos(yaw / 2))


# Where the script stands: head, left and right controller (position, quaternion).
STATIONS = [
    (
        ((0.2 * k, 1.5 + 0.05 * k, 1.0 - 0.1 * k), turned(0.3 * k)),
        ((-0.25, 1.0 + 0.02 * k, 0.5), IDENTITY),
        ((0.25, 1.1, 0.6 - 0.05 * k), turned(0.1 * k)),
    )
    for k in range(4)
]
INPUTS: list[dict[str, Any]] = [
    {"trigger": 1.0},
    {"squeeze": 1.0, "stick": (0.0, 0.1)},
    {"a": True},
    {"b": True, "trigger": 0.25},
    {"stick_click": True},
]
CURLS = [(0.0, 0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 1.0, 1.0, 1.0)]


def serve(folder: Path, out: Path) -> int:
    """Start the runtime and the visits."""
    from showroom.stage import monado

    monado.raise_loopback()
    with monado.running(folder) as runtime:
        mine = runtime.environment | {"PYTHONPATH": str(ROOT), "MONADO_PORT": str(runtime.port)}
        mine |= {"XR_ENABLE_API_LAYERS": "XR_APILAYER_LUNARG_core_validation"}
        for name in ("whole", "broken"):
            with (out / f"{name}.txt").open("wb") as log:
                visit = subprocess.Popen(
                    runtime.program(sys.executable, str(Path(__file__).resolve()), name, str(out)),
                    env=mine | {"MONADO_PID": str(runtime.pid)}, stdout=log, stderr=log,
                )  # fmt: skip
                while visit.poll() is None:
                    if runtime.dead and not (out / "gone").exists():
                        runtime.stop()
                        runtime.start()
                        (out / "service").write_text(str(runtime.pid))
                    time.sleep(0.1)
            if visit.returncode:
                print((out / f"{name}.txt").read_text(errors="replace")[-4000:], file=sys.stderr)
                return 1
    return 0


def kill_service(out: Path) -> None:
    """End the runtime's process, as a crash would."""
    told = out / "service"
    os.kill(int(told.read_text()) if told.exists() else int(os.environ["MONADO_PID"]), 9)


# --- a visit that breaks -----------------------------------------------------------------------


def broken(out: Path) -> int:
    """A visit without a room: the runtime is killed mid-frame, comes back, and goes for good.

    Its controllers are of no kind that the bindings know.
    """
    from showroom.protocol.messages import Event, Pose, Update
    from showroom.stage.headset import Headset, headset_settings
    from showroom.stage.monado_remote import Remote
    from showroom.stage.settings import StageSettings
    from showroom.stage.stage import Stage

    bindings = out / "bindings.toml"
    bindings.write_text(
        '[[profile]]\npath = "/interaction_profiles/oculus/go_controller"\n'
        '[profile.both]\ngrip = "input/grip/pose"\n'
    )
    stage = Stage(headset_settings(StageSettings().at_quality("low")))
    stage.backdrop((0.2, 0.2, 0.2))
    seen: dict[str, Any] = {"states": [], "poses": [], "sessions": 0, "hands": 0}

    def handle(event: Event) -> list[Update]:
        if isinstance(event, Pose):
            seen["poses"].append(event.time)
            seen["hands"] += event.left is not None or event.right is not None
        return []

    class Watched(Headset):
        count = 0

        def _opened(self) -> Any:
            session = super()._opened()
            seen["sessions"] += 1
            self.count = 0
            Remote(int(os.environ["MONADO_PORT"])).look((0.1, 1.6, 0.2))
            return session

        def submitted(self, pictures: tuple[int, int | None]) -> None:
            """Between drawing and handing over, twice: the runtime dies."""
            self.count += 1
            if seen["states"][-1:] != [self.session.life.state]:
                seen["states"].append(self.session.life.state)
            if self.count == 4:
                seen["profiles"] = list(self.session.actions.profiles)
                seen["states"].append("killed")
                if seen["states"].count("killed") == 2:
                    (out / "gone").touch()
                kill_service(out)

    headset = Watched(stage, handle, bindings=bindings, waiting=6.0)
    began = time.perf_counter()
    seen["cut"] = headset.run(90.0)
    seen["seconds"] = time.perf_counter() - began
    stage.close()
    (out / "broken.json").write_text(json.dumps(seen))
    return 0


# --- a whole visit -----------------------------------------------------------------------------


def whole(out: Path) -> int:
    """From the door to the mirror and out again; every picture of it is handed over."""
    from PIL import Image

    from showroom.protocol.messages import Event, Update
    from showroom.stage.headset import Headset, headset_settings
    from showroom.stage.monado_remote import Remote
    from showroom.stage.settings import StageSettings
    from showroom.stage.stage import Stage

    stage = Stage(headset_settings(StageSettings().at_quality("medium")))
    stage.show_room("store")
    remote = Remote(int(os.environ["MONADO_PORT"]))
    seen: dict[str, Any] = {"stations": [], "inputs": [], "curls": [], "states": [], "events": []}

    def handle(event: Event) -> list[Update]:
        return []

    class Watched(Headset):
        wanted = ""
        latest: Any = None

        def submitted(self, pictures: tuple[int, int | None]) -> None:
            if self.wanted:
                image = Image.fromarray(self.session.read(pictures[0])[..., :3])
                image.save(out / f"{self.wanted}.png")
                if pictures[1] is not None:
                    depth = self.session.read_depth(pictures[1])
                    seen["depth"] = [float(depth.min()), float(depth.max()), float(depth.std())]
                self.wanted = ""

    headset = Watched(stage, handle)
    session = headset.session
    located = session.controls

    def controls(seconds: float) -> Any:
        if seen["states"][-1:] != [session.life.state]:
            seen["states"].append(session.life.state)
        headset.latest = located(seconds)
        if session.life.focused and next(steps, "over") == "over":
            headset.over = True
        return headset.latest

    session.controls = controls  # type: ignore[method-assign]

    def script() -> Iterator[None]:
        yield from settle()
        for head, left, right in STATIONS:
            remote.hold("left", pose=left)
            remote.hold("right", pose=right)
            remote.look(*head)
            yield from settle()
            now = headset.latest[0]
            seen["stations"].append([now.head, now.left.grip, now.right.grip])
        seen["profiles"] = list(session.actions.profiles)
        for number, inputs in enumerate(INPUTS):
            side = ("left", "right")[number % 2]
            remote.hold(side, **inputs)
            yield from settle()
            hand = headset.latest[0].hand(side)
            seen["inputs"].append(
                [hand.trigger, hand.squeeze, *hand.stick, hand.primary, hand.secondary, hand.menu]
            )
            remote.hold(
                side, trigger=0.0, squeeze=0.0, stick=(0.0, 0.0), a=False, b=False,
                stick_click=False,
            )  # fmt: skip
        for curl in CURLS:
            remote.hold("left", curl=curl)
            remote.hold("right", curl=curl, active=False)
            yield from settle()
            now, joints, skeleton = headset.latest
            seen["curls"].append(
                {
                    "skeleton": skeleton, "joints": joints, "bare": [now.left.bare, now.right.bare],
                    "pinch": now.right.pinch,
                }
            )  # fmt: skip
        remote.hold("left", curl=None)
        remote.hold("right", curl=None, active=True)
        yield from settle()
        stage.caption.heard("One size up")
        yield from picture("door")
        seen["panels"] = sorted(session._panels._shown)

    def settle() -> Iterator[None]:
        for _ in range(SETTLED):
            yield

    def picture(name: str) -> Iterator[None]:
        headset.wanted = name
        while headset.wanted:
            yield

    steps = script()
    seen["cut"] = headset.run(120.0)
    seen["frames"] = headset.frames
    seen["states"].append(session.life.state)
    stage.close()
    (out / "whole.json").write_text(json.dumps(seen))
    return 0


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    if verb == "serve":
        sys.exit(serve(Path(rest[0]), Path(rest[1])))
    sys.exit({"broken": broken, "whole": whole}[verb](Path(rest[0])))
