"""Chinese: traditional characters as simplified ones, and words that were typed as they sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .chinese_table import OTHER_SOUNDS, SYLLABLES, TRADITIONAL

LONGEST = 24  # letters of a word typed in pinyin
MOST_READINGS = 16  # ways to cut it into syllables
FEWEST_LETTERS = 4

_SIMPLIFIED = dict(zip(map(ord, TRADITIONAL[::2]), TRADITIONAL[1::2], strict=True))


def simplified(text: str) -> str:
    """The text with simplified characters, "保溫杯" as "保温杯"; one by one, so words that differ by region stay."""
    return text.translate(_SIMPLIFIED)


@dataclass(frozen=True)
class Pairs:
    """The pairs of neighbouring characters of a catalogue, and how many texts hold each."""

    first: NDArray[np.uint16]  # code points
    second: NDArray[np.uint16]
    counts: NDArray[np.int64]


def spoken(word: str, pairs: Pairs) -> list[str]:
    """What in a catalogue sounds like a word in pinyin, two characters or more; the likeliest first.

    The last syllable may be a start: "baowenb" is "baowenbei".
    """
    found: dict[str, tuple[int, int]] = {}
    for reading in _readings(word):
        for text, worth in _paths(reading, pairs).items():
            found[text] = max(worth, found.get(text, (0, 0)))
    return sorted(found, key=lambda text: (*(-each for each in found[text]), text))


Reading = tuple[tuple[int, ...], ...]  # for each syllable the numbers of those that it may be


def _readings(word: str) -> Iterator[Reading]:
    if not (word.isascii() and word.isalpha() and FEWEST_LETTERS <= len(word) <= LONGEST):
        return
    numbers = _sounds().numbers
    left = MOST_READINGS

    def cut(start: int, before: Reading) -> Iterator[Reading]:
        nonlocal left
        if start == len(word):
            if len(before) > 1 and left:
                left -= 1
                yield before
            return
        for end in range(min(len(word), start + 6), start, -1):
            piece = word[start:end]
            if piece in numbers:
                yield from cut(end, (*before, (numbers[piece],)))
            elif end == len(word) and before:
                open_ = tuple(number for name, number in numbers.items() if name.startswith(piece))
                if open_:
                    yield from cut(end, (*before, open_))

    yield from cut(0, ())


def _paths(reading: Reading, pairs: Pairs) -> dict[str, tuple[int, int]]:
    """The texts that a reading may be, with the count of their rarest pair and of all."""
    sounds = _sounds()
    best: dict[str, tuple[str, int, int]] = {}
    for at, (one, other) in enumerate(pairwise(reading)):
        hits = np.flatnonzero(sounds.like(pairs.first, one) & sounds.like(pairs.second, other))
        after: dict[str, tuple[str, int, int]] = {}
        for hit in hits.tolist():
            first, second = chr(pairs.first[hit]), chr(pairs.second[hit])
            count = int(pairs.counts[hit])
            text, least, total = best.get(first, ("", 0, 0)) if at else (first, count, 0)
            if text:
                new = (text + second, min(least, count), total + count)
                old = after.get(second)
                if old is None or (new[1], new[2], old[0]) > (old[1], old[2], new[0]):
                    after[second] = new
        best = after
    return {text: (least, total) for text, least, total in best.values()}


@dataclass(frozen=True)
class _Sounds:
    numbers: dict[str, int]  # of each syllable, from 1
    usual: NDArray[np.int16]  # by code point; 0: unknown
    other: NDArray[np.int16]

    def like(self, codes: NDArray[np.uint16], syllables: tuple[int, ...]) -> NDArray[np.bool_]:
        """Which characters sound like one of the syllables."""
        found: NDArray[np.bool_] = np.isin(self.usual[codes], syllables) | np.isin(self.other[codes], syllables)
        return found


@cache
def _sounds() -> _Sounds:
    # 3,755 characters from B0A1 on, 94 a row, in the order of their sounds.
    rows = bytes(byte for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for byte in (row, cell))
    common = rows.decode("gb2312", errors="ignore")
    starts = [common.index(each[-1]) for each in SYLLABLES.split()]
    names = [each[:-1] for each in SYLLABLES.split()]
    numbers = {name: at for at, name in enumerate(names, 1)}
    usual, other = np.zeros(0x10000, np.int16), np.zeros(0x10000, np.int16)
    for name, start, end in zip(names, starts, [*starts[1:], len(common)], strict=True):
        for char in common[start:end]:
            usual[ord(char)] = numbers[name]
    for each in OTHER_SOUNDS.split():
        name = each.rstrip(each.lstrip("abcdefghijklmnopqrstuvwxyz"))
        for char in each[len(name) :]:
            other[ord(char)] = numbers[name]
    # ü is typed as v, and after l and n as u where a vowel follows.
    numbers |= {"lue": numbers["lve"], "nue": numbers["nve"]}
    return _Sounds(numbers, usual, other)
