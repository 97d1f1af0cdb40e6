from __future__ import annotations

import pytest
from shelfwise.index.words.compounds import cuts, is_kind, is_made_of, joined, modifiers

KNOWN = {"wint", "jack", "arm", "band", "arbeit", "hos"}.__contains__


@pytest.mark.parametrize(
    ("before", "head", "kind"),
    [
        ("winter", "jacke", True),
        ("regen", "jacke", True),  # though nobody sells rain
        ("arm", "band", True),
        ("ver", "band", False),  # another word, and no kind of band
        ("sch", "lampe", False),  # that cannot be spoken
        ("arm", "uhr", True),
        ("nat", "uhr", False),  # a short head needs a known word before it
        ("ab", "lampe", False),
    ],
)
def test_a_compound_is_a_kind_of_its_head(before: str, head: str, kind: bool) -> None:
    assert is_kind(before, head, "de", KNOWN) is kind


@pytest.mark.parametrize(
    ("before", "found"),
    [("arbeits", {"arbeit"}), ("kinder", {"kind"}), ("damen", {"dam"}), ("woll", {"woll"}), ("winter", {"wint"})],
)
def test_what_stands_between_two_words_is_taken_off(before: str, found: set[str]) -> None:
    assert found <= set(modifiers(before, "de"))


@pytest.mark.parametrize(
    ("language", "one", "other", "term"),
    [
        ("de", "winter", "jacke", "winterjack"),
        ("de", "arbeit", "hose", "arbeitshos"),
        ("de", "wolle", "decke", "wolldeck"),
        ("nl", "winter", "jas", "winterjas"),
        ("sv", "vinter", "jacka", "vinterjack"),
        ("en", "flash", "lights", "flashlight"),
        ("fr", "porte", "manteau", "portemanteau"),
    ],
)
def test_two_words_are_written_as_one_as_their_language_does(language: str, one: str, other: str, term: str) -> None:
    assert term in set(joined(one, other, language))


def test_only_languages_that_join_words_are_cut() -> None:
    assert ("winter", "jacke") in set(cuts("winterjacke", "de"))
    assert list(cuts("winterjacket", "en")) == []
    assert list(cuts("uhr", "de")) == []


@pytest.mark.parametrize(
    ("rest", "made"), [("stuhl", True), ("jacke", True), ("enschere", True), ("s", False), ("e", False), ("er", False)]
)
def test_a_compound_goes_on_with_a_word_and_not_with_an_ending(rest: str, made: bool) -> None:
    assert is_made_of(rest, "de", KNOWN) is made
