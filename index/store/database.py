"""The database behind a store: one engine, short transactions, and a stated wait for the writer's lock."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, PoolProxiedConnection, create_engine, event, select, update
from sqlalchemy.exc import DatabaseError, OperationalError

from ..errors import StoreBusy, StoreError
from . import schema

LOCK_SECONDS = 30.0  # how long a writer waits for another before StoreBusy


class Database:
    """Reads see one moment; writes are serialised, and durable when they return."""

    def __init__(self, path: Path, lock_seconds: float = LOCK_SECONDS) -> None:
        self.path = path
        self._lock_seconds = lock_seconds
        # A lock of this process first: its threads queue fairly, and hold no connection while they wait.
        self._writing = threading.Lock()
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),  # not a text: a path may hold "?", "#" and "%"
            connect_args={"timeout": lock_seconds, "check_same_thread": False},
            max_overflow=-1,  # as many readers as there are threads
        )
        self._watcher: PoolProxiedConnection | None = None
        event.listen(self._engine, "connect", self._prepare)
        event.listen(self._engine, "begin", _begin)

    def _prepare(self, connection: Any, _record: object) -> None:
        # The driver's own transaction handling would begin too late for a consistent read; `_begin` says it all.
        connection.isolation_level = None
        self._write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")  # acknowledged means that it survives a power cut
        connection.execute("PRAGMA temp_store=MEMORY")

    def _write_ahead(self, connection: Any) -> None:
        # SQLite does not wait for this one lock: of processes that make a store at the same moment, all but one fail.
        until = time.monotonic() + self._lock_seconds
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.01)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store."""
        with self._said(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the writer's lock; committed on leaving, rolled back on an exception.

        Raises `StoreBusy` when the lock is not had in time.
        """
        if not self._writing.acquire(timeout=self._lock_seconds):
            raise self._busy()
        try:
            with (
                self._said(),
                self._engine.connect().execution_options(shelfwise_write=True) as connection,
                connection.begin(),
            ):
                yield connection
        finally:
            self._writing.release()

    def _busy(self) -> StoreBusy:
        return StoreBusy(
            f"store {self.path.parent}: waited {self._lock_seconds:g} s for another writer; try again, "
            "or end the process that holds the lock"
        )

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            if "locked" in str(error.orig) or "busy" in str(error.orig):
                raise self._busy() from error
            raise StoreError(
                f"store {self.path.parent}: the database answered '{error.orig}'; check space and permissions "
                "of the folder"
            ) from error
        except DatabaseError as error:
            if isinstance(error.orig, sqlite3.DatabaseError) and not isinstance(error.orig, sqlite3.IntegrityError):
                raise StoreError(
                    f"store {self.path.parent}: the database is damaged ('{error.orig}'); restore the folder "
                    "from a backup (docs/store.md)"
                ) from error
            raise

    def version(self) -> int:
        """A number that changes when any other connection commits; asking takes some microseconds.

        The answer belongs to one connection and is blind to that connection's own writes, so it has one to itself,
        outside any transaction. Call it from one thread at a time.
        """
        with self._said():
            if self._watcher is None:
                self._watcher = self._engine.raw_connection()
            cursor = self._watcher.cursor()
            cursor.execute("PRAGMA data_version")
            (version,) = cursor.fetchall()[0]
            return int(version)

    def close(self) -> None:
        """Closes all connections."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        self._engine.dispose()


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("shelfwise_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def next_change(connection: Connection) -> int:
    """The number of the change that this write transaction is."""
    row = schema.facts.c.name == "change"
    number = int(connection.execute(select(schema.facts.c.value).where(row)).scalar_one()) + 1
    connection.execute(update(schema.facts).where(row).values(value=str(number)))
    return number


def last_change(connection: Connection) -> int:
    """The number of the last change."""
    return int(connection.execute(select(schema.facts.c.value).where(schema.facts.c.name == "change")).scalar_one())
