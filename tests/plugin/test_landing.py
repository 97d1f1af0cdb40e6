"""Landing pages: saved requests, by slug and locale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from shelfwise.plugin import Context, LandingPage, Product, RequestError, Shop, hookimpl

LAMPS = LandingPage("lamps", title="Lamps", filters={"category": "Home > Lamps"}, first=["lamp3"], facets=["brand"])


def test_a_page_is_the_answer_of_its_request(shop: Shop) -> None:
    assert shop.save_pages(LAMPS) == 1
    found = shop.page("lamps", k=100)
    assert found.ids == shop.browse(filters={"category": "Home > Lamps"}, first=["lamp3"], k=100).ids
    assert found.ids[0] == "lamp3" and found.total == 12 and "brand" in found.facets


def test_a_shopper_narrows_orders_and_pages_it(shop: Shop) -> None:
    shop.save_pages(LAMPS)
    found = shop.page("lamps", filters={"brand": "Volt"}, facets=["colour"], sort="price", k=2, offset=1)
    assert found.total == 6 and found.ids == ["lamp2", "lamp4"] and set(found.facets) == {"brand", "colour"}
    first = shop.page("lamps", k=7)
    assert set(shop.page("lamps", k=7, after=first.after).ids).isdisjoint(first.ids)


def test_a_facet_of_the_pages_own_filter_counts_what_the_page_has(shop: Shop) -> None:
    shop.save_pages(LandingPage("red", filters="colour:red", facets=["colour", "brand"]))
    found = shop.page("red", filters={"brand": "Nord"}, k=100)
    assert found.total > 0 and {value.code for value in found.facets["colour"] if value.count} == {"red"}
    assert found.facets["colour"].count("red") == found.total
    assert {value.code for value in found.facets["brand"]} > {"Nord"}, "what the shopper chose is relaxed"


def test_notes_on_a_pages_own_filters_are_kept_from_those_who_may_not_see(shop: Shop) -> None:
    shop.save_pages(LandingPage("none", filters="colour:purple"))
    assert shop.page("none").notes
    assert shop.scoped({"colour": "purple"}).browse().notes == ()
    assert shop.page("none").notes


def test_saving_a_page_is_no_answer_that_a_plugin_hears_of(open_shop: Callable[..., Shop]) -> None:
    heard: list[Any] = []

    class Log:
        name = "log"

        @hookimpl
        def on_results(self, results: Any) -> None:
            heard.append(results)

    shop = open_shop(plugins=[Log()])
    shop.upsert(Product("p1", "Lamp", attributes={"colour": "red"}))
    shop.save_pages(LandingPage("red", filters="colour:red"))
    assert heard == []


def test_two_pages_of_one_address_and_fields_that_no_product_has_are_refused(shop: Shop) -> None:
    with pytest.raises(RequestError, match="wanted one for all locales, got two; leave one out"):
        shop.save_pages([LandingPage("a"), LandingPage("a", title="again")])
    wrongs: list[dict[str, Any]] = [{"filters": "color:red"}, {"sort": "-ratng"}, {"facets": ["x"]}]
    for wrong in (LandingPage("a", **each) for each in wrongs):
        with pytest.raises(RequestError, match="no product has"):
            shop.save_pages(wrong)
    with pytest.raises(RequestError, match="wanted LandingPage objects, got dict"):
        shop.save_pages([{"slug": "a"}])  # type: ignore[list-item]
    assert shop.pages() == []


def test_a_locale_that_is_none_is_refused(shop: Shop) -> None:
    for wrong in ("!!", 5, "en" + "-abcdefgh" * 20):
        with pytest.raises(RequestError, match="locale: wanted a language tag"):
            shop.find_page("a", locale=wrong)  # type: ignore[arg-type]
        with pytest.raises(RequestError, match="locale: wanted a language tag"):
            shop.delete_page("a", locale=wrong)  # type: ignore[arg-type]


def test_a_page_with_a_query_is_a_saved_search(shop: Shop) -> None:
    shop.save_pages(LandingPage("winter", query="winter", filters="brand:Nord", sort="price"))
    assert shop.page("winter").ids == shop.search("winter", filters={"brand": "Nord"}, sort="price").ids


@pytest.mark.parametrize(
    ("saved", "asked", "title"),
    [
        ([None, "en", "zh"], "zh", "zh"),
        ([None, "en", "zh"], "zh-TW", "zh"),
        ([None, "en", "zh-CN"], "zh-TW", "zh-CN"),
        ([None, "en"], "zh", "all"),
        (["en"], "zh", "en"),
        ([None], "zh", "all"),
        ([None, "en", "en-GB"], "en-GB", "en-GB"),
        ([None, "en", "en-GB"], "en-US", "en"),
    ],
)
def test_a_locale_has_its_own_page_or_the_nearest(shop: Shop, saved: list[str | None], asked: str, title: str) -> None:
    shop.save_pages([LandingPage("sale", locale=each, title=each or "all") for each in saved])
    assert shop.find_page("sale", locale=asked).title == title
    assert shop.page("sale", context=Context(locale=asked)).request.context.locale == asked


def test_saving_again_replaces_and_deleting_deletes(shop: Shop) -> None:
    shop.save_pages([LAMPS, LandingPage("sale", locale="en"), LandingPage("sale", locale="zh"), LandingPage("sale")])
    shop.save_pages(LandingPage("lamps", title="All lamps"))
    assert [(each.slug, each.locale, each.title) for each in shop.pages()] == [
        ("lamps", None, "All lamps"), ("sale", None, ""), ("sale", "en", ""), ("sale", "zh", ""),
    ]  # fmt: skip
    assert shop.delete_page("sale", "zh") == 1 and shop.delete_page("sale") == 2 and shop.delete_page("sale") == 0
    assert [each.slug for each in shop.pages()] == ["lamps"]


def test_an_unknown_page_is_a_sentence(shop: Shop) -> None:
    with pytest.raises(RequestError) as refused:
        shop.page("nothing")
    assert str(refused.value) == ("landing page 'nothing': there is none; `shelfwise pages` lists those that there are")


def test_another_process_and_the_next_one_see_it(shop: Shop, open_shop: Callable[..., Shop]) -> None:
    shop.save_pages(LAMPS)
    assert open_shop().pages() == [LAMPS]
    shop.store.build_generation()
    assert shop.pages() == [LAMPS] and open_shop().pages() == [LAMPS]


def test_a_page_whose_products_are_gone_is_shorter_and_no_failure(shop: Shop) -> None:
    shop.save_pages(LandingPage("red", filters={"colour": "red"}, first=["gone", "boots"]))
    assert shop.page("red").ids[0] == "boots"
    shop.delete([key for key in shop.page("red", k=100).ids if key != "lamp0"])
    assert shop.page("red").ids == ["lamp0"]
    shop.upsert(Product("lamp0", "Lamp"))
    assert shop.page("red").ids == [] and shop.page("red").notes


@pytest.mark.parametrize(
    "page",
    [
        LAMPS,
        LandingPage("a/b-c_d.e", locale="zh-CN", title="保暖", query="保温 杯", sort="-price,newest", facets=["颜色"]),
        LandingPage(
            "x", filters={"price": (5, "9.5"), "colour": {"not": ["it's", 'say "so"', "红"]}, "in_stock": True}
        ),
    ],
)
def test_a_page_as_json_is_the_same_page(page: LandingPage) -> None:
    assert LandingPage.from_dict(page.to_dict()) == page


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"slug": ""}, "landing page: wanted a slug of up to 200 letters, digits, '-', '_', '.' and '/', got ''"),
        ({"slug": "a b"}, "landing page: wanted a slug of up to 200"),
        ({"slug": "a\nb"}, "landing page: wanted a slug of up to 200"),
        ({"slug": 5}, "landing page: wanted a slug of up to 200"),
        ({"title": "x"}, "landing page: wanted an object with a slug, got {'title': 'x'}"),
        ([], "landing page: wanted an object with a slug, got []"),
        ({"slug": "a", "titel": "x"}, "landing page 'a': wanted slug, locale, title, query, filters, sort, first, "),
        ({"slug": "a", "title": 5}, "landing page 'a': wanted a title of up to 1,000 printable characters, got 5"),
        ({"slug": "a", "title": "a\ud800b"}, "landing page 'a': wanted a title of up to 1,000 printable characters"),
        ({"slug": "a", "first": ["a\ud800b"]}, "first: wanted printable text, got 'a\\ud800b'; remove its control"),
        ({"slug": "a", "locale": "!"}, "locale: wanted a language tag such as 'en' or 'zh-CN', got '!'"),
        ({"slug": "a", "filters": "price:9..5"}, "filter price: wanted low <= high"),
        ({"slug": "a", "first": "p1"}, "first: wanted a list, got the text 'p1'; write ['p1']"),
        ({"slug": "a", "sort": ""}, "sort: wanted relevance"),
    ],
)
def test_a_page_that_is_none_is_a_sentence(values: Any, said: str) -> None:
    with pytest.raises(RequestError) as refused:
        LandingPage.from_dict(values)
    assert str(refused.value).startswith(said)
