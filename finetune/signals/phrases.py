"""What the titles of a catalogue are made of: the type of a product, its measures, and words worth asking for."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ...index.language import SMALL_WORDS
from ...index.words.analysis import FIRST_CJK, language_of, term, terms_of, words
from ...index.words.negation import is_negator, negated_terms

# What follows these words is no longer the product's type: "faucet with spray", "Lampe für Kinder".
LINKS = {
    "en": frozenset("with in for on by from at to without w".split()),
    "de": frozenset("mit für in aus von zum zur im auf ohne inkl".split()),
    "fr": frozenset("avec pour en sur par sans".split()),
    "es": frozenset("con para en por sin".split()),
    "it": frozenset("con per in da su senza".split()),
    "nl": frozenset("met voor in van op zonder".split()),
    "pt": frozenset("com para em por sem".split()),
}
HEAD_FIRST = frozenset("ca es fr it pt ro".split())  # "lampe de bureau rouge": the type comes before what it is like
_CLAUSE = re.compile(r",\s|[;|()\[\]，；、（）【】]|\s[-–—:]\s")
_LONGEST_TYPE = 3
_SIGNS = (4, 3, 2)  # of Chinese and its like at a title's end: a type, as far as one can tell without a dictionary
_KNOWN_TYPE = 3  # products that must name a type in the same place before it is taken for one
_UNIT_SHARE, _UNIT_LEAST = 0.5, 3  # a word is a unit where at least half of its uses, and three, follow a number


@dataclass(frozen=True, slots=True)
class Title:
    """A title as words in lower case, and what they are; places count words from 0."""

    words: list[str]
    content: list[int]  # places of words that say something
    heads: list[tuple[int, int]]  # spans that name the type, the longest first; never empty where there is content
    measures: list[tuple[int, int]]  # spans of a number with its unit


class Phrases:
    """The words of all titles in one locale."""

    def __init__(self, titles: Iterable[str], locale: str) -> None:
        self.locale, self.language = locale, language_of(locale)
        self._links = LINKS.get(self.language, frozenset())
        self._small = SMALL_WORDS.get(self.language, frozenset()) | self._links
        self._documents: Counter[str] = Counter()
        self._types: Counter[tuple[str, ...]] = Counter()
        after_number: Counter[str] = Counter()
        uses: Counter[str] = Counter()
        split = [self._clauses(title) for title in titles]
        self._count = len(split)
        for clauses in split:
            flat = [word for clause in clauses for word in clause]
            self._documents.update(set(flat))
            uses.update(flat)
            after_number.update(word for before, word in pairwise(flat) if has_digit(before))
        self._units = {
            word
            for word, count in after_number.items()
            if count >= _UNIT_LEAST and count >= _UNIT_SHARE * uses[word] and not has_digit(word)
        }
        for clauses in split:
            head = self._head_clause(clauses)
            for length in range(1, min(_LONGEST_TYPE, len(head)) + 1):
                self._types[tuple(head[:length] if self._head_first else head[-length:])] += 1
        self._forms: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self._documents):
            if not has_digit(word) and not FIRST_CJK.match(word):
                self._forms[term(word, locale)].append(word)

    def title(self, text: str) -> Title:
        """A title's parts."""
        clauses = self._clauses(text)
        flat = [word for clause in clauses for word in clause]
        measures = [
            (place, place + 2)
            for place, word in enumerate(flat[:-1])
            if has_digit(word) and flat[place + 1] in self._units
        ]
        # "in" is a unit behind a number, and a small word elsewhere: alone it says nothing in either place.
        lacking = self._lacking(text)
        content = [
            place
            for place, word in enumerate(flat)
            if self.says_something(word)
            and term(word, self.locale) not in lacking
            and not is_negator(word, self.locale)
        ]
        return Title(flat, content, self._heads(clauses, content), measures)

    def says_something(self, word: str) -> bool:
        """Whether a word is neither small, nor a unit, nor a letter on its own."""
        if word in self._small or word in self._units:
            return False
        return len(word) > 1 or bool(FIRST_CJK.match(word)) or word.isdigit()

    def rarity(self, word: str) -> float:
        """How much a word tells products apart: 0 where all titles have it."""
        return math.log((self._count + 1) / (self._documents[word] + 0.5))

    def is_unique(self, word: str) -> bool:
        """Whether only one title has the word."""
        return self._documents[word] <= 1

    def other_forms(self, word: str) -> list[str]:
        """Words of the catalogue with the same stem, sorted: "shelves" for "shelf" where it has both."""
        return [] if FIRST_CJK.match(word) else [each for each in self._forms[term(word, self.locale)] if each != word]

    def _lacking(self, text: str) -> set[str]:
        """The terms that a title names only to say that the product is without."""
        lacking = negated_terms([(text, terms_of(words(text, self.locale), self.locale))], self.locale)
        return {each for each, without in lacking.items() if without}

    @property
    def _head_first(self) -> bool:
        return self.language in HEAD_FIRST

    def _clauses(self, title: str) -> list[list[str]]:
        clauses = ([*_signs(words(each, self.locale))] for each in _CLAUSE.split(title))
        return [each for each in clauses if each]

    def _head_clause(self, clauses: list[list[str]]) -> list[str]:
        """The words up to the first link or, in its place, the end of the clause, without numbers at its end."""
        for clause in clauses:
            end = next(
                (place for place, word in enumerate(clause) if place and self._is_link(clause, place)), len(clause)
            )
            while end and (has_digit(clause[end - 1]) or clause[end - 1] in self._units):
                end -= 1
            if any(self.says_something(word) and not has_digit(word) for word in clause[:end]):
                return clause[:end]
        return []

    def _is_link(self, clause: list[str], place: int) -> bool:
        return clause[place] in self._links and not has_digit(clause[place - 1])

    def _heads(self, clauses: list[list[str]], content: list[int]) -> list[tuple[int, int]]:
        head = self._head_clause(clauses)
        if not head:
            return [(content[-1], content[-1] + 1)] if content else []
        before = 0
        for clause in clauses:
            if clause[: len(head)] == head:
                break
            before += len(clause)
        if not self._head_first and FIRST_CJK.match(head[-1]):
            end = before + len(head)
            return [(end - length, end) for length in _SIGNS if length <= len(head)] or [(end - 1, end)]
        spans = []
        for length in range(min(_LONGEST_TYPE, len(head)), 0, -1):
            start = 0 if self._head_first else len(head) - length
            span = head[start : start + length]
            known = self._types[tuple(span)] >= _KNOWN_TYPE
            if length == 1 or (known and self.says_something(span[0]) and self.says_something(span[-1])):
                spans.append((before + start, before + start + length))
        return spans


def has_digit(word: str) -> bool:
    """Whether a word is a number, or holds one."""
    return any(map(str.isdigit, word))


def _signs(found: list[str]) -> Iterable[str]:
    """Chinese, Japanese and Korean runs as single signs: without a dictionary there are no words in them."""
    for word in found:
        yield from word if FIRST_CJK.match(word) else (word,)


def joined(found: Iterable[str]) -> str:
    """Words as a query: spaces between them, but none between two Chinese signs."""
    text = ""
    for word in found:
        glued = text and FIRST_CJK.match(text[-1]) and FIRST_CJK.match(word)
        text += word if not text or glued else f" {word}"
    return text
