"""Which format a feed has, from its first bytes and its header; the name's suffix only breaks ties."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import FeedError
from .encoding import BAD, checked_encoding, detect_encoding, open_text
from .vocabulary import key

FORMATS = ("shopify", "woocommerce", "google-xml", "google-tsv", "jsonl", "parquet", "csv")

_PACKED = {
    b"\x1f\x8b": "a gzip archive; unpack it first (gunzip)",
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV (UTF-8)",
    b"%PDF": "a PDF; export the products as CSV",
    b"SQLite format 3": "a SQLite database; export its products as CSV",
    b"BZh": "a bzip2 archive; unpack it first",
    b"\xfd7zXZ": "an xz archive; unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd archive; unpack it first",
    b"\x89PNG": "a picture; name the feed itself",
    b"\xff\xd8\xff": "a picture; name the feed itself",
}
_READABLE = "CSV, TSV, JSON Lines, Google Merchant XML or Parquet"
_GOOGLE = set(
    "link imagelink availability googleproductcategory itemgroupid condition gtin mpn producttype saleprice".split()
)


def checked_file(path: Path) -> bytes:
    """The file's first bytes; raises `FeedError` when there is nothing that could be a feed."""
    try:
        if path.is_dir():
            raise FeedError(f"{path}: wanted a feed file, got a folder; name one of the files in it")
        with path.open("rb") as stream:
            head = stream.read(8192)
    except FileNotFoundError:
        raise FeedError(f"{path}: wanted a feed file, found none there; check the path") from None
    except (OSError, ValueError) as error:
        raise FeedError(
            f"{path}: wanted a readable feed file, got {error}; check the path and its permissions"
        ) from None
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise FeedError(f"{path}: wanted a feed with products, got an empty file; export it again")
    for mark, advice in _PACKED.items():
        if head.startswith(mark):
            raise FeedError(f"{path}: wanted {_READABLE}, got {advice}")
    return head


def detect_format(path: Path, head: bytes, encoding: str | None) -> tuple[str, str]:
    """(format, encoding); the format is "table" for a delimited file, whose header decides further."""
    if head.startswith(b"PAR1"):
        return "parquet", ""
    if path.suffix.lower() in {".parquet", ".pq"}:
        raise FeedError(
            f"{path}: wanted a Parquet file, as its name says, got {head[:20]!r}; export it again or rename it"
        )
    known = checked_encoding(encoding) if encoding else detect_encoding(path)
    with open_text(path, known) as stream:
        start = stream.read(4096)
    if _is_rubbish(start):
        raise FeedError(f"{path}: wanted {_READABLE}, got bytes that are no text ({head[:20]!r}); name the feed itself")
    first = start.lstrip("\ufeff \t\r\n")[:1]
    return {"<": "google-xml", "{": "jsonl", "[": "jsonl"}.get(first, "table"), known


def table_format(columns: list[str]) -> str:
    """What kind of table a header announces."""
    names = {key(re.sub(r"^g:", "", column)) for column in columns}
    if (
        names & {"handle", "urlhandle"}
        and "title" in names
        and names & {"vendor", "body", "option1name", "variantprice"}
    ):
        return "shopify"
    if {"id", "type", "sku", "name"} <= names and names & {"regularprice", "parent", "published"}:
        return "woocommerce"
    if {"id", "title"} <= names and len(names & _GOOGLE) >= 3:
        return "google-tsv"
    return "csv"


def _is_rubbish(text: str) -> bool:
    odd = sum((char < " " and char not in "\t\r\n") or char == BAD for char in text)
    return odd > 0.05 * len(text) + 2
