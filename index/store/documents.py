"""What a shop writes besides products: landing pages, rules. All but histories is held in memory by every process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from ..errors import StoreError
from . import rows, schema, settings
from .database import next_change

if TYPE_CHECKING:
    from .store import Store

Documents = Mapping[str, str]  # by key; JSON
Read = Callable[[str, str], Documents]  # those of a kind whose keys begin so

HISTORY = "-history"  # with which the kinds end that only grow: no view holds them, `documents_of` reads them
NO_DOCUMENTS: Mapping[str, Documents] = {}


def change_documents(store: Store, kind: str, change: Callable[[Documents], Mapping[str, str | None]]) -> int:
    """Writes documents of one kind (None: deletes it); how many. Durable, and seen here, when it returns.

    `change` is given what stands there now, and nobody else writes until it has answered. Raises `StoreError` in a
    store of format 1, which has no place for them.
    """
    return change_kinds(store, lambda now, read: {kind: change(now.get(kind, {}))})


def change_kinds(
    store: Store, change: Callable[[Mapping[str, Documents], Read], Mapping[str, Mapping[str, str | None]]]
) -> int:
    """Like `change_documents` of several kinds, together or not at all; by kind and key.

    `change` is also given what reads histories, which are not among what stands there.
    """
    with store.database.write() as connection:
        if settings.check_format(settings.read(connection), store.database.name) < 2:
            raise StoreError(
                f"store {store.database.name}: it has format 1, which holds products alone; upgrade it first "
                "(`shelfwise upgrade`)"
            )
        made = change(load_documents(connection), partial(_read, connection))
        new = {kind: documents for kind, documents in made.items() if documents}
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
    """All documents by kind and key, in the order of the keys; without histories."""
    table = schema.documents
    made: dict[str, dict[str, str]] = {}
    for kind, key, document in connection.execute(
        select(table.c.kind, table.c.key, table.c.document)
        .where(table.c.kind.not_like(f"%{HISTORY}"))
        .order_by(table.c.kind, table.c.key)
    ):
        made.setdefault(kind, {})[key] = document
    return made


def documents_of(store: Store, kind: str, begins: str = "") -> Documents:
    """The documents of one kind whose keys begin so, as they are in the database now, in their keys' order."""
    with store.database.read() as connection:
        # A store of format 1 has no table of them.
        return _read(connection, kind, begins) if documents_change(settings.read(connection)) else {}


def _read(connection: Connection, kind: str, begins: str) -> Documents:
    table = schema.documents
    chosen = select(table.c.key, table.c.document).where(table.c.kind == kind).order_by(table.c.key)
    if begins:
        # Not LIKE, for which SQLite would read every key.
        chosen = chosen.where(table.c.key >= begins, table.c.key < f"{begins}{chr(0x10FFFF)}")
    return {row.key: row.document for row in connection.execute(chosen)}


def documents_change(facts: Mapping[str, str]) -> int:
    """The number of the last change of any document; 0 where there was none."""
    return int(facts.get("documents") or 0)
