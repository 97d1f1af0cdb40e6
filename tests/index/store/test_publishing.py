"""Another encoder goes live beside the traffic, and comes back within a second: nothing is lost, nothing mixed."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shelfwise.index import (
    Encoder,
    EncoderError,
    Product,
    RequestError,
    Store,
    StoreBusy,
    StoreError,
    check_store,
    forget_previous,
    maintain,
    match,
    publish,
    rollback,
    update_offers,
)
from shelfwise.index.encoders.hashing import HashingEncoder
from shelfwise.index.store import maintenance, publishing, schema, settings, writing
from shelfwise.index.store.view import View
from shelfwise.plugin import FusionWeights, Request, Results, Rule, Shop
from shelfwise.plugin.cutoff import Cutoff
from shelfwise.plugin.shop import AnswerMany
from sqlalchemy import func, select, update

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]

OLD, NEW = "hashing-1", "hashing-1-256"


def by_meaning(store: Store) -> set[str]:
    """The live products that have a vector in what is searched here."""
    view = store.view
    live = np.flatnonzero(match(view, (), store.context).mask).tolist()
    return {view.id_of(row) for row in live if view.vector_of(row, "en") is not None}


def nearest(store: Store, text: str) -> str:
    """The id of what is nearest to a text, by the encoder of the view."""
    view = store.view
    query = store.encoder_of(view).encode_queries([text])
    ((rows, _),) = view.nearest(query, 1, match(view, (), store.context).mask, "en")
    return view.id_of(int(rows[0]))


def vectors(store: Store) -> dict[str, int]:
    """How many vectors there are, by encoder."""
    table = schema.vectors
    with store.database.read() as connection:
        counted = select(table.c.encoder, func.count()).group_by(table.c.encoder)
        return {row[0]: row[1] for row in connection.execute(counted)}


def live(store: Store) -> tuple[str, str]:
    """The hashes of what is published, and of what can be gone back to; "" for nothing."""
    with store.database.read() as connection:
        facts = settings.read(connection)
    before = settings.previous(facts)
    return settings.published(facts).hash, before.hash if before else ""


@pytest.fixture
def store(open_store: Opens, lamps: Lamps) -> Store:
    """Thirty lamps in a generation and three in the tail."""
    store = open_store(maintain=False)
    store.put(lamps(30))
    store.build_generation()
    store.put(lamps(3, first=30))
    store.refresh()
    return store


ALL = {f"p{at}" for at in range(33)}


# ---- forward and back --------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_all_products_are_found_by_the_new_encoder_and_then_by_the_old_one_again(store: Store) -> None:
    told: list[tuple[int, int]] = []
    assert publish(store, "hashing-256", says=lambda done, of: told.append((done, of))) == 2
    assert told == [(33, 33)]
    assert (store.view.encoder, store.view.generation, live(store)) == (NEW, 2, (NEW, OLD))
    assert by_meaning(store) == ALL and nearest(store, "Lamp model 7 with shade") == "p7"
    assert vectors(store) == {OLD: 33, NEW: 33}
    manifest = json.loads((store.folder.generations / "000002" / "manifest.json").read_text())
    assert (manifest["encoder"], manifest["dimension"], manifest["encoder_reference"]) == (NEW, 256, "hashing-256")

    back = rollback(store)
    assert back.hash == OLD and (store.view.encoder, store.view.generation, live(store)) == (OLD, 1, (OLD, NEW))
    assert by_meaning(store) == ALL and nearest(store, "Lamp model 7 with shade") == "p7"

    assert rollback(store).hash == NEW, "and forward again"
    assert (store.view.encoder, store.view.generation) == (NEW, 2)
    assert by_meaning(store) == ALL and check_store(store) == []


@pytest.mark.both_databases
def test_what_is_written_between_is_encoded_by_both_and_found_by_meaning_either_way(store: Store, lamps: Lamps) -> None:
    publish(store, "hashing-256")
    store.put([*lamps(3, first=40), Product("p0", "Sconce")])
    store.put([Product("late", "Vase")], wait=False)
    store.remove(["p1"])
    update_offers(store, [{"id": "p2", "price": 99}])
    maintain(store)
    wanted = (ALL | {"p40", "p41", "p42", "late"}) - {"p1"}
    assert vectors(store) == {OLD: 38, NEW: 38}
    for _ in range(3):
        assert by_meaning(store) == wanted and nearest(store, "Sconce") == "p0" and nearest(store, "Vase") == "late"
        assert check_store(store) == []
        rollback(store)


@pytest.mark.both_databases
def test_going_back_encodes_and_reads_no_product_and_builds_nothing(
    store: Store, lamps: Lamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, "hashing-256")
    store.put(lamps(5, first=40))
    numbers = store.folder.numbers()
    looked: list[int] = []
    real = publishing._encode_part
    monkeypatch.setattr(publishing, "_encode_part", lambda *given: (looked.append(len(given[2])), real(*given))[1])
    rollback(store)
    rollback(store)
    assert sum(looked) == 0 and store.folder.numbers() == numbers


@pytest.mark.both_databases
def test_going_back_encodes_what_the_old_encoder_could_not_be_had_for(
    store: Store, lamps: Lamps, open_store: Opens, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publish(store, "hashing-256")
    real = writing.encode_missing

    def fails(store: Store, encoder: Encoder, texts: Any) -> Any:
        if encoder.hash == OLD:
            raise EncoderError("its folder is gone")
        return real(store, encoder, texts)

    monkeypatch.setattr(writing, "encode_missing", fails)
    store.put(lamps(1, first=40))
    store.put(lamps(1, first=41))
    store.put([Product("late", "Vase")], wait=False)
    maintain(store)
    monkeypatch.setattr(writing, "encode_missing", real)
    store.put(lamps(1, first=42))
    assert [each.getMessage() for each in caplog.records] == [
        f"store {store.name}: not encoded for a way back: its folder is gone"
    ], "once"
    with store.database.read() as connection:
        unit = settings.previous(settings.read(connection))
    assert maintenance.build_generation(store, unit) == 3, "one that was built without them"

    looked: list[int] = []
    part = publishing._encode_part
    monkeypatch.setattr(publishing, "_encode_part", lambda *given: (looked.append(len(given[2])), part(*given))[1])
    rollback(store)
    assert sum(looked) == 4, "no more than came since"
    wanted = ALL | {"p40", "p41", "p42", "late"}
    assert store.view.generation == 3 and by_meaning(store) == wanted
    assert by_meaning(open_store(maintain=False)) == wanted
    assert check_store(store) == []


# ---- beside the traffic ------------------------------------------------------------------------------------------


@pytest.mark.both_databases
@pytest.mark.parametrize("phase", ["encoding", "building", "built"])
def test_what_is_written_while_another_encoder_is_published_is_found_by_it(
    phase: str, store: Store, open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_store(maintain=False)

    def write() -> None:
        other.put([*lamps(3, first=40), Product("p0", "Sconce")])
        other.put([Product("late", "Vase")], wait=False)
        other.remove(["p1", "p31"])
        other.refresh()
        assert other.view.encoder == OLD and by_meaning(other) == (ALL | {"p40", "p41", "p42"}) - {"p1", "p31"}

    place, name, after = {
        "encoding": (publishing, "_encode_all", True),
        "building": (publishing, "build_generation", False),
        "built": (publishing, "build_generation", True),
    }[phase]
    real, writes = getattr(place, name), [write]

    def wrapped(*given: Any, **named: Any) -> Any:
        if not after and writes:
            writes.pop()()
        made = real(*given, **named)
        if after and writes:
            writes.pop()()
        return made

    monkeypatch.setattr(place, name, wrapped)
    publish(store, "hashing-256")
    assert writes == []
    wanted = (ALL | {"p40", "p41", "p42", "late"}) - {"p1", "p31"}
    for each in (store, open_store(maintain=False)):
        assert each.view.encoder == NEW and by_meaning(each) == wanted and nearest(each, "Sconce") == "p0"
    maintain(store)
    rollback(store)
    assert by_meaning(store) == wanted and check_store(store) == []


def test_so_much_that_comes_in_between_is_encoded_before_the_switch_and_not_in_it(
    store: Store, lamps: Lamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "FEW", 5)
    parts: list[tuple[int, bool]] = []
    real, writes = publishing._encode_part, [lamps(20, first=60), lamps(3, first=90)]

    def part(store: Store, new: Any, products: Any, within: Any = None) -> None:
        parts.append((len(products), within is not None))
        real(store, new, products, within)
        if writes and within is None:
            store.put(writes.pop(0))

    monkeypatch.setattr(publishing, "_encode_part", part)
    publish(store, "hashing-256")
    assert parts == [(33, False), (20, False), (3, True)], "the writers' lock is held for three texts"
    assert by_meaning(store) == ALL | {f"p{at}" for at in (*range(60, 80), 90, 91, 92)}


def test_searches_and_writes_never_wait_for_the_encoder_that_is_published(
    path: Path, fake_encoder: Any, lamps: Lamps
) -> None:
    may_go, began = threading.Event(), threading.Event()

    def slowly(made: Any) -> Any:
        began.set()
        assert may_go.wait(30)
        return made

    with Shop.open(path, encoder="hashing", maintain=False) as shop:
        shop.upsert(lamps(30))
        new = fake_encoder("slow", hash="slow-1", dimension=32, spoil=slowly)
        publisher = threading.Thread(target=shop.publish, args=(new,))
        publisher.start()
        try:
            assert began.wait(10)
            shop.upsert(Product("p30", "Lamp model 30 with shade", price=3))
            found = shop.search("lamp model 30")
            assert found.ids[0] == "p30" and not found.degraded and shop.store.view.encoder == OLD
            assert shop.delete("p0") == 1 and "p0" not in shop.search("lamp model 0").ids
        finally:
            may_go.set()
            publisher.join(30)
        found = shop.search("lamp model 30")
        assert found.ids[0] == "p30" and not found.degraded and shop.store.view.encoder == "slow-1"
        assert "p0" not in shop.search("lamp model 0").ids


def test_no_query_of_one_encoder_meets_vectors_of_the_other(path: Path, lamps: Lamps, eventually: Any) -> None:
    with Shop.open(path, encoder="hashing") as shop, Shop.open(path, encoder="hashing") as other:
        shop.upsert(lamps(60))
        eventually(lambda: len(other) == 60)
        stop, wrong, answers = threading.Event(), [], [0]

        def search(where: Shop, number: int) -> None:
            while not stop.is_set():
                try:
                    found = where.search(f"lamp model {number}", k=5)
                    near = where.similar(f"p{number}", k=3)
                except Exception as error:
                    wrong.append(repr(error))
                    return
                answers[0] += 1
                if found.ids[:1] != [f"p{number}"] or found.degraded or near.degraded or len(near) != 3:
                    wrong.append((found.ids, found.notes, near.notes))

        threads = [
            threading.Thread(target=search, args=(each, at)) for at, each in enumerate((shop, other, shop, other))
        ]
        for thread in threads:
            thread.start()
        shop.publish("hashing-256")
        for at in range(12):
            shop.upsert(Product(f"n{at}", f"Vase {at}", price=3))
            other.rollback() if at % 2 else shop.rollback()
        eventually(lambda: wrong or answers[0] > 20)
        stop.set()
        for thread in threads:
            thread.join(30)
        assert wrong == []
        assert check_store(shop.store) == []


# ---- looked at before it is live ---------------------------------------------------------------------------------


class NotGood(Exception):
    """What a check says of what must not be live."""


def refuses(view: View) -> None:
    raise NotGood(view.encoder)


def answers(found: list[Results]) -> list[list[tuple[Any, ...]]]:
    return [[(hit.product.id, hit.score, hit.price, hit.relevance) for hit in each] for each in found]


@pytest.mark.both_databases
@pytest.mark.parametrize("encoder", ["hashing-256", None])
def test_what_is_checked_answers_as_it_does_once_it_is_live(
    encoder: str | None, place: Any, lamps: Lamps, open_store: Opens
) -> None:
    weights, cutoff = FusionWeights(words=0.5, meaning=1.0), Cutoff(limit=-9.0, cosine=0.5, spread=0.1, queries=60)
    wanted = [Request(query) for query in ("lamp model 7", "shade", "vase", "glass")]
    with Shop.open(place.location, encoder="hashing", maintain=False, **place.options) as shop:
        shop.upsert(lamps(30))
        shop.store.build_generation()
        shop.upsert([*lamps(2, first=40), Product("vase", "Vase of glass", price=3)])
        shop.delete("p3")
        shop.update_offers([{"id": "p7", "price": 99}])
        shop.save_rules([Rule(id="top", kind="pin", query="shade", products=("p9",))])
        before, seen = answers(shop.answer_many(wanted)), []

        def look(answer_many: AnswerMany) -> None:
            seen.append(answers(answer_many(wanted)))
            seen.append(answers(shop.answer_many(wanted)))

        shop.publish(encoder, weights, cutoff=cutoff, check=look)
        after = answers(shop.answer_many(wanted))
        assert seen == [after, before] and after != before
        assert after[1][0][0] == "p9" and after[2][0][0] == "vase"


@pytest.mark.both_databases
def test_what_a_check_is_shown_has_the_writes_of_a_moment_ago_and_no_part_of_what_is_live(
    store: Store, lamps: Lamps
) -> None:
    seen: list[View] = []
    store.put(lamps(1, first=40))
    store.remove(["p1"])
    publish(store, "hashing-256", {"words": 2.0}, cutoff={"least": 0.5}, check=seen.append)
    (shown,) = seen
    store.refresh()
    assert (shown.encoder, shown.weights, shown.cutoff) == (NEW, {"words": 2.0}, {"least": 0.5})
    assert (shown.change, shown.generation, shown.n_products) == (store.view.change - 1, 2, 33)
    ids = {shown.id_of(row) for row in np.flatnonzero(match(shown, (), store.context).mask).tolist()}
    assert ids == by_meaning(store) == (ALL | {"p40"}) - {"p1"}


@pytest.mark.both_databases
def test_what_a_check_refuses_is_not_live_and_the_old_answers_as_before(
    store: Store, open_store: Opens, lamps: Lamps
) -> None:
    before = facts_without_change(store)
    with pytest.raises(NotGood, match=NEW):
        publish(store, "hashing-256", {"words": 2.0}, cutoff={"least": 0.5}, check=refuses)
    assert facts_without_change(store) == before and live(store) == (OLD, "")
    for each in (store, open_store(maintain=False)):
        assert (each.view.encoder, each.view.generation, each.view.weights, each.view.cutoff) == (OLD, 1, None, None)
        assert by_meaning(each) == ALL and nearest(each, "Lamp model 7 with shade") == "p7"
    store.put(lamps(1, first=40))
    store.refresh()
    assert vectors(store) == {OLD: 34, NEW: 33}, "new texts are encoded by what is live alone"
    with pytest.raises(StoreError, match="there is no way back"):
        rollback(store)
    assert check_store(store) == []
    publish(store, "hashing-256", check=lambda view: None)
    assert live(store) == (NEW, OLD) and by_meaning(store) == ALL | {"p40"}


def facts_without_change(store: Store) -> dict[str, str]:
    with store.database.read() as connection:
        facts = settings.read(connection)
    return {name: value for name, value in facts.items() if name not in ("change", "removed_vectors")}


@pytest.mark.both_databases
def test_maintenance_removes_what_was_built_for_a_check_that_refused(store: Store) -> None:
    for encoder in ("hashing-256", "hashing-128", "hashing-32"):
        with pytest.raises(NotGood):
            publish(store, encoder, check=refuses)
    assert store.folder.numbers() == [1, 2, 3, 4]
    done = maintain(store)
    assert done is not None and done.removed_generations == 3
    assert store.folder.numbers() == [1] and store.folder.pointed() == 1
    assert maintenance.remove_vectors(store) == 99 and vectors(store) == {OLD: 33}
    assert by_meaning(store) == ALL and check_store(store) == []


def test_the_generations_of_both_encoders_and_those_that_a_process_searches_are_not_taken_for_refused(
    store: Store, path: Path, children: Any
) -> None:
    reader = children.start("search", path, follow=False)
    reader.says("generation 1")
    publish(store, "hashing-256")
    publish(store, "hashing-32")
    store.follow()
    maintain(store)
    assert store.folder.numbers() == [1, 2, 3]
    reader.kill()
    maintain(store)
    assert store.folder.numbers() == [2, 3], "the encoder of the first is given up"
    rollback(store)
    assert store.view.generation == 2 and by_meaning(store) == ALL


@pytest.mark.both_databases
def test_maintenance_takes_nothing_from_under_a_check(store: Store, open_store: Opens) -> None:
    other = open_store(maintain=False)

    def look(view: View) -> None:
        maintain(other)
        maintenance.remove_vectors(other)
        assert other.folder.numbers() == [1, 2]

    publish(store, "hashing-256", check=look)
    assert vectors(store) == {OLD: 33, NEW: 33} and by_meaning(store) == ALL and store.view.generation == 2


@pytest.mark.both_databases
@pytest.mark.parametrize("refused", [False, True])
def test_what_is_written_while_a_check_looks_is_not_lost(
    refused: bool, store: Store, open_store: Opens, lamps: Lamps
) -> None:
    other = open_store(maintain=False)

    def look(view: View) -> None:
        other.put([*lamps(3, first=40), Product("p0", "Sconce")])
        other.put([Product("late", "Vase")], wait=False)
        other.remove(["p1", "p31"])
        update_offers(other, [{"id": "p2", "price": 99}])
        if refused:
            raise NotGood

    with pytest.raises(NotGood) if refused else nullcontext():
        publish(store, "hashing-256", check=look)
    maintain(store)
    wanted = (ALL | {"p40", "p41", "p42", "late"}) - {"p1", "p31"}
    for each in (store, open_store(maintain=False)):
        each.refresh()
        assert each.view.encoder == (OLD if refused else NEW)
        assert by_meaning(each) == wanted and nearest(each, "Sconce") == "p0" and nearest(each, "Vase") == "late"
        assert each.products(["p2"])["p2"].variants[0].offers[0].price == 99
    assert check_store(store) == []
    if not refused:
        rollback(store)
        assert by_meaning(store) == wanted and check_store(store) == []


# ---- other processes ---------------------------------------------------------------------------------------------


def child_searches(order: dict[str, Any], says: Any) -> None:
    """Says by which encoder it finds how many by meaning, whenever that changes, and what it logs."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            says(f"log {record.getMessage()}")

    logging.getLogger("shelfwise").addHandler(Handler())
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing", maintain=False)
    nearest(store, "Lamp")  # its encoder is loaded
    said = ""
    while True:
        if (
            line := f"found {store.view.encoder} {len(by_meaning(store))} {nearest(store, 'Lamp model 7 with shade')}"
        ) != said:
            says(line)
        said = line
        time.sleep(0.01)


@pytest.mark.both_databases
def test_another_process_follows_forward_and_back(store: Store, place: Any, children: Any, lamps: Lamps) -> None:
    child = children.start("call", place, file=__file__, name="child_searches")
    child.says(f"found {OLD} 33 p7")
    publish(store, "hashing-256")
    child.says(f"found {NEW} 33 p7")
    store.put(lamps(2, first=40))
    child.says(f"found {NEW} 35 p7")
    rollback(store)
    child.says(f"found {OLD} 35 p7")
    assert not [line for line in child.lines if line.startswith("log")]


def child_writes(order: dict[str, Any], says: Any) -> None:
    """Opens, waits for the file `go`, and says what becomes of two writes."""
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing", maintain=False)
    nearest(store, "Lamp")
    says("open")
    while not Path(order["go"]).exists():
        time.sleep(0.01)
    try:
        store.put([Product("waits", "Tray")])
        says("wrote")
    except EncoderError as error:
        says(f"refused {error}")
    store.put([Product("later", "Tray of glass")], wait=False)
    update_offers(store, [{"id": "p1", "price": 3}])
    says(f"stored {sorted(store.waiting())}")


@pytest.mark.both_databases
def test_a_process_that_cannot_load_the_new_encoder_goes_on_with_the_old_one_and_says_so_once(
    store: Store, place: Any, children: Any, lamps: Lamps, fake_encoder: Any, tmp_path: Path
) -> None:
    child = children.start("call", place, file=__file__, name="child_searches")
    writer = children.start("call", place, file=__file__, name="child_writes", go=tmp_path / "go")
    child.says(f"found {OLD} 33 p7")
    writer.says("open")
    # Its reference names another one: who loads it gets vectors that are not these.
    publish(store, fake_encoder("hashing", hash="fake-1", dimension=32))
    store.put(lamps(2, first=40))
    child.says(f"found {OLD} 35 p7")
    store.remove(["p40"])
    child.says(f"found {OLD} 34 p7")
    child.says("log")
    (tmp_path / "go").touch()
    assert "its vectors are from hashing (dimension 32, hash fake-1)" in writer.says("refused")
    assert writer.says("stored") == "stored ['later']"
    time.sleep(0.5)  # some more rounds
    (logged,) = [line for line in child.lines if line.startswith("log")]
    assert "its vectors are from hashing (dimension 32, hash fake-1)" in logged and "it is tried again" in logged
    maintain(store)
    child.says(f"found {OLD} 35 p7")
    rollback(store)
    store.put(lamps(1, first=50))
    child.says(f"found {OLD} 36 p7")


def test_where_the_old_one_is_given_up_a_process_that_cannot_load_the_new_one_answers_by_words(
    path: Path, open_store: Opens, lamps: Lamps, fake_encoder: Any, eventually: Any
) -> None:
    store = open_store(maintain=False)
    store.put(lamps(9))
    with Shop.open(path, encoder="hashing", maintain=False) as shop:
        assert not shop.search("lamp model 3").degraded
        publish(store, fake_encoder("hashing", hash="fake-1", dimension=32))
        assert not shop.search("lamp model 3").degraded
        forget_previous(store)
        eventually(lambda: shop.store.view.encoder == "fake-1")
        found = shop.search("lamp model 3")
        assert found.ids[0] == "p3" and found.degraded == ("meaning",)
        assert found.notes[0].startswith("Words alone answered: store ")


# ---- killed ------------------------------------------------------------------------------------------------------


def child_publishes(order: dict[str, Any], says: Any) -> None:
    publishing.BATCH = 10
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing", maintain=False)
    publish(store, "hashing-256")
    store.close()


STEPS = [
    *(f"commit:{n}:before" for n in (1, 2, 4, 5)),
    *(f"statement:{n}:after" for n in (1, 4, 5, 7, 9)),
    *("save:3:before", "rename:1:before", "rename:1:after", "replace:1:before", "replace:1:after"),
]


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_publisher_leaves_the_old_or_the_new_as_a_whole(
    step: str, store: Store, path: Path, children: Any, open_store: Opens, lamps: Lamps
) -> None:
    child = children.start("call", path, file=__file__, name="child_publishes", die=step)
    assert child.ends() == [], "it died"
    again = open_store(maintain=False)
    assert live(again) in ((OLD, ""), (NEW, OLD))
    assert again.view.encoder == live(again)[0] and by_meaning(again) == ALL
    maintain(again)
    assert check_store(again) == []
    again.put(lamps(1, first=40))
    again.refresh()
    assert nearest(again, "Lamp model 40 with shade") == "p40"
    if live(again)[0] == OLD:
        publish(again, "hashing-256")
    rollback(again)
    assert by_meaning(again) == ALL | {"p40"} and check_store(again) == []


def test_what_a_killed_publisher_encoded_is_not_encoded_again(
    store: Store, path: Path, children: Any, open_store: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    children.start("call", path, file=__file__, name="child_publishes", die="commit:3:before").ends()
    assert vectors(store) == {OLD: 33, NEW: 20}
    texts: list[str] = []
    real = HashingEncoder.encode_passages

    def counted(self: HashingEncoder, given: Any) -> Any:
        texts.extend(given)
        return real(self, given)

    monkeypatch.setattr(HashingEncoder, "encode_passages", counted)
    publish(store, "hashing-256")
    assert len(texts) == 13 and by_meaning(store) == ALL


# ---- the end of the way back, and weights ------------------------------------------------------------------------


@pytest.mark.both_databases
def test_without_a_way_back_one_encoder_encodes_and_the_others_vectors_go(store: Store, lamps: Lamps) -> None:
    publish(store, "hashing-256")
    forget_previous(store)
    store.put(lamps(1, first=40))
    assert vectors(store) == {OLD: 33, NEW: 34}
    assert maintenance.remove_vectors(store) == 33
    assert vectors(store) == {NEW: 34} and check_store(store) == []
    with pytest.raises(StoreError) as error:
        rollback(store)
    assert str(error.value) == (
        f"store {store.name}: nothing was live before this, so there is no way back; publish instead"
    )
    publish(store, "hashing")
    assert (by_meaning(store), live(store)) == (ALL | {"p40"}, (OLD, NEW))


@pytest.mark.both_databases
def test_a_third_encoder_takes_the_place_of_the_one_before(store: Store) -> None:
    publish(store, "hashing-256")
    publish(store, "hashing-32")
    assert live(store) == ("hashing-1-32", NEW)
    assert maintenance.remove_vectors(store) == 33
    assert vectors(store) == {"hashing-1-32": 33, NEW: 33}
    rollback(store)
    assert by_meaning(store) == ALL and live(store) == (NEW, "hashing-1-32")


def test_weights_alone_are_published_and_taken_back_and_nothing_is_encoded_twice(
    path: Path, lamps: Lamps, fake_encoder: Any, eventually: Any
) -> None:
    encoder = fake_encoder()
    with Shop.open(path, encoder=encoder, maintain=False) as shop, Shop.open(path, encoder=encoder) as other:
        shop.upsert(lamps(9))
        before = shop.search("lamp model 3").hits[0].parts
        weights = FusionWeights(words=0.0, meaning=1.0)
        shop.publish(weights=weights)
        encoder.texts.clear()
        assert shop.store.view.weights == asdict(weights)
        assert shop.search("lamp model 3").hits[0].parts != before
        shop.upsert(Product("new", "Vase"))
        assert len(encoder.texts) == 1
        eventually(lambda: other.store.view.weights == asdict(weights))
        shop.rollback()
        assert shop.store.view.weights is None and shop.search("lamp model 3").hits[0].parts == pytest.approx(before)
        assert len(encoder.texts) == 1
        shop.rollback()
        assert shop.store.view.weights == asdict(weights)


def test_encoder_and_weights_go_and_come_back_together(store: Store) -> None:
    publish(store, "hashing-256", {"words": 2.0, "meaning": 1.0})
    assert (store.view.encoder, store.view.weights) == (NEW, {"words": 2.0, "meaning": 1.0})
    rollback(store)
    assert (store.view.encoder, store.view.weights) == (OLD, None)


@pytest.mark.both_databases
def test_a_store_without_products_or_vectors_can_be_published_to(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(maintain=False)
    publish(store, "hashing-256")
    assert live(store) == (NEW, "")
    store.put(lamps(2))
    store.refresh()
    assert by_meaning(store) == {"p0", "p1"} and vectors(store) == {NEW: 2}


# ---- one at a time, and what is refused --------------------------------------------------------------------------


@pytest.mark.both_databases
@pytest.mark.parametrize("task", [lambda store: publish(store, "hashing-256"), rollback])
def test_of_two_publishers_the_second_is_told_that_one_is_busy(
    task: Callable[[Store], Any], store: Store, place: Any, children: Any
) -> None:
    other = children.start("alone", place, task=maintenance.PUBLISH)
    assert other.says("alone") == "alone True"
    with pytest.raises(StoreBusy) as error:
        task(store)
    assert str(error.value) == f"store {store.name}: another process publishes; try again when it is done"
    assert live(store) == (OLD, "")


def test_an_encoder_that_was_written_meanwhile_is_not_overwritten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = publishing._generation

    def late(*given: Any) -> Any:
        with store.database.write() as connection:
            mine = schema.facts.c.name == "encoder_hash"
            connection.execute(update(schema.facts).where(mine).values(value="another"))
        return real(*given)

    monkeypatch.setattr(publishing, "_generation", late)
    with pytest.raises(StoreError) as error:
        publish(store, "hashing-256")
    assert str(error.value) == f"store {store.name}: its encoder was written meanwhile; publish again"
    assert live(store) == ("another", "")


def test_nothing_to_publish_is_a_sentence(store: Store) -> None:
    with pytest.raises(RequestError) as error:
        publish(store)
    assert str(error.value) == "publish: wanted an encoder or weights, got neither; name what is to change"


def test_what_is_live_already_is_not_published_again(store: Store) -> None:
    with pytest.raises(RequestError) as error:
        publish(store, "hashing")
    assert str(error.value) == (
        "publish: wanted another encoder or other weights than are live, got hashing and the same weights; nothing was "
        "changed"
    )
    assert live(store) == (OLD, "")


@pytest.mark.parametrize("change", [lambda store: publish(store, "hashing-256"), rollback, forget_previous])
def test_a_store_of_format_1_is_told_to_upgrade(change: Callable[[Store], Any], store: Store) -> None:
    with store.database.write() as connection:
        connection.execute(update(schema.facts).where(schema.facts.c.name == "format").values(value="1"))
    with pytest.raises(StoreError) as error:
        change(store)
    assert str(error.value) == (
        f"store {store.name}: it has format 1, which keeps one encoder; upgrade it first (`shelfwise upgrade`)"
    )


def test_an_encoder_that_spoils_its_vectors_changes_nothing(store: Store, fake_encoder: Any) -> None:
    with pytest.raises(EncoderError, match="got vectors that are not finite"):
        publish(store, fake_encoder("bad", hash="bad-1", spoil=lambda made: made * np.float32("nan")))
    assert live(store) == (OLD, "") and store.view.encoder == OLD and by_meaning(store) == ALL
    assert check_store(store) == []
