"""What can be said of words from a whole view: how many live texts hold them, and which resemble or contain them.

Every answer is exact over the live texts and in a fixed order, so it does not depend on how products are divided among
segments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..lazy import cached_property
from ..words import chinese, compounds, spelling
from ..words.analysis import plain, stem
from ..words.postings import best_possible, rarity
from ..words.vocabulary import count_in, pair_key
from ..words.wanted import Wanted, held_weights, rows_of

if TYPE_CHECKING:
    from .view import LiveSegment, View

MOST_COMPOUNDS = 50  # that a word is looked for in


class Lexicon:
    """The words of one view."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._known: dict[tuple[str, str], int] = {}
        self._kinds: dict[tuple[str, str], list[str]] = {}

    # ---- terms ---------------------------------------------------------------------------------------------------

    def count(self, term: str, language: str) -> int:
        """How many texts of the language hold a word with this term; one with two such words counts twice."""
        key = (term, language)
        if key not in self._known:
            self._known[key] = sum(self._count(live, term, language) for live in self._view.segments)
        return self._known[key]

    def _count(self, live: LiveSegment, term: str, language: str) -> int:
        number = live.segment.words.terms.find(term)
        if number < 0:
            return 0
        vocabulary, found = live.segment.vocabulary, 0
        for _, span in self._spans(live, language):
            at = span.start + np.flatnonzero(vocabulary.terms[span] == number)
            found += int((vocabulary.counts[at] - live.dead_words[0][at]).sum())
        return found

    def side_by_side(self, one: str, other: str) -> int:
        """How many texts have two terms as neighbours in this order."""
        found = 0
        for live in self._view.segments:
            terms = live.segment.words.terms
            first = terms.find(one)
            second = terms.find(other) if first >= 0 else -1
            if second >= 0:
                _, pairs, counts = live.dead_words
                found += live.segment.vocabulary.pair_count(first, second)
                found -= count_in(pairs, counts, pair_key(first, second))
        return found

    def kinds_of(self, word: str, language: str) -> list[str]:
        """The terms of compounds whose head is this plain word, the most frequent first; at most MOST_COMPOUNDS."""
        own = stem(word, language)

        def fits(compound: str, at: int) -> bool:
            before, head = compound[:at], compound[at:]
            return stem(head, language) == own and compounds.is_kind(before, word, language, self._holds(language))

        if (word, language) not in self._kinds:
            endings = range(compounds.LONGEST_ENDING + 1)
            self._kinds[word, language] = self._compounds(own, language, endings, fits)
        return self._kinds[word, language]

    def made_of(self, word: str, language: str) -> list[str]:
        """The terms of compounds that begin with this plain word, the most frequent first; at most MOST_COMPOUNDS.

        It may lose its ending: "Wolldecke" of "Wolle".
        """

        def fits(compound: str, at: int) -> bool:
            return compounds.is_made_of(compound[at:], language, self._holds(language))

        return self._compounds(stem(word, language), language, None, fits)

    def _holds(self, language: str) -> Callable[[str], bool]:
        return lambda term: self.count(term, language) > 0

    def _compounds(
        self, part: str, language: str, endings: range | None, fits: Callable[[str, int], bool]
    ) -> list[str]:
        """Terms of the words that hold `part` before an ending of so many letters, or at their start (None)."""
        wanted = part.encode("utf-8", "surrogatepass")
        if len(part) < compounds.SHORTEST_PART or not {language} <= compounds.LINKS.keys() & self._languages:
            return []
        counted: dict[str, int] = {}
        for live in self._view.segments:
            vocabulary = live.segment.vocabulary
            data, ends = vocabulary.plain_words(language)
            starts = ends - np.diff(ends, prepend=0)
            for ending in endings or (0,):
                firsts = starts if endings is None else ends - ending - len(wanted)
                at = np.flatnonzero((firsts >= starts) & (firsts + len(wanted) < ends + (endings is not None)))
                for place, byte in enumerate(wanted):
                    at = at[data[firsts[at] + place] == byte]
                for position in at.tolist():
                    compound = data[starts[position] : ends[position]].tobytes().decode()
                    where = len(part) if endings is None else len(compound) - ending - len(part)
                    count = self._live_count(live, language, position)
                    if count and fits(compound, where):
                        term = stem(compound, language)
                        counted[term] = counted.get(term, 0) + count
        counted.pop(stem(part, language), None)
        return sorted(counted, key=lambda term: (-counted[term], term))[:MOST_COMPOUNDS]

    def _live_count(self, live: LiveSegment, language: str, place: int) -> int:
        position = live.segment.vocabulary.languages[language].start + place
        return int(live.segment.vocabulary.counts[position] - live.dead_words[0][position])

    def holding(self, wanted: Sequence[Wanted], unless: Sequence[str], locale: str) -> NDArray[np.float32]:
        """How weightily each product's text in a locale holds all these words, and none of the terms `unless`.

        From 0 to 1, shape (n_rows,): about 1 in a title, less in a description.
        """
        made = np.zeros(self._view.n_rows, np.float32)
        for live, span in self._view.parts():
            segment = live.segment
            held = np.ones(segment.words.n_rows, np.float32)
            for each in wanted:
                found = dict(zip(each.terms, segment.words.find(each.terms).tolist(), strict=True))
                held = np.minimum(held, held_weights(segment.words, each, found))
            for number in segment.words.find(unless).tolist():
                held[rows_of(segment.words, number)[0]] = 0
            in_locale = segment.texts_in(locale)
            if in_locale is not None:
                held *= in_locale
            if live.alive is not None:
                held *= live.alive[segment.text_product]
            rows = np.flatnonzero(held)
            made[span.start + segment.text_product[rows]] = held[rows]
        return made

    def beside(self, terms: Sequence[str]) -> Callable[[str], float]:
        """How well a term fits beside others: the best BM25 of the others in a text that holds it, from 0 to 1."""
        numbers, counts = self._view.occurrences(list(dict.fromkeys(terms)))
        known = counts > 0
        rarities = rarity(self._view.n_texts, counts[known])
        possible = best_possible(rarities) if known.any() else 0.0
        parts = zip(self._view.segments, numbers, strict=True) if known.any() else ()
        scores = [(live, live.segment.words.scores(found[known], rarities)) for live, found in parts]

        def fits(term: str) -> float:
            best = 0.0
            for live, of_rows in scores:
                rows, _ = rows_of(live.segment.words, live.segment.words.terms.find(term))
                if live.alive is not None:
                    rows = rows[live.alive[live.segment.text_product[rows]]]
                best = max(best, float(of_rows[rows].max(initial=0)))
            return round(best / possible, 4) if possible else 0.0

        return fits

    # ---- words as they are written -------------------------------------------------------------------------------

    def alike(self, typed: str, language: str) -> list[spelling.Alike]:
        """The words of the language that a plain typed word may have been meant to be."""
        most = spelling.most_changes(typed)
        forms: dict[str, dict[str, int]] = {}
        changed: dict[str, int] = {}
        for live in self._view.segments if most else ():
            vocabulary = live.segment.vocabulary
            for spoken, span in self._spans(live, language):
                for position in vocabulary.near(typed, most, spoken, span).tolist():
                    written = vocabulary.word(position)
                    word = plain(written, language)
                    if word not in changed:
                        changed[word] = spelling.changes(typed, word, most)
                    if changed[word] > most or len(word) < spelling.SHORTEST:
                        continue
                    count = int(vocabulary.counts[position] - live.dead_words[0][position])
                    if count:
                        form = forms.setdefault(word, {})
                        form[written] = form.get(written, 0) + count
        found = []
        for word, form in forms.items():
            _, shown = min((-count, written) for written, count in form.items())
            found.append(spelling.Alike(shown, word, sum(form.values()), changed[word]))
        return sorted(found, key=lambda each: each.word)

    def _spans(self, live: LiveSegment, language: str) -> Iterator[tuple[str, slice]]:
        """The words of a language; of all where the view has none of it, for then others' texts are searched."""
        spans = live.segment.vocabulary.languages
        if language in self._languages:
            spans = {language: spans[language]} if language in spans else {}
        yield from spans.items()

    @cached_property
    def _languages(self) -> frozenset[str]:
        found: set[str] = set()
        for live in self._view.segments:
            vocabulary, (dead, _, _) = live.segment.vocabulary, live.dead_words
            found.update(
                language
                for language, span in vocabulary.languages.items()
                if language not in found and (vocabulary.counts[span] > dead[span]).any()
            )
        return frozenset(found)

    # ---- Chinese -------------------------------------------------------------------------------------------------

    def character_pairs(self) -> chinese.Pairs:
        """The pairs of neighbouring Chinese characters."""
        keys: list[NDArray[np.int64]] = []
        counts: list[NDArray[np.int64]] = []
        for live in self._view.segments:
            numbers, first, second = _character_pairs(live)
            held = live.segment.words.document_counts(numbers)
            counts.append(held if live.dead_counts is None else held - live.dead_counts[numbers])
            keys.append((first << 16) | second)
        if not keys:
            return chinese.Pairs(np.zeros(0, np.uint16), np.zeros(0, np.uint16), np.zeros(0, np.int64))
        pairs, where = np.unique(np.concatenate(keys), return_inverse=True)
        total = np.bincount(where, np.concatenate(counts), len(pairs)).astype(np.int64)
        pairs, total = pairs[total > 0], total[total > 0]
        return chinese.Pairs((pairs >> 16).astype(np.uint16), (pairs & 0xFFFF).astype(np.uint16), total)


def _character_pairs(live: LiveSegment) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of the terms that are two Chinese characters, and the code points of these."""
    terms = live.segment.words.terms
    start = terms.first_not_below("\u3400".encode())
    numbers = start + np.flatnonzero(np.diff(terms.ends, prepend=0)[start:] == 6)
    lead = [terms.data[terms.ends[numbers] - back] >> 4 for back in (6, 3)]
    numbers = numbers[(lead[0] == 0xE) & (lead[1] == 0xE)]  # three bytes each
    data = [terms.data[terms.ends[numbers] - back].astype(np.int64) for back in range(6, 0, -1)]
    first, second = (((a & 0x0F) << 12) | ((b & 0x3F) << 6) | (c & 0x3F) for a, b, c in (data[:3], data[3:]))
    return numbers, first, second
