"""What a shop writes besides products: landing pages, rules. Small; every process holds all of it in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from ..errors import StoreError
from . import rows, schema, settings
from .database import next_change

if TYPE_CHECKING:
    from .store import Store

Documents = Mapping[str, str]  # by key; JSON

NO_DOCUMENTS: Mapping[str, Documents] = {}


def change_documents(store: Store, kind: str, change: Callable[[Documents], Mapping[str, str | None]]) -> int:
    """Writes documents of one kind (None: deletes it); how many. Durable, and seen here, when it returns.

    `change` is given what stands there now, and nobody else writes until it has answered. Raises `StoreError` in a
    store of format 1, which has no place for them.
    """
    return change_kinds(store, lambda now: {kind: change(now.get(kind, {}))})


def change_kinds(
    store: Store, change: Callable[[Mapping[str, Documents]], Mapping[str, Mapping[str, str | None]]]
) -> int:
    """Like `change_documents` of several kinds, together or not at all; by kind and key."""
    with store.database.write() as connection:
        if settings.check_format(settings.read(connection), store.database.name) < 2:
            raise StoreError(
                f"store {store.database.name}: it has format 1, which holds products alone; upgrade it first "
                "(`shelfwise upgrade`)"
            )
        new = {kind: documents for kind, documents in change(load_documents(connection)).items() if documents}
        if new:
            number = next_change(connection)
            written = [
                {"kind": kind, "key": key, "change": number, "document": document}
                for kind, documents in new.items()
                for key, document in documents.items()
                if document is not None
            ]
            rows.upsert(connection, schema.documents, written)
            table = schema.documents
            for kind, documents in new.items():
                gone = [key for key, document in documents.items() if document is None]
                if gone:
                    connection.execute(table.delete().where(table.c.kind == kind, table.c.key.in_(gone)))
            settings.set_fact(connection, "documents", str(number))
    store.settle()
    return sum(map(len, new.values()))


def load_documents(connection: Connection) -> Mapping[str, Documents]:
    """All documents by kind and key, in the order of the keys."""
    table = schema.documents
    made: dict[str, dict[str, str]] = {}
    for kind, key, document in connection.execute(
        select(table.c.kind, table.c.key, table.c.document).order_by(table.c.kind, table.c.key)
    ):
        made.setdefault(kind, {})[key] = document
    return made


def documents_change(facts: Mapping[str, str]) -> int:
    """The number of the last change of any document; 0 where there was none."""
    return int(facts.get("documents") or 0)
