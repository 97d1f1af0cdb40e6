"""What a page says beside its hits: counts of what could be chosen instead, notes, and the variant that is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shelfwise.index import RequestError, filters_from_query, filters_to_query, parse_filters
from shelfwise.plugin import Product, Request, Results, Shop
from shelfwise.plugin.commands.filters import filters_from


def counted(found: Results, name: str) -> dict[str, int]:
    return {value.code: value.count for value in found.facets[name]}


LAMPS = {"category": "Home > Lamps"}


# ---- a facet and its own filter ----------------------------------------------------------------------------------


def test_a_facet_shows_what_another_choice_would_bring(shop: Shop) -> None:
    found = shop.search("lamp", filters={**LAMPS, "brand": "Lumen"}, facets=["brand", "colour"], k=1)
    assert counted(found, "brand") == {"Lumen": 6, "Volt": 6} and found.total == 6
    assert counted(found, "colour") == {"white": 4, "red": 2}, "under the brand that was chosen"
    for brand, count in counted(found, "brand").items():
        assert shop.search("lamp", filters={**LAMPS, "brand": brand}).total == count


def test_facets_may_be_counted_under_all_filters(shop: Shop) -> None:
    found = shop.search("lamp", filters={**LAMPS, "brand": "Lumen"}, facets=["brand"], narrow_facets=True)
    assert counted(found, "brand") == {"Lumen": 6}


@pytest.mark.parametrize("query", ["lamp", "", None])
def test_every_filter_on_the_field_is_left_out_and_no_other(query: str | None, shop: Shop) -> None:
    filters = filters_from(["-colour:red colour:white,red brand:Lumen,Volt price:..15"])
    found = shop.answer(Request(query, filters=filters, facets=["colour", "price", "brand"]))
    without = {
        name: shop.answer(Request(query, filters=filters_from([text]), facets=[name]))
        for name, text in {
            "colour": "brand:Lumen,Volt price:..15",
            "price": "-colour:red colour:white,red brand:Lumen,Volt",
            "brand": "-colour:red colour:white,red price:..15",
        }.items()
    }
    for name, other in without.items():
        right = shop.answer(Request(query, filters=other.request.filters, facets=[name], narrow_facets=True))
        assert found.facets[name] == right.facets[name]


def test_the_product_that_is_looked_at_is_counted_in_no_facet(shop: Shop) -> None:
    request = Request(product_id="lamp3", filters={**LAMPS, "brand": "Lumen"}, facets=["brand", "category"])
    found = shop.answer(request)
    assert counted(found, "brand") == {"Volt": 6, "Lumen": 5}
    assert found.total == 5 and found.facets["category"].count("Home > Lamps") == 5


def test_a_query_without_words_counts_nothing(shop: Shop) -> None:
    found = shop.search("!!!", filters={"brand": "Lumen"}, facets=["brand", "price", "colour"])
    assert found.total == 0 and counted(found, "price") == counted(found, "colour") == {}
    assert counted(found, "brand") == {"Lumen": 0}, "what was chosen stays, to be taken away"
    assert found.notes.count("The query has no words, so nothing was searched.") == 1


def test_many_requests_have_their_own_counts(shop: Shop) -> None:
    requests = [
        Request("lamp", filters={"brand": brand, "colour": "red"}, facets=["brand", "colour", "price"])
        for brand in ("Lumen", "Volt", "Nord")
    ]
    requests.insert(1, Request("lamp", facets=["brand"]))
    for request, found in zip(requests, shop.answer_many(requests), strict=True):
        assert found.facets == shop.answer(request).facets


def test_the_time_of_all_counts_is_in_the_timings(shop: Shop) -> None:
    found = shop.search("lamp", filters={"brand": "Lumen", "price": (None, 15)}, facets=["brand", "price"])
    timings = found.timings
    assert timings["total"] == pytest.approx(sum(value for name, value in timings.items() if name != "total"))
    assert timings["rest"] > 0 and timings["vector"] > 0


# ---- codes for addresses -----------------------------------------------------------------------------------------


def test_every_code_of_a_facet_is_a_filter_and_a_parameter_of_an_address(shop: Shop) -> None:
    names = ["brand", "category", "colour", "size", "height", "price", "in_stock", "added"]
    found = shop.search("", filters=LAMPS, facets=names)
    for name in names:
        for value in found.facets[name]:
            filters = parse_filters({name: value.code})
            assert filters_from_query({name: value.code}) == filters == filters_from_query(filters_to_query(filters))
            if name != "category":
                left = shop.search("", filters=(*parse_filters(LAMPS), *filters), k=1)
                assert left.total == value.count


def test_plain_json_has_the_ranges_and_levels_of_facets(shop: Shop) -> None:
    found = shop.search("", filters=LAMPS, facets=["category", "price", "added", "height"]).to_dict()
    details: dict[str, Any] = json.loads(json.dumps(found))["facet_details"]
    assert [level["code"] for level in details["category"]["path"]] == ["Home", "Home > Lamps"]
    assert (details["price"]["low"], details["price"]["high"], details["price"]["distinct"]) == (10, 21, 12)
    assert details["added"]["low"] == "2026-02-01T00:00:00+00:00"
    assert details["height"]["unit"] == "cm" and details["height"]["children"] == []


# ---- notes -------------------------------------------------------------------------------------------------------


def test_a_page_of_a_brand_that_is_gone_says_so_and_does_not_break(shop: Shop) -> None:
    found = shop.search("lamp", filters={"brand": ["Lumen", "Lumin"]}, facets=["brand"])
    assert found.total > 0
    assert found.notes == ("filter brand: no product has 'Lumin'; the nearest values are Lumen, Nord, Volt.",)
    shop.delete([hit.product.id for hit in shop.search("", filters={"brand": "Volt"}, k=100)])
    gone = shop.search("lamp", filters={"brand": "Volt"})
    assert gone.ids == [] and gone.notes == ("No product passes 'brand:Volt'.",)


def test_filters_that_exclude_each_other_are_named(shop: Shop) -> None:
    found = shop.search("lamp", filters=filters_from(["brand:Lumen -brand:Lumen in_stock:yes price:..20"]))
    assert (found.ids, found.total) == ([], 0)
    assert found.notes == ("No product passes 'brand:Lumen' and '-brand:Lumen' together.",)


# ---- which variant, which order ----------------------------------------------------------------------------------


def test_the_variant_that_was_asked_for_is_shown(shop: Shop) -> None:
    def shown(query: str, **asked: Any) -> str:
        return next(hit.variant.id for hit in shop.search(query, k=100, **asked) if hit.product.id == "boots")

    assert shown("red winter boots") == "boots-41", "in stock"
    assert shown("red winter boots 42") == "boots-42"
    assert shown("red winter boots 42", filters={"in_stock": True}) == "boots-41", "it must pass the filters"
    prices = [hit.price.amount for hit in shop.search("boots 42", sort="price", k=100) if hit.price]
    assert prices == sorted(prices), "what is shown is what is ordered by"


def test_any_number_is_an_order(shop: Shop) -> None:
    heights = [hit.product.id for hit in shop.search("", sort="-height", k=100)]
    assert heights[:12] == [f"lamp{at}" for at in reversed(range(12))]
    with pytest.raises(RequestError) as refused:
        shop.search("lamp", sort="weight")
    known = "height, newest, size, added, price, -price, relevance"
    assert str(refused.value) == (
        f"sort: wanted one of {known}, got 'weight', which no product has; name a field with numbers or dates"
    )


# ---- bad input ---------------------------------------------------------------------------------------------------

NASTY = ["👢", "‮שלום", "'; DROP TABLE products; --", "(.*)+$", "a\\", "%", "_", "\"'", "..", "\ud800", "x" * 5_000]


@pytest.mark.parametrize("value", NASTY)
def test_no_sign_in_a_filter_does_anything_but_find_nothing(value: str, shop: Shop) -> None:
    before = shop.search("", k=100).ids
    for filters in ({"brand": [value]}, {"category": [value]}, {"size": [value]}):
        found = shop.search("lamp", filters=filters, facets=["brand"])
        assert (found.ids, found.total) == ([], 0)
        (name,) = filters
        assert found.notes[0].startswith(f"filter {name}: no product has ") and len(found.notes[0]) < 400
        kept = shop.search("lamp", filters={name: {"not": [value]}}, k=100)
        assert kept.ids == shop.search("lamp", k=100).ids
    for asked in ({"facets": [value[:200]]}, {"filters": {value: "x"}}):
        with pytest.raises(RequestError, match=r"no product has such a field|wanted printable text"):
            shop.search("lamp", **asked)
    with pytest.raises(RequestError, match="which no product has"):
        shop.search("lamp", sort=value[:200])
    assert shop.search("", k=100).ids == before


def test_ten_thousand_values_and_as_many_brands_are_answered(open_shop: Any) -> None:
    shop = open_shop()
    shop.upsert([Product(f"p{at}", "Mug", brand=f"Brand {at}", price=1) for at in range(1_500)])
    assert len(shop.search("mug", facets=["brand"]).facets["brand"].values) == 100
    found = shop.search("mug", filters={"brand": [f"Brand {at}" for at in range(10_000)]}, facets=["brand"], k=1)
    assert found.total == 1_500 and found.notes[0].startswith("filter brand: no product has 'Brand 1500', ")
    assert len(found.facets["brand"].values) <= 200 and found.facets["brand"].distinct == 1_500
