"""Checking a store: the truth by itself, the caches against it, and what was left behind. Changes nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import StoreError
from . import imports, kept_models, settings
from .folder import Generation, StoreFolder, check_files, read_manifest
from .leftovers import leftovers
from .problem import MAINTAIN, RESTORE, Problem, rebuild
from .processes import live_processes
from .truth_check import TruthCheck

if TYPE_CHECKING:
    from .store import Store

PATIENCE = 0.5  # seconds in which a process that opens a store says that it has it open


def check_store(store: Store, ask_encoder: bool = True) -> list[Problem]:
    """Everything that is wrong with a store; an empty list for a healthy one, also while others write.

    Reads every document and every vector once, in one read transaction. Where products lack a vector the encoder is
    loaded and asked whether it can read their texts, unless `ask_encoder` is False; then they are named as not checked.
    """
    found = [
        Problem("database", f"the database is damaged: {said}", RESTORE) for said in store.database.problems()[:20]
    ]
    try:
        store.refresh()
        view = store.view  # before the transaction: all that it holds is in there
        live, wrong = _generations(store)
        found += wrong
        found += _models(store)
        with store.database.read() as connection:
            found += TruthCheck(store, connection, view, live).problems(ask_encoder)
    except StoreError as error:
        found.append(Problem("database", str(error), RESTORE))
    if store.writable:  # else nothing can be locked, and so nothing be told
        found += (
            Problem("leftover", f"{path.relative_to(store.folder.path)} was left by a killed process", MAINTAIN, path)
            for path in leftovers(store.folder)
        )
        found += _imports(store)
    return found


def _generations(store: Store) -> tuple[Generation | None, list[Problem]]:
    """The generation that a process would search that opens the store now, and what is wrong with all of them."""
    folder = store.folder
    with store.database.read() as connection:
        facts = settings.read(connection)
    store_id = facts.get("store", "")
    problems = []
    bad = {}
    for number in folder.numbers():
        path, seal = folder.generations / f"{number:06d}", folder.seal(number)
        if (said := _wrong_with(folder, number, store_id)) and folder.seal(number) == seal and path.exists():
            bad[seal] = said
            problems.append(rebuild(said, path))
    problems += _pointer(folder)
    return folder.find(store_id, settings.published(facts).hash, bad)[0], problems


def _wrong_with(folder: StoreFolder, number: int, store_id: str) -> str:
    path = folder.generations / f"{number:06d}"
    try:
        manifest = read_manifest(path)
        check_files(path, manifest)
    except (StoreError, OSError) as error:
        return str(error)
    return "" if manifest.store in ("", store_id) else f"generation {path.name}: it is of another store"


def _pointer(folder: StoreFolder) -> Iterator[Problem]:
    while folder.pointer.exists():
        seen = folder.pointed()
        if seen in folder.numbers():
            return
        if folder.pointed() == seen:  # else it moved meanwhile
            yield rebuild(f"the pointer {folder.pointer.name} names no generation that there is", folder.pointer)
            return


def _models(store: Store) -> Iterator[Problem]:
    """What is wrong with the models that lie in the store's folder."""
    with store.database.read() as connection:
        facts = settings.read(connection)
    for hash_ in kept_models.named(facts):
        if wrong := kept_models.wrong_with(store.folder, hash_):
            yield Problem("model", wrong, kept_models.remedy(kept_models.reference_of(hash_)))


def _others(store: Store) -> bool:
    """Whether another process has the store open, as far as that can be known: those of another host are not seen."""
    states = live_processes(store.folder.processes, remove=False)
    mine = any(state.pid == os.getpid() for state in states)
    return len(states) > mine or not store.folder.exists()


def _imports(store: Store) -> Iterator[Problem]:
    """Imports that nobody runs and that did not end, unless the same was brought in again."""
    if _others(store) or not (found := imports.unfinished(store)):
        return
    time.sleep(PATIENCE)
    if _others(store):
        return
    still = {row["id"] for row in imports.unfinished(store)}
    for row in (row for row in found if row["id"] in still):
        yield Problem(
            "import",
            f"import {row['id']} ({row['mode']}, {row['source'] or 'from Python'}, {row['started']}) never finished",
            f"run it again, or `shelfwise undo STORE {row['id']}`; what it wrote is whole batches",
        )
