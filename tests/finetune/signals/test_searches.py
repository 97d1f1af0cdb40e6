"""From clicks to judgements: programs, repeats, kinds and the bias of places."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau
from shelfwise.finetune.signals.errors import SignalError
from shelfwise.finetune.signals.events import CART, CLICK, IMPRESSION, PURCHASE, SearchEvent
from shelfwise.finetune.signals.propensity import LEAST, Propensities
from shelfwise.finetune.signals.searches import (
    MOST_A_DAY,
    MOST_A_MINUTE,
    WEIGHT,
    ClickJudgements,
    click_judgements,
)

PLACES, QUERIES = 10, 20


def simulated(
    seed: int, steepness: float, searches: int = 400
) -> tuple[list[SearchEvent], dict[str, dict[str, float]]]:
    """Searches under the position-based model, and how attractive each product truly is.

    An engine of middling quality ranks by truth and noise, anew for each search; a click needs a look, of which there
    are fewer down the page, and an attraction.
    """
    chance = random.Random(seed)
    truth = {f"query {q}": {f"p{q}-{p}": chance.uniform(0.02, 0.6) for p in range(PLACES)} for q in range(QUERIES)}
    habit = {product: chance.gauss(0, 0.3) for of in truth.values() for product in of}  # what the engine always errs by
    events = []
    for query, of in truth.items():
        for search in range(searches):
            ranked = sorted(of, key=lambda each: -(of[each] + habit[each] + chance.gauss(0, 0.15)))
            for place, product in enumerate(ranked, 1):
                events.append(SearchEvent(query, product, IMPRESSION, place, f"u{search}"))
                if chance.random() < place**-steepness and chance.random() < of[product]:
                    events.append(SearchEvent(query, product, CLICK, place, f"u{search}"))
    return events, truth


def agreement(gains: dict[str, dict[str, float]], truth: dict[str, dict[str, float]]) -> float:
    """Mean rank correlation with the truth; what has no gain counts as 0."""
    return float(
        np.mean(
            [
                kendalltau([gains.get(query, {}).get(product, 0.0) for product in of], [*of.values()]).statistic
                for query, of in truth.items()
            ]
        )
    )


def raw_clicks(events: list[SearchEvent]) -> dict[str, dict[str, float]]:
    counts: dict[str, dict[str, float]] = {}
    for each in events:
        if each.kind == CLICK:
            of = counts.setdefault(each.query, {})
            of[each.product_id] = of.get(each.product_id, 0.0) + 1
    return counts


def gains_of(found: ClickJudgements) -> dict[str, dict[str, float]]:
    made: dict[str, dict[str, float]] = {}
    for each in found.judgements:
        made.setdefault(each.query, {})[each.product_id] = each.gain
    return made


@settings(max_examples=4)
@given(seed=st.integers(0, 10_000), steepness=st.sampled_from([0.5, 0.7, 1.0]))
def test_corrected_clicks_are_nearer_to_the_truth_than_raw_ones(seed: int, steepness: float) -> None:
    events, truth = simulated(seed, steepness)
    corrected = agreement(gains_of(click_judgements(events)), truth)
    assert corrected > agreement(raw_clicks(events), truth) + 0.05


@settings(max_examples=4)
@given(seed=st.integers(0, 10_000), steepness=st.sampled_from([0.5, 0.7, 1.0]))
def test_clicks_alone_are_corrected_too(seed: int, steepness: float) -> None:
    events, truth = simulated(seed, steepness)
    clicks = [each for each in events if each.kind == CLICK]
    corrected = agreement(gains_of(click_judgements(clicks)), truth)
    assert corrected > agreement(raw_clicks(clicks), truth)


@pytest.mark.parametrize("steepness", [0.0, 0.5, 1.0])
def test_propensities_are_found_again_from_impressions(steepness: float) -> None:
    events, _ = simulated(3, steepness, searches=400)
    look = click_judgements(events).propensities
    assert look[1] == 1.0
    for place in (2, 3, 5, 8):
        assert look[place] == pytest.approx(place**-steepness, abs=0.1)


def test_propensities_are_clipped() -> None:
    events = [SearchEvent("lamp", f"p{place}", CLICK, place) for place in (1,) * 500 + (40,)]
    look = click_judgements(events).propensities
    assert (look[40], look[1]) == (LEAST, 1.0)


def test_an_unknown_place_is_not_corrected_and_one_between_is_as_the_one_before() -> None:
    look = Propensities({1: 1.0, 3: 0.5, 10: 0.2}, "")
    assert [look[None], look[2], look[5], look[99]] == [1.0, 1.0, 0.5, 0.2]


def clicks(product: str, *users: str, kind: str = CLICK, query: str = "lamp") -> list[SearchEvent]:
    return [SearchEvent(query, product, kind, None, user) for user in users]


def test_a_purchase_says_more_than_a_cart_and_a_cart_more_than_a_click() -> None:
    found = click_judgements([*clicks("a", "u"), *clicks("b", "v", kind=CART), *clicks("c", "w", kind=PURCHASE)])
    gain = gains_of(found)["lamp"]
    assert gain["c"] == 1.0 and gain["c"] > gain["b"] > gain["a"]


def test_a_shoppers_repeats_count_once_as_the_strongest() -> None:
    often = [*clicks("a", *["u"] * 9), *clicks("a", "u", kind=CART), *clicks("b", "v", kind=CART)]
    found = click_judgements(often)
    assert gains_of(found)["lamp"] == {"a": 1.0, "b": 1.0}
    assert "9 acts repeated what the same shopper had done with that product for that query." in found.report


def test_weights_grow_with_evidence_and_stay_below_their_end() -> None:
    found = click_judgements([*clicks("a", *map(str, range(50))), *clicks("b", "x")])
    weights = {each.product_id: each.weight for each in found.judgements}
    assert 0 < weights["b"] < weights["a"] < WEIGHT


def test_one_click_leans_towards_the_mean_of_its_query() -> None:
    sure = [SearchEvent("lamp", "a", IMPRESSION, None, f"u{n}") for n in range(100)]
    sure += clicks("a", *(f"u{n}" for n in range(20)))
    lucky = [SearchEvent("lamp", "b", IMPRESSION, None, "x"), *clicks("b", "x")]
    gain = gains_of(click_judgements([*sure, *lucky]))["lamp"]
    assert gain["b"] / gain["a"] < 2  # by rates alone 5


def test_what_was_shown_and_not_clicked_is_a_judgement_and_a_query_without_acts_is_none() -> None:
    shown = [SearchEvent(query, "b", IMPRESSION, 1, f"u{n}") for n in range(60) for query in ("lamp", "boot")]
    found = click_judgements([*shown, *clicks("a", "u1", "u2", "u3")])
    assert {(each.query, each.product_id) for each in found.judgements} == {("lamp", "a"), ("lamp", "b")}
    assert gains_of(found)["lamp"]["b"] < 0.5


def test_queries_are_one_in_every_spelling() -> None:
    found = click_judgements([*clicks("a", "u", "v", query="LED  lamp"), *clicks("a", "w", query="led lamp")])
    assert [each.query for each in found.judgements] == ["LED lamp"]


@pytest.mark.parametrize(("count", "apart"), [(MOST_A_MINUTE + 1, 1.0), (MOST_A_DAY + 1, 100.0)])
def test_programs_are_dropped(count: int, apart: float) -> None:
    bot = [SearchEvent("lamp", f"p{n}", CLICK, 1, "bot", n * apart) for n in range(count)]
    found = click_judgements([*bot, SearchEvent("lamp", "a", CLICK, 1, "person", 5.0)])
    assert [each.product_id for each in found.judgements] == ["a"]
    assert found.report[0] == (
        f"{count} events of 1 users were dropped: more than {MOST_A_MINUTE} acts in a minute or {MOST_A_DAY} in a day."
    )


def test_a_busy_shopper_is_no_program() -> None:
    busy = [SearchEvent("lamp", f"p{n}", CLICK, 1, "u", n * 4.0) for n in range(200)]
    assert len(click_judgements(busy).judgements) == 200


def test_machine_text_is_dropped() -> None:
    found = click_judgements([*clicks("a", "u"), *clicks("a", "u", query="http://x.example/")])
    assert [each.query for each in found.judgements] == ["lamp"]
    assert found.report[0] == "1 events were of 1 queries that no shopper typed."


def test_the_report_says_what_could_not_be_known() -> None:
    report = click_judgements([SearchEvent("lamp", "a", CLICK), SearchEvent("lamp", "b", CLICK)]).report
    assert report == [
        "The log has no users with times, so programs and repeated clicks could not be told from shoppers.",
        "The log has no positions, so what stood first and was clicked for that is not corrected.",
        "2 judgements of 1 queries came out of it.",
    ]


def test_nothing_left_is_an_error_that_says_why() -> None:
    with pytest.raises(SignalError) as caught:
        click_judgements(clicks("a", "u", query="http://x.example/"))
    assert str(caught.value).startswith(
        "events: wanted clicks, carts or purchases of shoppers, and none is left; 1 events were of 1 queries"
    )
