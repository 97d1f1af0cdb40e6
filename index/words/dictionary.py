"""Words of a language that are no typos, even where a shop sells nothing of the kind."""

from __future__ import annotations

from functools import cache

from spellchecker import SpellChecker

from ..strings import StringTable
from .analysis import many_terms, term


@cache
def _terms(language: str) -> StringTable:
    # As a table the words of a language take a megabyte and not thirty.
    words = SpellChecker(language=language).word_frequency.words()
    return StringTable.build(many_terms((word for word in words if word.isalpha()), language))


def load_dictionary(language: str) -> None:
    """Reads a language's dictionary, which takes a second and is kept. Where there is none, English answers."""
    _terms(_spoken(language))


def in_dictionary(word: str, language: str) -> bool:
    """Whether a language has this word, in whatever inflection."""
    spoken = _spoken(language)
    return _terms(spoken).find(term(word, spoken)) >= 0


def _spoken(language: str) -> str:
    return language if language in SpellChecker.languages() else "en"
