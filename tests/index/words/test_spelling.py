from __future__ import annotations

import pytest
from shelfwise.index.words.spelling import Alike, changes, likelihood, most_changes


@pytest.mark.parametrize(
    ("word", "most"), [("can", 0), ("lapm", 1), ("toliet", 2), ("celing", 2), ("refrigertor", 2), ("", 0)]
)
def test_long_words_may_have_two_wrong_letters_and_short_ones_none(word: str, most: int) -> None:
    assert most_changes(word) == most


@pytest.mark.parametrize(
    ("typed", "word", "count"),
    [
        ("celing", "ceiling", 1),  # a letter missing
        ("vaccum", "vacuum", 1),  # another letter
        ("cieling", "ceiling", 1),  # two letters swapped are one change
        ("refridgerater", "refrigerator", 2),
        ("umbrela", "umbrella", 1),
        ("lamp", "lamp", 0),
        ("willow", "quillow", 3),  # two changes do not begin with another letter
        ("ammer", "hammer", 1),
        ("hammer", "spanner", 3),
    ],
)
def test_changes_are_counted_up_to_the_most_that_is_forgiven(typed: str, word: str, count: int) -> None:
    assert changes(typed, word, 2) == count


def test_a_word_is_likelier_the_nearer_and_the_more_frequent_it_is() -> None:
    near, far = Alike("ceiling", "ceiling", 5, 1), Alike("sealing", "sealing", 5, 2)
    assert likelihood(near, "celing") > likelihood(far, "celing")
    assert likelihood(Alike("ceiling", "ceiling", 50, 1), "celing") > likelihood(near, "celing")
    assert likelihood(Alike("paint", "paint", 5, 1), "gaint") < likelihood(Alike("giant", "giant", 5, 1), "gaint")
