"""Restoring a dump into a store that is not there yet: all of it, or nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

from sqlalchemy import BigInteger, Column, Connection, String, Table, func, insert, select
from sqlalchemy.exc import IntegrityError

from ..errors import EncoderError, StoreError
from ..models import check_model
from . import kept_models, rows, schema, settings
from .archive import VECTOR_KEYS, tables_of
from .folder import StoreFolder
from .postgres import SCHEMA, is_url
from .settings import StoreSettings
from .store import Store, place
from .unpacking import Unpacking

Row = dict[str, Any]

WRITTEN = 1_000  # rows at once, or fewer where they are large
WRITTEN_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """A store that was made from a dump."""

    store: str  # its name
    made: str  # when it was dumped, ISO 8601
    format: int
    change: int
    products: int
    vectors: int
    imports: int
    seconds: float


def restore_store(archive: str | Path, path: str | Path, cache: str | Path | None = None) -> Restored:
    """Makes a store of what `dump_store` wrote: in a new folder, or at the URL of a database that holds none.

    It has the dump's products, vectors, changes and settings, in the dump's format, and an id of its own: what other
    hosts keep of the original is not taken for a cache of the copy. It becomes visible in one step, once all checksums
    fit; a restore that is killed or refused leaves no store, and can be run again. Models that the store keeps come
    into its folder (or cache). Raises `StoreError`.
    """
    started = perf_counter()
    with Unpacking.of(Path(archive)) as dump:
        folder, database = place(path, cache, True, StoreSettings())
        try:
            # In a database elsewhere there may be more room; the models come here.
            size = dump.model_size if is_url(path) else dump.size
            if (free := shutil.disk_usage(folder.path).free) < size:
                dump.refuse(
                    f"it unpacks to {size / 1e6:,.0f} MB, and the disk of {folder.path} has {free / 1e6:,.0f} "
                    "left; choose another disk"
                )
            if database.has_tables():
                with database.read() as connection:
                    _check_empty(connection, database.name)
            database.create_tables()
            with database.write() as connection:
                _check_empty(connection, database.name)  # another may have been faster
                live = _fill(connection, dump)
                _restore_models(folder, dump)
        finally:
            database.close()
    Store.open(path, create=False, cache=cache, maintain=False).close()  # builds its first generation
    return Restored(
        store=database.name,
        made=dump.about.made,
        format=dump.about.format,
        change=int(dump.about.facts["change"]),
        products=live,
        vectors=sum(group.count for group in dump.about.vectors),
        imports=dump.about.counts[schema.imports.name],
        seconds=perf_counter() - started,
    )


def _check_empty(connection: Connection, name: str) -> None:
    if settings.read(connection):
        raise StoreError(f"store {name}: wanted a place without a store, got one that has one; choose another")


def _fill(connection: Connection, dump: Unpacking) -> int:
    """Writes everything; how many products are live."""
    facts = {**dump.about.facts, "store": uuid4().hex}
    try:
        connection.execute(insert(schema.facts), [{"name": name, "value": value} for name, value in facts.items()])
        for table in tables_of(dump.about.format):
            for part in _parts(_rows(dump, table)):
                connection.execute(insert(table), part)
        for part in _parts(_vectors(dump)):
            connection.execute(insert(schema.vectors), part)
    except (IntegrityError, ValueError) as error:
        said = str(error.orig if isinstance(error, IntegrityError) else error).partition("\n")[0]
        dump.refuse(f"a row cannot be stored ({said}); it was not made by `shelfwise dump`")
    if connection.dialect.name == "postgresql" and dump.about.counts[schema.imports.name]:
        # Its own numbers would begin at 1 again.
        last = select(func.max(schema.imports.c.id)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(f"{SCHEMA}.imports", "id"), last)))
    return rows.count_live(connection)


def _restore_models(folder: StoreFolder, dump: Unpacking) -> None:
    for at, model in enumerate(dump.about.models):
        if not kept_models.wrong_with(folder, model.encoder):
            continue  # a restore that was killed put it there
        with kept_models.placing(folder, model.encoder, 0) as new:
            for member, name, size in dump.about.files(at):
                kept_models.write_file(new / name, dump.pieces(member, size))
            try:
                check_model(new)
            except EncoderError:
                dump.refuse(f"its model {model.encoder} is not whole; it was not made by `shelfwise dump`")


def _parts(found: Iterator[tuple[Row, int]]) -> Iterator[list[Row]]:
    """Lists of rows that do not take too much memory, from rows with their sizes."""
    part: list[Row] = []
    held = 0
    for row, size in found:
        part.append(row)
        held += size
        if len(part) == WRITTEN or held > WRITTEN_BYTES:
            yield part
            part, held = [], 0
    if part:
        yield part


def _rows(dump: Unpacking, table: Table) -> Iterator[tuple[Row, int]]:
    name, change = f"{table.name}.jsonl", int(dump.about.facts["change"])
    for line in dump.lines(name, dump.about.counts[table.name]):
        row = _row(name, line, list(table.columns))
        if row.get("change", 0) > change:
            raise ValueError(f"{name} has a change that the store has not")
        yield row, len(line)


def _vectors(dump: Unpacking) -> Iterator[tuple[Row, int]]:
    columns = [schema.vectors.columns[name] for name in VECTOR_KEYS]
    for at, group in enumerate(dump.about.vectors):
        name = f"vectors/{at}.jsonl"
        vectors = dump.vectors(f"vectors/{at}.f16", group)
        for line, vector in zip(dump.lines(name, group.count), vectors, strict=True):
            yield {**_row(name, line, columns), "encoder": group.encoder, "vector": vector}, len(line) + len(vector)


def _row(name: str, line: bytes, columns: Sequence[Column[Any]]) -> Row:
    """A row of these columns; raises `ValueError`."""
    try:
        row = json.loads(line)
    except RecursionError:
        row = None
    if not isinstance(row, dict) or list(row) != [column.name for column in columns]:
        raise ValueError(f"a line of {name} has other columns")
    for column in columns:
        if not _fits(row[column.name], column):
            raise ValueError(f"a {column.name} of {name} is of another kind")
    return row


def _fits(value: object, column: Column[Any]) -> bool:
    if value is None:
        return bool(column.nullable)
    if isinstance(column.type, String):
        return isinstance(value, str) and len(value) <= (column.type.length or len(value))
    return type(value) is int and 0 <= value < 1 << (63 if isinstance(column.type, BigInteger) else 31)
