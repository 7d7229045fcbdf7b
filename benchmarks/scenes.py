"""What each scene costs: cold start, draw calls, triangles, memory, and the size of its files.

Each scene opens in a process of its own. The cold start is the processor time from the scene's
name to the first frame's end, everything imported and the graphics opened; ``arrays`` is the part
of it before the engine (materials, geometry, baked light). Draw calls are the pieces of geometry
that the camera at the spawn point submits. Graphics memory is what the scene hands to it:
textures with their mipmaps, and vertices. Resident memory is the whole process's at its peak; with
software rendering, that includes what graphics memory would hold.

    python -m benchmarks.scenes [NAME ...]
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from typing import Any

from showroom.catalog.scene import SCENES, load_scene, scene_names


def _measure(name: str) -> dict[str, float]:
    from showroom.stage.reload import build_room
    from showroom.stage.settings import StageSettings
    from showroom.stage.stage import Stage

    stage = Stage(StageSettings(width=640, height=400).at_quality("medium"))
    stage.draw()
    before = time.process_time()
    scene = load_scene(name)
    built = build_room(scene)
    arrays = time.process_time() - before
    stage.show_room(scene, built)
    x, y, z = scene.spawn.position
    turn = (0.0, math.sin(scene.spawn.yaw / 2), 0.0, math.cos(scene.spawn.yaw / 2))
    stage.look_from((x, y + 1.6, z, *turn))
    stage.draw()
    cold = time.process_time() - before
    room = stage.room
    assert room is not None
    draws, vertices, textures = 0, 0, set()
    for path in room.node.find_all_matches("**/+GeomNode"):
        for geom in path.node().get_geoms():
            draws += 1
            indices = geom.get_primitive(0)
            vertices += geom.get_vertex_data().get_num_bytes() + indices.get_data_size_bytes()
        for name_of in ("base_map", "lightmap"):
            found = path.get_net_state().get_attrib(_shader_attribute())
            texture = found.get_shader_input(name_of).get_texture() if found else None
            if texture is not None:
                textures.add(texture)
    pixels = sum(t.get_ram_image_size() for t in textures) * 4 / 3
    stage.close()
    return {
        "cold_s": cold,
        "arrays_s": arrays,
        "draws": draws,
        "triangles": room.triangles,
        "graphics_mb": (pixels + vertices) / 1e6,
        "resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "files_kb": sum(p.stat().st_size for p in SCENES.glob(f"**/{name}.*")) / 1e3,
    }


def _shader_attribute() -> Any:
    from panda3d import core

    return core.ShaderAttrib


def main() -> int:
    """Measure the named scenes, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(scene_names()))
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_measure(options.names[0])))
        return 0
    print("| scene | cold start s | arrays s | draw calls | triangles | graphics MB | resident MB |"
          " files kB |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for name in options.names:
        command = [sys.executable, "-m", "benchmarks.scenes", name, "--one"]
        runs = [
            json.loads(
                subprocess.run(command, capture_output=True, text=True, check=True)
                .stdout.strip()
                .splitlines()[-1]
            )
            for _ in range(2)
        ]
        best = {key: min(run[key] for run in runs) for key in runs[0]}
        print(
            f"| {name} | {best['cold_s']:.2f} | {best['arrays_s']:.2f} | {best['draws']:.0f} "
            f"| {best['triangles']:,.0f} | {best['graphics_mb']:.0f} | {best['resident_mb']:.0f} "
            f"| {best['files_kb']:.0f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
