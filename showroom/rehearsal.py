"""Recorded sessions and crowds of recorded visitors, from the command line."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from .app import make_visit

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
    from .channel.replay import compare, replay, replay_at
    from .channel.take import read_take, write_take

    take = read_take(file)
    if url:
        now = asyncio.run(replay_at(url, take, token=token, speed=speed))
    else:
        now = replay(take, partial(make_visit, catalog, scene))
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
