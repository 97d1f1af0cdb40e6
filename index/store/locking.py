"""Locks on files: held by one process on a machine, and gone with it, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_held: set[int] = set()


@contextmanager
def file_lock(path: Path) -> Iterator[bool]:
    """Whether this caller has the lock, which is not waited for; two threads of a process keep each other out too."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    _held.add(handle)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            # Said, and not left to the closing: a child that was forked meanwhile may have the handle open too.
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_UN)
    finally:
        if handle in _held:
            _held.discard(handle)
            os.close(handle)


def _forget() -> None:
    # A child that kept a handle of its parent would hold the parent's lock after the parent's death.
    for handle in _held:
        with suppress(OSError):
            os.close(handle)
    _held.clear()


os.register_at_fork(after_in_child=_forget)
