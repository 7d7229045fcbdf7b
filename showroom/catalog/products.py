"""The showroom's products: found by id, category, words, colour or size; loaded when shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reconstruction.errors import ProductFileError
from reconstruction.product import Product
from reconstruction.product_io import JSON_NAME, load_product, save_product

from .color import find_color
from .errors import CatalogError
from .faq import Faq, read_faq
from .history import read_histories
from .recolor import product_color
from .shop import ShopInfo, read_shop


@dataclass(frozen=True, eq=False)
class Entry:
    """One product of the catalogue.

    Attributes:
        product: as it was made, in its own size and colour.
        color: name of the lexicon's colour nearest to it.
        folder: where it is stored, or None for a product that is not saved.
    """

    product: Product
    color: str
    shop: ShopInfo = field(default_factory=ShopInfo)
    folder: Path | None = None

    @property
    def id(self) -> str:
        return self.product.id

    @property
    def kind(self) -> Literal["garment", "furniture"]:
        return self.product.kind

    @property
    def words(self) -> frozenset[str]:
        """Everything that the product is called, folded for comparison."""
        family = self.product.family
        names = (
            self.id,
            self.kind,
            family.name,
            self.product.category,
            *family.label.values(),
            *self.product.name.values(),
        )
        return frozenset(fold(name) for name in names)


class Catalog:
    """Products by id, in the order in which they were added.

    Args:
        products: products to start with.

    Attributes:
        problems: what :meth:`open` could not load, as the errors say it.
        faq: the shop's questions and answers.
        histories: what customers took together, as lists of product ids.
    """

    def __init__(self, products: Iterable[Product] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        self.problems: list[ProductFileError | CatalogError] = []
        self.faq = Faq()
        self.histories: tuple[tuple[str, ...], ...] = ()
        for product in products:
            self.add(product)

    @classmethod
    def open(cls, *folders: Path | str) -> Catalog:
        """A catalogue of product folders and of folders of product folders, sorted by name.

        A damaged product does not stop the others; it is listed in :attr:`problems`.
        """
        catalog = cls()
        for folder in map(Path, folders):
            if (folder / JSON_NAME).exists():
                catalog._load(folder)
                continue
            if not folder.is_dir():
                catalog.problems.append(
                    CatalogError(
                        f"{folder} is no folder of products",
                        field="folder",
                        expected="a folder",
                        got="nothing there" if not folder.exists() else "a file",
                    )
                )
                continue
            catalog._read_shop(folder)
            for path in sorted(folder.iterdir()):
                if path.is_dir() and not path.name.startswith("."):
                    catalog._load(path)
        return catalog

    def _read_shop(self, folder: Path) -> None:
        """What the shop says of itself beside its products."""
        try:
            self.faq = Faq({**self.faq.entries, **read_faq(folder).entries})
            self.histories += read_histories(folder)
        except CatalogError as fault:
            self.problems.append(fault)

    def _load(self, folder: Path) -> None:
        try:
            self.add(load_product(folder), shop=read_shop(folder), folder=folder)
        except (ProductFileError, CatalogError) as fault:
            self.problems.append(fault)

    def add(
        self, product: Product, *, shop: ShopInfo | None = None, folder: Path | None = None
    ) -> Entry:
        """Add a product, or replace the one with its id."""
        entry = Entry(product, product_color(product).name, shop or ShopInfo(), folder)
        self._entries[product.id] = entry
        return entry

    def copy(self) -> Catalog:
        """The same products, so that one may be added here alone."""
        other = Catalog()
        other._entries = dict(self._entries)
        other.faq, other.histories = self.faq, self.histories
        return other

    def save(self, product: Product, root: Path | str) -> Entry:
        """Store a product as ``root/<id>`` and add it.

        Raises:
            ProductFileError: the product breaks the schema, or the disk refuses.
        """
        folder = save_product(product, Path(root) / product.id)
        return self.add(product, shop=read_shop(folder), folder=folder)

    def remove(self, product_id: str) -> None:
        """Forget a product; its folder stays."""
        self.get(product_id)
        del self._entries[product_id]

    def get(self, product_id: str) -> Entry:
        """The product with that id.

        Raises:
            CatalogError: there is none; names those there are.
        """
        if product_id not in self._entries:
            raise CatalogError(
                f"there is no product {product_id[:64]!r}",
                field="target",
                expected=", ".join(self._entries) or "an empty catalogue",
                got=product_id[:64],
            )
        return self._entries[product_id]

    def find(
        self,
        target: str = "",
        *,
        kind: str = "",
        color: str = "",
        size: str = "",
    ) -> tuple[Entry, ...]:
        """The products that match everything asked for, best first; empty if none does.

        Args:
            target: an id, family, category or kind (``"t_shirt"``, ``"椅子"``), or words of a
                product's name in any language.
            kind: ``"garment"`` or ``"furniture"``.
            color: a name of the lexicon; products that come in it rank after those that are it.
            size: a label that the product's chart has.

        Raises:
            CatalogError: ``color`` is no colour of the lexicon.
        """
        wanted = fold(target)
        shade = find_color(color).name if color else ""
        ranked = []
        for entry in self:
            rank = _match(wanted, entry)
            if rank is None or (kind and entry.kind != kind):
                continue
            if size and size not in entry.product.sizes:
                continue
            if shade and entry.color != shade:
                if all(v.name != shade for v in entry.product.variants):
                    continue
                rank += 1
            ranked.append((rank, entry))
        return tuple(entry for _, entry in sorted(ranked, key=lambda pair: pair[0]))

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, product_id: object) -> bool:
        return product_id in self._entries


def fold(text: str) -> str:
    """Lower case, without spaces, hyphens and underscores: ``"T-Shirt"`` is ``"tshirt"``."""
    return "".join(c for c in text.casefold() if c not in " -_")


def _match(wanted: str, entry: Entry) -> int | None:
    """0 for its id, 2 for one of its words, 4 for a part of one; None if it does not match."""
    if not wanted:
        return 0
    if wanted == fold(entry.id):
        return 0
    if wanted in entry.words:
        return 2
    # A trailing plural s, as in "chairs".
    if wanted.endswith("s") and wanted[:-1] in entry.words:
        return 2
    if len(wanted) >= 2 and any(wanted in word for word in entry.words):
        return 4
    return None
