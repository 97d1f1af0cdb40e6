"""The table of imports: what was brought in, when, and how it went."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import String, cast, exists, insert, literal, or_, select, update

from . import schema

if TYPE_CHECKING:
    from .store import Store

UNDO = "undo"  # the mode of an undo
UNDONE = "import "  # and its source, with the id of what was undone
_running: WeakKeyDictionary[Store, set[int]] = WeakKeyDictionary()  # imports of this process


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def begin(store: Store, source: str, mode: str) -> int:
    """Writes down that an import starts; its id."""
    with store.database.write() as connection:
        statement = (
            insert(schema.imports).values(source=source, mode=mode, started=_now()).returning(schema.imports.c.id)
        )
        import_id = int(connection.execute(statement).scalar_one())
    _running.setdefault(store, set()).add(import_id)
    return import_id


def finish(store: Store, import_id: int, report: Mapping[str, Any]) -> None:
    """Writes down how an import went."""
    with store.database.write() as connection:
        values = {"finished": _now(), "report": json.dumps(dict(report), ensure_ascii=False)}
        connection.execute(update(schema.imports).where(schema.imports.c.id == import_id).values(**values))
    _running.get(store, set()).discard(import_id)


def last_imports(store: Store, count: int = 5) -> list[dict[str, Any]]:
    """The latest imports, newest first; one that is unfinished runs still, or was killed."""
    with store.database.read() as connection:
        statement = select(schema.imports).order_by(schema.imports.c.id.desc()).limit(count)
        return [dict(row) for row in connection.execute(statement).mappings()]


def unfinished(store: Store, count: int = 20) -> list[dict[str, Any]]:
    """The latest imports that neither ended, nor run in this process, nor were brought in again or undone since."""
    table, later = schema.imports, schema.imports.alias()
    again = (later.c.source == table.c.source) & (later.c.mode == table.c.mode)
    undone = (later.c.mode == UNDO) & (later.c.source == literal(UNDONE).concat(cast(table.c.id, String)))
    done = exists().where(later.c.id > table.c.id, later.c.finished.is_not(None), or_(again, undone))
    statement = select(table).where(table.c.finished.is_(None), ~done).order_by(table.c.id.desc()).limit(count)
    running = _running.get(store, set())
    with store.database.read() as connection:
        return [dict(row) for row in connection.execute(statement).mappings() if row["id"] not in running]
