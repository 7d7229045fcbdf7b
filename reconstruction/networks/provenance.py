"""Where weights come from: the commit, and one hash over the files that they learned from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def data_hash(
    folder: Path, patterns: Iterable[str] = ("**/*",), without: Iterable[str] = ()
) -> str:
    """SHA-256 over names and contents of a folder's files, in order of their names.

    Args:
        patterns: globs below the folder; a file that several match counts once.
        without: globs of files that do not count.

    Returns:
        64 hexadecimal digits. It changes with any byte or name, not with dates or places.
    """
    files = {p for pattern in patterns for p in folder.glob(pattern) if p.is_file()}
    files -= {p for pattern in without for p in folder.glob(pattern)}
    total = hashlib.sha256()
    for path in sorted(files, key=lambda p: p.relative_to(folder).as_posix()):
        with path.open("rb") as stream:
            inner = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()}\n{inner}\n".encode())
    return total.hexdigest()
