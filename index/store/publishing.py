"""Changing what a store answers with, beside the traffic, and going back within a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from ..encoder import Encoder, EncoderSettings
from ..errors import RequestError, StoreBusy, StoreError
from ..product import Product
from . import kept_models, rows, schema, settings, writing
from .database import next_change
from .folder import Generation
from .maintenance import PUBLISH, build_generation, longest_tail
from .settings import EncoderFacts, Published
from .view import View

if TYPE_CHECKING:
    from .store import Store

Says = Callable[[int, int], None]  # told how many products of how many are encoded
Check = Callable[[View], None]  # raises for what must not be live

BATCH = 1_024  # products that are encoded before their vectors are written
FEW = 64  # products that may be encoded while other writers wait


def publish(
    store: Store,
    encoder: EncoderSettings | Encoder | str | None = None,
    weights: Mapping[str, float] | None = None,
    says: Says = lambda done, of: None,
    *,
    cutoff: Mapping[str, float] | None = None,
    check: Check | None = None,
    keep: bool = False,
) -> int:
    """Makes another encoder, or other weights, live; the number of the generation. What is not given stays.

    Everything is encoded and built beside the live generation, while searches and writes go on; then one transaction
    switches, and each process follows once it has loaded the encoder. What was live before is kept for `rollback`.
    `says`: told how many products of how many are encoded. `cutoff`: where relevance ends by what is published.
    `check`: shown what would be live, before it is; what it raises is raised here, and nothing is switched. `keep`: a
    model that lies in a folder is copied into the store's, so that the store needs no other place; what is live
    already is put back there where it is missing or damaged. A killed one leaves what it had encoded, and nothing
    else. Raises `EncoderError`, and `StoreBusy` where another publishes.
    """
    if encoder is None and weights is None:
        raise RequestError("publish: wanted an encoder or weights, got neither; name what is to change")
    with store.database.alone(PUBLISH) as mine:
        if not mine:
            raise StoreBusy(f"store {store.database.name}: another process publishes; try again when it is done")
        facts = _facts(store)
        live = settings.published(facts)
        new, copy = live, None
        if encoder is not None:
            chosen = EncoderSettings(encoder) if isinstance(encoder, str) else encoder
            loaded = store.encoders.load(chosen)
            known = store.encoders.facts_of(loaded, chosen)
            if keep and kept_models.model_folder(loaded.reference):
                known, copy = replace(known, reference=kept_models.reference_of(known.hash)), loaded
            # Where relevance ends was read from the live encoder's cosines.
            new = replace(new, encoder=known, cutoff=live.cutoff if known.hash == live.hash else None)
        if weights is not None:
            new = replace(new, weights=dict(weights))
        if cutoff is not None:
            new = replace(new, cutoff=dict(cutoff))
        name = new.encoder.reference if new.encoder else "no encoder"
        old = live.encoder.reference if live.encoder else "no encoder"
        if (new.hash, name, new.weights) == (live.hash, old, live.weights):  # a model that was moved is another
            if copy is not None and kept_models.wrong_with(store.folder, copy.hash):
                _keep(store, copy, known)
                return store.view.generation
            raise RequestError(
                f"publish: wanted another encoder or other weights than are live, got {name} and the same weights; "
                "nothing was changed"
            )
        if encoder is not None:
            store.encoders.add(loaded if copy is None else _keep(store, copy, known))
        return _switch(store, new, facts, says, check)


def _keep(store: Store, encoder: Encoder, known: EncoderFacts) -> Encoder:
    """Copies the model into the store; the same encoder, as the store will load it from now on."""
    kept_models.keep_model(store.folder, encoder)
    return store.encoders.load_known(known)


def rollback(store: Store, says: Says = lambda done, of: None) -> Published:
    """Makes live again what was live before, and returns it; a second call goes forward again.

    Takes a second: what came in meanwhile was encoded by both. Raises `StoreError` where there is nothing to go back
    to, `StoreBusy` where another process publishes.
    """
    with store.database.alone(PUBLISH) as mine:
        if not mine:
            raise StoreBusy(f"store {store.database.name}: another process publishes; try again when it is done")
        facts = _facts(store)
        before = settings.previous(facts)
        if before is None:
            raise StoreError(
                f"store {store.database.name}: nothing was live before this, so there is no way back; publish instead"
            )
        _switch(store, before, facts, says)
        return before


def set_cutoff(store: Store, encoder: str, cutoff: Mapping[str, float] | None) -> None:
    """Makes live where relevance ends (None: nothing is known of it), for answers of the encoder with this hash.

    It goes with the encoder: `rollback` brings back that of the encoder before. Raises `StoreError` in a store of
    format 1, or where another encoder was published meanwhile.
    """
    _facts(store)
    with store.database.write() as connection:
        live = settings.published(settings.read(connection))
        if live.hash != encoder:
            raise StoreError(f"store {store.database.name}: its encoder was changed meanwhile; calibrate again")
        settings.set_published(connection, replace(live, cutoff=cutoff))
        next_change(connection)  # so that the others notice
    store.settle()


def forget_previous(store: Store) -> None:
    """Ends the way back: new texts are encoded by the live encoder alone, which halves the work of each write."""
    _facts(store)
    with store.database.write() as connection:
        settings.set_previous(connection, None)
        next_change(connection)  # so that the others notice


def _facts(store: Store) -> writing.Facts:
    with store.database.read() as connection:
        facts = settings.read(connection)
    if settings.check_format(facts, store.database.name) < 2:
        raise StoreError(
            f"store {store.database.name}: it has format 1, which keeps one encoder; upgrade it first "
            "(`shelfwise upgrade`)"
        )
    return facts


def _switch(store: Store, new: Published, facts: writing.Facts, says: Says, check: Check | None = None) -> int:
    live = settings.published(facts)
    other = new.encoder is not None and new.hash != live.hash
    since, looked = _encode_all(store, new, _complete_until(facts, new), says) if other else (0, [])
    generation, built = _generation(store, new, len(looked))
    if check is not None:
        check(store.view_of(new, generation))
    # What was looked at after its vectors were built in may have got some since.
    moved = [] if built else looked
    while True:
        if other:
            since, looked = _encode_all(store, new, since, says)
            moved += looked
        with store.database.write() as connection:
            if other and rows.count_since(connection, since) > FEW:
                continue  # more came in than other writers may wait for
            if settings.published(settings.read(connection)) != live:
                raise StoreError(f"store {store.database.name}: its encoder was written meanwhile; publish again")
            if other:
                late = rows.products_by_id(connection, rows.ids_since(connection, since))
                _encode_part(store, new, list(late.values()), connection)
                moved += late
            settings.set_previous(connection, live if live.encoder or live.weights else None)
            settings.set_published(connection, new)
            _move(connection, moved, generation.manifest.change, next_change(connection))
            break
    store.folder.point_to(generation.number)
    store.refresh()
    return generation.number


def _complete_until(facts: writing.Facts, new: Published) -> int:
    """Up to which change all texts have their vectors by the unit's encoder."""
    before = settings.previous(facts)
    if before is None or before.hash != new.hash:
        return 0
    lacks = settings.previous_lacks(facts)
    return int(facts["change"]) if lacks is None else lacks - 1


def _generation(store: Store, new: Published, more: int) -> tuple[Generation, bool]:
    """One with the unit's vectors that lacks little, and whether it was built now; `more` are to lie in the tail."""
    number = None
    while True:
        with store.database.read() as connection:
            store_id = settings.read(connection).get("store", "")
            found, _ = store.folder.find(store_id, new.hash, store.bad)
            if found is not None and found.manifest.encoder == new.hash:
                lacking = rows.count_since(connection, found.manifest.change) + more
                if number is not None or lacking <= longest_tail(found):
                    return found, number is not None
        number = build_generation(store, new, wait=True)


def _encode_all(store: Store, new: Published, since: int, says: Says) -> tuple[int, list[str]]:
    """Encodes what changed after `since`; up to which change, and the products that were looked at."""
    with store.database.read() as connection:
        change = int(settings.read(connection)["change"])
        ids = rows.ids_since(connection, since)
    for at, part in enumerate(rows.chunks(ids, BATCH)):
        with store.database.read() as connection:
            found = list(rows.products_by_id(connection, part).values())
        _encode_part(store, new, found)
        says(min((at + 1) * BATCH, len(ids)), len(ids))
    return change, ids


def _encode_part(store: Store, new: Published, products: Sequence[Product], within: Connection | None = None) -> None:
    """Writes what vectors these products lack; `within` a write transaction that is under way, or in one of its own."""
    texts = {key: text for product in products for key, text in rows.texts_of(product).values()}
    if not texts:
        return  # nothing need be loaded
    made = writing.encode_missing(store, store.encoders.get(new.encoder), texts)
    if made.rows and within is not None:
        rows.upsert(within, schema.vectors, made.rows)
    elif made.rows:
        with store.database.write() as connection:
            rows.upsert(connection, schema.vectors, made.rows)


def _move(connection: Connection, ids: Sequence[str], until: int, change: int) -> None:
    """Into the tail: a generation up to `until` was built before these products had their vectors."""
    products = schema.products
    for part in rows.chunks(dict.fromkeys(ids), rows.CHUNK):
        mine = products.c.id.in_(part), products.c.change <= until, products.c.document.is_not(None)
        connection.execute(products.update().where(*mine).values(change=change))
