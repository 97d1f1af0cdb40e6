"""Dumping a store: one moment of it, while others write, into an archive that is whole or not there."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO
from uuid import uuid4
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import ColumnElement, Connection, String, Table, func, select

from ..errors import StoreError
from . import kept_models, rows, schema, settings
from .archive import (
    ABOUT,
    ARCHIVE,
    CHECKSUMS,
    HEX,
    LINE_BYTES,
    PART,
    SEAL,
    VECTOR_KEYS,
    About,
    ModelFiles,
    VectorGroup,
    dead_dumps,
    seal_of,
    tables_of,
)
from .database import Database
from .folder import StoreFolder
from .settings import StoreSettings
from .store import Store, facts_of, place

logger = logging.getLogger("shelfwise.store")

LEVEL = 1  # texts shrink to a quarter already; a better level takes longer than the disk
FETCHED = 2_000  # rows at a time


@dataclass(frozen=True, slots=True)
class Dumped:
    """A dump that was made."""

    archive: Path
    format: int  # of the store
    change: int  # the last one that it holds
    products: int
    vectors: int
    imports: int
    size: int  # bytes
    seconds: float


def dump_store(
    store: Store | str | Path, path: str | Path, *, overwrite: bool = False, cache: str | Path | None = None
) -> Dumped:
    """Writes one moment of a store, which others may go on writing to, into an archive.

    `store`: an open one, or where one lies. The archive has its name only once it is whole and on the disk; a file of
    that name is replaced if `overwrite` says so. What a killed dump left in the same folder is removed. Raises
    `StoreError`.
    """
    if isinstance(store, Store):
        return dump_database(store.folder, store.database, Path(path), overwrite)
    with truth_of(store, cache) as (folder, database):
        return dump_database(folder, database, Path(path), overwrite)


@contextmanager
def truth_of(path: str | Path, cache: str | Path | None = None) -> Iterator[tuple[StoreFolder, Database]]:
    """Folder and database of a store, which is opened no further than that; raises `StoreMissing`, `StoreError`."""
    folder, database = place(path, cache, False, StoreSettings())
    try:
        settings.check_format(facts_of(database, StoreSettings(), False), database.name)
        yield folder, database
    finally:
        database.close()


def dump_database(folder: StoreFolder, database: Database, path: Path, overwrite: bool = False) -> Dumped:
    """See `dump_store`."""
    started = perf_counter()
    path = path.absolute()
    try:
        _check_free(path, overwrite)
        with _beside(path) as (file, part):
            with kept_models.reading(folder), database.read() as connection:
                about, products = _write(connection, database.name, folder, file)
            _seal(file)
            _check_free(path, overwrite)
            part.replace(path)
        _sync(path.parent)
        size = path.stat().st_size
    except OSError as error:
        raise StoreError(
            f"dump {path}: it could not be written ('{error.strerror}'); check the folder, its space and permissions"
        ) from error
    return Dumped(
        archive=path,
        format=about.format,
        change=int(about.facts["change"]),
        products=products,
        vectors=sum(group.count for group in about.vectors),
        imports=about.counts[schema.imports.name],
        size=size,
        seconds=perf_counter() - started,
    )


# ---- the file ----------------------------------------------------------------------------------------------------


def _check_free(path: Path, overwrite: bool) -> None:
    if path.is_dir():
        raise StoreError(f"dump {path}: wanted the name of a file to make, got a folder; name a file in it")
    if path.exists() and not overwrite:
        raise StoreError(
            f"dump {path}: there is such a file already; choose another name, or have it replaced (overwrite, --force)"
        )


@contextmanager
def _beside(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file in the folder of `path`, locked for as long as it is written; gone unless it was renamed."""
    dead_dumps(path.parent, remove=True)
    while True:
        part = path.with_name(f".{uuid4().hex[:8]}{PART}")
        with part.open("x+b") as file:
            try:
                with suppress(OSError):  # a file system without locks, where nothing is removed either
                    fcntl.flock(file, fcntl.LOCK_EX)
                if part.exists():  # else one that cleared up came before the lock
                    yield file, part
                    return
            finally:
                part.unlink(missing_ok=True)


def _seal(file: BinaryIO) -> None:
    """Fills in the seal, and sees to it that all is on the disk."""
    size = file.seek(0, os.SEEK_END)
    made = seal_of(file, size - HEX)
    file.seek(size - HEX)
    file.write(made)
    file.flush()
    os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---- the members -------------------------------------------------------------------------------------------------


@dataclass
class _Members:
    """Writes members, and keeps their checksums."""

    zip: ZipFile
    checksums: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, pieces: Iterator[bytes], plain: bool = False) -> None:
        """One member from its pieces; `plain`: numbers that would not shrink."""
        digest = sha256()
        with self.zip.open(ZipInfo(name) if plain else name, "w", force_zip64=True) as member:
            for piece in pieces:
                digest.update(piece)
                member.write(piece)
        self.checksums[name] = digest.hexdigest()

    def write_json(self, name: str, value: object) -> None:
        """A member that is one JSON object."""
        self.write(name, iter([json.dumps(value, ensure_ascii=False, indent=1).encode()]))


def _write(connection: Connection, name: str, folder: StoreFolder, file: BinaryIO) -> tuple[About, int]:
    """All members; what they are, and how many products are live."""
    about = _about(connection, name, folder)
    products = rows.count_live(connection)
    connection.execution_options(yield_per=FETCHED)
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        members = _Members(archive)
        members.write_json(ABOUT, asdict(about))
        for table in tables_of(about.format):
            members.write(f"{table.name}.jsonl", _lines(connection, table, list(table.columns.keys()), name))
        for at, group in enumerate(about.vectors):
            members.write(f"vectors/{at}.jsonl", _lines(connection, schema.vectors, VECTOR_KEYS, name, group))
            members.write(f"vectors/{at}.f16", _numbers(connection, group), plain=True)
        for at, model in enumerate(about.models):
            for member, own, _ in about.files(at):
                members.write(member, kept_models.pieces_of(folder, model.encoder, own), plain=True)
        members.write_json(CHECKSUMS, members.checksums)
        archive.comment = SEAL + b"0" * HEX
    return about, products


def _about(connection: Connection, name: str, folder: StoreFolder) -> About:
    facts = settings.read(connection)
    format_ = settings.check_format(facts, name)
    vectors = schema.vectors.c
    # By length too: a damaged vector must not keep a store from being saved.
    kind = (vectors.encoder, func.length(vectors.vector))
    groups = connection.execute(select(*kind, func.count()).group_by(*kind)).all()
    models = tuple(_models(folder, facts))
    return About(
        archive=ARCHIVE if models else 1,
        format=format_,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        facts=dict(sorted(facts.items())),
        counts={
            table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
            for table in tables_of(format_)
        },
        vectors=tuple(VectorGroup(*group) for group in sorted(map(tuple, groups))),
        models=models,
    )


def _models(folder: StoreFolder, facts: Mapping[str, str]) -> Iterator[ModelFiles]:
    """The models that the store needs; a damaged one must not keep it from being saved."""
    for hash_ in sorted(kept_models.named(facts)):
        if wrong := kept_models.wrong_with(folder, hash_):
            logger.warning("store %s: the dump lacks a model: %s", folder.path, wrong)
        else:
            yield ModelFiles(hash_, tuple(kept_models.sizes_of(folder, hash_)))


def _lines(
    connection: Connection, table: Table, names: Sequence[str], store: str, group: VectorGroup | None = None
) -> Iterator[bytes]:
    """Rows as lines of JSON, many in a piece."""
    statement = select(*(table.c[name] for name in names)).where(*_in_group(group))
    for part in connection.execute(statement.order_by(*_keys(connection, table))).partitions():
        lines = [rows.to_json(dict(zip(names, row, strict=True))).encode() for row in part]
        if longest := next((line for line in lines if len(line) >= LINE_BYTES), None):
            raise StoreError(
                f"store {store}: a row of {table.name} has {len(longest) >> 20:,} MB, and a dump takes "
                f"{LINE_BYTES >> 20} ({longest[:80].decode(errors='replace')}…); shorten its texts"
            )
        yield b"\n".join([*lines, b""])


def _numbers(connection: Connection, group: VectorGroup) -> Iterator[bytes]:
    statement = select(schema.vectors.c.vector).where(*_in_group(group)).order_by(*_keys(connection, schema.vectors))
    for part in connection.execute(statement).partitions():
        yield b"".join(row[0] for row in part)


def _in_group(group: VectorGroup | None) -> list[ColumnElement[bool]]:
    vectors = schema.vectors.c
    return [vectors.encoder == group.encoder, func.length(vectors.vector) == group.width] if group else []


def _keys(connection: Connection, table: Table) -> list[ColumnElement[Any]]:
    """The primary key, compared byte by byte in every database."""
    keys: list[ColumnElement[Any]] = list(table.primary_key)
    if connection.dialect.name == "postgresql":
        return [key.collate("C") if isinstance(key.type, String) else key for key in keys]
    return keys
