from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.strings import StringTable
from shelfwise.index.words.analysis import fold, term, words
from shelfwise.index.words.spelling import changes
from shelfwise.index.words.vocabulary import Vocabulary, VocabularyBuilder, is_word, letters_of

WORDS = ["lamp", "lamps", "oak", "Öl", "über", "27", "in", "保温", "x"]
texts = st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join)
rows = st.lists(st.tuples(st.sampled_from(["en", "de"]), st.lists(texts, max_size=2)), max_size=5)
Rows = Sequence[tuple[str, Sequence[str]]]


def built(given_rows: Rows) -> tuple[Vocabulary, StringTable]:
    builder = VocabularyBuilder()
    written = [(locale, [words(text, locale) for text in each]) for locale, each in given_rows]
    for locale, each in written:
        builder.add(locale, each)
    terms = StringTable.build(
        term(word, locale) for locale, each in written for text in each for word in text if is_word(word)
    )
    return builder.build(terms), terms


def counted(given_rows: Rows) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """In how many rows each word stands, and each pair of terms side by side; by hand."""
    single: Counter[tuple[str, str]] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for locale, each in given_rows:
        written = [words(text, locale) for text in each]
        single.update({(locale, word) for text in written for word in text if is_word(word)})
        side = {pair for text in written for pair in pairwise(text) if all(map(is_word, pair))}
        pairs.update({(term(one, locale), term(other, locale)) for one, other in side})
    return single, pairs


@given(rows)
def test_words_and_neighbours_are_counted_by_row(given_rows: Rows) -> None:
    vocabulary, terms = built(given_rows)
    single, pairs = counted(given_rows)
    assert {
        (language, vocabulary.word(at)): int(vocabulary.counts[at])
        for language, span in vocabulary.languages.items()
        for at in range(span.start, span.stop)
    } == single
    for one in terms:
        for other in terms:
            assert vocabulary.pair_count(terms.find(one), terms.find(other)) == pairs[one, other]


@given(rows, st.data())
def test_what_some_rows_hold_is_what_counting_them_alone_gives(given_rows: Rows, data: st.DataObject) -> None:
    vocabulary, terms = built(given_rows)
    chosen = sorted(data.draw(st.sets(st.integers(0, len(given_rows) - 1)))) if given_rows else []
    single, pairs = counted([given_rows[at] for at in chosen])
    held, keys, counts = vocabulary.held_by(np.array(chosen, np.int64))
    there = {
        (language, vocabulary.word(at)): int(held[at])
        for language, span in vocabulary.languages.items()
        for at in range(span.start, span.stop)
        if held[at]
    }
    assert there == single
    of_pairs = {
        (terms[key >> 32], terms[key & 0xFFFFFFFF]): count for key, count in zip(keys.tolist(), counts, strict=True)
    }
    assert of_pairs == pairs


@given(st.text("abcäß", min_size=2, max_size=7), st.lists(st.text("abcäß", min_size=2, max_size=7), max_size=8))
def test_no_word_within_a_change_or_two_is_passed_over(typed: str, others: list[str]) -> None:
    vocabulary, _ = built([("en", [" ".join(others)])])
    plain = fold(typed)
    for most in (1, 2):
        near = vocabulary.near(plain, most, "en", slice(0, len(vocabulary.words)))
        found = {fold(vocabulary.word(at)) for at in near}
        assert found >= {fold(word) for word in others if changes(plain, fold(word), most) <= most}


def test_the_words_of_each_language_lie_together() -> None:
    vocabulary, _ = built([("en", ["lamp oak"]), ("de-AT", ["Öl"]), ("", ["lamp"])])
    spoken = {
        language: [vocabulary.word(at) for at in range(span.start, span.stop)]
        for language, span in vocabulary.languages.items()
    }
    assert spoken == {"": ["lamp"], "de": ["öl"], "en": ["lamp", "oak"]}
    assert vocabulary.find("de", "öl") >= 0 > vocabulary.find("en", "öl")


def test_plain_words_have_lost_their_accents_and_nothing_else() -> None:
    vocabulary, _ = built([("de", ["Kühlschränke Fuß Kuehlbox"])])
    data, ends = vocabulary.plain_words("de")
    starts = [0, *ends.tolist()]
    plain = [data[start:end].tobytes().decode() for start, end in zip(starts, ends, strict=False)]
    assert plain == ["fuss", "kuhlbox", "kuhlschranke"]
    assert [vocabulary.word(at) for at in range(3)] == ["fuß", "kuehlbox", "kühlschränke"]
    assert len(vocabulary.plain_words("fr")[1]) == 0


def test_neighbours_stand_in_one_text_with_nothing_between_them() -> None:
    vocabulary, terms = built([("en", ["deck over, oak", "lamp"]), ("en", ["oak 27 lamp"])])
    count = lambda one, other: vocabulary.pair_count(terms.find(one), terms.find(other))  # noqa: E731
    assert count("deck", "over") == 1 and count("over", "deck") == 0
    assert count("oak", "lamp") == 0


@pytest.mark.parametrize("given_rows", [[], [("en", [])], [("en", ["lamp oak"]), ("de", ["Öl über Öl"])]])
def test_a_saved_vocabulary_is_the_same(tmp_path: Path, given_rows: Rows) -> None:
    vocabulary, _ = built(given_rows)
    vocabulary.save(tmp_path)
    loaded = Vocabulary.load(tmp_path)
    assert list(loaded.words) == list(vocabulary.words)
    for name in ("terms", "letters", "lengths", "counts", "pairs", "pair_counts", "row_starts", "row_words"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(vocabulary, name))
        assert getattr(loaded, name).dtype == getattr(vocabulary, name).dtype


@pytest.mark.parametrize(
    ("word", "kept"), [("lamp", True), ("öl", True), ("x", False), ("27", False), ("dcd771", False), ("保温", False)]
)
def test_what_is_kept_are_words_of_letters(word: str, kept: bool) -> None:
    assert is_word(word) is kept


@given(st.text(max_size=10), st.text(max_size=10))
def test_the_letters_of_two_words_together_are_those_of_each(one: str, other: str) -> None:
    assert letters_of(one + other) == letters_of(one) | letters_of(other)
    assert 0 <= letters_of(one) < 2**32
