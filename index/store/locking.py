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
    with _lock(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), fcntl.LOCK_EX | fcntl.LOCK_NB) as mine:
        yield mine


@contextmanager
def folder_lock(folder: Path, *, shared: bool = False, wait: bool = False) -> Iterator[bool]:
    """The same with a folder that is there; several may have it at once if all of them `shared` it."""
    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    with _lock(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), kind) as mine:
        yield mine


@contextmanager
def _lock(handle: int, kind: int) -> Iterator[bool]:
    _held.add(handle)
    try:
        try:
            fcntl.flock(handle, kind)
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
