"""What happens to a write while another one happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from shelfwise.index import ImportOptions, ImportRefused, Product, Store, import_products, read_feed

pytestmark = pytest.mark.both_databases


def test_two_patches_at_once_lose_nothing(tmp_path: Path, open_store: Callable[..., Store]) -> None:
    count = 600
    store = open_store("hashing")
    store.put([Product(f"p{at}", f"Cup {at}", price=1, stock=1) for at in range(count)])
    feeds = {"price": tmp_path / "price.csv", "stock": tmp_path / "stock.csv"}
    for name, path in feeds.items():
        path.write_text(f"id,{name}\n" + "".join(f"p{at},{at + 7}\n" for at in range(count)))
    patch = ImportOptions(mode="patch")

    def bring(path: Path) -> None:
        import_products(store, read_feed(path, partial=True), patch)

    threads = [Thread(target=bring, args=[path]) for path in feeds.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for key, product in store.products([f"p{at}" for at in range(count)]).items():
        (offer,) = product.variants[0].offers
        assert (int(offer.price), offer.stock) == (int(key[1:]) + 7,) * 2


def test_replace_counts_what_is_lost_in_the_shops_own_currency(open_store: Callable[..., Store]) -> None:
    store = open_store("hashing")
    store.put([Product(f"p{at}", f"Cup {at}", price=1) for at in range(40)])
    euros = [Product(f"p{at}", f"Cup {at}", price=1, currency="EUR") for at in range(40)]
    with pytest.raises(ImportRefused, match="40 lose their price"):
        import_products(store, euros, ImportOptions(mode="replace"))


def test_replace_adds_up_what_vanishes_and_what_loses_its_price(open_store: Callable[..., Store]) -> None:
    store = open_store("hashing")
    store.put([Product(f"p{at}", f"Cup {at}", price=1) for at in range(100)])
    left = [Product(f"p{at}", f"Cup {at}", price=None if at < 15 else 1) for at in range(7, 100)]
    with pytest.raises(ImportRefused, match="7 would vanish, 8 lose their price"):
        import_products(store, left, ImportOptions(mode="replace"))


def test_prices_in_another_currency_are_warned_of(open_store: Callable[..., Store]) -> None:
    report = import_products(open_store("hashing"), [Product("p1", "Cup", price=1, currency="EUR")], ImportOptions())
    assert len(report.warnings) == 1 and "no price in USD, the shop's own currency, but in EUR" in report.warnings[0]


def test_stock_without_a_price_is_warned_of(tmp_path: Path, open_store: Callable[..., Store]) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("id,title,stock\np1,Cup,3\n")
    report = import_products(open_store("hashing"), read_feed(feed), ImportOptions())
    assert len(report.warnings) == 1 and "name a stock without a price" in report.warnings[0]


def test_a_flipped_bit_in_any_file_of_a_generation_changes_no_answer(open_store: Callable[..., Store]) -> None:
    store = open_store("hashing")
    store.put([Product(f"p{at}", f"Cup {at}", price=at + 1, brand=f"B{at % 3}") for at in range(30)])
    assert store.build_generation() == 1
    folder = store.folder.generations / "000001"
    store.close()
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and each.name != "manifest.json"):
        whole = path.read_bytes()
        if not whole:
            continue
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        damaged = open_store("hashing")
        assert damaged.view.n_products == 30 and damaged.view.generation == 0, path.name
        damaged.close()
        path.write_bytes(whole)
