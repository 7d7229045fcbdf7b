from __future__ import annotations

import hashlib
import threading

import numpy as np
from channel_toys import make_toy

from showroom.channel.assets import AssetStore
from showroom.channel.host import VisitHost
from showroom.channel.inbox import Inbox
from showroom.channel.outbox import Outbox
from showroom.channel.packed import Packed
from showroom.channel.rate import Bucket
from showroom.protocol.compact import encode_mesh
from showroom.protocol.mesh_delta import MeshDecoder, MeshEncoder
from showroom.protocol.messages import (
    AssetReady,
    AvatarPose,
    Bye,
    MeshFrame,
    Pose,
    Reply,
    Utterance,
)

HEAD = (0.0, 1.6, 0.0, 0.0, 0.0, 0.0, 1.0)


def mesh(frame: int, target: str = "shirt") -> MeshFrame:
    return MeshFrame(target=target, glb="", frame=frame, time=0.0, positions=b"")


def drain(outbox: Outbox) -> list:
    taken = []
    while (update := outbox.take()) is not None:
        taken.append(update)
    return taken


def test_two_frames_are_on_their_way_and_the_next_is_the_latest():
    outbox = Outbox(credits=2, backlog=8)
    sent = []
    for number in range(1, 11):
        outbox.put(mesh(number))
        sent += drain(outbox)
    assert [f.frame for f in sent] == [1, 2]
    assert outbox.in_flight("shirt") == 2
    outbox.acknowledge("shirt", 1)
    assert [f.frame for f in drain(outbox)] == [10]
    outbox.acknowledge("shirt", 10)
    assert outbox.in_flight("shirt") == 0
    assert outbox.coalesced == 7


def test_a_frame_that_others_build_on_is_not_left_out():
    encoder, decoder = MeshEncoder(credits=2), MeshDecoder()
    outbox = Outbox(credits=2, backlog=8)
    arrived, sent = [], 0
    for number in range(1, 40):
        if encoder.ready("shirt"):  # two wait here while the line is busy
            points = np.full((50, 3), number / 100, "<f4").tobytes()
            frame = MeshFrame(target="shirt", glb="", frame=number, time=0.0, positions=points)
            outbox.put(Packed("shirt", number, encoder.encode(frame)))
            sent += 1
        if number % 3 == 0:
            for packed in drain(outbox):
                arrived.append(decoder.decode(packed.data).frame)
                outbox.acknowledge("shirt", packed.frame)
                encoder.acknowledge("shirt", packed.frame)
    assert len(arrived) == sent > 20
    assert outbox.coalesced == 0
    for number in (1, 2):  # whole frames of others go on replacing each other
        whole = encode_mesh(mesh(number))
        outbox.put(Packed("shirt", number, whole))
    assert [p.frame for p in drain(outbox)] == [2]


def test_one_targets_credits_are_not_anothers():
    outbox = Outbox(credits=1, backlog=8)
    for number in range(1, 4):
        outbox.put(mesh(number))
        outbox.put(mesh(number, "avatar"))
    assert {(f.target, f.frame) for f in drain(outbox)} == {("shirt", 3), ("avatar", 3)}


def test_reliable_updates_keep_their_order_and_go_first():
    outbox = Outbox(credits=2, backlog=8)
    outbox.put(mesh(1))
    outbox.put(AvatarPose(time=0.0, root=(0, 0, 0), rotations={}))
    for text in "abc":
        outbox.put(Reply(text=text, lang="en"))
    taken = drain(outbox)
    assert [u.text for u in taken[:3]] == ["a", "b", "c"]
    assert len(taken) == 5


def test_a_backlog_that_overflows_says_so():
    outbox = Outbox(credits=2, backlog=3)
    for _ in range(3):
        outbox.put(Reply(text="", lang="en"))
    assert not outbox.overflowed
    outbox.put(Reply(text="", lang="en"))
    assert outbox.overflowed


def test_of_waiting_poses_only_the_latest_counts_and_order_is_kept():
    inbox = Inbox()
    for number in range(3):
        inbox.put("a", Pose(time=float(number), head=HEAD, seq=number))
    inbox.put("b", Pose(time=0.0, head=HEAD, seq=7))
    inbox.put("a", Bye())
    inbox.put("a", Pose(time=9.0, head=HEAD, seq=9))
    inbox.close()
    read = []
    while (item := inbox.get()) is not None:
        read.append((item[0], getattr(item[1], "seq", "bye")))
    assert read == [("a", 9), ("b", 7), ("a", "bye")]


def test_a_bucket_allows_a_burst_then_its_rate():
    bucket = Bucket(rate=8.0, burst=3.0, now=100.0)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(100.125)
    assert not bucket.take(100.125)
    assert not bucket.take(50.0)  # a clock that goes back gives nothing
    assert [bucket.take(200.0) for _ in range(4)] == [True, True, True, False]


def asset(data: bytes) -> AssetReady:
    return AssetReady(hash=hashlib.sha256(data).hexdigest(), data=data)


def test_assets_live_as_long_as_a_visit_uses_them():
    store = AssetStore(limit=1000)
    shared, own = asset(b"chair"), asset(b"avatar")
    store.put("v1", shared)
    store.put("v2", shared)
    store.put("v1", own)
    assert store.size == 11
    store.release("v1")
    assert store.get(own.hash) is None
    assert store.get(shared.hash).data == b"chair"
    store.release("v2")
    assert store.size == 0


def test_assets_stay_within_their_limit_and_match_their_hash():
    store = AssetStore(limit=10)
    first, second = asset(b"12345678"), asset(b"abcdefgh")
    store.put("v1", first)
    store.put("v1", second)
    assert store.get(first.hash) is None
    assert store.get(second.hash) is not None
    assert not store.put("v2", second)
    assert store.check(second.hash) and store.get(second.hash) is not None
    assert store.put("v1", AssetReady(hash=first.hash, data=b"other"))
    assert not store.check(first.hash)
    assert store.get(first.hash) is None and store.size == 0


def test_a_taker_that_fails_does_not_end_the_host():
    host = VisitHost.in_process(make_toy)
    answered = threading.Event()

    def fail(updates) -> None:
        raise RuntimeError("Event loop is closed")

    host.open("v1", fail)
    host.open("v2", lambda updates: answered.set())
    host.post("v1", Utterance(id="u", text="x"))
    host.post("v2", Utterance(id="u", text="x"))
    assert answered.wait(5)
    host.stop()
