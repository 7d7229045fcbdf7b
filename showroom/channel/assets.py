"""The GLBs that visits made, by content hash, for as long as a visit uses them."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field

from showroom.protocol.messages import AssetReady


@dataclass
class Asset:
    """One file: its bytes, and the visits that may still ask for it."""

    data: bytes
    media_type: str
    visits: set[str] = field(default_factory=set)


class AssetStore:
    """Bytes by SHA-256; thread-safe.

    When a visit ends, what only it used is forgotten: an avatar is personal. Within ``limit``
    bytes, the oldest go first.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._assets: dict[str, Asset] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, visit: str, ready: AssetReady) -> bool:
        """Keep an asset for a visit.

        Returns:
            Whether it is new: :meth:`check` it then, on another thread, since the hash of a
            megabyte holds up everybody's messages for half a millisecond.
        """
        with self._lock:
            asset = self._assets.get(ready.hash)
            new = asset is None
            if asset is None:
                asset = self._assets[ready.hash] = Asset(ready.data, ready.media_type)
                self._bytes += len(ready.data)
            asset.visits.add(visit)
            while self._bytes > self._limit and len(self._assets) > 1:
                self._forget(next(h for h in self._assets if h != ready.hash))
            return new

    def check(self, digest: str) -> bool:
        """Whether bytes have the hash that they are kept under; those that do not are forgotten."""
        asset = self.get(digest)
        if asset is None or hashlib.sha256(asset.data).hexdigest() == digest:
            return True
        with self._lock:
            if self._assets.get(digest) is asset:
                self._forget(digest)
        return False

    def get(self, digest: str) -> Asset | None:
        """The asset under a hash, or None."""
        with self._lock:
            return self._assets.get(digest)

    def share(self, digest: str, visit: str) -> None:
        """Let another visit use an asset too."""
        with self._lock:
            if digest in self._assets:
                self._assets[digest].visits.add(visit)

    def release(self, visit: str) -> None:
        """A visit has ended: forget what no other visit uses."""
        with self._lock:
            for digest, asset in list(self._assets.items()):
                asset.visits.discard(visit)
                if not asset.visits:
                    self._forget(digest)

    @property
    def size(self) -> int:
        """Bytes kept."""
        return self._bytes

    def _forget(self, digest: str) -> None:
        self._bytes -= len(self._assets.pop(digest).data)
