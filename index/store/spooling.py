"""Reading what can be read once a second time, without holding it in memory."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Generic, TypeVar

from .rows import chunks

T = TypeVar("T")

AT_ONCE = 256  # items that are read back together


@contextmanager
def replayable(given: Iterable[T]) -> Iterator[Iterable[T]]:
    """The same items, as often as one likes: of an iterator, kept in a temporary file without a name."""
    if not isinstance(given, Iterator):
        yield given
        return
    with TemporaryFile(prefix="shelfwise-") as file:
        for part in chunks(given, AT_ONCE):
            pickle.dump(part, file, pickle.HIGHEST_PROTOCOL)
        yield _Spooled(file)


class _Spooled(Generic[T]):
    """The items in a file; one reader at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[T]:
        self._file.seek(0)
        while True:
            try:
                part: list[T] = pickle.load(self._file)
            except EOFError:
                return
            yield from part
