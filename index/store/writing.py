"""Writing products and their vectors: encoded outside any lock, written in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ..encoder import Encoder, check_vectors
from ..errors import ShelfwiseError
from ..product import Product
from ..threads import bulk_threads
from . import rows, schema, settings
from .database import next_change
from .settings import EncoderFacts, Published

if TYPE_CHECKING:
    from .store import Store

logger = logging.getLogger("shelfwise.store")

Facts = Mapping[str, str]

BULK = 32  # texts that are worth all cores


class ChangedMeanwhile(Exception):
    """A product is no longer what a patch of it was made from."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one write did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    encoded: int = 0  # texts
    unread: int = 0  # texts that the encoder cannot read; found by their words alone
    waiting: int = 0  # products that the maintainer is to encode; found by their words alone until then

    def __add__(self, other: Written) -> Written:
        return Written(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts as rows of the vectors table."""

    rows: Sequence[dict[str, Any]] = ()
    encoded: int = 0
    unread: int = 0
    complete: bool = True  # False: without those of the encoder that can be gone back to


def put(
    store: Store,
    products: Iterable[Product],
    import_id: int | None = None,
    base: Mapping[str, rows.Held | None] | None = None,
    wait: bool = True,
    places: Mapping[str, int] | None = None,
    gone: Sequence[str] = (),
) -> Written:
    """Stores products, encoding what is new; durable when it returns, searchable after `refresh`.

    Of two with the same id the last wins. Unchanged products are not written, known texts not encoded; where only
    offers differ, only they are written. `base`: what these products were made from (None: there was none); raises
    `ChangedMeanwhile`, and writes nothing, when another writer changed one of them since. Without `wait` the encoding
    is left to the maintainer. `places`: the feed's row of each product, for `why`. `gone`: products
    that are deleted with the same step.
    """
    resolved = {p.id: store.resolve(p) for p in products}
    while True:
        with store.database.read() as connection:
            facts = settings.read(connection)
            format_ = settings.check_format(facts, store.database.name)
            stored = {key: rows.to_row(product, format_) for key, product in resolved.items()}
            held = rows.held(connection, list(stored))
        new = {key: row for key, row in stored.items() if key not in held or held[key][0] != row.hash}
        priced = [row for key, row in stored.items() if key not in new and held[key][1] != row.offers]
        fresh = [resolved[key] for key in new]
        encoded, waiting = Encoded(), []
        if wait or format_ < 2:
            encoded = encode(store, fresh, facts)
        else:
            waiting = _without_vectors(store, fresh, facts)
        deleted = 0
        if new or priced or gone:
            with store.database.write() as connection:
                if base and _moved(connection, base):
                    raise ChangedMeanwhile
                now = settings.read(connection)
                settings.check_format(now, store.database.name)
                if _basis(now) != _basis(facts):
                    continue  # published, upgraded or cleaned meanwhile: what was encoded may not fit
                if encoded.rows:
                    note_encoder(store, connection, now)
                rows.upsert(connection, schema.vectors, encoded.rows)
                change = next_change(connection)
                if not encoded.complete:
                    settings.note_incomplete(connection, now, change)
                if format_ > 1:
                    rows.remember(connection, import_id, [*new, *(row.id for row in priced)], change, places)
                    _note_waiting(connection, list(new), waiting, change)
                _write(connection, list(new.values()), priced, change, import_id)
                deleted = _delete(connection, gone, change, import_id, format_)
        changed = sum(key in held for key in new) + len(priced)
        return Written(
            added=len(new) + len(priced) - changed,
            changed=changed,
            unchanged=len(stored) - len(new) - len(priced),
            deleted=deleted,
            encoded=encoded.encoded,
            unread=encoded.unread,
            waiting=len(waiting),
        )


def _moved(connection: Connection, base: Mapping[str, rows.Held | None]) -> bool:
    """Whether one of these products is no longer as it was."""
    now = rows.held(connection, list(base))
    return any(now.get(key) != was for key, was in base.items())


def _basis(facts: Facts) -> tuple[str, ...]:
    """What must not change between encoding and writing."""
    return tuple(facts.get(name, "") for name in ("format", "encoder_hash", "previous", "removed_vectors"))


def _write(
    connection: Connection,
    new: Sequence[rows.StoredProduct],
    priced: Sequence[rows.StoredProduct],
    change: int,
    import_id: int | None,
) -> None:
    written = [
        {"id": row.id, "change": change, "document": row.document, "hash": row.hash, "import_id": import_id}
        for row in new
    ]
    rows.upsert(connection, schema.products, written)
    prices = [{"product_id": row.id, "change": change, "document": row.offers} for row in (*new, *priced)]
    rows.upsert(connection, schema.offers, prices)


def _note_waiting(connection: Connection, written: Sequence[str], waiting: Sequence[str], change: int) -> None:
    rows.delete_in(connection, schema.waiting.c.product_id, written)
    rows.upsert(connection, schema.waiting, [{"product_id": key, "change": change} for key in waiting])


def remove(store: Store, ids: Iterable[str], import_id: int | None = None) -> int:
    """Deletes products, durably, in one transaction; how many there were. Unknown ids are ignored."""
    with store.database.write() as connection:
        format_ = settings.check_format(settings.read(connection), store.database.name)
        there = list(rows.held(connection, list(dict.fromkeys(ids))))
        return _delete(connection, there, next_change(connection), import_id, format_) if there else 0


def _delete(connection: Connection, ids: Sequence[str], change: int, import_id: int | None, format_: int) -> int:
    there = list(rows.held(connection, ids))
    if format_ > 1:
        rows.remember(connection, import_id, there, change)
        rows.delete_in(connection, schema.waiting.c.product_id, there)
    rows.upsert(
        connection,
        schema.products,
        [{"id": key, "change": change, "document": None, "hash": "", "import_id": import_id} for key in there],
    )
    rows.delete_in(connection, schema.offers.c.product_id, there)
    return len(there)


# ---- encoding ----------------------------------------------------------------------------------------------------


def encode(store: Store, products: Sequence[Product], facts: Facts) -> Encoded:
    """Vectors of the texts that have none yet, by the store's encoder and, while there is a way back, the one before.

    Raises `EncoderError` for the store's own; without the one before, going back will encode what is missing.
    """
    texts = {key: text for product in products for key, text in rows.texts_of(product).values()}
    if not texts:
        return Encoded()
    live, before = settings.published(facts).encoder, settings.previous(facts)
    made = encode_missing(store, store.encoders.get(live), texts)
    if before is None or before.encoder is None or _same(before.encoder, live):
        return made
    try:
        also = encode_missing(store, store.encoders.get(before.encoder), texts)
    except ShelfwiseError as error:
        if settings.previous_lacks(facts) is None:  # once
            logger.warning("store %s: not encoded for a way back: %s", store.database.name, error)
        return replace(made, complete=False)
    return Encoded([*made.rows, *also.rows], made.encoded, made.unread)


def _same(one: EncoderFacts, other: EncoderFacts | None) -> bool:
    return other is not None and one.hash == other.hash


def encode_missing(store: Store, encoder: Encoder, texts: Mapping[rows.TextKey, str]) -> Encoded:
    """Vectors by one encoder of those texts that have none by it."""
    with store.database.read() as connection:
        there = rows.vectors_of(connection, texts, encoder.hash)
    missing = [key for key in texts if key not in there]
    known = encoder.knows([texts[key] for key in missing])
    readable = [key for key, knows in zip(missing, known, strict=True) if knows]
    if not readable:
        return Encoded((), 0, len(missing))
    with bulk_threads() if len(readable) >= BULK else nullcontext():
        vectors = check_vectors(encoder, encoder.encode_passages([texts[key] for key in readable]), len(readable))
    return Encoded(rows.vector_rows(readable, vectors, encoder.hash), len(readable), len(missing) - len(readable))


def _without_vectors(store: Store, products: Sequence[Product], facts: Facts) -> list[str]:
    """The products that are to be encoded; loads no model."""
    units = (settings.published(facts), settings.previous(facts))
    known = [unit.encoder.hash for unit in units if unit is not None and unit.encoder is not None]
    keys = {product.id: [key for key, _ in rows.texts_of(product).values()] for product in products}
    if not known:
        return [key for key, texts in keys.items() if texts]
    with store.database.read() as connection:
        there = [rows.vectors_of(connection, {key for each in keys.values() for key in each}, name) for name in known]
    return [key for key, texts in keys.items() if any(text not in vectors for vectors in there for text in texts)]


def note_encoder(store: Store, connection: Connection, facts: Facts) -> None:
    """Writes down the encoder of the first vectors."""
    own: EncoderFacts | None = store.encoders.facts()
    if "encoder_hash" not in facts and own is not None:
        settings.set_published(connection, Published(own, settings.published(facts).weights))
