"""What a product must agree with, and not only resemble: the numbers, measures and brands that were typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..index import (
    ANY_BRAND,
    Mask,
    Measure,
    Rows,
    View,
    brand_term,
    count_holding,
    identifier_candidates,
    mask_marked,
    measures_in,
    rows_marked,
    rows_starting,
)

# A number that so many products bear is a word ("4-pack"), not an identifier.
MOST_BEARERS, MOST_SHARE = 20, 0.01
SHORTEST_START = 5  # characters of a number of which only the start was typed
MOST_STARTS = 50
LONGEST_BRAND = 4  # words
BRAND_SHARE = 0.5  # of the texts that hold its words are the brand's own; with fewer the words are no name
FEWEST_LETTERS = 3  # of a brand: "3" or "GE" is also a number, or a syllable


@dataclass(frozen=True)
class Agreement:
    """Products that agree with the query, and those that contradict it."""

    identified: Rows = field(default_factory=lambda: np.zeros(0, np.int64))  # ascending
    whole: Mask = field(default_factory=lambda: np.zeros(0, bool))  # of those: the whole number was typed
    measures: tuple[tuple[Measure, Mask, Mask], ...] = ()  # each with who agrees, and who has others in this unit
    brand: tuple[str, Mask, Mask] | None = None  # its words, who is of it, and who is of another


def find_agreement(query: str, words: Sequence[str], view: View) -> Agreement:
    """Reads a query against the catalogue's own values. `words`: its tokens, in order."""
    identified, whole = _identified(query, view)
    measures = []
    for each in measures_in(query):
        agree, any_in_unit = mask_marked(view, each.term), mask_marked(view, each.unit_term)
        if any_in_unit.any():
            measures.append((each, agree, any_in_unit & ~agree))
    return Agreement(identified, whole, tuple(measures), _brand(words, view))


def _identified(query: str, view: View) -> tuple[Rows, Mask]:
    most = max(MOST_BEARERS, int(MOST_SHARE * view.n_products))
    scores: dict[int, bool] = {}
    taken: set[int] = set()
    starts: list[tuple[str, range]] = []
    for term, (first, end) in identifier_candidates(query):
        span = range(first, end)
        if taken.intersection(span):
            continue
        rows = rows_marked(view, term)
        if 0 < len(rows) <= most:
            scores.update(dict.fromkeys(rows.tolist(), True))
            taken.update(span)
        elif not len(rows) and len(term) > SHORTEST_START:
            starts.append((term, span))
    for term, span in starts:
        if not taken.intersection(span):
            rows = rows_starting(view, term, MOST_STARTS)
            if 0 < len(rows) <= most:
                scores.update({row: scores.get(row, False) for row in rows.tolist()})
                taken.update(span)
    found = np.array(sorted(scores), np.int64)
    return found, np.array([scores[row] for row in found.tolist()], bool)


def _brand(words: Sequence[str], view: View) -> tuple[str, Mask, Mask] | None:
    for size in range(min(LONGEST_BRAND, len(words)), 0, -1):
        for start in range(len(words) - size + 1):
            phrase = words[start : start + size]
            if sum(char.isalpha() for word in phrase for char in word) < FEWEST_LETTERS:
                continue
            mask = mask_marked(view, brand_term(phrase))
            own = int(np.count_nonzero(mask))
            # "Case" is a brand and a word, "Apple" stands in the title of everything that goes with it.
            if own and own >= BRAND_SHARE * count_holding(view, list(dict.fromkeys(phrase))):
                return " ".join(phrase), mask, mask_marked(view, ANY_BRAND) & ~mask
    return None
