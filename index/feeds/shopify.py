"""Shopify's product CSV: consecutive rows with one handle are one product with its variants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import FeedError, FieldError
from .cells import path_of, shown_prices, split_list
from .delimited import Delimited
from .feed import BadRow, FeedRow
from .file_feed import FileFeed, Settings
from .html_text import one_line, plain_text
from .prices import parse_price
from .records import Record
from .stock import parse_flag, parse_stock
from .variants import with_variants
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
_MOST_ROWS = 5_000  # Shopify allows 2,048 variants; a longer run of one handle must not fill the memory


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
        by_key = {key(column): at for at, column in reversed(list(enumerate(source.columns)))}
        self._at = {
            name: next(by_key[each] for each in keys.split() if each in by_key)
            for name, keys in _NAMES.items()
            if any(each in by_key for each in keys.split())
        }
        for name in ("handle", "title"):
            if name not in self._at:
                raise FeedError(
                    f"{path}: wanted a Shopify file with the column {name!r}, got {source.columns}; use format='csv'"
                )
        self._metafields = {
            at: _metafield(column) for at, column in enumerate(source.columns) if "metafield" in column.lower()
        }
        source.last_matters = len(source.columns) - 1 in {*self._at.values(), *self._metafields}

    def _rows(self) -> Iterator[FeedRow | BadRow | None]:
        group: list[Record] = []
        for record in self._source:
            if record.wanted:
                spoils = bool(group) and self._belongs(record, self._get(group[0], "handle"))
                if group and not spoils:
                    yield self._product(group)
                group = []
                self.complete = self.complete and not record.torn
                yield record.bad()
                continue
            handle = self._get(record, "handle")
            if group and (handle != self._get(group[0], "handle") or len(group) >= _MOST_ROWS):
                yield self._product(group)
                group = []
            if handle:
                group.append(record)
            else:
                yield BadRow(record.row, "id", "''", "a handle that is not empty")
        if group:
            yield self._product(group)

    def _belongs(self, bad: Record, handle: str) -> bool:
        """Whether an unreadable row may be one more of this product, which then is not whole."""
        if self._at["handle"] != 0:
            return True
        first, mark, _ = bad.text.lstrip('"').partition(self._source.delimiter)
        return first.strip('"').strip() == handle if mark else handle.startswith(first.strip())

    def _get(self, record: Record, name: str) -> str:
        at = self._at.get(name)
        return "" if at is None else record.fields[at].strip()

    def _product(self, group: list[Record]) -> FeedRow | BadRow | None:
        first = group[0]
        handle = self._get(first, "handle")
        row = first.row
        try:
            if not self._published(first):
                return None
            made: dict[str, Any] = {"id": handle}
            made |= self._texts(first)
            variants = []
            for each in group:
                row = each.row
                if each is first or any(self._get(each, name) for name in ("option1_value", "sku", "price", "barcode")):
                    variants.append(self._variant(each, first))
            made |= with_variants(handle, variants)
        except FieldError as error:
            return BadRow(row, error.field, error.value, error.wanted, handle)
        images = [image for each in group if (image := self._get(each, "image"))]
        if images:
            made["image"] = images[0]
        return FeedRow(first.row, made)

    def _published(self, first: Record) -> bool:
        return all(parse_flag(text, name) for name in ("published", "status") if (text := self._get(first, name)))

    def _texts(self, first: Record) -> dict[str, Any]:
        title = one_line(self._get(first, "title"))
        if not title:
            raise FieldError("title", "", "a title that is not empty")
        made: dict[str, Any] = {
            "title": title,
            "description": plain_text(self._get(first, "body")),
            "brand": one_line(self._get(first, "vendor")),
            "category": self._categories(first),
            "tags": split_list(self._get(first, "tags")),
        }
        attributes: dict[str, Any] = {name: one_line(self._get(first, name)) for name in ("gender", "age_group")}
        for at, name in self._metafields.items():
            values = [one_line(value) for value in first.fields[at].split(";")]
            attributes[name] = [value for value in values if value]
        made["attributes"] = {name: value for name, value in attributes.items() if value}
        return {name: value for name, value in made.items() if value}

    def _categories(self, first: Record) -> list[str]:
        """Shopify's own category, else Google's, and the shop's type where it says more."""
        standard = path_of(one_line(self._get(first, "category"))) or path_of(
            one_line(self._get(first, "google_category"))
        )
        type = one_line(self._get(first, "type"))
        known = [standard] if standard and not standard.isdecimal() else []
        return known if not type or (known and standard.endswith(type)) else [*known, type]

    def _variant(self, record: Record, first: Record) -> dict[str, Any]:
        options: dict[str, Any] = {}
        for n in (1, 2, 3):
            name, value = self._get(first, f"option{n}_name"), one_line(self._get(record, f"option{n}_value"))
            if value and not (name in {"Title", ""} and value == "Default Title"):
                options[one_line(name) or f"Option {n}"] = value
        made: dict[str, Any] = {
            "sku": self._get(record, "sku"),
            "gtin": self._get(record, "barcode").lstrip("'"),
            "options": options,
            "image": self._get(record, "variant_image"),
        }
        amounts = {}
        for name in ("price", "list_price"):
            if text := self._get(record, name):
                amounts[name], named = parse_price(text, self._settings.currency, name)
                made["currency"] = named or self._settings.currency
        made |= shown_prices(amounts)
        made["stock"] = self._stock(record)
        return {name: value for name, value in made.items() if value not in ("", None, {})}

    def _stock(self, record: Record) -> int | None:
        quantity = self._get(record, "quantity")
        tracked = "tracker" not in self._at or bool(self._get(record, "tracker"))
        if not quantity or not tracked or self._get(record, "policy").lower() in {"continue", "true", "yes"}:
            return None
        return parse_stock(quantity)

    def size_hint(self) -> int | None:
        """About how many handles there are."""
        return self._source.size_hint([self._at["handle"]])


def _metafield(column: str) -> str:
    """The label of "Color (product.metafields.shopify.color-pattern)", or the metafield's own last name."""
    label, _, rest = column.partition("(")
    return label.strip() or rest.rstrip(") ").rpartition(".")[2]
