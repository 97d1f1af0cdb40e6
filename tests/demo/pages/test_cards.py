"""Cards: everything of the catalogue escaped, prices and parts as they are."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.demo.pages.cards import card, cards, parts, price
from shelfwise.demo.pages.markup import shortened
from shelfwise.demo.pages.wording import CHINESE, ENGLISH
from shelfwise.plugin import Hit, Product, Shop

NASTY = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;"


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Hit:
    with Shop.open(tmp_path_factory.mktemp("nasty") / "shop", encoder="hashing") as shop:
        shop.upsert(Product(id='"><b>', title=NASTY, description=NASTY, brand=NASTY, category=NASTY, price="9.99"))
        return shop.search("")[0]


def test_whatever_the_catalogue_says_is_shown_and_never_run(nasty: Hit) -> None:
    shown = card(nasty, ENGLISH, 1.0)

    assert "<script" not in shown
    assert "<img" not in shown
    assert 'data-id="&quot;&gt;&lt;b&gt;"' in shown
    assert "&amp;amp;" in shown


def test_a_reduced_price_shows_the_old_one_and_the_share(shop: Shop) -> None:
    hit = shop.search("", filters={"id": "clo-002"})[0]

    shown = card(hit, ENGLISH)
    assert "<s>$239.00</s>" in shown
    assert "−21%" in shown
    assert "¥" not in shown


def test_a_product_that_is_sold_out_says_so(shop: Shop) -> None:
    hit = shop.search("", filters={"in_stock": False}, k=1)[0]

    assert "Sold out" in card(hit, ENGLISH)
    assert "售罄" in card(hit, CHINESE)


def test_a_product_without_any_price_says_so(tmp_path: object) -> None:
    with Shop.open(f"{tmp_path}/shop", encoder="hashing") as shop:
        shop.upsert(Product(id="p", title="A thing"))
        hit = shop.search("")[0]

    assert "No price" in price(hit, ENGLISH)


def test_each_part_begins_where_the_one_before_ended_and_the_last_ends_at_the_score(shop: Shop) -> None:
    found = shop.search("wool jumper", k=3)
    best = found[0].score

    for hit in found:
        bars = [
            (float(left), float(width))
            for left, width in re.findall(r"left:([\d.]+)%;width:([\d.]+)%", parts(hit, ENGLISH, best))
        ]
        *each, (_, whole) = bars
        assert len(each) == len(hit.parts) >= 2
        for (left, width), (following, _) in pairwise(each):
            assert following == pytest.approx(left + width, abs=0.2)
        assert sum(width for _, width in each) == pytest.approx(whole, abs=0.2)
        assert f"{hit.score:.3f}" in parts(hit, ENGLISH, best)


def test_without_a_query_there_is_no_score_and_the_card_says_so(shop: Shop) -> None:
    assert ENGLISH.no_score in cards(shop.search("", k=1).hits, ENGLISH, why=True)


def test_parts_are_left_out_until_somebody_asks(shop: Shop) -> None:
    assert "fh-parts" not in cards(shop.search("tea", k=2).hits, ENGLISH, why=False)


@given(st.text(max_size=200), st.integers(2, 100))
def test_a_shortened_text_is_never_longer_than_allowed(text: str, length: int) -> None:
    assert len(shortened(text, length)) <= length + 1
    assert shortened(text, 200) == text
