"""Undoing an import: what it changed becomes what it was, as far as nobody changed it since."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from ..errors import RequestError, StoreError
from ..product import Product
from . import imports, rows, schema, settings
from .maintenance import HISTORY_DAYS
from .report import SHOWN
from .writing import ChangedMeanwhile

if TYPE_CHECKING:
    from .store import Store

BATCH = 200  # products of which all are undone at once, or none
GENERATION_AT_LEAST = 100  # as after an import


@dataclass
class UndoReport:
    """What an undo did."""

    import_id: int  # the undo's own, by which it can be undone
    undone: int  # the import that was undone
    added: int = 0  # products that the import had deleted
    changed: int = 0
    deleted: int = 0  # products that it had added
    unchanged: int = 0  # they were already what they had been
    left: int = 0  # others have changed them since, so they were left alone
    offers_kept: int = 0  # the text went back; prices and stock are newer than the import
    encoded: int = 0  # texts
    left_ids: list[str] = field(default_factory=list)  # the first 20
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}


def undo_import(store: Store, import_id: int) -> UndoReport:
    """Restores what an import changed, and is an import itself, so that it can be undone too.

    Products that it added are deleted, others get their texts and offers back. A product that another import or a
    single write changed since is left alone; offers that changed since are kept. Written in whole batches: a killed
    undo is completed by another one. Raises `RequestError` for an import that there never was, `StoreError` where it is
    no longer known what it changed.
    """
    _check_known(store, import_id)
    started = time.perf_counter()
    own = imports.begin(store, f"{imports.UNDONE}{import_id}", imports.UNDO)
    report = UndoReport(own, import_id)
    after = ""
    while ids := _next_ids(store, import_id, after):
        while True:
            try:
                _undo(store, import_id, ids, report)
                break
            except ChangedMeanwhile:  # looked at again
                continue
        after = ids[-1]
    store.settle(GENERATION_AT_LEAST)
    report.seconds = time.perf_counter() - started
    imports.finish(store, own, report.to_dict())
    return report


def _check_known(store: Store, import_id: int) -> None:
    if not isinstance(import_id, int) or isinstance(import_id, bool):
        raise RequestError(f"undo: wanted the id of an import, a whole number, got {import_id!r:.80}")
    table, history = schema.imports, schema.history
    with store.database.read() as connection:
        if settings.check_format(settings.read(connection), store.name) < 2:
            raise StoreError(
                f"store {store.name}: it has format 1, which does not keep what imports change; upgrade it "
                "(`shelfwise upgrade`), and later imports can be undone"
            )
        found = connection.execute(select(table.c.report, table.c.started).where(table.c.id == import_id)).first()
        if found is None:
            raise RequestError(
                f"undo: wanted the id of an import, got {import_id}, and there was none; `shelfwise status` names the "
                "last ones"
            )
        known = connection.execute(select(history.c.product_id).where(history.c.import_id == import_id).limit(1))
        report = json.loads(found.report or "{}")
        # An import that did not finish, and left no trace, was stopped before its first batch, or long ago.
        changed = any(report.get(name) for name in ("added", "changed", "deleted"))
        if known.first() is None and changed:
            raise StoreError(
                f"store {store.name}: what import {import_id} of {found.started} changed is not known: that is kept "
                f"for {HISTORY_DAYS} days, by stores of format 2; import the right products again"
            )


def _next_ids(store: Store, import_id: int, after: str) -> list[str]:
    history = schema.history
    statement = (
        select(history.c.product_id)
        .where(history.c.import_id == import_id, history.c.product_id > after)
        .order_by(history.c.product_id)
        .limit(BATCH)
    )
    with store.database.read() as connection:
        return list(connection.execute(statement).scalars())


@dataclass(frozen=True, slots=True)
class _Past:
    """A product before the import, and now."""

    id: str
    change: int  # the import's own
    document: str | None  # before; None: there was none
    offers: str
    import_id: int | None  # who wrote last
    now: str | None
    offers_now: str | None
    offers_change: int


def _pasts(connection: Connection, import_id: int, ids: Sequence[str]) -> list[_Past]:
    history, products, offers = schema.history, schema.products, schema.offers
    joined = history.outerjoin(products, products.c.id == history.c.product_id).outerjoin(
        offers, offers.c.product_id == history.c.product_id
    )
    columns = (
        *(history.c.product_id, history.c.change, history.c.document, history.c.offers),
        *(products.c.import_id, products.c.document, offers.c.document, offers.c.change),
    )
    statement = select(*columns).select_from(joined).where(history.c.import_id == import_id)
    return [
        _Past(row[0], row[1], row[2], row[3] or "{}", *row[4:7], row[7] or 0)
        for row in connection.execute(statement.where(history.c.product_id.in_(ids)))
    ]


def _undo(store: Store, import_id: int, ids: Sequence[str], report: UndoReport) -> None:
    """One batch; raises `ChangedMeanwhile`, and then nothing of it counts."""
    with store.database.read() as connection:
        pasts = _pasts(connection, import_id, ids)
        held = rows.held(connection, ids)
    left = [past for past in pasts if past.now != past.document and past.import_id != import_id]
    mine = [past for past in pasts if past.now == past.document or past.import_id == import_id]
    gone = [past.id for past in mine if past.document is None and past.now is not None]
    back = {past.id: past for past in mine if past.document is not None}
    base = {key: held.get(key) for key in (*back, *gone)}
    made = store.put(map(_restored, back.values()), report.import_id, base, gone=gone)
    report.added += made.added
    report.changed += made.changed
    report.deleted += made.deleted
    report.unchanged += made.unchanged + len(mine) - len(back) - len(gone)
    report.encoded += made.encoded
    report.offers_kept += sum(_keeps_offers(past) and past.now != past.document for past in back.values())
    report.left += len(left)
    report.left_ids += [past.id for past in left][: SHOWN - len(report.left_ids)]


def _keeps_offers(past: _Past) -> bool:
    """Whether prices or stock changed after the import."""
    return past.now is not None and past.offers_change > past.change


def _restored(past: _Past) -> Product:
    """The product as it was; raises no error, for it was stored once."""
    assert past.document is not None  # noqa: S101 - only these are restored
    if past.now is None or not _keeps_offers(past):
        return rows.from_row(past.document, past.offers)
    before, now = json.loads(past.offers), json.loads(past.offers_now or "{}")
    known = {variant["id"] for variant in json.loads(past.now)["variants"]}
    # A variant that the import took away has no newer offers than its old ones.
    merged = {key: offers for key, offers in before.items() if key not in known} | now
    return rows.from_row(past.document, rows.to_json(merged))
