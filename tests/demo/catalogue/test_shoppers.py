"""The made-up shoppers: drawn from what the personas state, and without contradictions."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shelfwise.demo.catalogue import personas, products, shoppers
from shelfwise.demo.catalogue.draw_shoppers import draw

PRODUCTS = {product["id"]: product for product in products()}
PERSONAS = {persona["id"]: persona for persona in personas()}
SHOPPERS = list(shoppers())
EVENTS = [(shopper, event) for shopper in SHOPPERS for event in shopper["events"]]
KINDS = {"view", "search", "add_to_cart", "purchase", "return", "rating", "dislike"}


def moment(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["at"])


def test_the_file_is_what_the_script_draws(root: Path) -> None:
    written = (root / "demo" / "catalogue" / "shoppers.jsonl").read_bytes()
    assert "".join(draw()).encode() == written


def test_the_personas_are_whole_and_their_shares_sum_to_one() -> None:
    assert 12 <= len(PERSONAS) <= 16
    assert abs(sum(persona["share"] for persona in PERSONAS.values()) - 1) < 1e-9
    for persona in PERSONAS.values():
        assert all(persona[name][locale] for name in ("name", "description") for locale in ("en", "zh"))
        assert len(persona["months"]) == 12
        assert {query["locale"] for query in persona["queries"]} == {"en", "zh"}


def test_personas_speak_of_products_that_exist() -> None:
    for persona in PERSONAS.values():
        for query in persona["queries"]:
            assert query["fits"] and set(query["fits"]) <= set(PRODUCTS)
        for staple in persona["staples"]:
            variants = {each["id"] for each in PRODUCTS[staple["product_id"]].get("variants", [])}
            assert staple.get("variant_id") in (variants or {None})


def test_there_are_300_shoppers_in_the_stated_shares() -> None:
    assert [shopper["user_id"] for shopper in SHOPPERS] == [f"shopper-{number:03d}" for number in range(1, 301)]
    heads = Counter(shopper["persona"] for shopper in SHOPPERS)
    assert all(abs(heads[name] - 300 * persona["share"]) < 1 for name, persona in PERSONAS.items())
    assert all(5 <= len(shopper["events"]) <= 60 for shopper in SHOPPERS)


def test_each_shoppers_events_are_in_time_order_within_2026() -> None:
    for shopper in SHOPPERS:
        moments = [moment(event) for event in shopper["events"]]
        assert moments == sorted(moments)
        assert moments[0] >= datetime(2026, 1, 1, tzinfo=UTC) and moments[-1] < datetime(2026, 10, 31, tzinfo=UTC)


def test_sessions_are_numbered_in_order_and_short() -> None:
    for shopper in SHOPPERS:
        names = [event["session"] for event in shopper["events"]]
        assert list(dict.fromkeys(names)) == [f"s{number}" for number in range(1, len(set(names)) + 1)]
        for name in set(names):
            moments = [moment(event) for event in shopper["events"] if event["session"] == name]
            assert moments[-1] - moments[0] < timedelta(hours=1)


def test_each_event_names_a_product_of_that_day_and_one_of_its_variants() -> None:
    for _, event in EVENTS:
        assert event["kind"] in KINDS
        if event["kind"] == "search":
            assert event["query"] and "product_id" not in event
            continue
        product = PRODUCTS[event["product_id"]]
        assert moment(event) >= datetime.fromisoformat(product["added"]).replace(tzinfo=UTC)
        variants = {each["id"] for each in product.get("variants", [])}
        if event["kind"] in ("add_to_cart", "purchase", "return"):
            assert event.get("variant_id") in (variants or {None})


def test_searches_are_queries_of_the_persona_and_what_is_viewed_for_them_fits() -> None:
    for shopper, event in EVENTS:
        if "query" in event:
            stated = {query["text"]: query["fits"] for query in PERSONAS[shopper["persona"]]["queries"]}
            assert event["query"] in stated
            assert event["kind"] == "search" or event["product_id"] in stated[event["query"]]


def test_what_is_bought_was_put_into_the_basket_and_what_comes_back_was_bought() -> None:
    needs = {"add_to_cart": "view", "purchase": "add_to_cart", "return": "purchase", "rating": "purchase"}
    for shopper in SHOPPERS:
        seen: set[tuple[str, str]] = set()
        for event in shopper["events"]:
            if event["kind"] in needs:
                assert (needs[event["kind"]], event["product_id"]) in seen
            if "product_id" in event:
                seen.add((event["kind"], event["product_id"]))


def test_ratings_are_stars_from_one_to_five() -> None:
    assert {event["value"] for _, event in EVENTS if event["kind"] == "rating"} <= {1, 2, 3, 4, 5}


def test_staples_are_bought_again_and_other_things_once() -> None:
    for shopper in SHOPPERS:
        bought = Counter(event["product_id"] for event in shopper["events"] if event["kind"] == "purchase")
        staples = {staple["product_id"] for staple in PERSONAS[shopper["persona"]]["staples"]}
        assert {name for name, times in bought.items() if times > 1} <= staples
    again = sum(event["kind"] == "purchase" for _, event in EVENTS) - len(
        {(shopper["user_id"], event["product_id"]) for shopper, event in EVENTS if event["kind"] == "purchase"}
    )
    assert again > 200
