"""Google Merchant as XML: RSS 2.0 items or Atom entries, one at a time, by a parser that expands no declared entity."""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO
from xml.parsers import expat

from ..errors import FeedError
from .encoding import BAD, checked_encoding, open_text
from .feed import BadRow, FeedRow
from .file_feed import FileFeed, Settings
from .google import Item, Lost, item_name, products

_BLOCK = 1 << 16
_MOST = 1 << 20  # characters of one value
_SEPARATOR = "\n"
_DECLARED = re.compile(r"""<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)""")


class GoogleXml(FileFeed):
    """A feed of items; rows are items, counted from 1.

    Where the file stops being well-formed, reading ends with a `BadRow` and `complete` is False.
    """

    format = "google-xml"

    def __init__(self, path: Path, settings: Settings, encoding: str) -> None:
        super().__init__(path, settings, encoding)
        if not settings.encoding and encoding in {"cp1252", "gb18030"}:
            with path.open("rb") as stream:
                declared = _DECLARED.match(stream.read(200).decode("latin-1"))
            if declared:
                self.encoding = checked_encoding(declared[1])
        # A file without a single item, and what has declared entities, is refused before anything is imported.
        first = next(self._items(), None)
        if first is None or isinstance(first[1], Lost):
            said = f" ({first[1].bad.value})" if first and isinstance(first[1], Lost) else ""
            raise FeedError(
                f"{path}: wanted an RSS or Atom feed with <item> or <entry> elements, got none{said}; export it again"
            )

    def _rows(self) -> Iterator[FeedRow | BadRow | None]:
        yield from products(self._items(), self._settings.currency)

    def _items(self) -> Iterator[tuple[int, Item | Lost]]:
        parser = _Items()
        row = 0
        with open_text(self.path, self.encoding) as stream:
            for block in _blocks(stream):
                said = self._fed(parser, block)
                for item in parser.taken():
                    row += 1
                    yield row, _checked(row, item)
                if said:
                    self.complete = False
                    yield (
                        row + 1,
                        Lost(BadRow(row + 1, "row", said, "well-formed XML to the end of the feed"), torn=True),
                    )
                    return

    def _fed(self, parser: _Items, block: str) -> str:
        """What is wrong with the XML, if anything."""
        try:
            parser.feed(block, not block)
        except expat.ExpatError as error:
            return f"line {error.lineno}: {expat.ErrorString(error.code)}"
        except _Refused as error:
            raise FeedError(
                f"{self.path}: wanted XML without declared entities, got {error}; remove the <!DOCTYPE …>"
            ) from None
        return ""

    def size_hint(self) -> int | None:
        """The file's size by the mean size of the items in its first 256 KiB."""
        parser = _Items()
        count = read = 0
        with open_text(self.path, self.encoding) as stream:
            for block in _blocks(stream):
                if self._fed(parser, block):
                    break
                read += len(block.encode(self.encoding, "replace"))
                count += len({_group(item, at) for at, item in enumerate(parser.taken())})
                if read > 1 << 18:
                    return round(count * self.path.stat().st_size / read)
        return count


def _blocks(stream: TextIO) -> Iterator[str]:
    """The text in blocks, the last one empty, without its declaration, whose encoding holds no longer."""
    block = re.sub(r"^\s*<\?xml.*?\?>", "", stream.read(_BLOCK), count=1, flags=re.S)
    while block:
        yield block
        block = stream.read(_BLOCK)
    yield ""


def _group(item: Item, at: int) -> str:
    return next(iter(item.get("item_group_id", ())), f"\0{at}")


def _checked(row: int, item: Item) -> Item | Lost:
    for name, values in item.items():
        for value in values:
            shown = repr(value[:60].replace(BAD, "\ufffd"))
            if BAD in value:
                return Lost(BadRow(row, name, shown, "text in the file's encoding (name it with encoding=)"))
            if len(value) > _MOST:
                return Lost(BadRow(row, name, shown, f"at most {_MOST:,} characters"))
    return item


class _Refused(Exception):
    """The document declares entities."""


class _Items:
    """Collects the direct children of each item or entry as texts; deeper elements (shipping, tax) are left out."""

    def __init__(self) -> None:
        self._parser: Any = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self._parser.buffer_text = True
        # Names such as &nbsp; are declared nowhere; with a foreign DTD they reach us instead of ending the parse.
        self._parser.UseForeignDTD(True)
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE)
        self._parser.ExternalEntityRefHandler = self._external
        self._parser.EntityDeclHandler = self._declared
        self._parser.SkippedEntityHandler = self._skipped
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._item: dict[str, list[str]] | None = None
        self._depth = 0
        self._name = ""
        self._parts: list[str] = []
        self._size = 0
        self._done: list[Item] = []

    def feed(self, text: str, last: bool) -> None:
        self._parser.Parse(text, last)

    def taken(self) -> list[Item]:
        """The items that ended since the last call."""
        done, self._done = self._done, []
        return done

    def _external(self, context: str | None, base: str | None, system: str | None, public: str | None) -> int:
        if system or public:
            raise _Refused(f"a reference to {system or public}")
        # The foreign DTD, which has no name and is empty.
        self._parser.ExternalEntityParserCreate(context).Parse(b"", True)
        return 1

    def _declared(self, name: str, *_: Any) -> None:
        raise _Refused(f"the entity {name!r}")

    def _skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self._text(html.entities.html5.get(f"{name};", f"&{name};"))

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(_SEPARATOR)[2]
        if self._item is None:
            if name in {"item", "entry"}:
                self._item, self._depth = {}, 0
            return
        self._depth += 1
        if self._depth == 1:
            self._name, self._parts, self._size = item_name(name), [], 0
            if attributes.get("href") and attributes.get("rel", "alternate") == "alternate":
                self._parts = [attributes["href"]]  # Atom's <link href="…"/>

    def _text(self, text: str) -> None:
        if self._item is not None and self._depth == 1 and self._size <= _MOST:
            self._parts.append(text)
            self._size += len(text)

    def _end(self, tag: str) -> None:
        if self._item is None:
            return
        if self._depth == 0:
            self._done.append(self._item)
            self._item = None
        elif self._depth == 1 and self._parts:
            self._item.setdefault(self._name, []).append("".join(self._parts))
        self._depth -= 1
