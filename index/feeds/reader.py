"""Reading a feed: one call that looks at the file and gives the reader for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path

from ..context import check_locale
from ..errors import FeedError, FieldError, RequestError
from ..money import currency_of
from .delimited import Delimited
from .detect import FORMATS, checked_file, detect_format, table_format
from .feed import Feed
from .file_feed import FileFeed, Settings
from .google import GoogleTable
from .google_xml import GoogleXml
from .json_lines import JsonFeed
from .parquet import ParquetFeed
from .plain import PlainFeed
from .shopify import ShopifyFeed
from .woocommerce import WooFeed

_TABLES: dict[str, Callable[[Path, Delimited, Settings], FileFeed]] = {
    "shopify": ShopifyFeed,
    "woocommerce": WooFeed,
    "google-tsv": GoogleTable,
    "csv": PlainFeed,
}


def read_feed(
    path: str | PathLike[str],
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    locale: str = "",
    currency: str = "",
    encoding: str | None = None,
    partial: bool = False,
) -> Feed:
    """The feed in a file, ready to be iterated, any number of times.

    `format` and `encoding` are detected when None. `mapping` (column to field, "" to leave it out) adds to the guessed
    one, and is for tables: plain CSV, Parquet and JSON Lines; a Shopify or WooCommerce file with a mapping is read as a
    plain table. `locale` is the language that the feed's texts are in; `currency` that of prices which name none, and
    the meaning of signs that several share ($, ¥, kr). `partial` accepts a table without titles, for patches of price
    or stock. Raises `FeedError` for a file that cannot be read at all.
    """
    path = Path(path)
    settings = Settings(dict(mapping or {}), _locale(locale), _currency(currency), encoding or "", partial)
    wanted = _format(format)
    head = checked_file(path)
    found, known = detect_format(path, head, encoding)
    if wanted and _family(wanted) != found:
        raise FeedError(f"{path}: wanted {wanted}, got {_NAMES[found]}; leave format out to have it detected")
    if found == "parquet":
        return ParquetFeed(path, settings)
    if found == "jsonl":
        return JsonFeed(path, settings, known)
    if found == "google-xml":
        return GoogleXml(path, settings, known)
    source = Delimited(path, known)
    kind = wanted or ("csv" if mapping else table_format(source.columns))
    return _TABLES[kind](path, source, settings)


_NAMES = {"parquet": "a Parquet file", "jsonl": "JSON", "google-xml": "XML", "table": "a table as text"}


def _family(format: str) -> str:
    return "table" if format in _TABLES else format


def _format(format: str | None) -> str | None:
    if format is None:
        return None
    name = {"tsv": "csv", "json": "jsonl", "xml": "google-xml"}.get(format, format)
    if name not in FORMATS:
        raise FeedError(
            f"format {format!r} is unknown; wanted one of {', '.join(FORMATS)}, or none to have it detected"
        )
    return name


def _locale(locale: str) -> str:
    try:
        return check_locale(locale) if locale else ""
    except RequestError as error:
        raise FeedError(f"{error}") from None


def _currency(currency: str) -> str:
    try:
        return currency_of(currency) if currency else ""
    except FieldError as error:
        raise FeedError(f"{error}") from None
