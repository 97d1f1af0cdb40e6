"""Which encoding a text file has, and opening it so that a bad byte spoils one row, not the file."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import BinaryIO, TextIO

from ..errors import FeedError

BAD = "\ufdd0"
"""Stands where bytes could not be decoded: a noncharacter, so that it never occurs in honest text."""

_BLOCK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HIGH = re.compile(rb"[\x80-\xff]")
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_GB_PAIR = re.compile(rb"[\xa1-\xfe][\xa1-\xfe]")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BAD, error.end


codecs.register_error("shelfwise.mark", _mark)


def open_text(path: Path, encoding: str) -> TextIO:
    """The file as text with its own line ends; undecodable bytes become `BAD`."""
    return path.open(encoding=encoding, errors="shelfwise.mark", newline="")


def checked_encoding(name: str) -> str:
    """Python's name of an encoding that a caller asked for; raises `FeedError`."""
    try:
        found = codecs.lookup(name).name
        "".encode(found)
    except (LookupError, ValueError):
        raise FeedError(
            f"encoding {name!r} is unknown; wanted utf-8, utf-16, gb18030, cp1252 or none to have it detected"
        ) from None
    return "utf-8-sig" if found == "utf-8" else found


def detect_encoding(path: Path) -> str:
    """The encoding by which the whole file makes sense.

    In this order: a byte order mark; UTF-16 without one, by the zero bytes beside ASCII letters; UTF-8, when the file
    decodes strictly, or when among its non-ASCII bytes valid sequences outnumber the others ten to one (one broken
    character does not make a file Windows-1252); GB18030, when most non-ASCII bytes stand in pairs of the GB 2312 area,
    most of these are its common characters, and almost all of it decodes (Western letters stand alone among ASCII, and
    two of them, as in "Größe", would be a rare character); else Windows-1252.
    """
    with path.open("rb") as stream:
        head = stream.read(_BLOCK)
        for mark, name in _BOMS:
            if head.startswith(mark):
                return name
        if wide := _utf16(head[:4096]):
            return wide
        sample = _first_not_utf8(head, stream)
    if sample is None:
        return "utf-8"
    high = len(_HIGH.findall(sample))
    if high and sum(map(len, _UTF8_SEQUENCE.findall(sample))) >= 0.9 * high:
        return "utf-8"
    return "gb18030" if _is_gb(sample, high) else "cp1252"


def _utf16(head: bytes) -> str:
    """UTF-16 without a mark: the first character is ASCII, and most others of the first line are."""
    units = len(head) // 2
    if units < 2 or b"\0" not in head[:2]:
        return ""
    low, high = head[0 : 2 * units : 2].count(0), head[1 : 2 * units : 2].count(0)
    if head[0] and high >= max(0.2 * units, 4 * low):
        return "utf-16-le"
    if head[1] and low >= max(0.2 * units, 4 * high):
        return "utf-16-be"
    return ""


def _first_not_utf8(head: bytes, rest: BinaryIO) -> bytes | None:
    """None for UTF-8 to the end (a character cut off there counts as UTF-8); else the megabyte that is not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    block, before = head, b""
    while block:
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            return before[-64:] + block
        before = block
        block = rest.read(_BLOCK)
    return None


def _is_gb(sample: bytes, high: int) -> bool:
    pairs = _GB_PAIR.findall(sample)
    common = sum(pair[0] <= 0xD7 for pair in pairs)  # first level hanzi, punctuation, full width forms
    # The rest of a pair that was cut off at the end is no reason to doubt, hence not `final`.
    text = codecs.getincrementaldecoder("gb18030")("shelfwise.mark").decode(sample)
    return 2 * len(pairs) >= 0.6 * high and common >= 0.7 * len(pairs) and text.count(BAD) <= 0.01 * len(pairs)
