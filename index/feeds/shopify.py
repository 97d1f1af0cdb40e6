"""Shopify's product CSV: consecutive rows with one handle are one product with its variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import FeedError, FieldError
from ..product import PATH_SEPARATOR
from .delimited import Delimited
from .feed import BadRow, FeedRow
from .file_feed import FileFeed, Settings
from .html_text import one_line, plain_text
from .prices import parse_price
from .records import Record
from .stock import parse_flag, parse_stock
from .table import path_of, shown_prices, split_list
from .vocabulary import key

# Our names for the columns, by the names that Shopify's two templates give them (compared without case and spaces).
_NAMES = {
    "handle": "handle urlhandle",
    "title": "title",
    "body": "body bodyhtml description",
    "vendor": "vendor",
    "type": "type",
    "category": "productcategory standardproducttype standardizedproducttype",
    "google_category": "googleshoppinggoogleproductcategory googleproductcategory",
    "tags": "tags",
    "published": "published publishedononlinestore",
    "status": "status",
    "sku": "variantsku sku",
    "barcode": "variantbarcode barcode",
    "price": "variantprice price",
    "list_price": "variantcompareatprice compareatprice",
    "tracker": "variantinventorytracker inventorytracker",
    "quantity": "variantinventoryqty inventoryquantity variantinventoryquantity",
    "policy": "variantinventorypolicy continuesellingwhenoutofstock",
    "image": "imagesrc productimageurl",
    "variant_image": "variantimage variantimageurl",
    "gender": "googleshoppinggender",
    "age_group": "googleshoppingagegroup",
    **{f"option{n}_name": f"option{n}name" for n in (1, 2, 3)},
    **{f"option{n}_value": f"option{n}value" for n in (1, 2, 3)},
}
_MOST_VARIANTS = 2_048  # Shopify's own limit; more rows of one handle are another file's


class ShopifyFeed(FileFeed):
    """A product export. Fields that a product's later rows repeat are taken from its first.

    Not published are drafts, archived products, and those with `Published` false. Stock counts only where a tracker is
    named and the policy is not "continue" (then the variant sells on). Metafields become attributes by their label.
    A bad value in a variant's row makes the whole product a `BadRow`: half a product would be sold wrongly.
    """

    format = "shopify"

    def __init__(self, path: Path, source: Delimited, settings: Settings) -> None:
        super().__init__(path, settings, source.encoding)
        self._source = source
        by_key = {key_of(column): at for at, column in reversed(list(enumerate(source.columns)))}
        self._at = {
            name: next(by_key[each] for each in keys.split() if each in by_key)
            for name, keys in _NAMES.items()
            if any(each in by_key for each in keys.split())
        }
        for name in ("handle", "title"):
            if name not in self._at:
                raise FeedError(f"{path}: wanted a Shopify export with the column {name!r}, got the columns {source.columns}; use format='csv'")
        self._metafields = {at: _metafield(column) for at, column in enumerate(source.columns) if "metafield" in column.lower()}

    def _rows(self) -> Iterator[FeedRow | BadRow | None]:
        group: list[Record] = []
        for record in self._source:
            handle = "" if record.wanted else self._get(record, "handle")
            if group and (record.wanted or handle != self._get(group[0], "handle") or len(group) >= _MOST_VARIANTS):
                if record.torn and not self._other(record, group[0]):
                    # The torn row may be one more variant of this product, which then is not whole.
                    self.complete = False
                    yield BadRow(record.row, "row", record.bad().value, record.wanted, self._get(group[0], "handle"))
                    return
                yield self._product(group)
                group = []
            if record.wanted:
                self.complete = self.complete and not record.torn
                yield record.bad()
            elif not handle:
                yield BadRow(record.row, "id", "''", "a handle that is not empty")
            else:
                group.append(record)
        if group:
            yield self._product(group)
