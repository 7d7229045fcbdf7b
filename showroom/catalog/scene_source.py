"""A scene file with what it includes as one document, and where each of its keys came from."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCENES = Path(__file__).resolve().parents[2] / "scenes"
SCHEMA = 1
MAX_FILES, MAX_BYTES = 16, 1_000_000
_KEY = re.compile(r"""^["']?([\w-]+)["']?\s*=""")


def scene_names(folder: Path = SCENES) -> tuple[str, ...]:
    """Names of the scenes that come with the showroom."""
    return tuple(sorted(p.stem for p in folder.glob("*.toml")))


class SceneError(Exception):
    """A scene file is missing or does not follow the schema.

    Args:
        message: one sentence.
        path: the scene file.
        field: dotted key, such as ``"object[3].size"``.
        line: 1-based line of the file, 0 where unknown.
    """

    code = "scene"

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        field: str = "",
        expected: str = "",
        got: str = "",
        line: int = 0,
    ) -> None:
        super().__init__(message)
        self.message, self.path, self.field, self.line = message, path, field, line
        self.expected, self.got = expected, got

    def __str__(self) -> str:
        where = f"{self.path.name if self.path else 'scene'}{f':{self.line}' if self.line else ''}"
        key = f" {self.field}" if self.field else ""
        detail = f" (expected {self.expected}, got {self.got})" if self.expected else ""
        return f"{where}{key}: {self.message}{detail}"


@dataclass(frozen=True)
class Part:
    """One file: its path (None for text without one), text and tables."""

    path: Path | None
    text: str
    tables: Mapping[str, Any]


@dataclass(eq=False)
class Source:
    """The document joined from a scene file and its includes.

    Attributes:
        parts: the files, in the order of their entries: includes before what includes them.
        document: tables merged key by key, the including file's winning; lists one after another.
    """

    parts: list[Part] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    _entries: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    _keys: dict[str, int] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        """The paths of all files."""
        return tuple(p.path for p in self.parts if p.path is not None)

    def add(self, part: Part) -> None:
        """Merge one file over what is there."""
        number = len(self.parts)
        self.parts.append(part)
        for key, value in part.tables.items():
            if key == "include":
                continue
            if isinstance(value, list):
                old = self.document.setdefault(key, [])
                if isinstance(old, list):
                    self.document[key] = old + value
                    self._entries.setdefault(key, []).extend((number, i) for i in range(len(value)))
                    continue
            if isinstance(value, dict) and isinstance(self.document.get(key), dict):
                self.document[key] = {**self.document[key], **value}
                self._keys |= {f"{key}.{name}": number for name in value}
            else:
                self.document[key] = value
                self._keys[key] = number
                if isinstance(value, dict):
                    self._keys |= {f"{key}.{name}": number for name in value}

    def where(self, name: str) -> tuple[Path | None, int]:
        """The file and 1-based line (0 where unknown) of a dotted key of the whole document."""
        head, _, rest = name.partition(".")
        key, _, index = head.partition("[")
        if index[:-1].isdigit() and key in self._entries:
            entries = self._entries[key]
            if int(index[:-1]) < len(entries):
                number, local = entries[int(index[:-1])]
                inner = f"{key}[{local}]" + (f".{rest}" if rest else "")
                return self.parts[number].path, line_of(self.parts[number].text, inner)
        short = ".".join(name.split(".")[:2])
        guess = self._keys.get(short, self._keys.get(key, len(self.parts) - 1))
        if not self.parts:
            return None, 0
        part = self.parts[guess]
        return part.path, line_of(part.text, name)


def read_source(path: Path) -> Source:
    """Read a scene file and what it includes.

    Raises:
        SceneError: a file is missing, broken, too large, outside the scene's folder, or includes
            itself.
    """
    source = Source()
    _read(path, path.parent.resolve(), (), set(), source)
    return source


def text_source(text: str, path: Path | None = None) -> Source:
    """The document of a text; files that it includes are looked for beside ``path``.

    Raises:
        SceneError: as :func:`read_source`.
    """
    source = Source()
    root = path.parent.resolve() if path is not None else None
    _join(Part(path, text, parse(text, path)), root, (), set(), source)
    return source


def parse(text: str, path: Path | None) -> dict[str, Any]:
    """The tables of a TOML or JSON text.

    Raises:
        SceneError: it is neither.
    """
    try:
        if path is not None and path.suffix == ".json":
            document: Any = json.loads(text)
            if not isinstance(document, dict):
                raise SceneError(
                    "must be a table", path=path, expected="a table", got=type(document).__name__
                )
            return document
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = next((int(w.strip(",)")) for w in str(error).split() if w.strip(",)").isdigit()), 0)
        raise SceneError(f"is not TOML: {error}", path=path, line=line) from error
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise SceneError(f"is not JSON: {error}", path=path, line=line) from error


def _read(path: Path, root: Path, chain: tuple[Path, ...], seen: set[Path], source: Source) -> None:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SceneError(
                "is too large",
                path=path,
                expected=f"at most {MAX_BYTES} bytes",
                got=str(path.stat().st_size),
            )
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"cannot be read: {error}", path=path) from error
    _join(Part(path, text, parse(text, path)), root, chain, seen, source)


def _join(
    part: Part, root: Path | None, chain: tuple[Path, ...], seen: set[Path], source: Source
) -> None:
    """Add a part after what it includes."""
    here = part.path.resolve() if part.path is not None else None
    if here is not None:
        seen.add(here)
        chain = (*chain, here)
    for name in _includes(part):
        if root is None or part.path is None:
            raise _refused(part, "only a file can include others", "a scene file", name)
        other = (part.path.parent / str(name)).resolve()
        if not isinstance(name, str) or not other.is_relative_to(root) or other.suffix != ".toml":
            known = "a .toml file in the scene's folder"
            raise _refused(part, "cannot be included", known, name)
        if other in chain:
            cycle = [p.name for p in (*chain[chain.index(other) :], other)]
            what = "files include each other in a cycle"
            raise _refused(part, what, "no cycle", " -> ".join(cycle))
        if other in seen:
            continue
        if not other.is_file():
            raise _refused(part, "there is no such file", "an existing file", name)
        if len(seen) >= MAX_FILES:
            raise _refused(part, "includes too many files", f"at most {MAX_FILES}", name)
        _read(other, root, chain, seen, source)
    source.add(part)


def _refused(part: Part, message: str, expected: str, got: object) -> SceneError:
    return SceneError(
        message,
        path=part.path,
        field="include",
        expected=expected,
        got=str(got)[:80],
        line=line_of(part.text, "include"),
    )


def _includes(part: Part) -> list[Any]:
    names = part.tables.get("include", [])
    if not isinstance(names, list):
        raise _refused(part, "must be a list of files", '["file.toml"]', names)
    return names


def line_of(text: str, field: str) -> int:
    """The 1-based line where a dotted key such as ``object[3].size`` stands; 0 if not found.

    A key that its table lacks gives the line where the table begins.
    """
    lines = [line.strip() for line in text.splitlines()]
    start, inside = -1, False
    for step in field.split("."):
        name, _, rest = step.partition("[")
        index = int(rest[:-1]) if rest[:-1].isdigit() else None
        found = _find(lines, start + 1, name, index, inside)
        if found < 0:
            break
        start, inside = found, True
    return start + 1


def _find(lines: list[str], start: int, name: str, index: int | None, inside: bool) -> int:
    seen = 0
    for i in range(start, len(lines)):
        head = lines[i]
        if index is not None:
            if head.startswith(f"[[{name}]]"):
                if seen == index:
                    return i
                seen += 1
            continue
        match = _KEY.match(head)
        if match and match[1] == name:
            return i
        table = head.startswith("[") and "]" in head and "=" not in head.split("]")[0]
        if table and not match:
            title = head.lstrip("[").split("]")[0].strip()
            if title == name or title.endswith(f".{name}"):
                return i
            if inside and head.startswith("[["):
                return -1
    return -1
