"""Words that a shop says mean the same: a query finds what holds any of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ...index import Wanted
from .book import Situation, Terms, Window, fits, terms_of
from .rule import SYNONYM_WEIGHT, Rule

if TYPE_CHECKING:
    from ..understanding import Understood


@dataclass
class _Phrases:
    """What stands for the phrases of one locale."""

    by_first: dict[str, list[tuple[Terms, Terms, Rule]]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()


def _phrases(window: Window, locale: str) -> _Phrases:
    made = window.kept.get(locale)
    if not isinstance(made, _Phrases):
        made = _Phrases()
        for rule in window.synonyms:
            words = [terms_of(each, locale) for each in rule.words]
            means = [terms_of(each, locale) for each in rule.means]
            for one in filter(None, words):
                for other in filter(None, means or words):
                    if one != other:
                        made.by_first.setdefault(one[0], []).append((one, other, rule))
        made.known = frozenset(term for pairs in made.by_first.values() for one, _, _ in pairs for term in one)
        window.kept[locale] = made
    return made


def known_words(window: Window, locale: str) -> frozenset[str]:
    """Terms that are no typos, though no product may hold them."""
    return _phrases(window, locale).known if window.synonyms else frozenset()


def widened(understood: Understood, window: Window, situation: Situation) -> Understood:
    """A query whose words are stood for by their synonyms as well."""
    if not window.synonyms:
        return understood
    terms = terms_of(understood.corrected or understood.typed, situation.locale)
    by_first = _phrases(window, situation.locale).by_first
    also: dict[str, dict[str, float]] = {}
    together: dict[str, dict[Terms, float]] = {}
    for at, first in enumerate(terms):
        for one, other, rule in by_first.get(first, ()):
            if terms[at : at + len(one)] != one or not fits(rule, situation):
                continue
            weight = rule.factor or SYNONYM_WEIGHT
            for term in one:
                if len(other) == 1 and other[0] != term:
                    also.setdefault(term, {})[other[0]] = weight
                elif len(other) > 1:
                    together.setdefault(term, {})[tuple(dict.fromkeys(other))] = weight
    if not also and not together:
        return understood
    return replace(
        understood,
        words=tuple(
            _with(each, also.get(each.term, {}), together.get(each.term, {})) if each.needed else each
            for each in understood.words
        ),
    )


def _with(word: Wanted, also: dict[str, float], together: dict[Terms, float]) -> Wanted:
    if not also and not together:
        return word
    return replace(
        word,
        also=tuple({**dict(word.also), **also}.items()),
        together=tuple({**dict(word.together), **together}.items()),
        partly=tuple((term, weight) for term, weight in word.partly if term not in also),
    )
