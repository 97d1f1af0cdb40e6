"""What a store is and how far everybody is, read in milliseconds however large it is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Table, func, select

from . import rows, schema, settings
from .folder import Generation
from .maintenance import longest_tail
from .processes import live_processes
from .settings import Published

if TYPE_CHECKING:
    from .store import Store


@dataclass(frozen=True, slots=True)
class EncoderStatus:
    """An encoder whose vectors the store keeps."""

    reference: str
    hash: str
    dimension: int


@dataclass(frozen=True, slots=True)
class GenerationStatus:
    """The generation that is searched on this host."""

    number: int
    change: int  # the last that it holds
    products: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ImportStatus:
    """One import."""

    id: int
    source: str  # blank where it was no file
    mode: str
    started: str  # ISO 8601
    finished: str | None  # None: it runs still, or was killed
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process of this host that has the store open."""

    pid: int
    change: int  # the last that it can find
    lag: int  # how many changes it is behind
    generation: int  # 0: none


@dataclass(frozen=True, slots=True)
class Status:
    """What a store is, and how far everybody is."""

    store: str  # folder or URL, without a password
    format: int
    locale: str
    currency: str
    market: str | None
    products: int
    variants: int  # as far as this process has followed
    texts: int  # that have a vector by the live encoder
    waiting: int  # products that are found by their words alone until they are encoded
    change: int  # the last
    generation: GenerationStatus | None
    tail: int  # products that changed since the generation
    build_due: bool  # whether the tail is long enough for a new one
    encoder: EncoderStatus | None
    weights: Mapping[str, float] | None  # None: the defaults
    previous: EncoderStatus | None  # what `rollback` goes back to; None: no way back, or other weights alone
    can_roll_back: bool
    database_bytes: int
    cache_bytes: int
    last_import: ImportStatus | None
    processes: tuple[ProcessStatus, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def store_status(store: Store) -> Status:
    """See `Status`. Reads no document."""
    with store.database.read() as connection:
        facts = settings.read(connection)
        format_ = settings.check_format(facts, store.name)
        live, before = settings.published(facts), settings.previous(facts)
        # A product has one row of offers for as long as it lives, and that table is small.
        products = _count(connection, schema.offers)
        texts = _count(connection, schema.vectors, schema.vectors.c.encoder == live.hash)
        waiting = _count(connection, schema.waiting) if format_ > 1 else 0
        latest = select(schema.imports).order_by(schema.imports.c.id.desc()).limit(1)
        last = next((dict(row) for row in connection.execute(latest).mappings()), None)
        found, _ = store.folder.find(facts.get("store", ""), live.hash, store.bad)
        tail = rows.count_since(connection, found.manifest.change if found else 0)
    change = int(facts["change"])
    states = live_processes(store.folder.processes, remove=False)
    return Status(
        store=store.name,
        format=format_,
        locale=facts["locale"],
        currency=facts["currency"],
        market=facts["market"] or None,
        products=products,
        variants=_variants(store),
        texts=texts,
        waiting=waiting,
        change=change,
        generation=_generation(found),
        tail=tail,
        build_due=tail > longest_tail(found),
        encoder=_encoder(live),
        weights=live.weights,
        previous=_encoder(before) if before is not None and before.hash != live.hash else None,
        can_roll_back=before is not None,
        database_bytes=store.database.size(),
        cache_bytes=_bytes(store.folder.generations),
        last_import=_import(last) if last else None,
        processes=tuple(
            ProcessStatus(each.pid, each.change, max(0, change - each.change), each.generation) for each in states
        ),
    )


def _count(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


def _variants(store: Store) -> int:
    found = 0
    for live in store.view.segments:
        counts = np.diff(live.segment.first_variant)
        found += int(counts.sum() if live.alive is None else counts[live.alive].sum())
    return found


def _encoder(unit: Published) -> EncoderStatus | None:
    facts = unit.encoder
    return EncoderStatus(facts.reference, facts.hash, facts.dimension) if facts is not None else None


def _generation(found: Generation | None) -> GenerationStatus | None:
    if found is None:
        return None
    manifest = found.manifest
    size = sum(bytes_ for bytes_, _ in manifest.files.values())
    return GenerationStatus(found.number, manifest.change, manifest.products, size)


def _import(row: Mapping[str, Any]) -> ImportStatus:
    counts = json.loads(row["report"] or "{}")
    names = ("added", "changed", "unchanged", "deleted", "bad")
    return ImportStatus(
        *(row[name] for name in ("id", "source", "mode", "started", "finished")),
        **{name: counts.get(name, 0) for name in names},
    )


def _bytes(folder: Path) -> int:
    found = 0
    for where, _, names in os.walk(folder):  # passes over what is removed meanwhile
        for name in names:
            with suppress(OSError):
                found += (Path(where) / name).stat().st_size
    return found
