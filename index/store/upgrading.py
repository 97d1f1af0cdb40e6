"""Raising a store's format, which nothing else does: a copy is kept first, then all is changed in one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from uuid import uuid4

from sqlalchemy import Connection, bindparam, select, update

from ..errors import StoreError
from . import rows, schema, settings
from .database import next_change
from .dumping import dump_database, truth_of
from .folder import StoreFolder

CHANGED = 2_000  # products at a time


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What `upgrade_store` did."""

    before: int  # the format that was found
    format: int  # the format now; the same where there was nothing to do
    kept: Path | None  # a dump of the store as it was; None where there was nothing to do
    seconds: float


def upgrade_store(path: str | Path, cache: str | Path | None = None) -> Upgraded:
    """Brings a store to this version's format, beside processes of this version that have it open.

    Those of older versions go on answering from what they have, and refuse to write. First a dump is kept in the
    store's (or the cache's) folder: restored, it is the store as it was. Then one transaction changes the store; a
    killed upgrade leaves the old format or the new one, whole. Raises `StoreMissing`, `StoreError`.
    """
    started = perf_counter()
    kept = None
    with truth_of(path, cache) as (folder, database):
        with database.read() as connection:
            before = settings.check_format(settings.read(connection), database.name)
        if before < schema.FORMAT:
            kept = _kept(folder, before)
            dump_database(folder, database, kept)
            with database.write() as connection:
                _upgrade(connection, database.name)
    return Upgraded(before, schema.FORMAT, kept, perf_counter() - started)


def _kept(folder: StoreFolder, format_: int) -> Path:
    """A new name for the copy; its folder is made."""
    try:
        folder.kept.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"store {folder.path}: no copy can be kept there ('{error.strerror}'), so nothing was changed; check its "
            "permissions"
        ) from None
    return folder.kept / f"format-{format_}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.zip"


def _upgrade(connection: Connection, name: str) -> None:
    # Read again: another process may have been faster.
    format_ = settings.check_format(settings.read(connection), name)
    while format_ < schema.FORMAT:
        STEPS[format_](connection)
        format_ += 1
        settings.set_fact(connection, "format", str(format_))
        next_change(connection)  # so that every process looks


def _from_1(connection: Connection) -> None:
    """Offers are apart from texts, imports can be undone, encoding can be left to the maintainer."""
    schema.metadata.create_all(connection, tables=[schema.waiting, schema.history, schema.documents])
    products = schema.products
    after = ""
    change = update(products).where(products.c.id == bindparam("key")).values(hash=bindparam("new"))
    while True:
        statement = select(products.c.id, products.c.document).where(products.c.id > after).order_by(products.c.id)
        found = connection.execute(statement.limit(CHANGED)).all()
        if not found:
            break
        live = [(key, document) for key, document in found if document is not None]
        if live:
            hashes = [{"key": key, "new": rows.document_hash(document, "", 2)} for key, document in live]
            connection.execute(change, hashes)
        after = found[-1].id
    facts = settings.read(connection)
    # The id of a restored store stays; its caches have it.
    for fact, value in (("store", uuid4().hex), ("removed_vectors", "0")):
        if fact not in facts:
            settings.set_fact(connection, fact, value)


# What brings a store of each format to the next one.
STEPS: Mapping[int, Callable[[Connection], None]] = MappingProxyType({1: _from_1})
