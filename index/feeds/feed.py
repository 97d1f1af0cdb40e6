"""What every feed reader gives: numbered rows, each with its fields or with what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..errors import FieldError
from ..product import Product


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that was not taken: where, which field, what stood there, and what was wanted.

    `row` counts as a person would in an editor or spreadsheet: the header is row 1.
    """

    row: int
    field: str
    value: str
    wanted: str
    id: str = ""

    def __str__(self) -> str:
        """`row 17, price: wanted an amount, got 'abc'`."""
        return f"row {self.row}, {self.field}: wanted {self.wanted}, got {self.value}"


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One product of a feed, as the arguments of `Product` by name; only what the feed itself names.

    `row` is the first of its rows (a product with variants may take several).
    """

    row: int
    fields: Mapping[str, Any] = field(default_factory=dict)

    def product(self) -> Product | BadRow:
        """The product, or what is wrong with the row."""
        try:
            return Product.from_dict(self.fields)
        except FieldError as error:
            return BadRow(self.row, error.field, error.value, error.wanted, str(self.fields.get("id", "")))


class Feed(Protocol):
    """A product feed that can be read more than once (`strict` and `replace` look at all of it first).

    Iterating yields `FeedRow` or `BadRow` in the file's order, streaming. A file that cannot be read at all raises
    `FeedError`. `complete` is False after an iteration that met a torn end.
    """

    path: Path
    format: str  # "shopify", "woocommerce", "google-xml", "google-tsv", "jsonl", "parquet", "csv"
    encoding: str  # "" where the format says itself
    mapping: Mapping[str, str]  # the feed's column -> our field, as used; {} where the format is fixed
    complete: bool

    def __iter__(self) -> Iterator[FeedRow | BadRow]: ...

    def size_hint(self) -> int | None:
        """About how many products there are, for the progress bar; None when unknown without reading."""
        ...
