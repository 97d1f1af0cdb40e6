from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.words import FIELD_WEIGHTS, Postings, best_possible, rarity, term_weights
from shelfwise.index.words.postings import K1, PostingsBuilder

WORDS = ("lamp", "oak", "red", "steel", "winter", "杯")
ROW = st.fixed_dictionaries({}, optional={name: st.lists(st.sampled_from(WORDS), max_size=6) for name in FIELD_WEIGHTS})
rows = st.lists(ROW, max_size=8)
queries = st.lists(st.sampled_from([*WORDS, "unknown"]), max_size=4, unique=True)


def built(given_rows) -> Postings:
    builder = PostingsBuilder()
    for row in given_rows:
        builder.add(term_weights(row))
    return builder.build()


def bm25f(given_rows, query) -> list[float]:
    """BM25F as in Robertson and Zaragoza (2009), section 3.6, with fixed average lengths; nothing of ours is used."""
    scores = []
    for row in given_rows:
        score = 0.0
        for word in query:
            frequency = 0.0
            for name, words in row.items():
                weight, b, usual = FIELD_WEIGHTS[name].weight, FIELD_WEIGHTS[name].b, FIELD_WEIGHTS[name].usual_length
                frequency += weight * words.count(word) / ((1 - b) + b * len(words) / usual)
            holding = sum(any(word in words for words in other.values()) for other in given_rows)
            idf = math.log(1 + (len(given_rows) - holding + 0.5) / (holding + 0.5))
            score += idf * frequency * (K1 + 1) / (K1 + frequency)
        scores.append(score)
    return scores


def scores(postings: Postings, query) -> np.ndarray:
    terms = postings.find(query)
    return postings.scores(terms, rarity(postings.n_rows, postings.document_counts(terms)))


@given(rows, queries)
def test_scores_are_those_of_the_formula(given_rows, query):
    found = scores(built(given_rows), query)
    assert found.shape == (len(given_rows),)
    np.testing.assert_allclose(found, bm25f(given_rows, query), rtol=1e-5, atol=1e-6)


@given(rows, queries)
def test_no_row_scores_above_what_is_possible(given_rows, query):
    postings = built(given_rows)
    terms = postings.find(query)
    rarities = rarity(postings.n_rows, postings.document_counts(terms))
    assert not query or (postings.scores(terms, rarities) <= best_possible(rarities) + 1e-6).all()


@given(rows, queries)
def test_rows_that_hold_every_word_are_found(given_rows, query):
    postings = built(given_rows)
    holding = [
        at
        for at, row in enumerate(given_rows)
        if query and all(any(word in words for words in row.values()) for word in query)
    ]
    assert postings.holding_all(postings.find(query)).tolist() == holding


@given(rows, queries)
def test_words_are_counted_by_row(given_rows, query):
    postings = built(given_rows)
    counts = [sum(any(word in words for words in row.values()) for row in given_rows) for word in query]
    assert postings.document_counts(postings.find(query)).tolist() == counts


@given(rows)
def test_each_row_knows_its_words(given_rows):
    postings = built(given_rows)
    for at, row in enumerate(given_rows):
        words = [postings.terms[number] for number in postings.terms_of(at)]
        assert sorted(words) == sorted({word for each in row.values() for word in each})


@pytest.mark.parametrize("given_rows", [[], [{}], [{"title": ["lamp", "oak"]}, {}, {"brand": ["oak"]}]])
def test_saved_postings_answer_the_same(tmp_path: Path, given_rows):
    postings = built(given_rows)
    postings.save(tmp_path)
    loaded = Postings.load(tmp_path)
    assert loaded.n_rows == len(given_rows)
    for query in (["oak"], ["lamp", "oak"], ["unknown", "lamp"], []):
        np.testing.assert_array_equal(scores(loaded, query), scores(postings, query))
        assert loaded.holding_all(loaded.find(query)).tolist() == postings.holding_all(postings.find(query)).tolist()
    for row in range(len(given_rows)):
        np.testing.assert_array_equal(loaded.terms_of(row), postings.terms_of(row))
    assert not loaded.by_term.data.flags.writeable  # mapped, not copied


def test_an_empty_catalogue_is_searched_without_a_fuss():
    postings = built([])
    assert postings.n_rows == 0
    assert scores(postings, ["lamp"]).shape == (0,)
    assert postings.holding_all(postings.find(["lamp"])).tolist() == []


def test_a_word_that_nobody_wrote_scores_nothing_and_holds_nothing():
    postings = built([{"title": ["lamp"]}])
    assert postings.find(["unknown"]).tolist() == [-1]
    assert scores(postings, ["unknown"]).tolist() == [0]
    assert postings.holding_all(postings.find(["lamp", "unknown"])).tolist() == []


def test_a_rare_word_counts_more_and_a_common_one_never_less_than_nothing():
    rarities = rarity(10, np.array([0, 1, 5, 10]))
    assert (np.diff(rarities) < 0).all() and (rarities > 0).all()


def test_repeating_a_word_helps_less_each_time_and_never_passes_the_limit():
    weights = [term_weights({"title": ["lamp"] * count + ["x"] * (9 - count)})["lamp"] for count in (1, 2, 3, 9)]
    steps = np.diff(weights[:3])
    assert steps[0] > steps[1] > 0
    assert weights[-1] < K1 + 1


def test_a_title_counts_more_than_a_description():
    title, description = term_weights({"title": ["lamp"]}), term_weights({"description": ["lamp"]})
    assert title["lamp"] > description["lamp"]
