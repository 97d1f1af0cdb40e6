"""Words of a language that are no typos, even where a shop sells nothing of the kind."""

from __future__ import annotations

from functools import cache

from spellchecker import SpellChecker

from ..strings import StringTable
from .analysis import many_terms, term


@cache
def _terms(language: str) -> StringTable:
    # As a table the words of a language take 3 MB and not 30.
    words = SpellChecker(language=language).word_frequency.words()
    return StringTable.build(many_terms((word for word in words if word.isalpha()), language))


def in_dictionary(word: str, language: str) -> bool:
    """Whether a language has this word, in whatever inflection; English answers for a language without a dictionary.

    The first call for a language reads its dictionary, in a second or two.
    """
    language = language if language in SpellChecker.languages() else "en"
    return _terms(language).find(term(word, language)) >= 0
