"""Reconciling: the store against the shop's own products, found and repaired."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index import (
    FeedError,
    ImportRefused,
    Product,
    ReconcileReport,
    RequestError,
    Store,
    read_feed,
    reconcile,
    undo_import,
)
from shelfwise.index.store import imports, spooling

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]
pytestmark = pytest.mark.both_databases


def counts(report: ReconcileReport) -> tuple[int, int, int, int]:
    return report.missing, report.differing, report.surplus, report.equal


@pytest.fixture
def store(open_store: Opens, lamps: Lamps) -> Store:
    """Forty lamps."""
    store = open_store(maintain=False)
    store.put(lamps(40))
    store.refresh()
    return store


@pytest.fixture
def mine(lamps: Lamps) -> list[Product]:
    """The shop's own: p1 has another title, p2 another price, p3 is gone, p40 is new."""
    changed = [Product("p1", "Sconce", price=10, stock=3, brand="Lumen"), *lamps(1, first=2, price=77)]
    return [*lamps(1), *changed, *lamps(36, first=4), *lamps(1, first=40)]


def test_a_dry_run_says_what_differs_and_changes_nothing(store: Store, mine: list[Product]) -> None:
    before = store.products(sorted(store.ids()))
    report = reconcile(store, mine, dry_run=True)
    assert counts(report) == (1, 2, 1, 37) and report.differences == 4
    assert (report.missing_ids, report.differing_ids, report.surplus_ids) == (["p40"], ["p1", "p2"], ["p3"])
    assert (report.repaired, report.import_id) == (False, None)
    assert store.products(sorted(store.ids())) == before and imports.last_imports(store) == []


def test_the_store_is_as_the_shop_says_afterwards(store: Store, mine: list[Product]) -> None:
    report = reconcile(store, mine)
    assert counts(report) == (1, 2, 1, 37) and report.repaired
    assert store.products(sorted(store.ids())) == {each.id: each.resolved("en", "USD") for each in mine}
    assert store.view.row_of("p3") == -1 and store.view.row_of("p40") >= 0, "and so it is found"
    assert counts(reconcile(store, mine, dry_run=True)) == (0, 0, 0, 40)


def test_where_nothing_differs_nothing_is_written(store: Store, lamps: Lamps) -> None:
    change = store.view.change
    report = reconcile(store, lamps(40))
    assert counts(report) == (0, 0, 0, 40) and not report.repaired
    store.refresh()
    assert store.view.change == change and imports.last_imports(store) == []


def test_what_it_repaired_can_be_undone(store: Store, mine: list[Product]) -> None:
    before = store.products(sorted(store.ids()))
    made = reconcile(store, mine).import_id
    assert made is not None
    undo_import(store, made)
    assert store.products(sorted(store.ids())) == before


def test_only_the_first_twenty_ids_are_named(store: Store) -> None:
    report = reconcile(store, [Product(f"n{at:02}", f"New {at}") for at in range(30)], dry_run=True)
    assert counts(report) == (30, 0, 40, 0)
    assert report.missing_ids == [f"n{at:02}" for at in range(20)]
    assert (len(report.surplus_ids), report.differing_ids) == (20, [])


def test_more_than_a_tenth_is_not_taken_away_unless_that_is_allowed(store: Store, lamps: Lamps) -> None:
    with pytest.raises(ImportRefused) as error:
        reconcile(store, lamps(30))
    assert str(error.value) == (
        "import of products: of 40 products 10 would vanish, 0 lose their price and 0 their stock; more than a tenth "
        "is refused unless allow_shrink (--allow-shrink) says so; nothing was changed"
    )
    assert len(store.ids()) == 40
    assert counts(reconcile(store, lamps(30), dry_run=True)) == (0, 0, 10, 30), "looking is no harm"
    assert reconcile(store, lamps(30), allow_shrink=True).repaired
    assert len(store.ids()) == 30


def test_a_generator_is_read_once_and_a_product_that_came_twice_counts_as_the_later_one(
    store: Store, lamps: Lamps
) -> None:
    asked = 0

    def mine() -> Iterator[Product]:
        nonlocal asked
        for product in [Product("p0", "First"), *lamps(40, first=1), Product("p0", "Last", price=1)]:
            asked += 1
            yield product

    assert counts(reconcile(store, mine(), dry_run=True)) == (1, 1, 0, 39)
    assert asked == 42
    reconcile(store, mine())
    assert store.products(["p0"])["p0"].title == "Last"


def test_a_generator_of_many_products_is_not_held_in_memory(open_store: Opens) -> None:
    store = open_store(maintain=False)
    text = "A long description. " * 500  # 10 kB
    with spooling.replayable(Product(f"p{at}", f"Lamp {at}", description=f"{text}{at}") for at in range(3_000)) as made:
        tracemalloc.start()
        try:
            assert [sum(1 for _ in made) for _ in range(2)] == [3_000, 3_000]
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 15e6, "of 30 MB and more"
    assert store.ids() == set()


def test_a_feed_is_compared_like_products_and_its_bad_rows_take_nothing_away(
    store: Store, tmp_path: Path, lamps: Lamps
) -> None:
    feed = tmp_path / "mine.csv"
    rows = [f"p{at},Lamp model {at} with shade,{10 if at < 39 else 'a lot'},3,Lumen\n" for at in range(40)]
    feed.write_text("id,title,price,stock,brand\n" + "".join(rows))
    report = reconcile(store, read_feed(feed))
    assert counts(report) == (0, 0, 0, 39)
    assert report.bad == 1 and [(row.id, row.field) for row in report.bad_rows] == [("p39", "price")]
    assert report.to_dict()["bad_rows"][0]["field"] == "price"
    assert "p39" in store.ids()


def test_a_feed_whose_end_is_torn_off_is_refused(store: Store, tmp_path: Path) -> None:
    feed = tmp_path / "mine.jsonl"
    feed.write_text('{"id": "p0", "title": "Lamp model 0 with shade"}\n{"id": "p1", "ti')
    with pytest.raises(ImportRefused, match="the feed's end is torn off"):
        reconcile(store, read_feed(feed), dry_run=True)


def test_a_feed_that_is_not_there_changes_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FeedError):
        reconcile(store, read_feed(tmp_path / "none.csv"))
    assert len(store.ids()) == 40


@pytest.mark.parametrize("given", ["p0", {"id": "p0"}, 7])
def test_what_is_no_list_of_products_is_a_sentence(store: Store, given: Any) -> None:
    with pytest.raises(RequestError, match="wanted a Product, a list of products or a feed, got"):
        reconcile(store, given)


def test_a_write_that_comes_in_between_is_not_taken_for_surplus(
    store: Store, open_store: Opens, lamps: Lamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, put = open_store(maintain=False), store.put

    def put_late(*arguments: Any, **named: Any) -> Any:
        other.put([Product("late", "Lamp that came in between")])
        return put(*arguments, **named)

    monkeypatch.setattr(store, "put", put_late)
    assert counts(reconcile(store, [*lamps(38), Product("new", "New lamp")])) == (1, 0, 2, 38)
    assert store.ids() == {*(f"p{at}" for at in range(38)), "new", "late"}
