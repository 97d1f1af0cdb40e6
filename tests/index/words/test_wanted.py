from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.words import Postings, Wanted, as_wanted, rows_holding_all, score_rows
from shelfwise.index.words.postings import K1, PostingsBuilder
from shelfwise.index.words.wanted import held_weights

WORDS = ("flash", "light", "flashlight", "torch", "red")
rows = st.lists(
    st.dictionaries(st.sampled_from(WORDS), st.floats(0.125, 1.75, width=16), max_size=5), min_size=1, max_size=6
)
word = st.sampled_from((*WORDS, "unknown"))
weight = st.sampled_from((0.25, 0.5, 1.0))
wanted = st.builds(
    Wanted,
    word,
    also=st.lists(st.tuples(word, weight), max_size=2, unique_by=lambda each: each[0]).map(tuple),
    together=st.lists(st.tuples(st.tuples(word, word), weight), max_size=1).map(tuple),
    partly=st.lists(st.tuples(word, weight), max_size=1).map(tuple),
    needed=st.booleans(),
)


def built(given_rows: list[dict[str, float]]) -> Postings:
    builder = PostingsBuilder()
    for row in given_rows:
        builder.add(row)
    return builder.build()


def numbered(postings: Postings, words: list[Wanted]) -> dict[str, int]:
    terms = [term for each in words for term in each.terms]
    return dict(zip(terms, postings.find(terms).tolist(), strict=True))


def held(row: dict[str, float], each: Wanted) -> float:
    """How much of a word one row holds, by hand."""
    means = [(each.term, 1.0), *each.also]
    total = sum(weight * row.get(term, 0) for term, weight in means)
    for (one, other), weight in each.together:
        if one in row and other in row:
            total += weight * min(row[one], row[other])
    return total


@given(rows, st.lists(wanted, max_size=3, unique_by=lambda each: each.term))
def test_rows_that_hold_all_needed_words_are_those_that_hold_something_of_each(
    given_rows: list[dict[str, float]], words: list[Wanted]
) -> None:
    postings = built(given_rows)
    needed = [each for each in words if each.needed]
    right = [at for at, row in enumerate(given_rows) if needed and all(held(row, each) > 0 for each in needed)]
    assert rows_holding_all(postings, words, numbered(postings, words)).tolist() == right


@given(rows, wanted)
def test_how_much_of_a_word_a_row_holds_is_the_sum_over_all_that_means_it(
    given_rows: list[dict[str, float]], each: Wanted
) -> None:
    postings = built(given_rows)
    weights = held_weights(postings, each, numbered(postings, [each]))
    np.testing.assert_allclose(weights, [held(row, each) for row in given_rows], rtol=1e-5)


@given(rows, st.lists(wanted, max_size=3, unique_by=lambda each: each.term))
def test_scores_are_sums_over_the_words_and_no_word_gives_more_than_itself_could(
    given_rows: list[dict[str, float]], words: list[Wanted]
) -> None:
    postings = built(given_rows)
    found = numbered(postings, words)
    rare = [1.0 + at for at in range(len(words))]
    rarities = {term: 0.5 + len(term) / 10 for term in found}
    scores = score_rows(postings, words, found, rarities, rare)
    for at, row in enumerate(given_rows):
        right = 0.0
        for each, own in zip(words, rare, strict=True):
            total = held(row, each)
            total += sum(weight * min(rarities[term] / own, 1) * row.get(term, 0) for term, weight in each.partly)
            right += own * (total if each.alone else min(total, K1 + 1))
        np.testing.assert_allclose(scores[at], right, rtol=1e-4)


def test_plain_terms_are_words_with_nothing_beside_them() -> None:
    assert as_wanted(["lamp", Wanted("oak", needed=False)]) == [Wanted("lamp"), Wanted("oak", needed=False)]
    assert Wanted("lamp").alone and not Wanted("lamp", also=(("light", 0.5),)).alone
