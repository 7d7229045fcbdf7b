"""What every client is tested against: a server with a small visit, and the frames it writes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import socket
import sys
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest

from showroom.channel.ears import HearingOffer
from showroom.channel.host import VisitHost
from showroom.channel.pool import VisitPool
from showroom.channel.run import ServerThread
from showroom.channel.settings import ServerSettings
from showroom.protocol.avatars import encode_avatar
from showroom.protocol.compact import encode_audio, encode_mesh, encode_pose
from showroom.protocol.mesh_delta import warm_up
from showroom.protocol.messages import AudioChunk, AvatarPose, MeshFrame, Pose

sys.path.insert(0, str(Path(__file__).parents[1] / "channel"))
from channel_toys import ToyVisit
from hearing_toys import ToyHearing

PROTOCOL = Path(__file__).parents[2] / "showroom" / "protocol"
GOLDEN_FRAMES = PROTOCOL / "golden_frames.json"
GOLDEN_MESH = PROTOCOL / "golden_mesh.json"


@pytest.fixture(scope="session")
def toy_server():
    """A running server whose visits answer ``<how many>: <text>``, in processes of their own.

    A pose is answered by a mesh of 5,000 vertices whose coordinates are all the pose's time.
    """
    host = VisitPool(ToyVisit, prepare=warm_up)
    with ServerThread(ServerSettings(), host) as server:
        yield server
    host.stop()


@pytest.fixture
def hearing_server():
    """A running server that hears a word in each second of what is loud: "make it longer"."""
    host = VisitHost.in_process(ToyVisit)
    offer = HearingOffer(ToyHearing, ("en",), subprocess=False)
    with ServerThread(ServerSettings(), host, offer) as server:
        yield server
    host.stop()


@pytest.fixture(scope="session")
def golden_compact(tmp_path_factory):
    """A file of compact frames as the server writes them, with what they say."""
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

    pcm = np.array([0, 1, -1, 32767, -32768, 258], "<i2").tobytes()

    def plain(message):
        fields = {f: getattr(message, f) for f in message.__struct_fields__ if f != "n"}
        return {k: v for k, v in fields.items() if v is not None}

    golden = {
        "poses": [{"message": plain(p), "hex": encode_pose(p).hex()} for p in poses],
        "avatar": {"message": plain(avatar), "hex": encode_avatar(avatar).hex()},
        "audio": {
            "seq": 7,
            "samples": [0, 1, -1, 32767, -32768, 258],
            "hex": encode_audio(AudioChunk(seq=7, data=pcm)).hex(),
        },
        "companion": {
            "message": plain(avatar),
            "hex": encode_avatar(msgspec.structs.replace(avatar, who="Zoë")).hex(),
            "who": "Zoë",
        },
        "mesh": {
            **{k: v for k, v in plain(mesh).items() if k != "positions"},
            "xyz": [float(v) for v in xyz.ravel()],
            "hex": encode_mesh(mesh).hex(),
        },
    }
    file = tmp_path_factory.mktemp("golden") / "compact.json"
    file.write_text(json.dumps(golden), encoding="utf-8")
    return file


@pytest.fixture
def cut_road(toy_server):
    """The port of a way to the server that is cut, again and again, after some bytes."""
    roads = 0
    pumps = []
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(near, far, left):
        with contextlib.suppress(OSError):
            while data := near.recv(4096):
                far.sendall(data[: max(0, left[0])])
                left[0] -= len(data)
                if left[0] <= 0:
                    break
        for end in (near, far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def drive(near, far, left):
        back = threading.Thread(target=pump, args=(far, near, left))
        back.start()
        pump(near, far, left)
        back.join()
        near.close()
        far.close()

    def serve():
        nonlocal roads
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", toy_server.port))
                left = [(500 if roads else 3000) + roads * 397 % 1100]
                roads += 1
                pumps.append(threading.Thread(target=drive, args=(near, far, left)))
                pumps[-1].start()

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()
    for one in pumps:
        one.join(10)
