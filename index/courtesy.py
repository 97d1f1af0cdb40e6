"""Giving way: what a background thread does for long lets the threads that answer go first."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

PAUSE = 0.001  # seconds; more than the work between two, so that a core is left for others

T = TypeVar("T")


class _Thread(threading.local):
    waits = False


_thread = _Thread()


def give_way() -> None:
    """From now on the work of this thread can wait."""
    _thread.waits = True


def politely(items: Iterable[T], at_once: int) -> Iterator[T]:
    """The items; a thread whose work can wait pauses after every `at_once` of them.

    One thread of Python runs at a time, and a busy one goes on for 5 ms whenever another, an answer say, comes back
    from a file or a matrix product. An answer does so dozens of times.
    """
    if not _thread.waits:
        yield from items
        return
    for at, item in enumerate(items):
        if at % at_once == 0:
            time.sleep(PAUSE)
        yield item
