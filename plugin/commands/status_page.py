"""A store's status as a person reads it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import screen

if TYPE_CHECKING:
    from ...index import Status


def show_status(found: Status) -> None:
    """Prints what the store is, then the other processes that have it open."""
    table = screen.table("", "")
    table.show_header = False
    for name, value in _lines(found):
        table.add_row(name, screen.plain(value))
    screen.out().print(table)
    screen.answer("")
    others = [each for each in found.processes if each.pid != os.getpid()]
    if not others:
        screen.answer("No other process of this host has it open.")
        return
    processes = screen.table(
        "process", "changes behind", "generation", right=("process", "changes behind", "generation")
    )
    for each in others:
        processes.add_row(str(each.pid), f"{each.lag:,}", str(each.generation or "-"))
    screen.out().print(processes)


def _lines(found: Status) -> list[tuple[str, str]]:
    market = f", market {found.market}" if found.market else ""
    return [
        ("store", found.store),
        ("format", f"{found.format}; {found.locale}, {found.currency}{market}"),
        ("products", f"{found.products:,} with {found.variants:,} variants"),
        ("texts", f"{found.texts:,} with a vector; {found.waiting:,} products wait to be encoded"),
        ("encoder", _encoder(found)),
        ("last change", f"{found.change:,}"),
        ("generation", _generation(found)),
        ("tail", f"{found.tail:,} products{'; a new generation is due' if found.build_due else ''}"),
        ("on disk", f"{_size(found.database_bytes)} of truth, {_size(found.cache_bytes)} of caches"),
        *_import(found),
    ]


def _encoder(found: Status) -> str:
    if found.encoder is None:
        return "none yet"
    said = f"{found.encoder.reference}, dimension {found.encoder.dimension}"
    if found.previous is not None:
        return f"{said}; back to {found.previous.reference} by `shelfwise rollback`"
    return f"{said}; back to other weights by `shelfwise rollback`" if found.can_roll_back else said


def _generation(found: Status) -> str:
    made = found.generation
    if made is None:
        return "none yet"
    return f"{made.number}: {made.products:,} products up to change {made.change:,}, {_size(made.bytes)}"


def _import(found: Status) -> list[tuple[str, str]]:
    last = found.last_import
    if last is None:
        return [("last import", "none yet")]
    counts = (f"{getattr(last, name):,} {name}" for name in ("added", "changed", "unchanged", "deleted", "bad"))
    became = ", ".join(counts) if last.finished else "it runs still, or was stopped"
    return [("last import", f"{last.id}: {last.mode}, {last.source or 'from Python'}, {last.started}"), ("", became)]


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
