"""Visits in Monado's headset, led by a script; run by ``test_stage_monado.py``, beside the service.

``serve FOLDER OUT`` starts the service in whatever network it finds itself, runs each visit in a
process of its own, and starts the service anew when a visit has killed it. What the visits saw
goes to OUT as JSON and pictures. ``pictures`` runs them and stores the pictures anew.
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
STORED = Path(__file__).with_name("pictures")
PICTURES = ("door", "rack", "mirror", "larger")
IDENTITY = (0.0, 0.0, 0.0, 1.0)
SETTLED = 2
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
    """From the door to the rack, into a T-shirt, before the mirror, a size up, and out again."""
    from showroom.app import make_visit
    from showroom.protocol.messages import AssetReady, Command, Event, Point, Pose, Reply, Update
    from showroom.stage.headset import headset_settings
    from showroom.stage.settings import StageSettings
    from showroom.stage.stage import Stage

    visit = make_visit(None, "store", vertices=True)
    assets: dict[str, bytes] = {}
    seen: dict[str, Any] = {
        "stations": [], "inputs": [], "curls": [], "states": [], "events": [], "said": [],
        "places": {}, "sizes": [], "ticks": 0,
    }  # fmt: skip

    def handle(event: Event) -> list[Update]:
        updates = visit.handle(event)
        assets.update((u.hash, u.data) for u in updates if isinstance(u, AssetReady))
        seen["said"] += [u.text for u in updates if isinstance(u, Reply)]
        if isinstance(event, Point):
            seen["events"].append(["point", event.target])
        elif isinstance(event, Command):
            seen["events"].append([event.action, event.target])
        elif isinstance(event, Pose) and event.joints:
            seen["skeleton"] = [event.skeleton, len(event.joints)]
        return updates

    stage = Stage(headset_settings(StageSettings().at_quality("medium")), assets.__getitem__)
    script = Script(stage, handle, out, seen)
    seen["cut"] = script.headset.run(400.0)
    seen["frames"] = script.headset.frames
    seen["states"].append(script.headset.session.life.state)
    stage.close()
    (out / "whole.json").write_text(json.dumps(seen))
    return 0


class Script:
    """Leads the devices, a frame at a time, and writes down what came of it."""

    def __init__(self, stage: Any, handle: Any, out: Path, seen: dict[str, Any]) -> None:
        from showroom.stage.headset import Headset
        from showroom.stage.monado_remote import Remote

        self.stage, self.out, self.seen = stage, out, seen
        self.wanted = ""
        self.latest: Any = None
        self.remote = Remote(int(os.environ["MONADO_PORT"]))
        self.headset = Headset(stage, handle)
        self.headset.submitted = self._submitted  # type: ignore[method-assign]
        session = self.headset.session
        self._located, self._pulse = session.controls, session.pulse
        session.controls = self._controls  # type: ignore[method-assign]
        session.pulse = self._felt  # type: ignore[method-assign]
        self._steps = self._all()

    def _controls(self, seconds: float) -> Any:
        life = self.headset.session.life
        if self.seen["states"][-1:] != [life.state]:
            self.seen["states"].append(life.state)
        self.latest = self._located(seconds)
        if life.focused and next(self._steps, "over") == "over":
            self.headset.over = True
        return self.latest

    def _felt(self, tick: Any) -> None:
        self.seen["ticks"] += 1
        self._pulse(tick)

    def _submitted(self, pictures: tuple[int, int | None]) -> None:
        from PIL import Image

        if not self.wanted:
            return
        session = self.headset.session
        image = Image.fromarray(session.read(pictures[0])[..., :3])
        image.save(self.out / f"{self.wanted}.png")
        if pictures[1] is not None:
            depth = session.read_depth(pictures[1])
            self.seen["depth"] = [float(depth.min()), float(depth.max()), float(depth.std())]
        self.wanted = ""

    # --- what the visitor does -----------------------------------------------------------------

    def _all(self) -> Iterator[None]:
        yield from self._settle()
        yield from self._devices()
        self.headset.guest.enter("headset/1")
        yield from self._to_the_rack()
        yield from self._try_on()
        yield from self._before_the_mirror()

    def _settle(self, frames: int = SETTLED) -> Iterator[None]:
        for _ in range(frames):
            yield

    def _picture(self, name: str) -> Iterator[None]:
        yield from self._settle()
        self.wanted = name
        while self.wanted:
            yield
        self.seen["panels"] = sorted(self.headset.session._panels._shown)

    def _devices(self) -> Iterator[None]:
        """Head and controllers where the script wants them, every input, and bare hands."""
        remote, seen = self.remote, self.seen
        for head, left, right in STATIONS:
            remote.hold("left", pose=left)
            remote.hold("right", pose=right)
            remote.look(*head)
            yield from self._settle()
            now = self.latest[0]
            seen["stations"].append([now.head, now.left.grip, now.right.grip])
        seen["profiles"] = list(self.headset.session.actions.profiles)
        up = ((0.0, 1.3, 0.0), (math.sin(0.6), 0.0, 0.0, math.cos(0.6)))
        remote.hold("left", pose=up)  # Pointing at the ceiling, where there is nothing to touch.
        remote.hold("right", pose=up)
        for number, inputs in enumerate(INPUTS):
            side = ("left", "right")[number % 2]
            remote.hold(side, **inputs)
            yield from self._settle()
            hand = self.latest[0].hand(side)
            seen["inputs"].append(
                [hand.trigger, hand.squeeze, *hand.stick, hand.primary, hand.secondary, hand.menu]
            )
            self._let_go(side)
            yield from self._settle()
        self.headset.guest.wrist.asked = False
        for curl in CURLS:
            remote.hold("left", curl=curl)
            remote.hold("right", curl=curl, active=False)
            yield from self._settle()
            now, joints, skeleton = self.latest
            seen["curls"].append(
                {
                    "skeleton": skeleton, "joints": joints, "bare": [now.left.bare, now.right.bare],
                    "pinch": now.right.pinch,
                }
            )  # fmt: skip
        remote.hold("left", curl=None)
        remote.hold("right", curl=None, active=True)
        yield from self._settle()

    def _let_go(self, side: Any) -> None:
        self.remote.hold(
            side, trigger=0.0, squeeze=0.0, stick=(0.0, 0.0), a=False, b=False, stick_click=False
        )

    def _to_the_rack(self) -> Iterator[None]:
        """On foot and by stick, then by a teleport."""
        yield from self._settle()
        guest, ware = self.headset.guest, self.headset.guest.wares.all["tshirt"]
        spawn = self.stage.scene.spawn.position
        guest.legs.go(self.latest[0].head, (spawn[0], spawn[2]), 0.0)
        x, _y, z = self.latest[0].head[:3]
        self.remote.look((x, 1.62, z))
        yield from self._picture("door")
        before = self._standing_at()
        self.seen["shirt"] = [ware.transform[0], ware.transform[2]]
        self._face((ware.transform[0], 1.4, ware.transform[2]))
        yield from self._settle()
        self.remote.hold("left", stick=(0.0, 1.0))
        yield from self._settle(8)
        self._let_go("left")
        yield from self._settle()
        self.seen["places"]["walked"] = [before, self._standing_at()]
        yield from self._teleport((ware.transform[0] + 0.15, ware.transform[2] + 1.1), "rack")
        self._face((ware.transform[0], 1.15, ware.transform[2]))
        self._point((ware.transform[0], 1.2, ware.transform[2]))
        yield from self._settle(8)
        yield from self._picture("rack")

    def _try_on(self) -> Iterator[None]:
        """Take the T-shirt that is pointed at, bring it to oneself, and let go."""
        self.remote.hold("right", squeeze=1.0)
        yield from self._settle(4)
        hold = self.headset.guest.touch.hold
        self.seen["held"] = hold.target if hold is not None else ""
        head = self.latest[0].head
        place = (head[0], head[1] - 0.35, head[2])
        self.remote.hold("right", pose=(place, self.remote.right.pose[1]))
        yield from self._settle(14)
        self._let_go("right")
        yield from self._settle(4)
        self.seen["sizes"].append(self._worn())

    def _before_the_mirror(self) -> Iterator[None]:
        """Look at oneself, say that it shall be larger, and look again."""
        from showroom.protocol.messages import Body

        mirror = self.stage.room.mirrors[0]
        center, normal = mirror.center, mirror.normal
        self.headset.guest.send(Body(height=1.72, gender="female"))
        yield from self._teleport(
            (center[0] + 1.4 * normal[0] - 0.42, center[2] + 1.4 * normal[2]), "mirror"
        )
        self._face((center[0], 1.2, center[2]))
        down = (-math.sin(0.7), 0.0, 0.0, math.cos(0.7))
        x, _, z = self.latest[0].head[:3]
        self.remote.hold("left", pose=((x - 0.25, 0.95, z - 0.1), down))
        self.remote.hold("right", pose=((x + 0.25, 0.95, z - 0.1), down))
        yield from self._settle(10)
        yield from self._picture("mirror")
        self.headset.guest.say("one size up")
        yield from self._settle(4)
        self.seen["sizes"].append(self._worn())
        yield from self._picture("larger")

    # --- how ------------------------------------------------------------------------------------

    def _standing_at(self) -> list[float]:
        head = self.headset.guest.head(self.latest[0])
        return [head[0], head[2]]

    def _worn(self) -> list[str]:
        return [f"{w.target} {w.size}" for w in self.headset.guest.wares.worn]

    def _face(self, target: tuple[float, float, float]) -> None:
        """Turn the head to a place of the room."""
        from showroom.stage.poses import toward

        head = self.headset.guest.head(self.latest[0])
        here = (head[0], 1.62, head[2])
        pose = self.headset.guest.legs.rig.local((*here, *toward(here, target)))
        self.remote.look(pose[:3], pose[3:])

    def _point(self, target: tuple[float, float, float]) -> None:
        """Point the right controller at a place of the room."""
        from showroom.stage.poses import toward

        head = self.headset.guest.head(self.latest[0])
        here = (head[0] + 0.2, 1.25, head[2] - 0.15)
        pose = self.headset.guest.legs.rig.local((*here, *toward(here, target)))
        self.remote.hold("right", pose=(pose[:3], pose[3:]))

    def _teleport(self, place: tuple[float, float], name: str) -> Iterator[None]:
        """Aim a throw that lands at a place of the room, by the right stick, and land."""
        from showroom.stage.poses import looking
        from showroom.stage.teleport import throw

        guest = self.headset.guest
        place = guest.ground().settle(*place, 0.6) or place
        head = guest.head(self.latest[0])
        x, z = head[0] + 0.2, head[2]
        yaw = math.atan2(-(place[0] - x), -(place[1] - z))
        best, found = math.inf, None
        for step in range(-70, 50):
            aim = (x, 1.2, z, *looking(yaw, step * 0.02))
            landing = throw(aim, guest.ground()).landing
            if landing is not None and math.dist(landing, place) < best:
                best, found = math.dist(landing, place), aim
        assert found is not None, f"nothing lands near {place}"
        pose = guest.legs.rig.local(found)
        self.remote.hold("right", pose=(pose[:3], pose[3:]), stick=(0.0, 1.0))
        yield from self._settle(4)
        self._let_go("right")
        yield from self._settle(8)
        self.seen["places"][name] = [list(place), self._standing_at()]


def store() -> int:
    """Write the reference pictures anew; look at them before they are kept."""
    import tempfile

    from PIL import Image

    from showroom.stage import monado

    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, __file__, "serve", str(monado.fetch()), out]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([*monado.alone(), *command], env=environment, check=True)
        STORED.mkdir(exist_ok=True)
        for name in PICTURES:
            Image.open(Path(out) / f"{name}.png").save(STORED / f"{name}.jpg", quality=85)
    return 0


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    if verb == "pictures":
        sys.path.insert(0, str(ROOT))
        sys.exit(store())
    if verb == "serve":
        sys.exit(serve(Path(rest[0]), Path(rest[1])))
    sys.exit({"broken": broken, "whole": whole}[verb](Path(rest[0])))
