"""Opening, writing and reading a store in one process, whatever its database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelfwise.index import (
    EncoderError,
    Offer,
    Product,
    Store,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreSettings,
    Value,
    Variant,
)
from shelfwise.index.store import rows, schema
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError

pytestmark = pytest.mark.both_databases

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]


def rich() -> Product:
    return Product(
        "r1",
        {"en": "Boot", "zh": "靴子"},
        description={"en": "Warm.\nDry.", "zh": "保暖"},
        brand="Nord",
        category={"en": "Shoes > Boots", "zh": "鞋 > 靴"},
        attributes={"colour": Value("red", {"en": "Red", "zh": "红"}), "height": {"value": 12, "unit": "cm"}},
        variants=[
            Variant(
                "r1-40", sku="S40", options={"size": (Value("40"),)}, offers=(Offer(60, "EUR", market="de", stock=0),)
            ),
            Variant(
                "r1-41", gtin="4006381333931", offers=(Offer("59.90", list_price=70), Offer(430, "CNY", group="vip"))
            ),
        ],
        tags=["new", "winter"],
        added="2026-03-01",
    )


# ---- opening -----------------------------------------------------------------------------------------------------


def test_a_store_that_is_opened_again_holds_every_product_as_it_was_given(open_store: Opens, lamps: Lamps) -> None:
    given = [*lamps(5), rich()]
    store = open_store()
    store.put(given)
    store.close()
    again = open_store()
    wanted = {product.id: product.resolved("en", "USD") for product in given}
    assert again.products(list(wanted)) == wanted
    assert again.ids() == wanted.keys()
    assert again.view.n_products == 6
    assert [again.view.row_of(key) >= 0 for key in (*wanted, "unknown")] == [True] * 6 + [False]


def test_a_folder_in_which_making_a_store_was_interrupted_becomes_one(path: Path, open_store: Opens) -> None:
    (path / "generations").mkdir(parents=True)
    assert open_store().view.n_products == 0


def test_a_store_of_a_newer_format_is_refused_and_not_changed(place: Any, open_store: Opens) -> None:
    store = open_store()
    with store.database.write() as connection:
        connection.execute(update(schema.facts).where(schema.facts.c.name == "format").values(value="99"))
        connection.execute(delete(schema.products))
        schema.imports.drop(connection)
    store.close()
    with pytest.raises(StoreError) as error:
        open_store()
    assert str(error.value) == (
        f"store {store.name}: it has format 99, this version reads up to 2; install a newer shelfwise"
    )
    database = place.database()
    with database.read() as connection, pytest.raises(DBAPIError):
        connection.execute(select(schema.imports)).all()
    database.close()


@pytest.mark.parametrize(
    ("name", "was", "wanted"), [("locale", "en", "zh"), ("currency", "USD", "EUR"), ("market", "", "de")]
)
def test_a_store_made_with_other_settings_says_so(name: str, was: str, wanted: str, open_store: Opens) -> None:
    store = open_store()
    with pytest.raises(StoreError) as error:
        open_store(settings_=StoreSettings(**{name: wanted}))
    assert str(error.value) == (
        f"store {store.name}: it was made with {name}={was!r}, got {wanted!r}; leave {name} out, or make another store"
    )


def test_settings_that_are_left_out_are_the_stores_own(open_store: Opens, lamps: Lamps) -> None:
    open_store(settings_=StoreSettings(locale="zh", currency="CNY", market="cn")).close()
    store = open_store()
    assert (store.context.locale, store.context.currency, store.context.market) == ("zh", "CNY", "cn")
    store.put(lamps(1))
    (product,) = store.products(["p0"]).values()
    assert list(product.texts) == ["zh"] and product.variants[0].offers[0].currency == "CNY"


def test_opening_waits_for_no_writer(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    store.put(lamps(2))
    with store.database.write() as connection:
        connection.execute(update(schema.products).values(import_id=1))
        assert open_store(lock_seconds=0.2).view.n_products == 2


# ---- writing and deleting ----------------------------------------------------------------------------------------


def test_writes_are_told_apart_by_what_they_changed(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    first = store.put(lamps(3))
    assert (first.added, first.changed, first.unchanged, first.encoded) == (3, 0, 0, 3)
    second = store.put([*lamps(2, price=11), *lamps(2, first=2)])
    assert (second.added, second.changed, second.unchanged, second.encoded) == (1, 2, 1, 1)


def test_of_two_products_with_one_id_in_a_write_the_last_is_kept(open_store: Opens) -> None:
    store = open_store()
    assert store.put([Product("a", "One"), Product("a", "Two")]).added == 1
    assert store.products(["a"])["a"].title == "Two"


def test_a_deleted_product_is_gone_from_truth_and_view_and_can_come_back(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    store.put(lamps(3))
    assert store.remove(["p1", "unknown", "p1"]) == 1
    assert store.remove(["p1"]) == 0
    store.refresh()
    assert store.ids() == {"p0", "p2"} and store.view.row_of("p1") == -1 and store.view.n_products == 2
    assert store.put(lamps(1, first=1)).added == 1
    store.refresh()
    assert store.view.n_products == 3 and store.products(["p1"])["p1"].title == "Lamp model 1 with shade"


def test_an_unchanged_product_is_not_written(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    store.put(lamps(3))
    version = store.database.version()
    again = store.put(lamps(3))
    assert (again.unchanged, again.encoded) == (3, 0)
    assert store.database.version() == version, "not a byte"


IDS = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.dictionaries(IDS, st.sampled_from(["Cup", "Mug", "Jar"]), min_size=1)),
        st.tuples(st.just("remove"), st.sets(IDS)),
        st.tuples(st.just("build"), st.none()),
        st.tuples(st.just("reopen"), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_sequence_of_writes_builds_and_openings_shows_what_a_dictionary_would(place: Any, steps: Any) -> None:
    place.clear()
    store, wanted = Store.open(place.location, encoder="hashing", **place.options), dict[str, str]()
    try:
        for what, given_ in steps:
            if what == "put":
                store.put([Product(key, title) for key, title in given_.items()])
                wanted.update(given_)
            elif what == "remove":
                assert store.remove(given_) == len(given_ & wanted.keys())
                wanted = {key: title for key, title in wanted.items() if key not in given_}
            elif what == "build":
                assert store.build_generation() is not None
            else:
                store.close()
                store = Store.open(place.location, encoder="hashing", **place.options)
            store.settle()
            view = store.view
            assert {key: product.title for key, product in store.products("abcd").items()} == wanted
            assert {key for key in "abcd" if view.row_of(key) >= 0} == wanted.keys()
            assert view.n_products == view.n_texts == len(wanted)
            mask = np.zeros(view.n_rows, bool)
            mask[[view.row_of(key) for key in wanted]] = True
            for word in ("Cup", "Mug", "Jar"):
                found = view.by_words([word.lower()], 10, mask, "en").rows.tolist()
                assert {view.id_of(row) for row in found} == {key for key in wanted if wanted[key] == word}
    finally:
        store.close()


# ---- vectors -----------------------------------------------------------------------------------------------------


def count_vectors(store: Store) -> int:
    with store.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(schema.vectors)).scalar_one())


def test_a_change_of_price_stock_or_url_encodes_nothing(open_store: Opens, lamps: Lamps, fake_encoder: Any) -> None:
    encoder = fake_encoder()
    store = open_store(encoder)
    store.put(lamps(4))
    encoder.texts.clear()
    written = store.put([Product(p.id, p.title, brand=p.brand, price=99, stock=0, url="/x") for p in lamps(4)])
    assert (written.changed, written.encoded, encoder.texts) == (4, 0, [])


def test_a_text_is_encoded_once_whoever_says_it_and_again_in_another_locale(
    open_store: Opens, fake_encoder: Any
) -> None:
    encoder = fake_encoder()
    store = open_store(encoder)
    assert store.put([Product("a", "Same mug"), Product("b", "Same mug")]).encoded == 1
    assert store.put([Product("c", "Same mug")]).encoded == 0
    assert store.put([Product("d", {"de": "Same mug"})]).encoded == 1, "kept by text, locale and encoder"
    store.remove(["a"])
    assert store.put([Product("a", "Same mug")]).encoded == 0, "also after it was gone"
    assert encoder.texts == ["Same mug", "Same mug"]
    store.refresh()
    rows_ = [store.view.row_of(key) for key in "abcd"]
    vectors = [store.view.vector_of(row, "en") for row in rows_]
    assert all(vector is not None and np.allclose(vector, vectors[0]) for vector in vectors)


def test_another_encoder_than_the_stores_is_refused_and_nothing_is_written(
    open_store: Opens, lamps: Lamps, fake_encoder: Any
) -> None:
    open_store(fake_encoder("first", "hash-of-first", 64)).put(lamps(1))
    store = open_store(fake_encoder("second", "hash-of-second", 32))
    with pytest.raises(EncoderError) as error:
        store.put(lamps(2, first=1))
    assert str(error.value) == (
        f"store {store.name}: its vectors are from first (dimension 64, hash hash-of-), got second (dimension 32, "
        "hash hash-of-; prompts and max_tokens count too); open it with the former, publish the latter (`shelfwise "
        "publish`), or import into a new store"
    )
    assert store.ids() == {"p0"} and count_vectors(store) == 1


def test_of_two_encoders_that_begin_a_store_at_once_the_second_is_refused(
    open_store: Opens, lamps: Lamps, fake_encoder: Any
) -> None:
    first, second = open_store(fake_encoder("first", "hash1")), open_store(fake_encoder("second", "hash2"))
    assert first.encoder and second.encoder, "neither knows of the other yet"
    first.put(lamps(1))
    with pytest.raises(EncoderError, match="its vectors are from first"):
        second.put(lamps(1, first=1))
    assert second.ids() == {"p0"} and count_vectors(second) == 1


def test_the_default_encoder_of_a_store_is_its_own(open_store: Opens, lamps: Lamps) -> None:
    open_store("hashing").put(lamps(1))
    assert open_store(None).encoder.reference == "hashing"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda made: made[:, :-1], r"wanted vectors of shape \(2, 64\), got \(2, 63\)"),
        (lambda made: made[:-1], r"wanted vectors of shape \(2, 64\), got \(1, 64\)"),
        (lambda made: made[0], r"wanted vectors of shape \(2, 64\), got \(64,\)"),
        (lambda made: made.tolist(), r"wanted vectors of shape \(2, 64\), got .*list"),
        (lambda made: made * np.float32("nan"), "not finite"),
        (lambda made: np.full_like(made, np.inf), "not finite"),
    ],
)
def test_an_encoder_that_gives_something_else_writes_nothing(
    spoil: Any, says: str, open_store: Opens, lamps: Lamps, fake_encoder: Any
) -> None:
    store = open_store(fake_encoder(spoil=spoil))
    with pytest.raises(EncoderError, match=says):
        store.put(lamps(2))
    assert store.ids() == set() and count_vectors(store) == 0
    store.refresh()
    assert store.view.n_products == 0


def test_texts_that_the_encoder_cannot_read_are_found_by_their_words_alone(
    open_store: Opens, fake_encoder: Any
) -> None:
    encoder = fake_encoder(foreign="杯")
    store = open_store(encoder)
    written = store.put([Product("a", "保温杯"), Product("b", "Mug")])
    assert (written.encoded, written.unread, encoder.texts) == (1, 1, ["Mug"])
    store.refresh()
    assert store.view.vector_of(store.view.row_of("a"), "en") is None
    assert store.view.vector_of(store.view.row_of("b"), "en") is not None


# ---- the database ------------------------------------------------------------------------------------------------


def test_a_writer_that_waits_too_long_says_so_whoever_holds_the_lock(place: Any, open_store: Opens) -> None:
    open_store().close()
    mine, other = place.database(lock_seconds=0.1), place.database(lock_seconds=0.1)
    sentence = f"store {mine.name}: waited 0.1 s for another writer; try again, or end the process that holds the lock"
    for waiting in (mine, other):
        with mine.write(), pytest.raises(StoreBusy) as error, waiting.write():
            pass
        assert str(error.value) == sentence
    with mine.write() as connection, other.read() as beside:
        connection.execute(update(schema.facts).where(schema.facts.c.name == "change").values(value="7"))
        assert rows.count_since(beside, 0) == 0, "readers wait for nobody"
    mine.close()
    other.close()


def test_threads_that_wait_to_write_hold_no_connection_that_a_reader_needs(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(lock_seconds=20)
    store.put(lamps(1))
    threads = [threading.Thread(target=store.put, args=(lamps(1, first=at),)) for at in range(1, 31)]
    with store.database.write():
        for thread in threads:
            thread.start()
        threads[0].join(0.3)
        assert all(thread.is_alive() for thread in threads)
        assert list(store.products(["p0"])) == ["p0"]
    for thread in threads:
        thread.join()
    assert len(store.ids()) == 31


def test_there_are_as_many_readers_as_there_are_threads(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    store.put(lamps(1))
    with ExitStack() as all_at_once:
        for _ in range(30):
            connection = all_at_once.enter_context(store.database.read())
            assert rows.count_since(connection, 0) == 1


def test_a_failed_write_leaves_nothing_and_frees_the_lock(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()

    def fail() -> None:
        with store.database.write() as connection:
            connection.execute(update(schema.facts).values(value="nonsense"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.put(lamps(1)).added == 1


# ---- the end -----------------------------------------------------------------------------------------------------


def test_a_closed_store_says_so_and_closing_twice_does_nothing(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    store.put(lamps(1))
    store.close()
    store.close()
    for call in (lambda: store.view, store.refresh, store.ids, lambda: store.products(["p0"]), store.build_generation):
        with pytest.raises(StoreClosed, match="it was closed; open it again"):
            call()
    with pytest.raises(StoreClosed):
        store.put(lamps(1))
    with pytest.raises(StoreClosed):
        store.remove(["p0"])
    with pytest.raises(StoreClosed):
        _ = store.database
