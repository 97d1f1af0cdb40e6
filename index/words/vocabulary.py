"""The words of a segment as they are written, how many texts hold each, and which of them stand side by side.

What is searched are terms, without accents and endings. Spelling and splitting need the words themselves. All counts
can be taken back row by row, so that those of a view are exact over its live texts wherever these lie.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import load_array
from ..lazy import cached_property
from ..strings import StringTable
from .analysis import FIRST_CJK, fold, language_of, plain, term

SHORTEST, LONGEST = 2, 40  # characters of a word that is kept
_ARRAYS = ("terms", "letters", "lengths", "counts", "pairs", "pair_counts", "row_starts", "row_words")

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Vocabulary:
    """Plain arrays; a word is known by its position."""

    words: StringTable  # language, blank, word: "en lamps"
    terms: NDArray[np.int32]  # the number of each word's term in the postings
    letters: NDArray[np.uint32]  # which letters it has, as bits; see `letters_of`
    lengths: NDArray[np.uint8]  # characters, without accents
    counts: NDArray[np.int32]  # texts that hold it
    pairs: NDArray[np.int64]  # ascending; two terms that stand side by side, see `pair_key`
    pair_counts: NDArray[np.int32]  # texts that hold each
    row_starts: NDArray[np.int64]  # row r is row_words[row_starts[r]:row_starts[r + 1]]
    row_words: NDArray[np.int32]  # in reading order; -1 where something else stands
    _plain: dict[str, tuple[NDArray[np.uint8], NDArray[np.int64]]] = field(default_factory=dict, compare=False)

    def find(self, language: str, word: str) -> int:
        """The position of a word, or -1."""
        return self.words.find(f"{language} {word}")

    def word(self, position: int) -> str:
        """The word at a position, as it is written."""
        return self.words[position].partition(" ")[2]

    @cached_property
    def languages(self) -> dict[str, slice]:
        """The positions of each language's words."""
        found: dict[str, slice] = {}
        start = 0
        while start < len(self.words):
            language = self.words[start].partition(" ")[0]
            end = self.words.first_not_below(f"{language}!".encode())  # the sign after the blank
            found[language] = slice(start, end)
            start = end
        return found

    def plain_words(self, language: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The words of a language without accents, in the order of their positions, and where each ends."""
        if language not in self._plain:
            span = self.languages.get(language, slice(0, 0))
            written = "\n".join(self.word(position) for position in range(span.start, span.stop))
            encoded = [word.encode() for word in plain(written, language).split("\n")] if written else []
            ends = np.cumsum([len(each) for each in encoded], dtype=np.int64)
            self._plain[language] = np.frombuffer(b"".join(encoded), np.uint8), ends
        return self._plain[language]

    def near(self, word: str, most: int, language: str, span: slice) -> NDArray[np.int64]:
        """Positions of the words that may be within `most` changes of a plain one; few that are not.

        A change takes away or adds at most one letter, or one of each. Two do not begin with another letter.
        """
        lengths = np.abs(self.lengths[span].astype(np.int16) - len(word))
        differing = np.bitwise_count(self.letters[span] ^ np.uint32(letters_of(word)))
        close = (lengths <= 1) & (differing <= 2)
        if most > 1:
            starts = (
                (self.words.ends[span] - np.diff(self.words.ends[span], prepend=self._start(span))) + len(language) + 1
            )
            first = self.words.data[starts]
            # What begins with an accent is looked at in any case.
            close |= (lengths <= most) & (differing <= 2 * most) & ((first == ord(word[0]) % 256) | (first > 127))
        found: NDArray[np.int64] = span.start + np.flatnonzero(close)
        return found

    def _start(self, span: slice) -> int:
        return int(self.words.ends[span.start - 1]) if span.start else 0

    def pair_count(self, one: int, other: int) -> int:
        """Texts in which two terms stand side by side, in this order."""
        return count_in(self.pairs, self.pair_counts, pair_key(one, other))

    def held_by(self, rows: NDArray[np.int64]) -> tuple[Counts, NDArray[np.int64], Counts]:
        """For some rows: how many hold each word, and the pairs in them with how many hold each."""
        lengths = self.row_starts[rows + 1] - self.row_starts[rows]
        inside = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        held = self.row_words[np.repeat(self.row_starts[rows], lengths) + inside]
        owners = np.repeat(np.arange(len(rows)), lengths)
        return _count(held, owners, self.terms, len(self.words))

    def save(self, folder: Path) -> None:
        """Plain .npy files in the folder."""
        self.words.save(folder, "words")
        for name, column in self.arrays().items():
            np.save(folder / f"{name}.npy", column)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything but the words, by file name."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """The saved vocabulary, mapped and not read."""
        arrays: dict[str, Any] = {name: load_array(folder / f"{name}.npy") for name in _ARRAYS}
        return cls(StringTable.load(folder, "words"), **arrays)


class VocabularyBuilder:
    """Collects rows, four bytes a word."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._numbers, self._ends = array("i"), array("q")

    def add(self, locale: str, texts: Iterable[Sequence[str]]) -> None:
        """The next row: the `words` of each of its texts."""
        language, known = language_of(locale), self._words
        for text in texts:
            self._numbers.extend(
                [known.setdefault(f"{language} {word}", len(known)) if is_word(word) else -1 for word in text]
            )
            self._numbers.append(-1)
        self._ends.append(len(self._numbers))

    def build(self, terms: StringTable) -> Vocabulary:
        """The vocabulary of all rows over the terms of their postings."""
        table = StringTable.build(self._words)
        words = list(table)
        renumbered = np.full(len(table) + 1, -1, np.int32)  # the last stays -1: what is no word
        for position, word in enumerate(words):
            renumbered[self._words[word]] = position
        row_words = renumbered[np.frombuffer(self._numbers, np.int32)] if self._numbers else np.zeros(0, np.int32)
        row_starts = np.concatenate(([0], np.array(self._ends, np.int64)))
        split = [word.partition(" ") for word in words]
        folded = [fold(word) for _, _, word in split]
        numbers = np.array([terms.find(term(word, language)) for language, _, word in split], np.int32)
        owners = np.repeat(np.arange(len(self._ends)), np.diff(row_starts))
        counts, pairs, pair_counts = _count(row_words, owners, numbers, len(table))
        return Vocabulary(
            words=table,
            terms=numbers,
            letters=np.array([letters_of(word) for word in folded], np.uint32),
            lengths=np.array([min(len(word), 255) for word in folded], np.uint8),
            counts=counts.astype(np.int32),
            pairs=pairs,
            pair_counts=pair_counts.astype(np.int32),
            row_starts=row_starts,
            row_words=row_words,
        )


def is_word(word: str) -> bool:
    """Whether one of `analysis.words` is a word of letters that is kept here."""
    return SHORTEST <= len(word) <= LONGEST and word.isalpha() and not FIRST_CJK.match(word)


def letters_of(word: str) -> int:
    """The letters of a word as 32 bits: a to z, and six for all others."""
    bits = 0
    for char in word:
        code = ord(char) - 97
        bits |= 1 << (code if 0 <= code < 26 else 26 + code % 6)
    return bits


def pair_key(one: int, other: int) -> int:
    """Two terms as one number."""
    return (one << 32) | other


def count_in(keys: NDArray[np.int64], counts: NDArray[np.integer], key: int) -> int:
    """The count of a key among ascending ones; 0 where it is not there."""
    at = int(np.searchsorted(keys, key))
    return int(counts[at]) if at < len(keys) and keys[at] == key else 0


def _count(
    held: NDArray[np.int32], owners: NDArray[np.int64], terms: NDArray[np.int32], n_words: int
) -> tuple[Counts, NDArray[np.int64], Counts]:
    """How many owners hold each word, and each pair of neighbours."""
    real = held >= 0
    once = np.unique(owners[real] * max(n_words, 1) + held[real])
    counts = np.bincount(once % max(n_words, 1), minlength=n_words).astype(np.int64)
    side = real[:-1] & real[1:] & (owners[:-1] == owners[1:])
    first, second = terms[held[:-1][side]].astype(np.int64), terms[held[1:][side]].astype(np.int64)
    keys, where = np.unique((first << 32) | second, return_inverse=True)
    pairs = np.unique(owners[:-1][side] * max(len(keys), 1) + where)
    return counts, keys, np.bincount(pairs % max(len(keys), 1), minlength=len(keys)).astype(np.int64)
