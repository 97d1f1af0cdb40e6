"""What is never done inside a request: encoding what waits, building generations, clearing up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, select, update

from ..courtesy import politely
from ..errors import ShelfwiseError, StoreClosed, StoreError
from ..words import ANALYSIS_VERSION
from . import forking, kept_models, rows, schema, settings, writing
from .building import SegmentBuilder
from .database import last_change, next_change
from .folder import Generation, Manifest, StoreFolder, read_manifest
from .leftovers import leftovers
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
        with store.database.read() as connection:
            settings.check_format(settings.read(connection), store.name)  # a newer one is not ours to maintain
        done = Maintained()
        failed: ShelfwiseError | None = None
        try:
            while not store.closing.is_set() and (count := encode_waiting(store)):
                done.encoded += count
        except ShelfwiseError as error:  # an encoder that cannot be had; the rest is due all the same
            failed = error
        with store.database.read() as connection:
            facts = settings.read(connection)
        live, before = settings.published(facts), settings.previous(facts)
        if before is not None and before.encoder is not None and before.hash != live.hash and due(store, before):
            build_generation(store, before)  # so that going back takes a second
        if due(store, live):
            done.generation = build_generation(store) or 0
            done.removed_vectors = remove_vectors(store)
        done.removed_generations = remove_generations(store)
        remove_models(store)
        remove_history(store)
        leftovers(store.folder, remove=True)
        if failed is not None:
            raise failed
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
        if not made.complete:
            settings.note_incomplete(connection, now, change)
        for key, written in waiting.items():
            gone = schema.waiting.delete().where(schema.waiting.c.product_id == key, schema.waiting.c.change == written)
            if connection.execute(gone).rowcount and key in found:
                mine = schema.products.c.id == key
                connection.execute(update(schema.products).where(mine).values(change=change))
    store.refresh()
    return len(waiting)


def due(store: Store, unit: Published, at_least: int | None = None) -> bool:
    """Whether so much changed since the last generation of this unit that another one is worth its time."""
    with store.database.read() as connection:
        found, _ = store.folder.find(settings.read(connection).get("store", ""), unit.hash, store.bad)
        pending = rows.count_since(connection, found.manifest.change if found else 0)
    return pending > longest_tail(found, at_least)


def longest_tail(found: Generation | None, at_least: int | None = None) -> float:
    """How many products may lie in the tail of a generation; `at_least` where it is smaller than 5% of it."""
    return max(TAIL_AT_LEAST if at_least is None else at_least, TAIL_SHARE * (found.manifest.products if found else 0))


def build_generation(store: Store, unit: Published | None = None, wait: bool = False) -> int | None:
    """Builds a generation from the truth and makes it live; its number, or None while another process builds.

    `unit`: what it is to be published with; None: what is live. One for another encoder is not pointed to. `wait` for
    the other process, and build then if that is still needed.
    """
    while True:
        with store.folder.building() as scratch:
            if scratch is not None:
                try:
                    number, encoder = _build(store, scratch, unit)
                    break
                except _ForkFirst:
                    continue
        if not wait:
            return None
        time.sleep(0.1)
    with store.database.read() as connection:
        live = settings.published(settings.read(connection)).hash
    if encoder == live:
        store.folder.point_to(number)
        store.refresh()
    return number


class _ForkFirst(Exception):
    """A fork waits for the build's transaction."""


def _build(store: Store, scratch: Path, unit: Published | None) -> tuple[int, str]:
    builder = SegmentBuilder()
    with store.database.read() as connection:
        facts = settings.read(connection)
        format_ = settings.check_format(facts, store.database.name)
        change = last_change(connection)
        unit = unit or settings.published(facts)
        encoder = unit.hash
        for part in rows.live_products(connection):
            if store.closing.is_set():
                raise StoreClosed(f"store {store.name}: it was closed while a generation was built")
            if forking.wanted():
                raise _ForkFirst
            for entry in politely(entries(connection, part, encoder), 16):
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
    """Removes generations that neither answer, nor can be gone back to, nor are searched by a live process; how many.

    The newest few stay, but for those of an encoder that was never made live, or is given up.
    """
    done = _remove_generations(store, False) if _removable(store, False) else 0
    if _removable(store, True):
        with store.database.alone(PUBLISH) as free:
            # The encoder of one that is being published is not kept yet.
            done += _remove_generations(store, True) if free else 0
    return done


def _remove_generations(store: Store, abandoned: bool) -> int:
    with store.folder.building() as scratch:
        return len(store.folder.delete_generations(_removable(store, abandoned))) if scratch is not None else 0


def _removable(store: Store, abandoned: bool) -> list[int]:
    """The numbers of generations that can go; `abandoned`: those of encoders that are not kept are among them."""
    folder = store.folder
    with store.database.read() as connection:
        facts = settings.read(connection)
    keep = {process.generation for process in live_processes(folder.processes)}
    keep.add(folder.pointed() or 0)
    for unit in (settings.published(facts), settings.previous(facts)):
        if unit is not None:
            found, _ = folder.find(facts.get("store", ""), unit.hash, store.bad)
            keep |= {found.number} if found else set()
    kept = {"", *_kept(facts)}
    foreign = [number for number in folder.numbers() if _encoder_of(folder, number) not in kept] if abandoned else []
    return folder.removable(keep, foreign)


def _encoder_of(folder: StoreFolder, number: int) -> str:
    """The hash of a generation's encoder; "" where it has none, or cannot be read."""
    try:
        return read_manifest(folder.generations / f"{number:06d}").encoder
    except StoreError:
        return ""


def remove_models(store: Store) -> None:
    """Removes kept models of encoders that neither answer, nor can be gone back to, nor are those of a live process."""
    if not kept_models.removable(store.folder, _needed_models(store)):
        return
    with store.database.alone(PUBLISH) as free:
        if free:
            kept_models.remove_models(store.folder, _needed_models(store))


def _needed_models(store: Store) -> set[str]:
    with store.database.read() as connection:
        named = kept_models.named(settings.read(connection))
    searched = {process.generation for process in live_processes(store.folder.processes, remove=False)}
    return {*named, *(_encoder_of(store.folder, number) for number in searched)}


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
            delete_vectors(connection, gone)
    return len(gone)


def delete_vectors(connection: Connection, keys: Sequence[Sequence[str]]) -> None:
    """Deletes vectors by text hash, locale and encoder."""
    vectors = schema.vectors
    where = [vectors.c[name] == bindparam(f"b_{name}") for name in ("text_hash", "locale", "encoder")]
    values = [{"b_text_hash": row[0], "b_locale": row[1], "b_encoder": row[2]} for row in keys]
    connection.execute(vectors.delete().where(*where), values)
    # Who encodes now may count on one of them: it looks again (`writing.put`).
    removed = int(settings.read(connection).get("removed_vectors", "0"))
    settings.set_fact(connection, "removed_vectors", str(removed + 1))


def _kept(facts: writing.Facts) -> set[str]:
    """The hashes of the encoders whose vectors are kept."""
    units = (settings.published(facts), settings.previous(facts))
    return {unit.hash for unit in units if unit is not None and unit.encoder is not None}


def _needed(connection: Connection, change: int) -> set[rows.TextKey]:
    statement = (
        rows.select_products().where(schema.products.c.document.is_not(None)).where(schema.products.c.change > change)
    )
    found: set[rows.TextKey] = set()
    for part in rows.chunks(connection.execute(statement.execution_options(yield_per=2_000)), 2_000):
        for product in rows.readable((row[0], row[1], "{}") for row in part):
            found.update(key for key, _ in rows.texts_of(product).values())
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


def maintain_for_ever(
    store: Store,
    stopped: Callable[[float], bool],
    seconds: float,
    says: Callable[[Maintained], None] = lambda done: None,
) -> None:
    """Maintains until `stopped(seconds)`, which waits so long, says so; or until the store is closed.

    `says`: told what was done, whenever anything was. An error is logged once, and tried again.
    """
    failed = ""
    while True:
        try:
            if done := maintain(store):
                says(done)
            failed = ""
        except StoreClosed:
            return
        except Exception as error:
            if str(error) != failed:
                logger.exception("store %s: maintenance failed (%s); it is tried again", store.name, error)
            failed = str(error)
        if stopped(seconds):
            return
