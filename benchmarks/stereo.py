"""A stereo frame of the store: main-thread CPU against bare simplepbr's, and the stage's own share.

Usage: python benchmarks/stereo.py [--rounds 3] [--frames 40] [--eye 640x640] [--monado]

**Drawing.** The room's batches, the same meshes and textures, are drawn for two eyes (a Quest's
fields of view) from six places of the store, each round in a fresh process, in turn:

* the stage, as in a headset: one camera, one cull, both eyes in one buffer, key light's shadow,
  baked light, reflections, live mirror ("high" quality draws no more batches);
* the same without the mirror, which simplepbr has not;
* ``simplepbr.init`` once for each of two cameras, each with a buffer of one eye, one directional
  and one ambient light, no shadows, the same multisampling.

Figures are CPU milliseconds of the thread that calls ``render_frame`` (culling, submitting, and
what the driver does there; llvmpipe transforms vertices on it, and shades pixels on others).
``GALLIUM_NOOP=1`` in the environment leaves culling and submitting, where Mesa was built with it.

**Own code** (``--monado``): a visit in Monado's headset with the visitor dressed, from the eyes'
poses located to the frame submitted; CPU of that thread without what GL, the engine's
``render_frame`` and the runtime's own calls take. The room is not drawn, so that frames come as
fast as Monado takes them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLACES = [(0.0, 0.0, 0.0), (1.5, 1.5, 0.8), (-2.0, -1.0, 1.6), (2.0, -2.0, -1.2), (0.0, 2.5, 3.1)]
PLACES.append((-1.0, 1.0, -2.2))
FOVS = (
    (math.radians(-52), math.radians(42), math.radians(44), math.radians(-50)),
    (math.radians(-42), math.radians(52), math.radians(44), math.radians(-50)),
)
IPD = 0.063


def main() -> None:
    """Run every part in processes of their own and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("part", nargs="?", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--eye", default="640x640")
    parser.add_argument("--monado", action="store_true")
    options = parser.parse_args()
    width, height = (int(n) for n in options.eye.split("x"))
    if options.part:
        size = (width, height, options.frames)
        parts: dict[str, Callable[[], list[float]]] = {
            "stage": lambda: stage(*size, mirrored=True),
            "plain": lambda: stage(*size, mirrored=False),
            "simplepbr": lambda: bare(*size),
            "own": own,
        }
        print(json.dumps(parts[options.part]()))
        return
    print(f"{'what':34} {'CPU ms (median of rounds)':>26} {'to simplepbr':>13}")
    found: dict[str, list[float]] = {"stage": [], "plain": [], "simplepbr": []}
    for _ in range(options.rounds):
        for part, values in found.items():
            values.append(child([part, "--frames", str(options.frames), "--eye", options.eye])[0])
    base = statistics.median(found["simplepbr"])
    names = {"stage": "stage, live mirror", "plain": "stage, mirrors plain"}
    for part, values in found.items():
        middle = statistics.median(values)
        name = names.get(part, "simplepbr, two cameras")
        print(f"{name:34} {middle:26.2f} {middle / base:13.2f}")
    if options.monado:
        p50, p99, count = child_in_monado()
        print(f"own code, located to submitted: p50 {p50:.2f}, p99 {p99:.2f} ms ({count} frames)")


def child(arguments: list[str]) -> list[float]:
    """The figures that a process of its own prints last."""
    command = [sys.executable, str(Path(__file__).resolve()), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def child_in_monado() -> list[float]:
    """The same beside Monado."""
    from showroom.stage import monado

    words = monado.alone()
    inside = (
        "import sys, subprocess\n"
        "from showroom.stage import monado\n"
        "monado.raise_loopback()\n"
        "with monado.running(monado.fetch()) as runtime:\n"
        "    command = runtime.program(sys.executable, *sys.argv[1:])\n"
        "    more = {'MONADO_PORT': str(runtime.port)}\n"
        "    sys.exit(subprocess.run(command, env=runtime.environment | more).returncode)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "beside.py"
        script.write_text(inside)
        done = subprocess.run(
            [*words, sys.executable, str(script), str(Path(__file__).resolve()), "own"],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
            check=True,
        )  # fmt: skip
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def eyes_at(x: float, z: float, yaw: float) -> tuple[Any, list[Any]]:
    """The head and both eyes of somebody who stands at a place."""
    from showroom.stage.openxr_view import Eye

    turn = (0.0, math.sin(yaw / 2), 0.0, math.cos(yaw / 2))
    eyes = []
    for side, fov in zip((-IPD / 2, IPD / 2), FOVS, strict=True):
        place = (x + side * math.cos(yaw), 1.62, z - side * math.sin(yaw))
        eyes.append(Eye((*place, *turn), fov))
    return (x, 1.62, z, *turn), eyes


def timed(draw: Any, frames: int) -> list[float]:
    """The median CPU of this thread over frames from all places, milliseconds."""
    spent = []
    for number in range(frames + len(PLACES)):
        begin = time.thread_time()
        draw(*eyes_at(*PLACES[number % len(PLACES)]))
        spent.append((time.thread_time() - begin) * 1e3)
    return [statistics.median(spent[len(PLACES) :])]


def stage(width: int, height: int, frames: int, *, mirrored: bool) -> list[float]:
    """The stage's own frame."""
    from showroom.stage.headset import headset_settings
    from showroom.stage.openxr_camera import StereoCamera, StereoMirror
    from showroom.stage.openxr_view import stereo
    from showroom.stage.settings import StageSettings
    from showroom.stage.stage import Stage

    made = Stage(headset_settings(StageSettings().at_quality("medium")))
    made.show_room("store")
    camera = StereoCamera(made, width, height)
    mirror = StereoMirror(made, width, height, 0.6) if mirrored else None

    def draw(head: Any, eyes: list[Any]) -> None:
        lens = stereo(head, eyes)
        camera.look(lens)
        if mirror is not None:
            mirror.update(lens)
        made.look_from(head)
        made.draw(1.0 / height)

    return timed(draw, frames)


def bare(width: int, height: int, frames: int) -> list[float]:
    """The same batches by simplepbr, a camera and a buffer for each eye."""
    import numpy as np
    import simplepbr
    from direct.task.TaskManagerGlobal import taskMgr
    from panda3d import core

    from showroom.stage.graphics import Graphics
    from showroom.stage.openxr_view import matrix_of, projection
    from showroom.stage.room import RoomNode
    from showroom.stage.settings import StageSettings

    settings = replace(StageSettings().at_quality("medium"), width=64, height=64, supersample=1)
    graphics = Graphics(settings)
    room = RoomNode(_scene("store"))
    world = core.NodePath("world")
    for node in room.node.get_children():
        copy = node.copy_to(world)
        texture = node.get_shader_input("base_map").get_texture()
        copy.clear_shader()
        copy.set_texture(texture)
        rough, metal = list(node.get_shader_input("surface").get_vector())[:2]
        material = core.Material()
        material.set_base_color((1, 1, 1, 1))
        material.set_roughness(rough)
        material.set_metallic(metal)
        copy.set_material(material)
    for light, color in ((core.DirectionalLight("sun"), 3.0), (core.AmbientLight("sky"), 0.4)):
        light.set_color((color, color, color, 1))
        path = world.attach_new_node(light)
        path.look_at(-0.35, -0.8, -0.5)
        world.set_light(path)
    cameras = []
    for _ in FOVS:
        buffer = graphics.color_buffer("eye", width, height, 5, 0)
        lens = core.MatrixLens()
        camera = world.attach_new_node(core.Camera("eye", lens))
        region = buffer.make_display_region()
        region.set_camera(camera)
        simplepbr.init(
            render_node=world, window=buffer, camera_node=camera, taskmgr=taskMgr,
            msaa_samples=settings.samples, use_330=True, max_lights=1,
        )  # fmt: skip
        cameras.append((lens, camera))
    graphics.output.set_active(False)

    def draw(head: Any, eyes: list[Any]) -> None:
        for (lens, camera), eye in zip(cameras, eyes, strict=True):
            camera.set_mat(core.LMatrix4f(*np.ravel(matrix_of(eye.pose)).tolist()))
            lens.set_user_mat(core.LMatrix4f(*np.ravel(projection(eye.fov)).tolist()))
        taskMgr.step()
        graphics.render()

    return timed(draw, frames)


def _scene(name: str) -> Any:
    from showroom.catalog.scene import load_scene

    return load_scene(name)


def own() -> list[float]:
    """What the stage's own code takes from the eyes' poses to the submitted frame."""
    import xr
    from xr import raw_functions

    from showroom.app import make_visit
    from showroom.protocol.messages import AssetReady, Command, Event, Update
    from showroom.stage.headset import Headset, headset_settings
    from showroom.stage.monado_remote import Remote
    from showroom.stage.settings import StageSettings
    from showroom.stage.stage import Stage

    visit = make_visit(None, "store", vertices=True)
    assets: dict[str, bytes] = {}

    def handle(event: Event) -> list[Update]:
        updates = visit.handle(event)
        assets.update((u.hash, u.data) for u in updates if isinstance(u, AssetReady))
        return updates

    made = Stage(headset_settings(StageSettings().at_quality("low")), assets.__getitem__)
    headset = Headset(made, handle)
    headset.guest.enter("bench/1")
    headset.guest.send(Command(action="try_on", target="tshirt", id="worn"))
    assert made.room is not None
    made.room.node.hide()
    remote = Remote(int(os.environ["MONADO_PORT"]))
    session = headset.session
    spent: list[float] = []
    state = {"begin": 0.0, "drawing": 0.0}
    locate, end, render, copy = session.eyes, session.end, made.graphics.render, session.copy

    def eyes() -> Any:
        found = locate()
        state["begin"], state["drawing"] = time.thread_time(), 0.0
        return found

    def outside(call: Any) -> Any:
        def timed_call(*arguments: Any) -> Any:
            begin = time.thread_time()
            answer = call(*arguments)
            state["drawing"] += time.thread_time() - begin
            return answer

        return timed_call

    def ended(drawn: bool, panels: Any = ()) -> None:
        end(drawn, panels)
        if drawn:
            spent.append((time.thread_time() - state["begin"] - state["drawing"]) * 1e3)
        turn = len(spent) * 0.02
        yaw = (0.0, math.sin(turn / 2), 0.0, math.cos(turn / 2))
        remote.look((0.2 * math.sin(turn), 1.6, 0.0), yaw)
        headset.over = len(spent) >= 320

    session.eyes, session.end = eyes, ended  # type: ignore[method-assign]
    made.graphics.render = outside(render)  # type: ignore[method-assign]
    session.copy = outside(copy)  # type: ignore[method-assign]
    # The runtime's own work, which flushes GL, is not ours either.
    for name in ("acquire_swapchain_image", "wait_swapchain_image", "release_swapchain_image"):
        setattr(xr, name, outside(getattr(xr, name)))
    raw_functions.xrEndFrame = outside(raw_functions.xrEndFrame)
    headset.run(500.0)
    made.close()
    rest = sorted(spent[20:])
    return [statistics.median(rest), rest[int(len(rest) * 0.99)], len(rest)]


if __name__ == "__main__":
    main()
