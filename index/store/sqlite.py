"""A store's database in one file: SQLite with a write-ahead log."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, PoolProxiedConnection, QueuePool, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError, OperationalError

from ..errors import StoreError
from . import forking, schema, settings
from .database import LOCK_SECONDS, WriterTurn
from .filesystem import refuse_network
from .forking import Gate
from .locking import file_lock


class SqliteDatabase:
    """See `Database`. Of a folder that cannot be written, what is there can be read."""

    def __init__(self, path: Path, *, durable: bool = True, lock_seconds: float = LOCK_SECONDS) -> None:
        refuse_network(path.parent)
        self.path = path
        self._durable, self._lock_seconds = durable, lock_seconds
        self._turn = WriterTurn(self.name, lock_seconds)
        self.writable = not path.parent.exists() or os.access(path.parent, os.W_OK)
        self._engine = create_engine(
            "sqlite://",
            creator=self._connect,  # not a URL: a path may hold "?", "#" and "%"
            poolclass=QueuePool,
            max_overflow=-1,  # as many readers as there are threads
        )
        self._watcher: PoolProxiedConnection | None = None
        self._files = 0  # of a folder that may only be read: see `_look_again`
        self._gate = Gate()
        self._forks = 0
        self._open_transaction = self._torn = False  # another thread's at a fork; and in the child of that fork
        self._disposals = 0
        event.listen(self._engine, "begin", _begin)
        event.listen(self._engine, "connect", self._note)
        event.listen(self._engine, "checkin", self._close_if_late)

    @property
    def name(self) -> str:
        """See `Database`."""
        return str(self.path.parent)

    def _connect(self) -> sqlite3.Connection:
        uri = "file:" + quote(str(self.path))
        if not self.writable:
            log = self.path.with_name(self.path.name + "-wal")
            # Without a log nobody writes, and SQLite needs no shared state beside the file, which it could not make.
            uri += "?mode=ro" if log.exists() and log.stat().st_size else "?immutable=1"
        connection = sqlite3.connect(uri, uri=True, timeout=self._lock_seconds, check_same_thread=False)
        try:
            self._set_up(connection)
        except BaseException:  # a damaged file, say: the pool never hears of this connection, so nobody else closes it
            connection.close()
            raise
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        # The driver's own transaction handling would begin too late for a consistent read; `_begin` says it all.
        connection.isolation_level = None
        if self.writable:
            self._write_ahead(connection)
            # Acknowledged means that it survives a power cut, unless the shop chose less.
            connection.execute(f"PRAGMA synchronous={'FULL' if self._durable else 'NORMAL'}")
        connection.execute("PRAGMA temp_store=MEMORY")

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
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

    def _note(self, connection: sqlite3.Connection, record: Any) -> None:
        record.info["disposals"] = self._disposals

    def _close_if_late(self, connection: sqlite3.Connection | None, record: Any) -> None:
        # It was in another thread's hands when all were closed: nobody else would close it.
        if connection is not None and record.info.get("disposals") != self._disposals:
            record.invalidate()

    def _dispose(self) -> None:
        self._disposals += 1
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See `Database`."""
        if not self.writable:
            self._look_again()
        with self._gate, self._said(), self._engine.begin() as connection:
            yield connection

    def _look_again(self) -> int:
        """A number that changes with the files. Connections of before may be blind to what was written since."""
        found: list[object] = []
        for name in (self.path, self.path.with_name(self.path.name + "-wal")):
            with suppress(OSError):
                facts = name.stat()
                found.append((facts.st_ino, facts.st_size, facts.st_mtime_ns))
        files = hash(tuple(found))
        if files != self._files:
            self._files = files
            self._dispose()
        return files

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See `Database`."""
        with self._begun() as connection:
            settings.check_writable(connection, self.name)
            yield connection

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
        if not self.writable:
            raise StoreError(
                f"store {self.name}: its folder may only be read, so nothing was written; check its permissions, "
                "or open it as the user whom it belongs to"
            )
        with (
            self._turn(),
            self._gate,
            self._said(),
            self._engine.connect().execution_options(shelfwise_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _said(self) -> Iterator[None]:
        if self._torn:
            raise StoreError(
                f"store {self.name}: this process was forked while its parent was in a transaction of more than "
                f"{forking.PATIENCE:g} s, and SQLite does not survive that; fork again"
            )
        try:
            yield
        except OperationalError as error:
            if "locked" in str(error.orig) or "busy" in str(error.orig):
                raise self._turn.busy() from error
            if "Could not decode" in str(error.orig):
                raise self._damaged(error) from error
            raise StoreError(
                f"store {self.name}: the database answered '{error.orig}'; check space and permissions of the folder"
            ) from error
        except DatabaseError as error:
            if isinstance(error.orig, sqlite3.DatabaseError) and not isinstance(error.orig, sqlite3.IntegrityError):
                raise self._damaged(error) from error
            raise

    def _damaged(self, error: DatabaseError) -> StoreError:
        return StoreError(
            f"store {self.name}: the database is damaged ('{error.orig!s:.200}'); restore it from a dump "
            "(`shelfwise restore`, docs/operations.md)"
        )

    def create_tables(self) -> None:
        """See `Database`."""
        with self._begun() as connection:
            schema.metadata.create_all(connection)

    def has_tables(self) -> bool:
        """See `Database`."""
        if not self.path.is_file():
            return False
        with self.read() as connection:
            return inspect(connection).has_table(schema.facts.name)

    def version(self) -> tuple[int, int]:
        """See `Database`.

        The answer belongs to one connection and is blind to that connection's own writes, so it has one to itself,
        outside any transaction.
        """
        if not self.writable:
            return self._forks, self._look_again()
        with self._gate, self._said():
            if self._watcher is None:
                self._watcher = self._engine.raw_connection()
            cursor = self._watcher.cursor()
            cursor.execute("PRAGMA data_version")
            (version,) = cursor.fetchall()[0]
            return self._forks, int(version)

    @contextmanager
    def alone(self, task: str) -> Iterator[bool]:
        """See `Database`; a lock on a file beside the database."""
        if not re.fullmatch(r"[a-z-]+", task):
            raise ValueError(task)
        with file_lock(self.path.parent / f"{task}.lock") as mine:
            yield mine

    def size(self) -> int:
        """See `Database`."""
        return sum(each.stat().st_size for each in self.path.parent.glob(f"{self.path.name}*") if each.is_file())

    def problems(self) -> list[str]:
        """See `Database`."""
        try:
            with self.read() as connection:
                found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        except StoreError as error:  # too damaged to be looked through
            return [str(error)]
        return [] if found == ["ok"] else found

    def before_fork(self) -> None:
        """See `Database`. SQLite must not be carried over a fork: a child would believe that it holds the locks."""
        self._open_transaction = not self._gate.shut()
        self.close()

    def after_fork(self, child: bool) -> None:
        """See `Database`."""
        self._forks += 1
        if child:
            # SQLite believes that the parent's locks are its own: it would take none, and others would not know of it.
            self._torn = self._torn or self._open_transaction
            self._turn = WriterTurn(self.name, self._lock_seconds)
            self._gate = Gate()
        else:
            self._gate.open()

    def close(self) -> None:
        """See `Database`."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        self._dispose()


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("shelfwise_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
