"""Several visitors in one room: through a real server, each with a visit of their own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from channel_toys import GLB, HASH, HEAD, VERTICES, ToyVisit

from showroom.channel import async_client, company
from showroom.channel.async_client import AsyncClient
from showroom.channel.host import VisitHost
from showroom.channel.members import WHOLE_AT_ONCE
from showroom.channel.pool import VisitPool
from showroom.channel.server import Server, open_server
from showroom.channel.session import Session
from showroom.channel.settings import ServerSettings
from showroom.protocol.codec import decode_update
from showroom.protocol.messages import (
    WATCHED,
    AssetReady,
    AvatarPose,
    AvatarShown,
    Body,
    Command,
    Company,
    Done,
    ErrorUpdate,
    Hello,
    Join,
    Leave,
    MeshFrame,
    Pose,
    ProductRemoved,
    ProductShown,
    Watched,
)

STANDS = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def product(target: str, *, worn: bool, ref: str = "") -> ProductShown:
    return ProductShown(
        target=target,
        glb=HASH,
        name={"en": target},
        kind="garment" if target == "shirt" else "furniture",
        category=target,
        transform=STANDS,
        worn=worn,
        ref=ref,
    )


class Shopper(ToyVisit):
    """Has a chair in the room, gets a body, puts a shirt on and takes it off."""

    def __init__(self) -> None:
        super().__init__()
        self.tall = 0.0
        self.wears = False

    def handle(self, event):
        match event:
            case Hello():
                return [AssetReady(hash=HASH, data=GLB), product("chair", worn=False)]
            case Watched():
                return [] if not event.on else self.everything()
            case Body():
                self.tall = event.height
                return [self.avatar(event.id), Done(ref=event.id)]
            case Command(action="try_on" | "take_off"):
                self.wears = event.action == "try_on"
                shown = product("shirt", worn=self.wears, ref=event.id)
                return [shown, Done(ref=event.id)]
        return super().handle(event)

    def avatar(self, ref: str) -> AvatarShown:
        return AvatarShown(glb=HASH, height=self.tall, measures={"waist": 0.7}, ref=ref)

    def everything(self):
        shown = [AssetReady(hash=HASH, data=GLB), product("chair", worn=False, ref=WATCHED)]
        if self.tall:
            shown.append(self.avatar(WATCHED))
        if self.wears:
            shown.append(product("shirt", worn=True, ref=WATCHED))
        return shown


def in_company(
    test: Callable[[Server, list[AsyncClient]], Awaitable[None]],
    visitors: int = 2,
    host: VisitHost | VisitPool | None = None,
    wants: tuple[tuple[str, ...], ...] = ((),),
) -> None:
    host = host or VisitHost.in_process(Shopper)

    async def main() -> None:
        async with open_server(ServerSettings(), host) as server, asyncio.timeout(60):
            clients = [
                AsyncClient(server.url, Hello(client="friend/1", want=wants[n % len(wants)]))
                for n in range(visitors)
            ]
            for number, client in enumerate(clients):
                await client.open()
                await client.ask(Body(id="b", height=1.6 + number / 10))
            await test(server, clients)
            for client in clients:
                await client.close()

    try:
        asyncio.run(main())
    finally:
        host.stop()


async def join(client: AsyncClient, name: str, room: str = "", key: str = "j") -> Company:
    answer = await client.ask(Join(id=key, room=room, name=name))
    return next(u for u in answer if isinstance(u, Company))


async def until(client: AsyncClient, found: Callable[[list], bool]) -> list:
    """What has come since, as soon as it holds something."""
    seen: list = []
    while not found(seen):
        seen += await client.poll()
        await asyncio.sleep(0.005)
    return seen


@pytest.mark.parametrize("host_of", [VisitHost.in_process, VisitPool])
def test_friends_see_each_other_what_they_wear_and_the_hosts_room(host_of):
    async def test(server: Server, clients: list[AsyncClient]) -> None:
        mia, noa = clients
        await mia.ask(Command(id="t", action="try_on", target="shirt"))
        room = (await join(mia, "Mia")).room
        assert room
        await mia.poll()
        await noa.poll()
        told = await join(noa, "Noa", room)
        assert (told.host, told.you) == ("Mia", "Noa")
        assert [c.name for c in told.companions] == ["Mia", "Noa"]
        seen = await until(noa, lambda s: {"Mia/chair", "Mia/shirt"} <= targets(s))
        (avatar,) = (u for u in seen if isinstance(u, AvatarShown))
        assert (avatar.who, avatar.height, avatar.measures) == ("Mia", 1.6, {})
        seen = await until(mia, lambda s: any(isinstance(u, AvatarShown) for u in s))
        assert not targets(seen)  # a guest's furniture is not the room's
        await noa.ask(Command(id="t", action="try_on", target="shirt"))
        seen = await until(mia, lambda s: "Noa/shirt" in targets(s))
        (shirt,) = (u for u in seen if isinstance(u, ProductShown))
        assert shirt.worn and not shirt.ref and shirt.n
        assert await mia.asset(shirt.glb) == GLB
        await noa.ask(Command(id="u", action="take_off", target="shirt"))
        seen = await until(mia, lambda s: any(isinstance(u, ProductRemoved) for u in s))
        assert [u.target for u in seen if isinstance(u, ProductRemoved)] == ["Noa/shirt"]

    in_company(test, host=host_of(Shopper))


def targets(updates: list) -> set[str]:
    return {u.target for u in updates if isinstance(u, ProductShown) and "/" in u.target}


@pytest.mark.parametrize("host_of", [VisitHost.in_process, VisitPool])
def test_motion_and_cloth_of_those_who_are_near_are_seen(host_of):
    async def test(server: Server, clients: list[AsyncClient]) -> None:
        mia, noa = clients
        await mia.ask(Command(id="t", action="try_on", target="shirt"))
        room = (await join(mia, "Mia")).room
        await join(noa, "Noa", room)
        await until(noa, lambda s: "Mia/shirt" in targets(s))
        seen: list = []
        for number in range(1, 40):
            await mia.send(Pose(time=number / 72, head=HEAD, seq=number))
            await mia.ask(Command(id=f"c{number}", action="help"))
            seen += await noa.poll()
        await asyncio.sleep(0.1)
        seen += await noa.poll()
        poses = [u for u in seen if isinstance(u, AvatarPose)]
        assert poses and {p.who for p in poses} == {"Mia"}
        assert poses[-1].root == pytest.approx(HEAD[:3], abs=2e-4)
        meshes = [u for u in seen if isinstance(u, MeshFrame)]
        assert meshes and {m.target for m in meshes} == {"Mia/shirt"}
        points = np.frombuffer(meshes[-1].positions, "<f4")
        assert len(points) == 3 * VERTICES and np.allclose(points, meshes[-1].time, atol=1e-4)
        assert len(poses) <= 20  # every other one

    in_company(test, host=host_of(Shopper))


@pytest.mark.parametrize(
    "wants", [(("delta",),), (("delta",), ()), ((), ("delta",))], ids=["all", "host", "guest"]
)
def test_differences_go_to_whoever_takes_them_each_to_what_they_have(wants, monkeypatch):
    ways: dict[str, set[int]] = {}

    def decode(data, meshes=None):
        update = decode_update(data, meshes)
        if isinstance(update, MeshFrame):
            ways.setdefault(update.target, set()).add(data[2])
        return update

    monkeypatch.setattr(async_client, "decode_update", decode)

    async def test(server: Server, clients: list[AsyncClient]) -> None:
        for client in clients:
            await client.ask(Command(id="t", action="try_on", target="shirt"))
        room = (await join(clients[0], "Mia")).room
        for client, name in zip(clients[1:], ("Noa", "Tom"), strict=True):
            await join(client, name, room)
        mia, noa, tom = clients
        key = next(s.watch for s in server.sessions)
        watcher = AsyncClient(server.url, Hello(watch=key, want=("delta", "vertices")))
        await watcher.open()
        seen: dict[AsyncClient, list] = {client: [] for client in (*clients, watcher)}
        number = cut = 0
        wanted = {mia: "shirt", noa: "Mia/shirt", tom: "Mia/shirt", watcher: "shirt"}

        def meshes(client: AsyncClient) -> list[MeshFrame]:
            found = (u for u in seen[client] if isinstance(u, MeshFrame))
            return [u for u in found if u.target == wanted[client]]

        while not cut or any(len(meshes(client)) < 12 for client in wanted):
            number += 1
            for client, x in ((mia, 0.0), (noa, 1.0), (tom, 6.0)):
                await client.send(Pose(time=number / 72, head=(x, *HEAD[1:]), seq=number))
            await asyncio.sleep(0.005)
            for client in seen:
                seen[client] += await client.poll()
            if not cut and all(len(meshes(client)) > 3 for client in wanted):
                cut = number
                noa._ws.transport.abort()  # who comes back has nothing to build on
                seen[noa].clear()
        for client in wanted:
            frames = meshes(client)
            assert [u.frame for u in frames] == sorted({u.frame for u in frames})
            for frame in frames:
                points = np.frombuffer(frame.positions, "<f4")
                assert len(points) == 3 * VERTICES
                assert np.abs(points - frame.time).max() < 3e-4
        assert noa.resumed == 1
        await watcher.close()

    in_company(test, 3, VisitPool(Shopper), wants)
    assert ways["Mia/shirt"] >= {1, 2}, "differences, and whole ones to begin with"
    assert (0 in ways["Mia/shirt"]) == (len(wants) > 1), "whole ones for who takes no others"


def test_those_far_away_cost_next_to_nothing():
    async def test(server: Server, clients: list[AsyncClient]) -> None:
        mia, noa, tom = clients
        for client in clients:
            await client.ask(Command(id="t", action="try_on", target="shirt"))
        room = (await join(mia, "Mia")).room
        await join(noa, "Noa", room)
        await join(tom, "Tom", room)
        places = {noa: 1.0, tom: 30.0}
        counts = dict.fromkeys(places, 0)
        for number in range(1, 10 * company.ROUND):
            for client, x in (*places.items(), (mia, 0.0)):
                head = (x, *HEAD[1:])
                await client.send(Pose(time=number / 72, head=head, seq=number))
            await mia.ask(Command(id=f"c{number}", action="help"))
            for client in places:
                frames = [
                    u
                    for u in await client.poll()
                    if (isinstance(u, MeshFrame) and u.target.startswith("Mia/"))
                    or (isinstance(u, AvatarPose) and u.who == "Mia")
                ]
                if number > 2 * company.ROUND:
                    counts[client] += len(frames)
        assert counts[noa] > 20 * max(1, counts[tom])

    in_company(test, 3)


class Listener:
    """A client that counts what it is sent."""

    differs = still = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.poses = self.cloth = 0

    def put(self, update) -> None:
        self.poses += isinstance(update, AvatarPose)
        self.cloth += isinstance(update, MeshFrame)


def frames_each(near: int, far: int, poses: int = 720) -> tuple[float, float]:
    """Poses and mesh frames that come to one of those who are near, while all move in a shirt."""
    companies = company.Companies(*(lambda *_: None,) * 5)
    sessions: list[Session] = []
    room = ""
    for number in range(near + far):
        session = Session(f"v{number}", 64)
        session.connection = Listener(str(number))
        companies.join(session, Join(room=room, name="x"))
        room = companies._of[session][0]
        sessions.append(session)
    for session in sessions:
        companies.arrive(session, [product("shirt", worn=True)])
        companies.tell(session, [product("shirt", worn=True)])
    for number in range(poses):
        for place, session in enumerate(sessions):
            x = 0.1 * place if place < near else 50.0 * (place - near + 1)
            pose = AvatarPose(time=number / 72, root=(x, 1.0, 0.0), rotations={})
            mesh = MeshFrame(target="shirt", glb="", frame=number, time=0.0, positions=b"")
            if number == 3 * company.ROUND and not place:
                for one in sessions:
                    one.connection.poses = one.connection.cloth = 0
            companies.tell(session, [pose, mesh])
    seen = [session.connection for session in sessions[:near]]
    return sum(one.poses for one in seen) / near, sum(one.cloth for one in seen) / near


def test_what_a_visitor_costs_grows_with_who_is_near_and_not_with_all():
    poses, cloth = frames_each(near=4, far=0)
    in_a_crowd = frames_each(near=4, far=20)
    all_near, _ = frames_each(near=24, far=0)
    assert sum(in_a_crowd) < 1.15 * (poses + cloth)
    assert in_a_crowd[1] == cloth, "of those far away no cloth at all"
    assert all_near == pytest.approx(poses * 23 / 3, rel=0.02)


def test_the_cloth_of_many_who_are_near_costs_one_no_more_than_that_of_a_few():
    _, of_four = frames_each(near=1 + WHOLE_AT_ONCE, far=0, poses=216)
    for others in (8, 12, 23):
        _, of_many = frames_each(near=1 + others, far=0, poses=216)
        assert 0.9 * of_four < of_many <= 1.02 * of_four


def test_who_takes_whole_frames_gets_two_of_each_companion_near_until_they_are_shown():
    async def test(server: Server, clients: list[AsyncClient]) -> None:
        viewer, *others = clients
        room = (await join(viewer, "Viewer")).room
        for number, client in enumerate(others):
            await client.ask(Command(id="t", action="try_on", target="shirt"))
            await join(client, f"c{number}", room)
        near, far = {f"c{n}/shirt" for n in range(8)}, "c8/shirt"
        await until(viewer, lambda s: near | {far} <= targets(s))

        async def move(first: int, last: int) -> None:
            for number in range(first, last):
                for place, client in enumerate(others):
                    head = (0.1 * place if place < 8 else 30.0, *HEAD[1:])
                    await client.send(Pose(time=number / 72, head=head, seq=number))
                await viewer.send(Pose(time=number / 72, head=HEAD, seq=number))
                for client in (*others, viewer):
                    await client.ask(Command(id=f"k{number}", action="help"))

        await move(1, company.ROUND + 2)  # now it is known who is near
        await viewer.poll()  # shown, and asked for more
        await move(company.ROUND + 2, 2 * company.ROUND + 2)
        came = Counter(u.target for u in await viewer.poll() if isinstance(u, MeshFrame))
        assert set(came) - {"shirt"} == near, "none of who is far away"
        assert all(came[target] == 2 for target in near)
        # What comes for the credits that were returned is the latest, not what came meanwhile.
        await viewer.ask(Command(id="last", action="help"))
        await asyncio.sleep(0.1)
        again = [u for u in await viewer.poll() if isinstance(u, MeshFrame) and u.target in near]
        assert {u.target for u in again} == near
        assert all(u.time > (2 * company.ROUND - 6) / 72 for u in again)

    in_company(test, 10)


def test_who_leaves_takes_everything_along_and_the_next_becomes_host():
    async def test(server: Server, clients: list[AsyncClient]) -> None:
        mia, noa, tom = clients
        room = (await join(mia, "Mia")).room
        await join(noa, "Mia", room)
        await join(tom, "Tom", room)
        seen = await until(tom, lambda s: "Mia/chair" in targets(s))
        await mia.ask(Leave(id="l"))
        assert [u.room for u in await mia.poll() if isinstance(u, Company)][-1] == ""
        seen = await until(tom, lambda s: "Mia 2/chair" in targets(s))
        assert "Mia/chair" in [u.target for u in seen if isinstance(u, ProductRemoved)]
        last = [u for u in seen if isinstance(u, Company)][-1]
        assert (last.host, [c.name for c in last.companions]) == ("Mia 2", ["Mia 2", "Tom"])
        await noa.close(goodbye=False)
        seen = await until(tom, lambda s: any(isinstance(u, Company) for u in s))
        last = [u for u in seen if isinstance(u, Company)][-1]
        assert [(c.name, c.away) for c in last.companions] == [("Mia 2", True), ("Tom", False)]

    in_company(test, 3)


def test_wrong_doors_are_refused_and_the_visit_goes_on():
    async def test(server: Server, clients: list[AsyncClient]) -> None:
        mia, noa = clients
        answer = await mia.ask(Join(id="x", room="nowhere", name="Mia"))
        assert [(u.code, u.field) for u in answer if isinstance(u, ErrorUpdate)] == [
            ("refused", "room")
        ]
        room = (await join(mia, "Mia")).room
        answer = await mia.ask(Join(id="y", room=room, name="Mia"))
        assert answer[-1].code == "refused"
        answer = await noa.ask(Join(id="z", room=room, name="a/b"))
        assert (answer[-1].code, answer[-1].field) == ("out_of_range", "name")
        assert isinstance((await noa.ask(Leave(id="l")))[-1], Done)
        assert (await join(noa, "Noa", room)).you == "Noa"

    in_company(test)


def test_one_who_comes_back_without_anything_is_shown_the_others_again():
    async def test(server: Server, clients: list[AsyncClient]) -> None:
        mia, noa = clients
        room = (await join(mia, "Mia")).room
        await join(noa, "Noa", room)
        await until(noa, lambda s: "Mia/chair" in targets(s))
        await noa.send(Command(id="t", action="help"))
        for session in server.sessions:
            session._kept.clear()  # as after a long time
        noa._have = 0
        await noa.poll()
        noa._ws.transport.abort()
        seen = await until(noa, lambda s: "Mia/chair" in targets(s))
        assert any(isinstance(u, AvatarShown) and u.who == "Mia" for u in seen)

    in_company(test)
