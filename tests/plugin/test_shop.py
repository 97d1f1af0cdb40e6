"""The door: opening, writing, getting, deleting, closing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index import (
    EncoderError,
    ImportOptions,
    Progress,
    RequestError,
    StoreClosed,
    StoreError,
    StoreMissing,
    UnknownProduct,
)
from shelfwise.index.store import following
from shelfwise.plugin import Context, OfferUpdate, Product, Request, Shop

Opens = Callable[..., Shop]


# ---- opening -----------------------------------------------------------------------------------------------------


def test_a_shop_is_opened_filled_and_searched_in_three_lines(tmp_path: Path) -> None:
    with Shop.open(tmp_path / "shop", encoder="hashing") as shop:
        shop.upsert(Product(id="p1", title="Red boot", price=49))
        assert shop.search("red boot").ids == ["p1"]
    with Shop.open(str(tmp_path / "shop")) as shop:
        assert len(shop) == 1 and shop.search("boot").ids == ["p1"], "with the encoder that it was filled with"


def test_an_unknown_shop_is_missing_unless_it_may_be_made(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing) as error:
        Shop.open(tmp_path / "none", create=False)
    assert "there is none; make one with" in str(error.value)


def test_a_path_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path):
        with pytest.raises(StoreError, match="wanted an empty or new folder, or a store"):
            Shop.open(path)


def test_a_shop_opened_with_another_locale_or_currency_says_what_it_has(open_shop: Opens, tmp_path: Path) -> None:
    open_shop(locale="zh", currency="CNY").close()
    with pytest.raises(StoreError, match="it was made with locale='zh', got 'en'"):
        open_shop(locale="en")
    with pytest.raises(StoreError, match="it was made with currency='CNY', got 'USD'"):
        open_shop(currency="USD")
    assert open_shop(locale="zh", currency="cny").store.context.currency == "CNY"


@pytest.mark.parametrize(("name", "value"), [("locale", "English!"), ("currency", "dollars")])
def test_a_shop_cannot_be_made_with_a_nonsense_setting_and_the_path_stays_usable(
    name: str, value: str, open_shop: Opens
) -> None:
    with pytest.raises(ValueError, match=name):
        open_shop(**{name: value})
    assert len(open_shop()) == 0


def test_an_encoder_that_does_not_fit_is_said_when_the_shop_is_opened(open_shop: Opens, moody: Any) -> None:
    open_shop().upsert(Product("a", "A cup"))
    moody.hash = "another"
    with pytest.raises(EncoderError, match="its vectors are from hashing"):
        open_shop(encoder=moody)
    with pytest.raises(EncoderError, match="wanted a reference, EncoderSettings or an object"):
        open_shop(encoder=7)


# ---- writing -----------------------------------------------------------------------------------------------------


def test_what_upsert_returns_from_is_found_at_once_and_replaces_what_was_there(shop: Shop) -> None:
    report = shop.upsert(Product("new", "Copper watering can", price=20))
    assert (report.added, report.encoded) == (1, 1)
    assert shop.search("watering can").ids[0] == "new"
    shop.upsert([Product("new", "Copper birdbath", price=20)])
    assert shop.search("birdbath").ids[0] == "new"
    of_old_words = {hit.product.id: hit.parts["words"] for hit in shop.search("watering")}
    assert of_old_words.get("new", 0) == 0, "its old words are gone"
    assert shop.get("new").title == "Copper birdbath"


def test_options_and_progress_reach_the_import(shop: Shop) -> None:
    counted: list[int] = []

    class Counts(Progress):
        def batch(self, report: Any) -> None:
            counted.append(report.rows)

    report = shop.upsert([Product("x", "X")], options=ImportOptions(dry_run=True), progress=Counts())
    assert report.added == 1 and counted == []
    with pytest.raises(UnknownProduct):
        shop.get("x")
    shop.upsert([Product("x", "X")], progress=Counts())
    assert counted == [1]


@pytest.mark.parametrize("given", ["boots", {"id": "a", "title": "A"}, 7, None])
def test_upserting_something_else_is_a_sentence(given: Any, shop: Shop) -> None:
    with pytest.raises(RequestError) as error:
        shop.upsert(given)
    assert str(error.value).startswith("upsert: wanted a Product, a list of products or a feed, got ")


def test_a_deleted_product_vanishes_at_once_from_every_answer(shop: Shop) -> None:
    assert "boots" in shop.search("boots").ids
    assert shop.delete("boots") == 1
    assert shop.delete(["boots", "unknown"]) == 0
    assert "boots" not in shop.search("red winter boots").ids
    assert "boots" not in shop.search("").ids
    assert "boots" not in shop.similar("sandals").ids
    for call in (lambda: shop.get("boots"), lambda: shop.similar("boots")):
        with pytest.raises(UnknownProduct):
            call()
    assert len(shop) == 18


def test_a_product_that_another_process_just_deleted_is_left_out_of_the_page(
    shop: Shop, open_shop: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.close()
    monkeypatch.setattr(following, "FOLLOW_SECONDS", 3_600.0)  # the view is not to know
    shop = open_shop()
    assert "lamp3" in shop.search("lamp").ids
    open_shop().delete("lamp3")
    assert shop.store.view.row_of("lamp3") >= 0
    assert "lamp3" not in shop.search("lamp").ids


# ---- prices and stock --------------------------------------------------------------------------------------------


def test_new_prices_and_stock_are_in_filters_sorts_facets_and_hits_when_update_offers_returns(shop: Shop) -> None:
    red = {"colour": "red"}
    assert shop.search("", filters=red, sort="price").ids == ["lamp0", "lamp3", "lamp6", "lamp9", "boots"]
    assert shop.search("", filters=red, facets=["brand"]).facets["brand"].count("Volt") == 2
    report = shop.update_offers(
        [
            {"id": "lamp0", "price": 500, "stock": 1},
            OfferUpdate("boots", variant_id="boots-42", price="9.90", stock=2),
            {"id": "lamp3", "stock": 0},
            {"id": "none", "stock": 1},
        ]
    )
    assert (report.changed, report.unknown, report.problems) == (3, 1, ["'none': there is no such product"])
    found = shop.search("", filters=red, sort="price")
    assert found.ids == ["boots", "lamp3", "lamp6", "lamp9", "lamp0"]
    assert [hit.price.amount for hit in found if hit.price] == [Decimal("9.90"), 13, 16, 19, 500]
    sold_out = shop.search("", filters=red | {"in_stock": False}, sort="price").ids
    assert sold_out == ["lamp3", "boots"], "one size of the boots"
    assert shop.search("", filters=red | {"price": (400, None)}).ids == ["lamp0"]
    cheap = shop.search("", filters=red | {"price": (None, 20)}, facets=["brand"])
    assert (cheap.total, cheap.facets["brand"].count("Nord"), cheap.facets["brand"].count("Volt")) == (4, 1, 1)


def test_prices_follow_a_clock_that_goes_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.update_offers([OfferUpdate("sandals", price=20, market="de", starts="2030-01-01", ends="2030-02-01")])
    context = Context(market="de")
    for day, price in [("2029-12-31", 30), ("2030-01-15", 20), ("2029-12-31", 30), ("2030-03-01", 30)]:
        moment = datetime.fromisoformat(f"{day}T12:00+00:00").timestamp()
        for clock in ("time.time", "shelfwise.plugin.answering.time"):
            monkeypatch.setattr(clock, lambda at=moment: at)
        (hit,) = shop.search("sandals", filters={"id": "sandals"}, context=context)
        assert hit.price is not None and hit.price.amount == price, day


# ---- getting -----------------------------------------------------------------------------------------------------


def test_a_product_is_got_in_the_locale_of_the_context(shop: Shop) -> None:
    assert shop.get("boots").title == "Red winter boots"
    assert shop.get("boots", context=Context(locale="zh-TW")).title == "红色冬靴"
    assert shop.get("teapot").title == "陶瓷茶壶", "where there is no other"


@pytest.mark.parametrize("key", ["unknown", "", "' OR 1=1 --", "x" * 10_000, "boots\0"])
def test_an_unknown_product_is_a_sentence_and_a_key_error(key: str, shop: Shop) -> None:
    with pytest.raises(UnknownProduct) as error:
        shop.get(key)
    assert isinstance(error.value, KeyError)
    assert "there is none in" in str(error.value) and "check the id, or import it" in str(error.value)


# ---- the end -----------------------------------------------------------------------------------------------------


def test_a_closed_shop_says_so_whatever_is_asked(shop: Shop) -> None:
    shop.close()
    shop.close()
    calls: list[Callable[[], Any]] = [
        lambda: shop.search("boots"),
        lambda: shop.search(""),
        lambda: shop.similar("boots"),
        lambda: shop.answer(Request("boots")),
        lambda: shop.answer_many([Request("boots")]),
        lambda: shop.get("boots"),
        lambda: shop.upsert(Product("a", "A")),
        lambda: shop.delete("boots"),
        lambda: len(shop),
    ]
    for call in calls:
        with pytest.raises(StoreClosed, match="it was closed; open it again"):
            call()


def test_opening_and_closing_leaves_no_file_open(tmp_path: Path) -> None:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("no /proc here to count open files in")

    def open_files() -> int:
        return sum(str(tmp_path) in str(each.readlink()) for each in folder.iterdir() if each.is_symlink())

    for _ in range(3):
        with Shop.open(tmp_path / "shop", encoder="hashing") as shop:
            shop.upsert([Product(f"p{at}", f"Cup {at}") for at in range(120)])
            shop.search("cup")
            assert open_files() > 0
        assert open_files() == 0
