"""Whether a store is whole: the truth is one of those that it may be, the view agrees, and nothing is left over."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from load import Item, State, facts_of
from shelfwise.index import Store, match
from shelfwise.index.money import SCALE
from shelfwise.index.store import checking, following, leftovers, maintenance
from shelfwise.index.store.checking import check_store
from shelfwise.index.store.restoring import restore_store

SAMPLE = 7  # every so many products are looked for by their words
KNOWN = re.compile(
    r"shelfwise\.db(-wal|-shm)?|current|[a-z]+\.lock|generations(/\d{6}(/.*)?)?|processes|reports(/import-\d+\.jsonl)?"
    r"|kept(/format-1-[\dTZ.]+\.zip)?"
)


def open_quietly(path: Path) -> Store:
    """The store, which does nothing by itself, and waits for nobody: no other process has it open."""
    following.FOLLOW_SECONDS = 3_600.0
    checking.PATIENCE = leftovers.PATIENCE = 0.0
    return Store.open(path, create=False, maintain=False)


def checked(store: Store, *known: str) -> list[str]:
    """What the check finds, but for what a kill leaves: an import that never finished, and these kinds."""
    return [f"the check says: {each}" for each in check_store(store) if each.kind not in ("import", *known)]


def truth_of(store: Store) -> dict[str, Item]:
    """All products that the database holds."""
    return {key: Item.of(product) for key, product in store.products(sorted(store.ids())).items()}


def part_of(state: State, letter: str) -> dict[str, Item]:
    """The products of one writer."""
    return {key: item for key, item in state.items() if key.startswith(letter)}


def look_at(
    path: Path, allowed: Mapping[str, Sequence[State]], check: Callable[[Store], list[str]]
) -> dict[str, object]:
    """What is wrong after a kill, and which of its allowed states each writer's products are in (-1: none).

    `allowed`: by the letter with which a writer's ids begin. `check`: what else is asked of the store.
    """
    store = open_quietly(path)
    truth = truth_of(store)
    found: dict[str, int] = {}
    wrong: list[str] = []
    for letter, states in allowed.items():
        mine = part_of(truth, letter)
        found[letter] = next((at for at, state in enumerate(states) if state == mine), -1)
        if found[letter] < 0:
            wrong.append(f"products {letter}… are in no state that they may be in: {_difference(mine, states)}")
    wrong += check(store)
    wrong += disagreements(store, truth)
    wrong += checked(store, "leftover")
    maintenance.maintain(store)
    store.close()

    store = open_quietly(path)
    if store.waiting():
        wrong.append("maintenance left products waiting")
    if (then := truth_of(store)) != truth:
        wrong.append(f"maintenance changed the truth: {_difference(then, [truth])}")
    wrong += disagreements(store, truth)
    wrong += checked(store)
    wrong += [f"left over: {name}" for name in unknown_names(store)]
    store.close()
    return {"wrong": wrong, "states": found}


def _difference(mine: State, states: Sequence[State]) -> str:
    nearest = min(states, key=lambda state: len(mine.items() ^ state.items()))
    return f"{sorted(mine.items() ^ nearest.items())[:4]}"


def disagreements(store: Store, truth: State) -> list[str]:
    """Where the view says otherwise than the truth."""
    view, waiting = store.view, store.waiting()
    wrong = []
    if view.n_products != len(truth):
        wrong.append(f"the view has {view.n_products} products, the truth {len(truth)}")
    matching = match(view, (), store.context)
    for at, (key, item) in enumerate(truth.items()):
        row = view.row_of(key)
        if row < 0:
            wrong.append(f"{key} is not in the view")
            continue
        live, local = view.place(row)
        prices = matching.prices[view.segments.index(live)]
        variant = live.segment.first_variant[local]
        shown = (prices.price[variant] / SCALE, prices.stock[variant])
        if shown != (item.price, item.stock):
            wrong.append(f"{key} has price and stock {shown} in the view, {item} in the truth")
        if key not in waiting and view.vector_of(row, "en") is None:
            wrong.append(f"{key} has no vector in the view")
        if at % SAMPLE == 0:
            words = item.title.lower().split()[-1:]
            if row not in view.by_words(words, view.n_rows, matching.mask, "en").rows:
                wrong.append(f"{key} is not found by {words}")
    shown_ids = {view.id_of(row) for row in np.flatnonzero(matching.mask).tolist()}
    return wrong + [f"{key} is in the view alone" for key in sorted(shown_ids - truth.keys())]


def unknown_names(store: Store) -> list[str]:
    """What lies in a store's folder and belongs to nothing."""
    root = store.folder.path
    names = [str(path.relative_to(root)) for path in root.rglob("*")]
    left = [name for name in names if not KNOWN.fullmatch(name)]
    left += [path.name for path in store.folder.processes.iterdir()]
    for number in store.folder.numbers():
        folder = store.folder.generations / f"{number:06d}"
        listed = {"manifest.json", *json.loads((folder / "manifest.json").read_text())["files"]}
        files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        left += [f"{number:06d}/{name}" for name in sorted(files - listed)]
    return left


def archive_problems(archive: Path, way: Mapping[str, Sequence[State]], scratch: Path) -> list[str]:
    """What is wrong with a dump that was made while the writers were on this way."""
    restore_store(archive, scratch)
    try:
        store = open_quietly(scratch)
        truth = truth_of(store)
        wrong = disagreements(store, truth)
        store.close()
    finally:
        shutil.rmtree(scratch)
    return wrong + [
        f"the dump holds {letter}… in a state that never was: {_difference(part_of(truth, letter), states)}"
        for letter, states in way.items()
        if part_of(truth, letter) not in states
    ]


def encoder_and_format(encoders: set[str], format_: int) -> Callable[[Store], list[str]]:
    """Checks what is published, and that an upgrade was not lost."""

    def check(store: Store) -> list[str]:
        facts = facts_of(store)
        wrong = []
        if facts.get("encoder_reference", "") not in encoders:
            wrong.append(f"{facts.get('encoder_reference')} is published, and not one of {sorted(encoders)}")
        if int(facts["format"]) < format_:
            wrong.append(f"the store has format {facts['format']}, and {format_} was acknowledged")
        return wrong

    return check
