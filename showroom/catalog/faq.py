"""A shop's questions and answers: the ``faq.yaml`` beside its products.

    shop: {en: Demo shop, zh: 示例店}
    entries:
      returns:
        asked:
          en: [Can I return it?, What if I change my mind?]
          zh: [可以退货吗, 不喜欢怎么办]
        answer: {en: "Within 30 days, unworn.", zh: 三十天内未穿可退。}

An entry's id is the source that answers name. Answers are given verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from .errors import CatalogError

FAQ_NAME = "faq.yaml"
_LIMIT = 2**20
_MOST = 2000


@dataclass(frozen=True)
class FaqEntry:
    """One answer of the shop.

    Attributes:
        id: lower-case letters, digits, ``_`` and ``-``.
        asked: per language, questions that it answers.
        answer: per language, word for word.
    """

    id: str
    asked: Mapping[str, tuple[str, ...]]
    answer: Mapping[str, str]


@dataclass(frozen=True)
class Faq:
    """All answers of a shop, by id."""

    entries: Mapping[str, FaqEntry] = field(default_factory=dict)

    def __iter__(self) -> Iterator[FaqEntry]:
        return iter(self.entries.values())

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, entry: str) -> FaqEntry | None:
        """The entry with that id, or None."""
        return self.entries.get(entry)


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    asked: dict[str, list[str]]
    answer: dict[str, str]


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    entries: dict[str, _Entry]
    shop: dict[str, str] = {}


def read_faq(folder: Path) -> Faq:
    """The FAQ of a folder of products; an empty one where there is no file.

    Raises:
        CatalogError: the file is unreadable or does not follow the form above.
    """
    path = folder / FAQ_NAME
    if not path.exists():
        return Faq()
    try:
        with path.open("rb") as stream:
            data = stream.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise _wrong(path, "size", f"at most {_LIMIT} bytes", "more")
        document = msgspec.yaml.decode(data, type=_Document)
    except OSError as fault:
        raise _wrong(path, "file", "a readable file", fault.strerror or "an error") from fault
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as fault:
        if isinstance(fault, CatalogError):
            raise
        raise _wrong(path, "document", "entries with asked and answer", str(fault)) from fault
    if len(document.entries) > _MOST:
        raise _wrong(path, "entries", f"at most {_MOST}", str(len(document.entries)))
    return Faq({name: _checked(path, name, entry) for name, entry in document.entries.items()})


def _checked(path: Path, name: str, entry: _Entry) -> FaqEntry:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise _wrong(path, "entries", "ids of a-z, 0-9, _ and -", name)
    for language in ("en", "zh"):
        if not entry.answer.get(language, "").strip():
            raise _wrong(path, f"entries.{name}.answer", "a text in en and zh", language)
        if len(entry.asked.get(language, ())) < 2:
            raise _wrong(path, f"entries.{name}.asked.{language}", "two questions or more", "fewer")
    asked = {language: tuple(forms) for language, forms in entry.asked.items()}
    return FaqEntry(name, asked, dict(entry.answer))


def _wrong(path: Path, field: str, expected: str, got: str) -> CatalogError:
    return CatalogError(
        f"{path} is no list of questions and answers",
        field=f"faq.{field}",
        expected=expected,
        got=got[:80],
    )
