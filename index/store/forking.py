"""Forks: a store that was opened before one works in the parent and in every child."""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import Any, Protocol

PATIENCE = 30.0  # seconds that a fork waits for transactions under way


class Forkable(Protocol):
    """What holds locks, threads or connections."""

    def before_fork(self) -> None:
        """Brings everything into a state that may be forked."""
        ...

    def after_fork(self, child: bool) -> None:
        """Goes on, in the parent or with new locks in the child."""
        ...


class Gate:
    """Is held open by those who use something, and shut by the one who must have it unused."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: dict[int, int] = {}  # by thread: one that is inside may enter again
        self._shut = False

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._changed:
            while self._shut and me not in self._inside:
                self._changed.wait()
            self._inside[me] = self._inside.get(me, 0) + 1

    def __exit__(self, *_: object) -> None:
        me = threading.get_ident()
        with self._changed:
            self._inside[me] -= 1
            if not self._inside[me]:
                del self._inside[me]
            self._changed.notify_all()

    def shut(self) -> bool:
        """Keeps others out, and waits for those inside, but not for ever: a fork must not hang. Whether all left."""
        until = time.monotonic() + PATIENCE
        me = threading.get_ident()
        with self._changed:
            self._shut = True
            while set(self._inside) - {me} and time.monotonic() < until:
                self._changed.wait(0.1)
            return not self._inside

    def open(self) -> None:
        """Lets others in again."""
        with self._changed:
            self._shut = False
            self._changed.notify_all()


_all: weakref.WeakSet[Any] = weakref.WeakSet()


def watch(item: Forkable) -> None:
    """Tells an object of every fork of this process, for as long as it lives."""
    _all.add(item)


_wanted = False


def wanted() -> bool:
    """Whether this process is about to fork: a long transaction ends soon then, and begins again."""
    return _wanted


def _before() -> None:
    global _wanted
    _wanted = True
    for item in list(_all):
        item.before_fork()


def _after_in_parent() -> None:
    global _wanted
    _wanted = False
    for item in list(_all):
        item.after_fork(child=False)


def _after_in_child() -> None:
    global _wanted
    _wanted = False
    for item in list(_all):
        item.after_fork(child=True)


os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
