"""Queries made from the catalogue alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from statistics import mean

import pyarrow.parquet
import pytest
from shelfwise.finetune.signals.catalogue import WEIGHT, synthetic_queries
from shelfwise.finetune.signals.errors import SignalError
from shelfwise.finetune.signals.phrases import Phrases
from shelfwise.index import Product, tokens

TITLES = [
    "Fernhill Brass Desk Lamp with Dimmer, 27 cm",
    "Fernhill Steel Desk Lamp in Red, 30 cm",
    "Orla Brass Floor Lamp for Living Rooms, 150 cm",
    "Orla Walking Boot in Red with Laces",
    "Orla Leather Walking Boot (Pack of 2)",
    "Fernhill Walking Boots, 12 cm",
    "Fernhill Desk Lamps for Offices, 40 cm",
]
PRODUCTS = [Product(f"p{place}", title) for place, title in enumerate(TITLES)]


def queries_of(products: list[Product], each: int = 6, **options: object) -> list[str]:
    return [made.query for made in synthetic_queries(products, each=each, **options)]  # type: ignore[arg-type]


def test_a_title_is_taken_apart() -> None:
    phrases = Phrases(TITLES, "en")
    title = phrases.title(TITLES[0])
    assert title.words == ["fernhill", "brass", "desk", "lamp", "with", "dimmer", "27", "cm"]
    assert [title.words[start:end] for start, end in title.heads] == [["lamp"]]
    assert [title.words[start:end] for start, end in title.measures] == [["27", "cm"]]
    assert [title.words[place] for place in title.content] == ["fernhill", "brass", "desk", "lamp", "dimmer", "27"]


def test_a_type_of_two_words_is_known_when_several_products_bear_it() -> None:
    title = Phrases([*TITLES, "Sigurd Desk Lamp"], "en").title(TITLES[0])
    assert [title.words[start:end] for start, end in title.heads] == [["desk", "lamp"], ["lamp"]]


def test_in_french_the_type_comes_first() -> None:
    title = Phrases(["Lampe de bureau rouge avec variateur"], "fr").title("Lampe de bureau rouge avec variateur")
    assert [title.words[start:end] for start, end in title.heads] == [["lampe"]]


def test_each_product_gets_its_own_queries_in_lower_case() -> None:
    made = synthetic_queries(PRODUCTS, each=5)
    counts = Counter(each.product_id for each in made)
    assert counts == {each.id: 5 for each in PRODUCTS}
    assert {(each.gain, each.weight) for each in made} == {(1.0, WEIGHT)}
    assert len({(each.query, each.product_id) for each in made}) == len(made)
    assert all(each.query == each.query.lower().strip() for each in made)


def test_queries_follow_from_the_seed_and_not_from_the_order_of_products() -> None:
    made = synthetic_queries(PRODUCTS, seed=1)
    assert sorted(map(str, synthetic_queries(PRODUCTS[::-1], seed=1))) == sorted(map(str, made))
    assert synthetic_queries(PRODUCTS, seed=2) != made


def test_queries_are_made_of_the_products_words_and_none_is_the_title() -> None:
    for made in synthetic_queries(PRODUCTS, each=8):
        title = PRODUCTS[int(made.product_id[1:])].title
        assert tokens(made.query, "en") != tokens(title, "en")
        known = {term for text in TITLES for term in tokens(text, "en")}
        strange = [term for term in tokens(made.query, "en") if term not in known]
        assert len(strange) <= 1  # a slip of the keyboard


def test_brand_attributes_options_and_categories_are_asked_for() -> None:
    lamp = Product(
        "p1",
        "Desk Lamp",
        brand="Fernhill",
        category="Home > Lighting",
        attributes={"material": "brass", "dimmable": True},
        variants=[{"id": "v1", "options": {"colour": "violet"}}, {"id": "v2", "options": {"colour": "ochre"}}],
    )
    words = {word for query in queries_of([lamp, *PRODUCTS], each=40) for word in query.split()}
    assert {"fernhill", "lighting", "brass", "violet", "ochre"} <= words
    assert not {"true", "false", "home"} & words


def test_words_come_in_other_forms_that_the_catalogue_knows() -> None:
    made = synthetic_queries([PRODUCTS[0], *PRODUCTS[3:]], each=60, seed=3)
    assert "lamps" in {word for each in made if each.product_id == "p0" for word in each.query.split()}


def test_measures_keep_their_unit() -> None:
    made = " | ".join(queries_of(PRODUCTS, each=40))
    assert "27 cm" in made and "cm |" in made
    assert not [query for query in queries_of(PRODUCTS, each=40) if query.split()[0] == "cm"]


def test_nobody_asks_for_what_a_product_is_without() -> None:
    bike = Product("p1", "Tumblewick Balance Bike without Pedals")
    words = {word for query in queries_of([bike, *PRODUCTS], each=40)[:40] for word in query.split()}
    assert "bike" in words and not {"pedals", "without"} & words


def test_every_locale_has_queries_of_its_own() -> None:
    lamp = Product("p1", {"en": "Red Desk Lamp", "zh": "红色复古台灯办公室"})
    made = queries_of([lamp], each=5)
    chinese = [query for query in made if not query.isascii()]
    assert 0 < len(chinese) < len(made)
    assert all(query in "红色复古台灯办公室" and len(query) > 1 for query in chinese)


def test_lengths_can_be_said() -> None:
    made = queries_of(PRODUCTS, each=10, lengths={1: 1.0})
    assert mean(len(query.split()) for query in made) < 1.5


def test_a_catalogue_without_words_gets_a_sentence() -> None:
    with pytest.raises(SignalError) as caught:
        synthetic_queries([Product("p1", "!!"), Product("p2", "–")])
    assert str(caught.value) == "catalogue: wanted products with titles to make queries from, got 2 without words"


@pytest.mark.parametrize(("each", "weight"), [(0, 0.3), (1, 0.0), (1, 1.5)])
def test_impossible_settings_get_a_sentence(each: int, weight: float) -> None:
    with pytest.raises(SignalError) as caught:
        synthetic_queries(PRODUCTS, each=each, weight=weight)
    assert str(caught.value) == (
        f"wanted one query or more for each product and a weight up to 1, got {each} and {weight:g}"
    )


def test_made_queries_are_about_as_long_as_shoppers_and_use_words_as_rare(shared_data: Callable[[str], Path]) -> None:
    """Buckets 30 to 99: the others are kept for measuring."""
    folder = shared_data("homedepot")
    rows = pyarrow.parquet.read_table(folder / "judgements.parquet", columns=["search_term"]).column(0).to_pylist()
    real = [query for query in set(rows) if int(sha256(query.encode()).hexdigest(), 16) % 100 >= 30]
    titles = pyarrow.parquet.read_table(folder / "products.parquet", columns=["product_title"]).column(0).to_pylist()
    products = [Product(str(place), title) for place, title in enumerate(titles[::20])]
    made = queries_of(products, each=2)
    assert mean(len(query.split()) for query in made) == pytest.approx(
        mean(len(query.split()) for query in real), abs=0.4
    )
    share = [mean(len(query.split()) in (2, 3, 4) for query in queries) for queries in (made, real)]
    assert share[0] == pytest.approx(share[1], abs=0.1)
