"""Who reads a visit's mesh frames beside its own client: each by differences to what they have."""

from __future__ import annotations

from collections.abc import Mapping

from showroom.protocol.mesh_delta import MeshEncoder

from .packed import ALL, OTHERS

AVATAR = "avatar"


class Readers:
    """Those of one visit, in its process."""

    def __init__(self) -> None:
        self._paces: dict[str, int] = {}
        self._encoders: dict[str, MeshEncoder] = {}
        self._credits = 0
        self._poses = 0

    def are(self, paces: Mapping[str, int], credits: int) -> None:
        """These read from now on; who goes on reading goes on from what they have.

        Args:
            paces: by name, of how many poses one's frames go to them; :data:`.packed.ALL` stands
                for those who take whole frames.
            credits: frames of a target that may be on their way to each.
        """
        self._paces, self._credits = dict(paces), credits
        self._encoders = {
            name: self._encoders.get(name) or MeshEncoder(credits) for name in paces if name != ALL
        }

    def posed(self) -> None:
        """One more pose is answered."""
        self._poses += 1

    def encoder(self, name: str) -> MeshEncoder | None:
        """A reader's own."""
        return self._encoders.get(name)

    def begin_anew(self) -> None:
        """Nothing is known of what they have; a whole frame follows."""
        self._encoders = {name: MeshEncoder(self._credits) for name in self._encoders}

    def due(self, target: str, *, own: bool) -> list[tuple[str, MeshEncoder | None]]:
        """To whom a frame goes now, and how it is encoded for them.

        Args:
            own: the client itself takes differences, which nobody else can read.
        """
        ways: list[tuple[str, MeshEncoder | None]] = []
        for name, pace in self._paces.items():
            if self._poses % pace or (target == AVATAR and name.startswith(OTHERS)):
                continue
            if name != ALL:
                ways.append((name, self._encoders[name]))
            elif own:
                ways.append((name, None))
        return ways
