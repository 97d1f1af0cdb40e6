"""What was meant by what was typed: typos, words run together or taken apart, and Chinese as it sounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from ..index import Wanted
from ..index.store.lexicon import Lexicon
from ..index.words import chinese, dictionary, spelling
from ..index.words.analysis import CJK, language_of, plain, term, tokens, words
from ..index.words.negation import is_negator
from ..index.words.quiet import is_quiet
from ..index.words.vocabulary import is_word

SURE_SPLIT = 3  # texts with two words side by side that make them likelier than any other word
LOOKED_AT = 8  # words that are tried beside the rest of the query
MOST_WORDS = 16  # of a query that are looked at; what is longer is a text and no query

_CHUNK = re.compile(r"\S+")
_LETTERS = re.compile(rf"[^\W\d_{CJK}]+(?:['’][^\W\d_{CJK}]+)*")


@dataclass(frozen=True, slots=True)
class Change:
    """A word that was read as another. `why`: "spelling", "split", "joined" or "sound"."""

    typed: str
    used: str
    why: str


@dataclass(frozen=True, slots=True)
class _Typed:
    """A word of letters in the query."""

    start: int
    end: int
    written: str  # lower case
    plain: str
    term: str
    unknown: bool


class Correction:
    """Reads the words that the catalogue does not know as ones that it does; no other word is touched."""

    def __init__(
        self,
        lexicon: Lexicon,
        locale: str,
        steps: frozenset[str],
        is_compound: Callable[[str], bool],
        known: frozenset[str] = frozenset(),
    ) -> None:
        self.lexicon, self.locale, self.steps = lexicon, locale, steps
        self.language = language_of(locale)
        self._own = known  # terms that the shop itself knows
        self._is_compound = is_compound  # whether a plain word is made of known ones, though nobody wrote it yet

    def read(self, query: str) -> tuple[str, tuple[Change, ...]]:
        """The query as it was meant, and what was changed."""
        typed = list(islice(self._typed(query), MOST_WORDS))
        made: list[tuple[int, int, Change]] = []
        at = 0
        while at < len(typed):
            word = typed[at]
            beside = typed[at + 1] if at + 1 < len(typed) else None
            if beside is not None and (word.unknown or beside.unknown) and self._are_one(query, word, beside):
                joined = word.written + beside.written
                made.append((word.start, beside.end, Change(query[word.start : beside.end], joined, "joined")))
                at += 2
                continue
            if word.unknown and (change := self._meant(query, word)) is not None:
                made.append((word.start, word.end, change))
            at += 1
        parts, end = [], 0
        for start, stop, change in made:
            parts += [query[end:start], change.used]
            end = stop
        return "".join([*parts, query[end:]]), tuple(change for _, _, change in made)

    def _known(self, word: str) -> bool:
        return word in self._own or self.lexicon.count(word, self.language) > 0

    def _typed(self, query: str) -> Iterator[_Typed]:
        """The words of letters; one in a run with digits is part of a number, a measure or a name."""
        for chunk in _CHUNK.finditer(query):
            if any(char.isdigit() for char in chunk[0]) or "@" in chunk[0] or "//" in chunk[0]:
                continue
            for match in _LETTERS.finditer(chunk[0]):
                found = words(match[0], self.locale)
                if len(found) != 1 or not is_word(found[0]):
                    continue
                bare, made = plain(found[0], self.language), term(found[0], self.locale)
                untouched = is_quiet(made, self.locale) or is_negator(bare, self.locale) or self._known(made)
                start = chunk.start() + match.start()
                yield _Typed(start, start + len(match[0]), found[0], bare, made, not untouched)

    def _are_one(self, query: str, one: _Typed, other: _Typed) -> bool:
        if "joining" not in self.steps or query[one.end : other.start].strip(" -"):
            return False
        return self._known(term(one.written + other.written, self.locale))

    def _meant(self, query: str, word: _Typed) -> Change | None:
        if "sounds" in self.steps and self.language == "zh" and (sounds := self._sounds(word.plain)):
            return Change(word.written, sounds, "sound")
        if self._is_compound(word.plain):
            return None
        two, texts = self._two(word.written) if "splitting" in self.steps else ("", 0)
        other = self._other(query, word) if "spelling" in self.steps else None
        if two and (other is None or texts >= SURE_SPLIT):
            return Change(word.written, two, "split")
        return None if other is None else Change(word.written, other, "spelling")

    def _sounds(self, word: str) -> str:
        if len(word) < chinese.FEWEST_LETTERS or not word.isascii():
            return ""
        for text in chinese.spoken(word, self.lexicon.character_pairs())[:LOOKED_AT]:
            if self._holds_all(tokens(text, self.locale)):
                return text
        return ""

    def _holds_all(self, terms: list[str]) -> bool:
        return bool(self.lexicon.holding([Wanted(each) for each in terms], (), self.locale).any())

    def _two(self, word: str) -> tuple[str, int]:
        """The two words that stand side by side most often where one was typed, and in how many texts."""
        best, most = "", 0
        for at in range(2, len(word) - 1):
            one, other = word[:at], word[at:]
            count = self.lexicon.side_by_side(term(one, self.locale), term(other, self.locale))
            if count > most:
                best, most = f"{one} {other}", count
        return best, most

    def _other(self, query: str, word: _Typed) -> str | None:
        alike = self.lexicon.alike(word.plain, self.language)
        if not alike:
            return None
        alike.sort(key=lambda each: (-spelling.likelihood(each, word.plain), each.plain))
        rest = [each for each in tokens(query, self.locale) if each != word.term]
        fits = self.lexicon.beside(rest)
        likely = {
            each: spelling.likelihood(each, word.plain) + spelling.BESIDE * fits(term(each.word, self.locale))
            for each in alike[:LOOKED_AT]
        }
        best = max(likely, key=lambda each: (likely[each], each.plain))
        if likely[best] < spelling.SURE and dictionary.in_dictionary(word.written, self.language):
            return None
        return best.word
