"""Undoing an import: what it changed is what it was, and what others did since stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from shelfwise.index import (
    ImportOptions,
    Product,
    RequestError,
    Store,
    StoreError,
    UndoReport,
    import_products,
    undo_import,
    update_offers,
)
from shelfwise.index.store import imports, maintenance, rows, schema, undoing
from sqlalchemy import delete, select, update

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]
pytestmark = pytest.mark.both_databases


def bring(store: Store, products: Iterable[Product], **options: Any) -> int:
    """Imports; the import's id."""
    made = import_products(store, list(products), ImportOptions(**options)).import_id
    assert made is not None
    return made


def content(store: Store) -> dict[str, tuple[Any, ...]]:
    """What the tables hold of each live product, but for the numbers of changes and imports."""
    products, offers = schema.products, schema.offers
    joined = products.outerjoin(offers, products.c.id == offers.c.product_id)
    statement = select(products.c.id, products.c.document, products.c.hash, offers.c.document).select_from(joined)
    with store.database.read() as connection:
        found = connection.execute(statement.where(products.c.document.is_not(None)))
        return {row[0]: tuple(row[1:]) for row in found}


def counts(report: UndoReport) -> dict[str, int]:
    """The counts that are not 0."""
    names = ("added", "changed", "deleted", "unchanged", "left", "offers_kept", "encoded")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


@pytest.fixture
def store(open_store: Opens, lamps: Lamps) -> Store:
    """Ten lamps, imported as import 1."""
    store = open_store(maintain=False)
    assert bring(store, lamps(10)) == 1
    return store


def test_what_an_import_added_changed_and_deleted_is_as_it_was(store: Store, lamps: Lamps) -> None:
    before = content(store)
    news = [Product("p0", "Chandelier", price=99, brand="Ostra"), *lamps(2, first=1, price=77), *lamps(2, first=10)]
    wrong = bring(store, [*news, *lamps(5, first=3)], mode="replace", allow_shrink=True)  # p8 and p9 vanish
    assert len(content(store)) == 10 and content(store) != before
    report = undo_import(store, wrong)
    assert content(store) == before
    assert counts(report) == {"added": 2, "changed": 3, "deleted": 2}
    assert (report.undone, report.import_id, report.left_ids) == (wrong, wrong + 1, [])
    view = store.view
    assert view.n_products == 10 and view.row_of("p10") == -1, "and so it is found"
    assert all(view.vector_of(view.row_of(key), "en") is not None for key in before)


def test_an_undo_is_an_import_that_can_be_undone(store: Store, lamps: Lamps) -> None:
    wrong = bring(store, [*lamps(4, price=77), *lamps(1, first=10)])
    after = content(store)
    undone = undo_import(store, wrong).import_id
    latest = imports.last_imports(store)[0]
    assert (latest["id"], latest["mode"], latest["source"]) == (undone, "undo", f"import {wrong}")
    assert latest["finished"] and json.loads(latest["report"])["changed"] == 4
    assert counts(undo_import(store, undone)) == {"added": 1, "changed": 4}
    assert content(store) == after


def test_a_single_upsert_and_a_patch_can_be_undone(store: Store, tmp_path: Any) -> None:
    from shelfwise.index import read_feed

    before = content(store)
    one = bring(store, [Product("p0", "Chandelier", price=99)])
    feed = tmp_path / "patch.csv"
    feed.write_text("id,price,title\np1,5,Sconce\n")
    patch = import_products(store, read_feed(feed, partial=True), ImportOptions("patch")).import_id
    assert patch is not None
    undo_import(store, one)
    undo_import(store, patch)
    assert content(store) == before


def test_an_import_that_writes_a_product_twice_is_undone_to_before_its_first_write(store: Store, lamps: Lamps) -> None:
    before = content(store)
    # The first batch has 32 rows: p0 stands in two batches.
    twice = [Product("p0", "Once", price=1), *lamps(40, first=100), Product("p0", "Twice", price=2)]
    wrong = bring(store, twice)
    assert store.products(["p0"])["p0"].title == "Twice"
    with store.database.read() as connection:
        history = schema.history
        kept = connection.execute(
            select(history.c.document, history.c.change).where(
                history.c.import_id == wrong, history.c.product_id == "p0"
            )
        ).one()
        change = select(schema.products.c.change).where(schema.products.c.id == "p0")
        assert kept.document == before["p0"][0], "of before the first write"
        assert kept.change == connection.execute(change).scalar_one(), "with the change of the last"
    undo_import(store, wrong)
    assert content(store) == before


def test_a_product_that_another_import_or_write_changed_since_is_left_and_named(store: Store, lamps: Lamps) -> None:
    wrong = bring(store, [Product(f"p{at}", f"Wrong {at}") for at in range(5)])
    bring(store, [Product("p1", "Right at last", price=3)])
    store.put([Product("p2", "Written past any import", price=4)])
    store.remove(["p3"])
    report = undo_import(store, wrong)
    assert counts(report) == {"changed": 2, "left": 3}
    assert report.left_ids == ["p1", "p2", "p3"]
    found = {key: product.title for key, product in store.products(["p0", "p1", "p2", "p3", "p4"]).items()}
    assert found == {
        "p0": "Lamp model 0 with shade",
        "p1": "Right at last",
        "p2": "Written past any import",
        "p4": "Lamp model 4 with shade",
    }


def test_no_more_than_twenty_are_named(store: Store, lamps: Lamps) -> None:
    wrong = bring(store, lamps(30, first=100))
    bring(store, [Product(f"p{at}", f"Other {at}") for at in range(100, 130)])
    report = undo_import(store, wrong)
    assert (report.left, len(report.left_ids)) == (30, 20)


def test_newer_prices_and_stock_stay_while_the_text_goes_back(store: Store) -> None:
    wrong = bring(store, [Product("p0", "Wrong", price=1, stock=1), Product("p1", "Wrong too", price=1, stock=1)])
    update_offers(store, [{"id": "p0", "price": 55, "stock": 5}])
    report = undo_import(store, wrong)
    assert counts(report) == {"changed": 2, "offers_kept": 1}
    offers = {key: each.variants[0].offers[0] for key, each in store.products(["p0", "p1"]).items()}
    assert {key: (offer.price, offer.stock) for key, offer in offers.items()} == {"p0": (55, 5), "p1": (10, 3)}
    assert [each.title for each in store.products(["p0", "p1"]).values()] == [
        "Lamp model 0 with shade",
        "Lamp model 1 with shade",
    ]


def test_an_import_that_changed_prices_alone_is_undone_unless_they_changed_since(store: Store, lamps: Lamps) -> None:
    before = content(store)
    wrong = bring(store, lamps(2, price=77))
    update_offers(store, [{"id": "p0", "price": 55}])
    report = undo_import(store, wrong)
    assert counts(report) == {"changed": 1, "unchanged": 1}
    assert content(store)["p1"] == before["p1"]
    assert store.products(["p0"])["p0"].variants[0].offers[0].price == 55


def test_a_variant_that_the_import_took_away_comes_back_with_its_old_price(store: Store) -> None:
    def shirt(*sizes: str, price: int) -> Product:
        return Product("shirt", "Shirt", variants=[{"id": f"s-{size}", "price": price} for size in sizes])

    bring(store, [shirt("s", "m", price=20)])
    wrong = bring(store, [shirt("s", "xl", price=25)])
    update_offers(store, [{"id": "shirt", "variant": "s-s", "price": 30}])
    assert counts(undo_import(store, wrong)) == {"changed": 1, "offers_kept": 1}
    variants = store.products(["shirt"])["shirt"].variants
    assert [(each.id, each.offers[0].price) for each in variants] == [("s-s", 30), ("s-m", 20)]


def test_a_product_that_was_added_is_deleted_though_its_price_changed_since(store: Store) -> None:
    wrong = bring(store, [Product("new", "New", price=1)])
    update_offers(store, [{"id": "new", "price": 2}])
    assert counts(undo_import(store, wrong)) == {"deleted": 1}
    assert "new" not in store.ids()


def test_texts_that_lost_their_vectors_are_encoded_again(open_store: Opens, lamps: Lamps, fake_encoder: Any) -> None:
    encoder = fake_encoder()
    store = open_store(encoder, maintain=False)
    bring(store, lamps(3))
    wrong = bring(store, [Product("p0", "Chandelier"), Product("p1", "Sconce")])
    assert maintenance.remove_vectors(store) == 2
    encoder.texts.clear()
    report = undo_import(store, wrong)
    assert report.encoded == 2 and len(encoder.texts) == 2
    assert all(store.view.vector_of(store.view.row_of(f"p{at}"), "en") is not None for at in range(3))


def test_undoing_twice_changes_nothing_the_second_time(store: Store, lamps: Lamps) -> None:
    before = content(store)
    wrong = bring(store, [*lamps(4, price=77), Product("p5", "Wrong"), *lamps(1, first=20)])
    undo_import(store, wrong)
    with store.database.read() as connection:
        change = rows.count_since(connection, 0)
    assert counts(undo_import(store, wrong)) == {"unchanged": 6}
    with store.database.read() as connection:
        assert rows.count_since(connection, 0) == change
    assert content(store) == before


def child_undoes(order: dict[str, Any], says: Any) -> None:
    undoing.BATCH = 3
    store = Store.open(order["store"], cache=order.get("cache"), encoder="hashing", maintain=False)
    undo_import(store, order["import_id"])
    store.close()


@pytest.mark.parametrize("step", [*(f"commit:{n}:before" for n in range(2, 7)), "statement:9:after"])
def test_a_killed_undo_leaves_whole_products_and_another_one_completes_it(
    step: str, place: Any, children: Any, store: Store, lamps: Lamps
) -> None:
    before = content(store)
    wrong = bring(store, [*[Product(f"p{at}", f"Wrong {at}", price=at) for at in range(8)], *lamps(3, first=20)])
    after = content(store)
    child = children.start("call", place, file=__file__, name="child_undoes", import_id=wrong, die=step)
    assert child.ends() == [], "it died"
    between = content(store)
    assert all(between[key] in (before.get(key), after.get(key)) for key in between), "no product is half undone"
    undo_import(store, wrong)
    assert content(store) == before


def test_a_product_that_changes_while_it_is_undone_is_looked_at_again(
    store: Store, open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = bring(store, [*[Product(f"p{at}", f"Wrong {at}") for at in range(3)], *lamps(1, first=20)])
    writer, put = open_store(maintain=False), store.put
    news = [Product("p1", "Right", price=3), Product("p20", "Right too", price=4)]

    def put_late(*arguments: Any, **named: Any) -> Any:
        if news:
            writer.put([news.pop()])  # after the undo has looked
        return put(*arguments, **named)

    monkeypatch.setattr(store, "put", put_late)
    report = undo_import(store, wrong)
    assert counts(report) == {"changed": 2, "left": 2}
    assert {key: store.products([key])[key].title for key in ("p1", "p20")} == {"p1": "Right", "p20": "Right too"}


# ---- what cannot be undone ---------------------------------------------------------------------------------------


def test_an_import_that_there_never_was_is_a_sentence(store: Store) -> None:
    with pytest.raises(RequestError) as error:
        undo_import(store, 99)
    assert str(error.value) == (
        "undo: wanted the id of an import, got 99, and there was none; `shelfwise status` names the last ones"
    )
    assert imports.last_imports(store)[0]["id"] == 1, "and nothing was begun"


@pytest.mark.parametrize("given", ["1", None, 1.0, True])
def test_what_is_no_number_is_a_sentence(store: Store, given: Any) -> None:
    with pytest.raises(RequestError) as error:
        undo_import(store, given)
    assert str(error.value) == f"undo: wanted the id of an import, a whole number, got {given!r}"


def test_an_import_whose_history_was_removed_is_a_sentence(store: Store, lamps: Lamps) -> None:
    wrong = bring(store, lamps(2, price=77))
    with store.database.write() as connection:
        started = {"started": "2020-01-01T00:00:00+00:00"}
        connection.execute(update(schema.imports).where(schema.imports.c.id == wrong).values(started))
    maintenance.remove_history(store)
    with pytest.raises(StoreError) as error:
        undo_import(store, wrong)
    assert str(error.value) == (
        f"store {store.name}: what import {wrong} of 2020-01-01T00:00:00+00:00 changed is not known: that is kept for "
        "30 days, by stores of format 2; import the right products again"
    )


def test_an_import_that_changed_nothing_is_undone_by_nothing(store: Store, lamps: Lamps) -> None:
    same = bring(store, lamps(10))
    assert counts(undo_import(store, same)) == {}


def test_an_import_that_was_stopped_before_its_first_batch_is_undone_by_nothing(store: Store) -> None:
    stopped = imports.begin(store, "feed.csv", "merge")
    assert counts(undo_import(store, stopped)) == {}


def test_a_store_of_format_1_is_told_to_upgrade(store: Store) -> None:
    with store.database.write() as connection:
        connection.execute(delete(schema.history))
        connection.execute(update(schema.facts).where(schema.facts.c.name == "format").values(value="1"))
    with pytest.raises(StoreError) as error:
        undo_import(store, 1)
    assert str(error.value) == (
        f"store {store.name}: it has format 1, which does not keep what imports change; upgrade it (`shelfwise "
        "upgrade`), and later imports can be undone"
    )
