"""Kinds of queries that a model can be good or bad at, each on its own."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...index import View, tokens
from ...index.language import guess_language, script_language
from ...index.words.units import CANONICAL
from ...plugin.agreement import find_agreement

LONG = 5  # words
FREQUENT_SHARE = 0.5  # of all searches are of the frequent queries, which are few
WITHOUT_BLANKS = {"zh", "ja", "th"}  # about two characters are a word there
# "in", "m" and "a" are words too.
UNIT_WORDS = {each for each in CANONICAL if each.isalpha() and len(each) > 1} - {"in", "gr"}

Segments = dict[str, NDArray[np.bool_]]
HasBrand = Callable[[str], bool]


def segments_of(
    queries: Sequence[str],
    locale: str = "en",
    *,
    counts: Mapping[str, float] | None = None,
    has_brand: HasBrand | None = None,
) -> Segments:
    """Which queries belong to which segment, by its name: masks of shape (n_queries,). They overlap; none is empty.

    `counts`: how often each query was searched, where that is known, for frequent and rare ones: the frequent ones make
    half of the searches. `has_brand`: see `brand_finder`. `locale`: the shop's language, in which a query is that does
    not say otherwise; languages are segments where there are several.
    """
    made: dict[str, list[bool]] = {}
    if counts:
        frequent = _frequent([counts.get(query, 0.0) for query in queries])
        made |= {"frequent": frequent, "rare": [not each for each in frequent]}
    lengths = [word_count(query) for query in queries]
    made["one word"] = [length == 1 for length in lengths]
    made["long"] = [length >= LONG for length in lengths]
    made["numbers or units"] = [has_number(query) for query in queries]
    if has_brand is not None:
        made["brand"] = [has_brand(query) for query in queries]
    languages = [language_of(query, locale) for query in queries]
    if len(set(languages)) > 1:
        for language in (name for name, _ in Counter(languages).most_common()):
            made[f"language {language}"] = [each == language for each in languages]
    return {name: np.array(members, bool) for name, members in made.items() if any(members)}


def brand_finder(view: View, locale: str) -> HasBrand:
    """Whether a query names a brand of the catalogue, as the search itself would see it."""
    return lambda query: find_agreement("", tokens(query, locale), view).brand is not None


def word_count(query: str) -> int:
    """How many words a query has; where a script sets no blanks, two characters are one.

    >>> word_count("27-inch desk lamp"), word_count("保温杯")
    (3, 2)
    """
    spans = query.split()
    if script_language(query) in WITHOUT_BLANKS:
        return sum(1 if span.isascii() else (len(span) + 1) // 2 for span in spans)
    return len(spans)


def has_number(query: str) -> bool:
    """Whether a query names a number or a unit."""
    # Not `isnumeric`: 一 is that too, and stands in a thousand words.
    digits = any(unicodedata.category(char) in ("Nd", "No") for char in query)
    return digits or not UNIT_WORDS.isdisjoint(query.casefold().split())


def language_of(query: str, locale: str) -> str:
    """The language of a query: by its script, by its small words, else the shop's."""
    return guess_language(query) or locale.partition("-")[0]


def _frequent(counts: Sequence[float]) -> list[bool]:
    ordered = np.sort(np.asarray(counts, np.float64))[::-1]
    total = ordered.sum()
    if total <= 0:
        return [False] * len(counts)
    least = ordered[int(np.searchsorted(np.cumsum(ordered), FREQUENT_SHARE * total))]
    return [count >= least for count in counts]
