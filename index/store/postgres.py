"""A store's tables in a PostgreSQL database, in a schema of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zlib import crc32

from sqlalchemy import URL, Connection, create_engine, event, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.schema import CreateSchema

from ..errors import MissingExtra, StoreError
from . import schema, settings
from .database import LOCK_SECONDS, WriterTurn
from .forking import Gate

DRIVER = "postgresql+psycopg"
SCHEMA = "shelfwise"  # beside the shop's own tables, which may well be called products too
_LOCKS = 0x5E1F  # our space among the database's advisory locks
BUSY = {"55P03", "40P01"}  # lock not available, deadlock: another writer's


_SECRET = ("password", "sslpassword")  # may stand among a URL's options too


class PostgresDatabase:
    """See `Database`."""

    def __init__(self, url: str, *, durable: bool = True, lock_seconds: float = LOCK_SECONDS) -> None:
        parsed = _parsed(url)
        self.name = parsed.difference_update_query(_SECRET).render_as_string(hide_password=True)
        self._turn = WriterTurn(self.name, lock_seconds)
        self._durable, self._lock_seconds = durable, lock_seconds
        try:
            self._engine = create_engine(
                parsed,
                pool_pre_ping=True,  # a server that was restarted costs a connection, not a request
                max_overflow=-1,
                execution_options={"schema_translate_map": {None: SCHEMA}},
                connect_args={"connect_timeout": max(1, int(lock_seconds))},
            )
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"PostgreSQL stores need {error.name}, which is not installed; pip install 'shelfwise[postgres]'"
            ) from None
        self._gate = Gate()
        self._alone: set[int] = set()  # sockets whose connection holds an advisory lock
        event.listen(self._engine, "begin", self._begin)

    def _begin(self, connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            return  # no transaction begins (`alone`)
        if connection.get_execution_options().get("shelfwise_write"):
            # At least a millisecond: 0 would mean to wait for ever.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, int(self._lock_seconds * 1_000))}")
            if not self._durable:
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See `Database`."""
        with self._gate, self._said(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See `Database`. The row of the last change is the writer's lock: held until the end, seen by no reader."""
        with self._begun() as connection:
            change = select(schema.facts.c.value).where(schema.facts.c.name == "change").with_for_update()
            if connection.execute(change).first() is None:  # a store that is being made
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCKS}, 0)"))
            settings.check_writable(connection, self.name)
            yield connection

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
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
        try:
            yield
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state in BUSY:
                raise self._turn.busy() from error
            if state is not None and state.startswith("23"):  # a broken constraint is a mistake of ours
                raise
            said = str(error.orig).strip().splitlines()
            raise StoreError(
                f"store {self.name}: the database answered '{said[0] if said else type(error.orig).__name__}'; check "
                "that it runs, its space, and the user's rights"
            ) from error

    def create_tables(self) -> None:
        """See `Database`."""
        with self._begun() as connection:
            # Not the row lock: there is no row yet.
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCKS}, 0)"))
            if not inspect(connection).has_schema(SCHEMA):
                connection.execute(CreateSchema(SCHEMA))
            schema.metadata.create_all(connection)

    def has_tables(self) -> bool:
        """See `Database`."""
        with self.read() as connection:
            return inspect(connection).has_table(schema.facts.name, SCHEMA)

    def version(self) -> tuple[int, int]:
        """See `Database`."""
        with self.read() as connection:
            value = connection.execute(select(schema.facts.c.value).where(schema.facts.c.name == "change")).scalar()
        return 0, -1 if value is None else int(value)

    @contextmanager
    def alone(self, task: str) -> Iterator[bool]:
        """See `Database`; an advisory lock, which the server drops with the connection."""
        key = {"space": _LOCKS, "task": crc32(task.encode()) >> 1}
        with self._said(), self._engine.connect() as connection:
            # No transaction stays open: it would keep the server from cleaning up for as long as the task runs.
            quiet = connection.execution_options(isolation_level="AUTOCOMMIT")
            if not quiet.execute(text("SELECT pg_try_advisory_lock(:space, :task)"), key).scalar_one():
                yield False
                return
            driver: Any = connection.connection.driver_connection
            socket = driver.fileno()
            self._alone.add(socket)
            try:
                yield True
            finally:
                self._alone.discard(socket)
                quiet.execute(text("SELECT pg_advisory_unlock(:space, :task)"), key)

    def size(self) -> int:
        """See `Database`."""
        statement = text(
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND c.relkind = 'r'"
        )
        with self.read() as connection:
            return int(connection.execute(statement, {"schema": SCHEMA}).scalar_one())

    def problems(self) -> list[str]:
        """See `Database`: PostgreSQL says so when it reads a damaged page."""
        return []

    def before_fork(self) -> None:
        """See `Database`. A child that had a connection of its parent open would keep its transaction alive."""
        self._gate.shut()
        self._engine.dispose()

    def after_fork(self, child: bool) -> None:
        """See `Database`."""
        if not child:
            self._gate.open()
            return
        for socket in self._alone:
            os.close(socket)  # without a word to the server: it is the parent's
        self._alone.clear()
        self._turn, self._gate = WriterTurn(self.name, self._lock_seconds), Gate()
        self._engine.dispose(close=False)

    def close(self) -> None:
        """See `Database`."""
        self._engine.dispose()


def _parsed(url: str) -> URL:
    """The URL, for the one driver that is ours; raises `StoreError`, which shows no password."""
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql", DRIVER):
            return parsed.set(drivername=DRIVER)
        found = f"{parsed.drivername}://"
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        found = "a URL that cannot be read"
    raise StoreError(f"store: wanted a folder or {DRIVER}://user@host/database, got {found}; check it")


def is_url(given: Any) -> bool:
    """Whether a store is named by a URL and not by a folder."""
    return isinstance(given, str) and "://" in given
