from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelfwise.index import Context, FilterError, FoundProducts, Product, View, facet, match, tokens
from shelfwise.index.encoders.hashing import HashingEncoder
from shelfwise.index.text import encoder_text

from .building import query, view, without
from .strategies import WORDS, catalogues, contexts, products

EUR = Context(currency="EUR")
ALL = 1_000
queries = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
locales = st.sampled_from(["en", "zh", "de", "zh-TW", "en-GB", "fr"])


# ---- the law: how products are divided among segments does not show ----------------------------------------------


@st.composite
def divided(draw: st.DrawFn) -> tuple[list[Product], list[View]]:
    """Products, and views that all hold just these: whole, in two parts, and over what was replaced and deleted."""
    live = draw(catalogues(min_size=1))
    later = draw(st.lists(st.sampled_from(live), unique_by=lambda each: each.id))
    names = {product.id for product in later}
    first = [product for product in live if product.id not in names]
    replaced = [draw(products(st.just(product.id))) for product in later]
    gone = [product for product in draw(catalogues(max_size=3)) if product.id not in {each.id for each in live}]
    silent = draw(st.lists(st.sampled_from(live), max_size=2).map(lambda some: {each.id for each in some}))
    over = view([*first, *replaced, *gone], later, silent=silent)
    over = View((without(over.segments[0], [product.id for product in gone]), *over.segments[1:]))
    return live, [view(live, silent=silent), view(first, later, silent=silent), over]


def alive(made: View) -> np.ndarray:
    return np.concatenate(
        [np.ones(live.segment.n_products, bool) if live.alive is None else live.alive for live in made.segments]
    )


def ids(made: View, rows: Sequence[int]) -> list[str]:
    return [made.id_of(int(row)) for row in rows]


@settings(max_examples=80)
@given(divided(), queries, locales)
def test_words_find_the_same_in_the_same_order_with_the_same_scores(division, text, locale):
    live, views = division
    words = list(dict.fromkeys(tokens(text, locale)))
    answers = [made.by_words(words, ALL, alive(made), locale) for made in views]
    whole, right = views[0], answers[0]
    for made, answer in zip(views[1:], answers[1:], strict=True):
        assert ids(made, answer.rows) == ids(whole, right.rows)
        np.testing.assert_allclose(answer.scores, right.scores, rtol=1e-5)
        assert answer.best == pytest.approx(right.best, rel=1e-5)
        assert answer.weighed.possible == pytest.approx(right.weighed.possible, rel=1e-5)
        assert sorted(ids(made, answer.holding_all)) == sorted(ids(whole, right.holding_all))
        asked = np.array([made.row_of(product.id) for product in live])
        same = np.array([whole.row_of(product.id) for product in live])
        np.testing.assert_allclose(
            made.word_scores(answer, asked, locale), whole.word_scores(right, same, locale), rtol=1e-5
        )


@settings(max_examples=80)
@given(divided(), queries, locales)
def test_meaning_finds_the_same_in_the_same_order_with_the_same_scores(division, text, locale):
    live, views = division
    vector = query(text)
    whole = views[0]
    ((rows, scores),) = whole.nearest(vector[None], ALL, alive(whole), locale)
    right = dict(zip(ids(whole, rows), scores.tolist(), strict=True))
    for made in views[1:]:
        ((rows, scores),) = made.nearest(vector[None], ALL, alive(made), locale)
        found = ids(made, rows)
        assert sorted(found) == sorted(right)
        # Equal scores of two segments may differ in their last bit: the order is that of the scores within it.
        np.testing.assert_allclose(scores, [right[id] for id in found], atol=1e-6)
        np.testing.assert_allclose([right[id] for id in found], list(right.values()), atol=1e-6)
        asked = np.array([made.row_of(product.id) for product in live])
        same = np.array([whole.row_of(product.id) for product in live])
        np.testing.assert_allclose(
            made.similarities(vector, asked, locale), whole.similarities(vector, same, locale), atol=1e-6
        )


@settings(max_examples=50)
@given(divided(), contexts, st.sampled_from(["brand", "category", "colour", "size", "weight", "in_stock", "price"]))
def test_filters_and_facets_are_the_same(division, context, field):
    live, views = division
    counted = []
    for made in views:
        assert made.n_products == len(live) and made.n_texts == sum(len(product.texts) for product in live)
        matching = match(made, (), context)
        try:
            values = facet(FoundProducts(made, matching, np.flatnonzero(matching.mask)), field, "en")
        except FilterError:
            values = ()
        counted.append((sorted(ids(made, np.flatnonzero(matching.mask))), [(each.code, each.count) for each in values]))
    assert counted[1:] == counted[:1] * 2


@settings(max_examples=50)
@given(divided(), queries, locales, st.integers(1, 4))
def test_the_best_k_are_the_first_of_all(division, text, locale, k):
    """With distinct scores; which of several equal ones is cut off is the next test's."""
    _, views = division
    words = list(dict.fromkeys(tokens(text, locale)))
    for made in views:
        every = made.by_words(words, ALL, alive(made), locale)
        best = made.by_words(words, k, alive(made), locale)
        np.testing.assert_array_equal(best.scores, every.scores[:k])
        assert len(set(best.rows.tolist())) == len(best.rows) and alive(made)[best.rows].all()


TWINS = [Product(f"p{at}", {"en": "red lamp"}) for at in range(12)]


def test_of_equal_products_the_same_are_cut_off_however_they_are_divided():
    cut = [view(TWINS), view(TWINS[:4], TWINS[4:]), view(TWINS[6:], TWINS[:6])]
    by_words = [ids(made, made.by_words(["red", "lamp"], 3, alive(made), "en").rows) for made in cut]
    by_meaning = [ids(made, made.nearest(query("red lamp")[None], 3, alive(made), "en")[0][0]) for made in cut]
    assert by_words[1:] == by_words[:1] * 2
    assert by_meaning[1:] == by_meaning[:1] * 2


def test_equal_products_come_in_an_order_that_does_not_depend_on_their_segments():
    cut = [view(TWINS), view(TWINS[:4], TWINS[4:]), view(TWINS[6:], TWINS[:6])]
    orders = [ids(made, made.by_words(["red", "lamp"], ALL, alive(made), "en").rows) for made in cut]
    assert sorted(orders[0]) == sorted(product.id for product in TWINS)
    assert orders[0] != sorted(orders[0])  # nor on the alphabet, which would favour the same products everywhere
    assert orders[1:] == orders[:1] * 2


# ---- scores ------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(divided(), queries, locales)
def test_scores_asked_for_are_those_found(division, text, locale):
    _, views = division
    words, vector = list(dict.fromkeys(tokens(text, locale))), query(text)
    for made in views:
        answer = made.by_words(words, ALL, alive(made), locale)
        np.testing.assert_array_equal(made.word_scores(answer, answer.rows, locale), answer.scores)
        ((rows, scores),) = made.nearest(vector[None], ALL, alive(made), locale)
        np.testing.assert_allclose(made.similarities(vector, rows, locale), scores, atol=1e-6)


@settings(max_examples=50)
@given(divided(), queries, locales, st.randoms(use_true_random=False))
def test_nothing_outside_the_mask_is_found(division, text, locale, random):
    _, views = division
    words, vector = list(dict.fromkeys(tokens(text, locale))), query(text)
    for made in views:
        mask = alive(made) & np.array([random.random() < 0.5 for _ in range(made.n_rows)])
        every, within = (made.by_words(words, ALL, each, locale) for each in (alive(made), mask))
        assert within.rows.tolist() == [row for row in every.rows.tolist() if mask[row]]
        assert within.holding_all.tolist() == [row for row in every.holding_all.tolist() if mask[row]]
        ((rows, _),) = made.nearest(vector[None], ALL, mask, locale)
        ((unmasked, _),) = made.nearest(vector[None], ALL, alive(made), locale)
        assert sorted(rows.tolist()) == sorted(row for row in unmasked.tolist() if mask[row])


@settings(max_examples=30)
@given(divided())
def test_rows_and_ids_are_two_names_of_one_thing(division):
    live, views = division
    for made in views:
        for product in live:
            row = made.row_of(product.id)
            assert made.id_of(row) == product.id and alive(made)[row]
            segment, local = made.place(row)
            assert segment.segment.ids[local] == product.id
        assert made.row_of("never heard of") == -1
        assert np.count_nonzero(alive(made)) == made.n_products


# ---- which text is searched --------------------------------------------------------------------------------------

LAMP = Product("lamp", {"en": "Desk lamp", "zh": "台灯", "zh-TW": "檯燈"})
ONLY_GERMAN = Product("german", {"de": "Leuchte"})


@pytest.mark.parametrize(
    ("locale", "text", "found"),
    [
        ("en", "lamp", ["lamp"]),
        ("en", "台灯", []),
        ("en-GB", "lamp", ["lamp"]),
        ("zh", "台灯", ["lamp"]),
        ("zh", "檯燈", ["lamp"]),  # traditional characters are searched as simplified ones
        ("zh-TW", "檯燈", ["lamp"]),
        ("zh-HK", "台灯", ["lamp"]),
        ("zh", "lamp", []),
        ("fr", "lamp", ["lamp"]),  # no French: the product's first text
        ("en", "Leuchte", ["german"]),  # nor English here
        ("de", "Leuchte", ["german"]),
    ],
)
def test_the_text_nearest_to_the_locale_is_the_one_that_is_searched(locale, text, found):
    for made in (view([LAMP, ONLY_GERMAN]), view([LAMP], [ONLY_GERMAN])):
        # In the text's own language, so that the stem is the one that was indexed.
        words = [word for word in dict.fromkeys(tokens(text, "de" if text == "Leuchte" else locale)) if len(word) != 1]
        assert ids(made, made.by_words(words, 10, alive(made), locale).rows) == found


@pytest.mark.parametrize(
    ("locale", "text"), [("en", "Desk lamp"), ("zh", "台灯"), ("zh-TW", "檯燈"), ("fr", "Desk lamp")]
)
def test_the_vector_nearest_to_the_locale_is_the_one_that_is_compared(locale, text):
    made = view([LAMP, ONLY_GERMAN])
    row = made.row_of("lamp")
    assert made.similarities(query(text), np.array([row]), locale)[0] == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(made.vector_of(row, locale), query(text), atol=1e-3)
    ((rows, scores),) = made.nearest(query(text)[None], 1, alive(made), locale)
    assert ids(made, rows) == ["lamp"] and scores[0] == pytest.approx(1, abs=1e-3)


def test_a_product_in_three_languages_is_found_once():
    made = view([Product("p", {"en": "lamp", "de": "lamp", "fr": "lamp"}), Product("q", {"en": "lamp shade"})])
    assert sorted(ids(made, made.by_words(["lamp"], 10, alive(made), "en").rows)) == ["p", "q"]
    assert sorted(ids(made, made.nearest(query("lamp")[None], 10, alive(made), "en")[0][0])) == ["p", "q"]


# ---- products without a vector -----------------------------------------------------------------------------------


def test_a_product_without_a_vector_is_found_by_its_words_alone():
    made = view([LAMP, ONLY_GERMAN], silent=["lamp"])
    assert ids(made, made.by_words(["lamp"], 10, alive(made), "en").rows) == ["lamp"]
    assert ids(made, made.nearest(query("Desk lamp")[None], 10, alive(made), "en")[0][0]) == ["german"]
    assert made.vector_of(made.row_of("lamp"), "en") is None
    rows = np.array([made.row_of("lamp"), made.row_of("german")])
    first, second = made.similarities(query("Leuchte"), rows, "de")
    assert first == 0 and second == pytest.approx(1, abs=1e-3)


def test_where_nothing_has_a_vector_meaning_finds_nothing():
    made = view([LAMP], [ONLY_GERMAN], silent=["lamp", "german"])
    ((rows, scores),) = made.nearest(query("lamp")[None], 10, alive(made), "en")
    assert len(rows) == len(scores) == 0
    assert made.similarities(query("lamp"), np.array([0, 1]), "en").tolist() == [0, 0]


def test_an_empty_view_answers_nothing():
    made = View()
    nothing = np.zeros(0, bool)
    assert (made.n_rows, made.n_products, made.row_of("p")) == (0, 0, -1)
    assert len(made.by_words(["lamp"], 10, nothing, "en").rows) == 0
    assert len(made.nearest(query("lamp")[None], 10, nothing, "en")[0][0]) == 0


def test_the_vector_is_that_of_the_products_text():
    made = view([LAMP])
    right = HashingEncoder().encode_passages([encoder_text(LAMP, "zh")])[0]
    np.testing.assert_allclose(made.vector_of(0, "zh"), right, atol=1e-3)


def test_a_batch_of_queries_is_answered_one_by_one():
    made = view([LAMP], [ONLY_GERMAN])
    vectors = np.stack([query("Desk lamp"), query("Leuchte")])
    together = made.nearest(vectors, 2, alive(made), "en")
    for vector, (rows, scores) in zip(vectors, together, strict=True):
        ((alone, same),) = made.nearest(vector[None], 2, alive(made), "en")
        assert rows.tolist() == alone.tolist()
        np.testing.assert_allclose(scores, same, atol=1e-6)


def test_deleting_twice_or_what_is_not_there_changes_nothing():
    made = view([LAMP, ONLY_GERMAN]).segments[0]
    once = without(made, ["lamp", "nobody"])
    twice = without(once, ["lamp"])
    assert (once.n_alive, once.dead_texts) == (twice.n_alive, twice.dead_texts) == (1, 3)
    np.testing.assert_array_equal(once.dead_counts, twice.dead_counts)
    assert made.n_alive == 2  # nothing is changed in place
