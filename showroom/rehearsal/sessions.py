"""Recorded sessions and crowds of recorded visitors, from the command line."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..app import make_visit

if TYPE_CHECKING:
    from ..channel.crowd import Crowd, Waits

SHOWN_DIFFERENCES = 20


def run_replay(
    file: Path,
    *,
    catalog: Path | None,
    scene: str,
    url: str = "",
    token: str = "",
    speed: float = 0.0,
    save: Path | None = None,
) -> int:
    """Replay a recording, print what is answered otherwise, and save the answers where asked.

    Returns:
        1 where a recorded answer is not given any more, else 0.

    Raises:
        TakeError: the recording cannot be read, or the answers not be written.
        ChannelError: the server at ``url`` cannot be reached, or refuses.
    """
    from tqdm import tqdm

    from ..channel.replay import compare, replay, replay_at
    from ..channel.take import read_take, write_take

    take = read_take(file)
    with tqdm(total=len(take.turns), unit="turn", disable=None) as bar:
        if url:
            now = asyncio.run(replay_at(url, take, token=token, speed=speed, step=bar.update))
        else:
            now = replay(take, partial(make_visit, catalog, scene), bar.update)
    if save is not None:
        write_take(save, now)
    answers = sum(len(turn.updates) for turn in now.turns)
    print(f"showroom: {len(now.turns)} turns replayed, {answers} updates")
    if not take.head.answered:
        return 0
    found = compare(take, now)
    for difference in found[:SHOWN_DIFFERENCES]:
        print(f"showroom: {difference}")
    if len(found) > SHOWN_DIFFERENCES:
        print(f"showroom: and {len(found) - SHOWN_DIFFERENCES} more differences")
    if not found:
        print("showroom: answered as recorded")
    return 1 if found else 0


def run_load(
    *,
    url: str,
    visitors: int,
    seconds: float,
    every: float,
    motion: Path | None,
    script: Path | None,
    wear: str,
    token: str,
    catalog: Path | None,
    scene: str,
    json: bool,
    soak: float | None = None,
) -> int:
    """Send recorded visitors to a server and print how long they waited.

    Args:
        url: the server; "" opens a showroom of its own, beside the load's process.
        soak: minutes for which one visitor follows another; see :func:`.endurance.run_soak`.

    Returns:
        1 where a visitor was turned away or a sentence stayed unanswered, else 0.

    Raises:
        ChannelError: the server cannot be reached, or a number is out of bounds.
    """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    from ..app import SHIPPED_MOTION, SHIPPED_SCRIPT, open_showroom
    from ..channel.crowd import Crowd, as_json, table
    from ..channel.motion import load_motion
    from .visitor import read_script

    lines = read_script(script or SHIPPED_SCRIPT)
    crowd = Crowd(
        visitors,
        seconds,
        load_motion(motion or SHIPPED_MOTION),
        tuple(line.text for line in lines.lines),
        every,
        lines.body,
        wear,
        token,
    )
    crowd.check()
    if soak is not None:
        from .endurance import run_soak

        return run_soak(crowd, soak, catalog=catalog, scene=scene)
    where = url or "a server of its own, which opens first"
    print(f"showroom: {visitors} visitors for {seconds:g} s to {where}", file=sys.stderr)
    if url:
        rows = _send(url, crowd)
    else:
        spawn = multiprocessing.get_context("spawn")
        with (
            open_showroom(catalog, scene=scene, port=0) as showroom,
            ProcessPoolExecutor(1, mp_context=spawn) as pool,
        ):
            url = showroom.server.url
            rows = pool.submit(_send, url, crowd).result()
    if json:
        print(as_json(rows, crowd, url))
    else:
        print(f"{visitors} visitors for {seconds:g} s at {url}")
        print(table(rows))
    opened, _, _, said = rows
    return 1 if opened.dropped or said.dropped else 0


def _send(url: str, crowd: Crowd) -> list[Waits]:
    from ..channel.crowd import visit_together

    return asyncio.run(visit_together(url, crowd))
