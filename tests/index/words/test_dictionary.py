from __future__ import annotations

import pytest
from shelfwise.index.words.dictionary import in_dictionary


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("en", "purple"),
        ("en", "teapots"),  # in whatever inflection
        ("de", "Kühlschränke"),
        ("de", "Kuehlschrank"),
        ("fr", "théières"),
        ("fr", "theiere"),
        ("sv", "purple"),  # no dictionary: English answers
    ],
)
def test_words_that_a_shop_may_not_sell_are_words_all_the_same(language: str, word: str) -> None:
    assert in_dictionary(word, language)


@pytest.mark.parametrize(
    ("language", "word"), [("en", "celing"), ("en", "vaccum"), ("de", "Waschmaschiene"), ("fr", "bouiloire")]
)
def test_a_typo_is_none(language: str, word: str) -> None:
    assert not in_dictionary(word, language)
