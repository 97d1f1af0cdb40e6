"""What the tables know of one product: since when, from where, and whether it is still there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from . import schema, settings
from .store import Store


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """Where a product stands in the store."""

    change: int  # the last that wrote it
    deleted: bool
    import_id: int | None  # the last import that wrote it; None: a single deletion, or an encoding
    source: str  # of that import; blank where it was no file
    started: str  # of that import, ISO 8601
    row: int | None  # of the feed; None where it came from elsewhere, or is no longer known
    offers_change: int | None  # the last that wrote its offers
    waiting: bool  # for the maintainer to encode it


def product_facts(store: Store, product_id: str) -> ProductFacts | None:
    """The facts of a product, deleted ones included; None for one that never was."""
    products, offers, imports, history = schema.products, schema.offers, schema.imports, schema.history
    with store.database.read() as connection:
        format_ = settings.check_format(settings.read(connection), store.name)
        columns = (products.c.change, products.c.document.is_(None), products.c.import_id)
        found = connection.execute(select(*columns).where(products.c.id == product_id)).first()
        if found is None:
            return None
        change, deleted, import_id = found
        about = connection.execute(select(imports.c.source, imports.c.started).where(imports.c.id == import_id)).first()
        moved = connection.execute(select(offers.c.change).where(offers.c.product_id == product_id)).scalar()
        row, waits = None, False
        if format_ > 1:
            mine = (history.c.import_id == import_id, history.c.product_id == product_id)
            row = connection.execute(select(history.c.row).where(*mine)).scalar()
            waiting = select(schema.waiting.c.change).where(schema.waiting.c.product_id == product_id)
            waits = connection.execute(waiting).first() is not None
    source, started = (about[0], about[1]) if about is not None else ("", "")
    return ProductFacts(int(change), bool(deleted), import_id, source, started, row, moved, waits)
