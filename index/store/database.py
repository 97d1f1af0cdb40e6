"""The database behind a store: short transactions, writers in turn, and a stated wait for the writer's lock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import Connection, select, update

from ..errors import StoreBusy
from . import schema

LOCK_SECONDS = 30.0  # how long a writer waits for another before StoreBusy


class Database(Protocol):
    """Reads see one moment; writes are serialised, and durable when they return."""

    @property
    def name(self) -> str:
        """What errors call the store; without a password."""
        ...

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store. Raises `StoreError`."""
        ...

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the writer's lock; committed on leaving, rolled back on an exception.

        Raises `StoreBusy` when the lock is not had in time, `StoreError`, for one also in a store whose format is
        newer than this version's.
        """
        ...

    def create_tables(self) -> None:
        """Makes the tables that are missing; of processes that do so at once each succeeds."""
        ...

    def has_tables(self) -> bool:
        """Whether a store was ever made here."""
        ...

    def version(self) -> tuple[int, int]:
        """Numbers that change when any other connection commits a change; asking is cheap.

        Call it from one thread at a time.
        """
        ...

    @contextmanager
    def alone(self, task: str) -> Iterator[bool]:
        """Whether this process, of all that use the database, is the one that does a task now.

        The lock goes with its process, however that ends.
        """
        ...

    def size(self) -> int:
        """Bytes on disk."""
        ...

    def problems(self) -> list[str]:
        """What the database itself finds damaged."""
        ...

    def before_fork(self) -> None:
        """Brings the connections into a state that may be forked."""
        ...

    def after_fork(self, child: bool) -> None:
        """In parent and child: goes on, the child with connections and locks of its own."""
        ...

    def close(self) -> None:
        """Closes all connections."""
        ...


class WriterTurn:
    """A lock among the threads of this process: they queue fairly, and hold no connection while they wait."""

    def __init__(self, name: str, seconds: float) -> None:
        self._name, self._seconds = name, seconds
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Holds the lock; raises `StoreBusy`."""
        if not self._lock.acquire(timeout=self._seconds):
            raise self.busy()
        try:
            yield
        finally:
            self._lock.release()

    def busy(self) -> StoreBusy:
        """The lock was not had in time."""
        return StoreBusy(
            f"store {self._name}: waited {self._seconds:g} s for another writer; try again, "
            "or end the process that holds the lock"
        )


def next_change(connection: Connection) -> int:
    """The number of the change that this write transaction is."""
    row = schema.facts.c.name == "change"
    number = int(connection.execute(select(schema.facts.c.value).where(row)).scalar_one()) + 1
    connection.execute(update(schema.facts).where(row).values(value=str(number)))
    return number


def last_change(connection: Connection) -> int:
    """The number of the last change."""
    return int(connection.execute(select(schema.facts.c.value).where(schema.facts.c.name == "change")).scalar_one())
