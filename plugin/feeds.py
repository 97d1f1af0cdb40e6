"""Reading a product feed by whichever reader knows its format: a plugin's, or our own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

from ..index import Feed, FeedError, ShelfwiseError
from ..index import read_feed as read_known
from .hooks import OWN, Plugins, call_each, hookimpl, left_out

logger = logging.getLogger("shelfwise.hooks")

HEAD_BYTES = 4_096


class FeedReader(Protocol):
    """Reads files of one format."""

    @property
    def name(self) -> str:
        """What `format` calls it."""
        ...

    def reads(self, path: Path, head: bytes) -> bool:
        """Whether a file is of this format. `head`: its first bytes."""
        ...

    def read(self, path: Path, **options: Any) -> Feed:
        """The feed in a file. `options`: those of `read_feed` that were given."""
        ...


class OwnReader:
    """All formats that Shelfwise knows by itself."""

    name = "shelfwise"

    def reads(self, path: Path, head: bytes) -> bool:
        """What is wrong with a file is said when it is read."""
        return True

    def read(self, path: Path, **options: Any) -> Feed:
        """See `FeedReader`."""
        return read_known(path, **options)


@hookimpl
def register_feed_readers() -> list[FeedReader]:
    """Our own reader, which is asked last."""
    return [OwnReader()]


def read_feed(
    path: str | PathLike[str],
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    locale: str = "",
    currency: str = "",
    encoding: str | None = None,
    partial: bool = False,
    plugins: Plugins | None = None,
) -> Feed:
    """The feed in a file, ready to be iterated, any number of times.

    `format` is detected when None: the readers of plugins are asked first. See `shelfwise.index.read_feed` for the
    other arguments. `plugins`: those that take part; the installed ones unless given. Raises `FeedError`.
    """
    given = Path(path)
    options: dict[str, Any] = {"mapping": mapping, "locale": locale, "currency": currency, "encoding": encoding}
    options |= {"partial": partial}
    options = {name: value for name, value in options.items() if value}
    for plugin, reader in _readers(plugins):
        own = plugin.startswith(OWN)
        try:
            if format is None and not own and not reader.reads(given, _head(given)):
                continue
            if format is not None and not own and reader.name != format:
                continue
        except Exception as error:
            logger.warning(left_out(plugin, error))
            continue
        if own and format is not None:
            options["format"] = format
        try:
            return reader.read(given, **options)
        except Exception as error:
            if own or isinstance(error, ShelfwiseError):
                raise
            raise FeedError(f"{path}: the reader {reader.name!r} of plugin {plugin} failed: {error}") from error
    raise FeedError(f"{path}: no reader knows its format")


def _readers(plugins: Plugins | None) -> list[tuple[str, FeedReader]]:
    if plugins is None:
        plugins = Plugins()
        plugins.add_own()
        plugins.add_installed(logger.warning)
        plugins.add_from_setting()
    made: list[tuple[str, FeedReader]] = []
    for plugin, readers in call_each(plugins, "register_feed_readers", logger.warning):
        try:
            made += [(plugin, reader) for reader in readers or ()]
        except Exception as error:
            logger.warning(left_out(plugin, error))
    return sorted(made, key=lambda each: each[0].startswith(OWN))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""
