"""Writes that wait for no encoder: found by their words at once, and by meaning once the maintainer was there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from shelfwise.index import (
    EncoderError,
    ImportOptions,
    Product,
    Store,
    import_products,
    maintain,
    match,
    publish,
    rollback,
)
from shelfwise.index.store import following, maintenance, rows, schema
from sqlalchemy import func, select

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]
pytestmark = pytest.mark.both_databases


def by_words(store: Store, word: str) -> set[str]:
    view = store.view
    found = view.by_words([word], view.n_rows, match(view, (), store.context).mask, "en")
    return {view.id_of(row) for row in found.rows.tolist()}


def by_meaning(store: Store) -> set[str]:
    """The ids of all that has a vector here."""
    view = store.view
    return {view.id_of(row) for row in range(view.n_rows) if view.vector_of(row, "en") is not None} & {
        view.id_of(row) for row in np.flatnonzero(match(view, (), store.context).mask).tolist()
    }


def test_nothing_is_encoded_and_words_find_it_at_once_and_meaning_after_maintenance(
    open_store: Opens, lamps: Lamps, fake_encoder: Any
) -> None:
    encoder = fake_encoder()
    store = open_store(encoder, maintain=False)
    report = import_products(store, lamps(3), ImportOptions(wait=False))
    assert (report.added, report.encoded, report.waiting) == (3, 0, 3)
    assert encoder.texts == [] and not store.encoders.any_loaded, "no model was loaded"
    assert by_words(store, "lamp") == store.waiting() == {"p0", "p1", "p2"}
    assert by_meaning(store) == set()
    done = maintain(store)
    assert done is not None and done.encoded == 3
    assert store.waiting() == set() and by_meaning(store) == {"p0", "p1", "p2"}
    assert len(encoder.texts) == 3
    assert maintain(store) == maintenance.Maintained(), "and then nothing is due"


def test_a_text_that_has_its_vector_does_not_wait(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(2))
    twin = Product("twin", lamps(1)[0].title, brand="Lumen")
    written = store.put([twin, *lamps(2, price=77), Product("p1", "Sconce")], wait=False)
    assert (written.added, written.changed, written.waiting) == (1, 2, 1)
    assert store.waiting() == {"p1"}
    store.refresh()
    assert by_meaning(store) == {"p0", "twin"}


def test_other_processes_find_it_by_words_at_once_and_by_meaning_soon(
    place: Any, children: Any, open_store: Opens, lamps: Lamps, eventually: Any
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(1))
    store.refresh()
    child = children.start("call", place, file=__file__, name="child_writes")
    child.says("wrote")
    eventually(lambda: by_words(store, "vase") == {"late"}, seconds=1)
    assert store.waiting() == {"late"} and by_meaning(store) == {"p0"}
    assert child.says("loaded") == "loaded False"
    maintain(store)
    assert by_meaning(store) == {"p0", "late"}
    assert child.says("meaning") == "meaning ['late', 'p0']"


def child_writes(order: dict[str, Any], says: Any) -> None:
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing", maintain=False)
    store.put([Product("late", "Vase")], wait=False)
    store.refresh()
    says("wrote")
    says(f"loaded {store.encoders.any_loaded}")
    while len(found := by_meaning(store)) < 2:
        time.sleep(0.01)
    says(f"meaning {sorted(found)}")
    store.close()


def test_the_background_thread_does_it_where_nobody_else_maintains(
    monkeypatch: pytest.MonkeyPatch, open_store: Opens, lamps: Lamps, eventually: Any
) -> None:
    monkeypatch.setattr(following, "MAINTAIN_SECONDS", 0.2)
    store, other = open_store(), open_store(maintain=False)
    other.put(lamps(3), wait=False)
    eventually(lambda: not other.waiting())
    eventually(lambda: by_meaning(other) == by_meaning(store) == {"p0", "p1", "p2"})


def test_what_was_deleted_meanwhile_waits_no_longer(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(3), wait=False)
    store.remove(["p1"])
    assert store.waiting() == {"p0", "p2"}
    maintain(store)
    assert store.waiting() == set() and by_meaning(store) == {"p0", "p2"}


def test_what_was_encoded_meanwhile_waits_no_longer(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(2), wait=False)
    store.put([Product("p0", "Sconce")])
    assert store.waiting() == {"p1"}
    store.refresh()
    assert by_meaning(store) == {"p0"}


@pytest.mark.parametrize("late", ["change", "delete", "again"])
def test_what_is_written_while_it_is_encoded_is_not_taken_for_encoded(
    late: str, open_store: Opens, lamps: Lamps, fake_encoder: Any
) -> None:
    writer = open_store(maintain=False)

    def write(vectors: Any) -> Any:
        if writes:
            writes.pop()()
        return vectors

    writes: list[Callable[[], object]] = []
    store = open_store(fake_encoder(spoil=write), maintain=False)
    store.put([Product("p0", "Sconce"), *lamps(1, first=1)], wait=False)
    doing = {
        "change": lambda: writer.put([Product("p0", "Chandelier")], wait=False),
        "delete": lambda: writer.remove(["p0"]),
        "again": lambda: [writer.remove(["p0"]), writer.put([Product("p0", "Chandelier")], wait=False)],
    }
    writes.append(doing[late])
    assert maintenance.encode_waiting(store) == 2
    assert store.waiting() == (set() if late == "delete" else {"p0"}), "the newer text waits"
    assert by_meaning(store) == {"p1"}
    maintain(store)
    assert by_meaning(store) == ({"p1"} if late == "delete" else {"p0", "p1"})
    if late != "delete":
        held = store.view.vector_of(store.view.row_of("p0"), "en")
        (wanted,) = store.encoder.encode_passages(["Chandelier"])
        assert held is not None and np.allclose(held, wanted, atol=0.01)


def child_maintains(order: dict[str, Any], says: Any) -> None:
    maintenance.ENCODED_AT_ONCE = 2
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing", maintain=False)
    says("open")
    maintain(store)
    store.close()


@pytest.mark.parametrize(
    "step", [*(f"commit:{n}:before" for n in (1, 2)), *(f"statement:{n}:after" for n in (1, 3, 9))]
)
def test_a_killed_maintainer_loses_nothing_and_the_next_one_goes_on(
    step: str, place: Any, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(6), wait=False)
    child = children.start("call", place, file=__file__, name="child_maintains", die=step)
    assert child.ends() == ["open"], "it died"
    store.refresh()
    done, waiting = by_meaning(store), store.waiting()
    assert done | waiting == {f"p{at}" for at in range(6)} and not done & waiting
    assert len(done) == (2 if step == "commit:2:before" else len(done)) and len(done) % 2 == 0
    # PostgreSQL drops a killed process's lock a moment later, when it sees that the connection is gone.
    until = time.monotonic() + 30
    while maintain(store) is None and time.monotonic() < until:
        time.sleep(0.05)
    assert by_meaning(store) == {f"p{at}" for at in range(6)} and store.waiting() == set()


def test_without_an_encoder_words_go_on_and_it_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
    open_store: Opens,
    lamps: Lamps,
    fake_encoder: Any,
    eventually: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(following, "MAINTAIN_SECONDS", 0.05)
    open_store(fake_encoder("first"), maintain=False).put(lamps(1))
    store = open_store(fake_encoder("second", hash="fake-2"))  # it is not that of the store's vectors
    with pytest.raises(EncoderError, match="its vectors are from first"):
        store.put(lamps(1, first=1))
    store.put(lamps(3), wait=False)
    store.refresh()
    eventually(lambda: caplog.records)
    time.sleep(0.5)  # some more rounds
    (record,) = caplog.records
    assert "its vectors are from first" in record.getMessage() and record.getMessage().endswith("; it is tried again")
    assert record.levelno == logging.WARNING
    assert by_words(store, "lamp") == {"p0", "p1", "p2"} and store.waiting() == {"p1", "p2"}


def test_without_an_encoder_the_rest_of_maintenance_is_done(
    monkeypatch: pytest.MonkeyPatch, open_store: Opens, lamps: Lamps, fake_encoder: Any
) -> None:
    open_store(fake_encoder("first"), maintain=False).put(lamps(1))
    store = open_store(fake_encoder("second", hash="fake-2"), maintain=False)
    monkeypatch.setattr(maintenance, "TAIL_AT_LEAST", 3)
    store.put(lamps(9), wait=False)
    with pytest.raises(EncoderError):
        maintain(store)
    assert store.folder.numbers() == [1] and store.view.generation == 1
    assert by_words(store, "lamp") == {f"p{at}" for at in range(9)}


def test_what_lay_in_a_generation_without_a_vector_is_found_by_meaning_once_it_has_one(
    open_store: Opens, lamps: Lamps
) -> None:
    store, other = open_store(maintain=False), open_store(maintain=False)
    store.put(lamps(3), wait=False)
    store.build_generation()
    assert by_meaning(store) == set()
    maintain(store)
    other.refresh()
    assert by_meaning(store) == by_meaning(other) == {"p0", "p1", "p2"}
    store.build_generation()
    assert by_meaning(store) == {"p0", "p1", "p2"}


def vectors(store: Store) -> dict[str, int]:
    """How many vectors there are, by encoder."""
    table = schema.vectors
    with store.database.read() as connection:
        counted = select(table.c.encoder, func.count()).group_by(table.c.encoder)
        return {row[0]: row[1] for row in connection.execute(counted)}


def test_while_there_is_a_way_back_what_waits_is_encoded_by_both(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(2))
    publish(store, "hashing-32")
    store.put(lamps(2, first=2), wait=False)
    assert vectors(store) == {"hashing-1": 2, "hashing-1-32": 2}
    maintain(store)
    assert vectors(store) == {"hashing-1": 4, "hashing-1-32": 4}
    rollback(store)
    assert by_meaning(store) == {f"p{at}" for at in range(4)}


def test_what_waits_while_another_encoder_is_published_is_found_by_both(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    store.put(lamps(2))
    store.put(lamps(2, first=2), wait=False)
    publish(store, "hashing-32")
    assert by_meaning(store) == {f"p{at}" for at in range(4)}, "publishing has encoded all"
    assert store.waiting() == {"p2", "p3"}, "by the other one they are still to be"
    rollback(store)
    assert by_meaning(store) == {"p0", "p1"}
    maintain(store)
    assert by_meaning(store) == {f"p{at}" for at in range(4)} and store.waiting() == set()


def test_more_than_one_round_is_encoded_at_once(
    monkeypatch: pytest.MonkeyPatch, open_store: Opens, lamps: Lamps
) -> None:
    monkeypatch.setattr(maintenance, "ENCODED_AT_ONCE", 4)
    store = open_store(maintain=False)
    store.put(lamps(10), wait=False)
    done = maintain(store)
    assert done is not None and done.encoded == 10


def test_texts_that_nobody_can_read_wait_no_longer_than_the_others(open_store: Opens, fake_encoder: Any) -> None:
    store = open_store(fake_encoder(foreign="羊"), maintain=False)
    store.put([Product("hat", "羊毛帽子"), Product("cup", "Cup")], wait=False)
    maintain(store)
    assert store.waiting() == set() and by_meaning(store) == {"cup"}
    with store.database.read() as connection:
        assert set(rows.products_by_id(connection, ["hat"])) == {"hat"}
