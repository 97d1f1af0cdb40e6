"""What is never done inside a request: encoding what waits, building generations, clearing up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, select, update

from ..errors import StoreClosed
from ..words import ANALYSIS_VERSION
from . import rows, schema, settings, writing
from .building import SegmentBuilder
from .database import last_change, next_change
from .folder import Manifest
from .loading import entries
from .processes import live_processes
from .settings import Published

if TYPE_CHECKING:
    from .store import Store

logger = logging.getLogger("shelfwise.store")

TASK, PUBLISH = "maintain", "publish"  # what one process at a time does
# A tail larger than both is built into a new generation.
TAIL_AT_LEAST = 2_000
TAIL_SHARE = 0.05
ENCODED_AT_ONCE = 256
HISTORY_DAYS = 30  # for so long an import can be undone


@dataclass
class Maintained:
    """What was done."""

    encoded: int = 0  # products that waited
    generation: int = 0  # the number of the new one; 0: none was due
    removed_generations: int = 0
    removed_vectors: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))


def maintain(store: Store) -> Maintained | None:
    """Does whatever is due, once; None while another process maintains the store."""
    with store.database.alone(TASK) as mine:
        if not mine:
            return None
        done = Maintained()
        while count := encode_waiting(store):
            done.encoded += count
        with store.database.read() as connection:
            facts = settings.read(connection)
        before = settings.previous(facts)
        if before is not None and due(store, before):
            build_generation(store, before)  # so that going back takes a second
        if due(store, settings.published(facts)):
            done.generation = build_generation(store) or 0
            done.removed_vectors = remove_vectors(store)
        done.removed_generations = remove_generations(store)
        remove_history(store)
        live_processes(store.folder.processes)
        return done


def encode_waiting(store: Store) -> int:
    """Encodes some of the products that wait; how many."""
    with store.database.read() as connection:
        facts = settings.read(connection)
        if settings.check_format(facts, store.database.name) < 2:
            return 0
        statement = select(schema.waiting.c.product_id, schema.waiting.c.change).limit(ENCODED_AT_ONCE)
        waiting = {row.product_id: row.change for row in connection.execute(statement)}
        found = rows.products_by_id(connection, list(waiting))
    if not waiting:
        return 0
    made = writing.encode(store, list(found.values()), facts)
    with store.database.write() as connection:
        now = settings.read(connection)
        if any(now.get(name) != facts.get(name) for name in ("encoder_hash", "previous", "removed_vectors")):
            return len(waiting)  # published meanwhile; the next round sees
        writing.note_encoder(store, connection, now)
        rows.upsert(connection, schema.vectors, made.rows)
        change = next_change(connection)
        for key, written in waiting.items():
            gone = schema.waiting.delete().where(schema.waiting.c.product_id == key, schema.waiting.c.change == written)
            if connection.execute(gone).rowcount and key in found:
                mine = schema.products.c.id == key
                connection.execute(update(schema.products).where(mine).values(change=change))
    store.refresh()
    return len(waiting)


def due(store: Store, unit: Published, at_least: int = TAIL_AT_LEAST) -> bool:
    """Whether so much changed since the last generation of this unit that another one is worth its time."""
    hash_ = unit.encoder.hash if unit.encoder else ""
    with store.database.read() as connection:
        found, _ = store.folder.find(settings.read(connection).get("store", ""), hash_, store.bad)
        pending = rows.count_since(connection, found.manifest.change if found else 0)
    return pending > max(at_least, TAIL_SHARE * (found.manifest.products if found else 0))


def build_generation(store: Store, unit: Published | None = None, wait: bool = False) -> int | None:
    """Builds a generation from the truth and makes it live; its number, or None while another process builds.

    `unit`: what it is to be published with; None: what is live. One for another encoder is not pointed to. `wait` for
    the other process, and build then if that is still needed.
    """
    while True:
        with store.folder.building() as scratch:
            if scratch is not None:
                number, encoder = _build(store, scratch, unit)
                break
        if not wait:
            return None
        time.sleep(0.1)
    with store.database.read() as connection:
        live = settings.published(settings.read(connection)).encoder
    if encoder == (live.hash if live else ""):
        store.folder.point_to(number)
        store.refresh()
    return number


def _build(store: Store, scratch: Path, unit: Published | None) -> tuple[int, str]:
    builder = SegmentBuilder()
    with store.database.read() as connection:
        facts = settings.read(connection)
        format_ = settings.check_format(facts, store.database.name)
        change = last_change(connection)
        unit = unit or settings.published(facts)
        encoder = unit.encoder.hash if unit.encoder else ""
        for part in rows.live_products(connection):
            if store.closing.is_set():
                raise StoreClosed(f"store {store.name}: it was closed while a generation was built")
            for entry in entries(connection, part, encoder):
                builder.add(entry.product, entry.vectors)
    products = len(builder)
    builder.build().save(scratch)
    manifest = Manifest(
        format=format_,
        analysis=ANALYSIS_VERSION,
        change=change,
        encoder=encoder,
        dimension=unit.encoder.dimension if unit.encoder else 0,
        products=products,
        files={},
        store=facts.get("store", ""),
        encoder_reference=unit.encoder.reference if unit.encoder else "",
        weights=dict(unit.weights) if unit.weights else None,
    )
    return store.folder.finish(scratch, manifest), encoder


# ---- clearing up -------------------------------------------------------------------------------------------------


def remove_generations(store: Store) -> int:
    """Removes generations that neither answer, nor can be gone back to, nor are searched by a live process."""
    with store.database.read() as connection:
        facts = settings.read(connection)
    units = (settings.published(facts), settings.previous(facts))
    keep = {process.generation for process in live_processes(store.folder.processes)}
    keep.add(store.folder.pointed() or 0)
    for unit in units:
        if unit is not None:
            name = unit.encoder.hash if unit.encoder else ""
            found, _ = store.folder.find(facts.get("store", ""), name, store.bad)
            keep |= {found.number} if found else set()
    with store.folder.building() as scratch:
        return len(store.folder.remove_generations(keep)) if scratch is not None else 0


def remove_vectors(store: Store) -> int:
    """Removes vectors of texts that no product has, and of encoders that are not kept; how many."""
    with store.database.alone(PUBLISH) as free:
        # Vectors of an encoder that is being published are of one that is not kept yet.
        return _remove_vectors(store) if free else 0


def _remove_vectors(store: Store) -> int:
    vectors = schema.vectors
    keys = select(vectors.c.text_hash, vectors.c.locale, vectors.c.encoder)
    with store.database.read() as connection:
        facts = settings.read(connection)
        if settings.check_format(facts, store.database.name) < 2:
            return 0
        kept, change, needed = _kept(facts), last_change(connection), _needed(connection, 0)
        gone = [
            row for row in connection.execute(keys) if row[2] not in kept or rows.TextKey(row[0], row[1]) not in needed
        ]
    if not gone:
        return 0
    with store.database.write() as connection:
        facts = settings.read(connection)
        kept, needed = _kept(facts), _needed(connection, change)
        gone = [row for row in gone if row[2] not in kept or rows.TextKey(row[0], row[1]) not in needed]
        if gone:
            where = [vectors.c[name] == bindparam(f"b_{name}") for name in ("text_hash", "locale", "encoder")]
            values = [{"b_text_hash": row[0], "b_locale": row[1], "b_encoder": row[2]} for row in gone]
            connection.execute(vectors.delete().where(*where), values)
            # Who encodes now may count on one of them: it looks again (`writing.put`).
            settings.set_fact(connection, "removed_vectors", str(int(facts.get("removed_vectors", "0")) + 1))
    return len(gone)


def _kept(facts: writing.Facts) -> set[str]:
    """The hashes of the encoders whose vectors are kept."""
    units = (settings.published(facts), settings.previous(facts))
    return {unit.encoder.hash for unit in units if unit is not None and unit.encoder is not None}


def _needed(connection: Connection, change: int) -> set[rows.TextKey]:
    statement = (
        rows.select_products().where(schema.products.c.document.is_not(None)).where(schema.products.c.change > change)
    )
    found: set[rows.TextKey] = set()
    for part in rows.chunks(connection.execution_options(yield_per=2_000).execute(statement), 2_000):
        for row in part:
            found.update(key for key, _ in rows.texts_of(rows.from_row(row[1], "{}")).values())
    return found


def remove_history(store: Store) -> None:
    """Forgets what imports of long ago changed."""
    oldest = (datetime.now(UTC) - timedelta(days=HISTORY_DAYS)).isoformat(timespec="seconds")
    history, imports = schema.history, schema.imports
    old = select(imports.c.id).where(imports.c.started < oldest)
    with store.database.read() as connection:
        if settings.check_format(settings.read(connection), store.database.name) < 2:
            return
        if connection.execute(select(history.c.import_id).where(history.c.import_id.in_(old)).limit(1)).first() is None:
            return
    with store.database.write() as connection:
        connection.execute(history.delete().where(history.c.import_id.in_(old)))


def maintain_for_ever(store: Store, stopped: Callable[[float], bool], seconds: float) -> None:
    """Maintains until `stopped(seconds)`, which waits so long, says so. Errors are logged, and tried again."""
    while True:
        try:
            if done := maintain(store):
                logger.info("store %s: %s", store.database.name, done)
        except Exception:
            logger.exception("store %s: maintenance failed; it is tried again", store.database.name)
        if stopped(seconds):
            return
