"""Repairing what can be built again: generations, the pointer, vectors. The truth is never touched."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import ShelfwiseError
from . import rows, schema, settings
from .database import last_change
from .leftovers import leftovers
from .maintenance import build_generation, delete_vectors, maintain
from .problem import Problem
from .vector_check import VectorCheck, damaged_vectors

if TYPE_CHECKING:
    from .store import Store


def repair_store(store: Store, problems: Sequence[Problem]) -> list[str]:
    """Deletes what can be built again and builds it, where `check_store` found something; what was done, in sentences.

    Raises `StoreError` where that cannot be written.
    """
    kinds = {problem.kind for problem in problems}
    done: list[str] = []
    if "vectors" in kinds:
        done += _repair_vectors(store)
    if "cache" in kinds:
        done += _repair_caches(store, problems)
    if removed := leftovers(store.folder, remove=True) if "leftover" in kinds else []:
        done.append(f"{len(removed):,} files and folders of killed processes were removed.")
    return done


def _repair_caches(store: Store, problems: Sequence[Problem]) -> list[str]:
    # First the new one: it must not have the number of one that other processes search.
    number = build_generation(store, wait=True)
    bad = [int(problem.path.name) for problem in problems if problem.path and problem.path.name.isdigit()]
    while bad:
        with store.folder.building() as scratch:
            if scratch is not None:
                store.folder.delete_generations(bad)
                break
        time.sleep(0.1)
    store.refresh()
    said = f" {len(bad):,} damaged ones were deleted." if bad else ""
    return [f"Generation {number} was built and is searched now.{said}"]


def _repair_vectors(store: Store) -> list[str]:
    done = []
    with store.database.read() as connection:
        facts = settings.read(connection)
        damaged = list(damaged_vectors(connection, facts))
    if damaged:
        with store.database.write() as connection:
            delete_vectors(connection, damaged)
        done.append(f"{len(damaged):,} damaged vectors were deleted.")
    if settings.check_format(facts, store.name) < 2:
        return [*done, "Texts without a vector are encoded again once the store is upgraded (`shelfwise upgrade`)."]
    lacking = _lacking(store)
    with store.database.write() as connection:
        change = last_change(connection)
        rows.upsert(connection, schema.waiting, [{"product_id": key, "change": change} for key in lacking])
    done.append(f"{len(lacking):,} products with texts without a vector were handed to the maintainer.")
    try:
        maintain(store)
    except ShelfwiseError as error:
        done.append(f"They wait: {error}.")
    return done


def _lacking(store: Store) -> list[str]:
    """The products to encode; all that lack a vector where the encoder cannot be asked, for it will be asked then."""
    with store.database.read() as connection:
        check = VectorCheck(store, connection, settings.read(connection))
        for part in rows.live_products(connection):
            check.look(rows.readable(part))
        try:
            return list(check.lacking())
        except ShelfwiseError:
            return list(check.lacking(ask_encoder=False))
