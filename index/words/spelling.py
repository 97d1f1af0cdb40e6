"""Which word of the catalogue a typed one was meant to be."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rapidfuzz.distance import OSA

SHORTEST = 4  # letters of a word that is corrected
TWO_CHANGES = 6  # from so many letters on two changes are forgiven
# What a change, another first letter and fitting beside the other words count, against the logarithm of how many texts
# hold the word. Chosen on the 1,231 queries of Home Depot (buckets 30-99) with a word that the catalogue does not know;
# around these values nothing changes by more than .002 of nDCG@10.
CHANGE, FIRST_LETTER, BESIDE = 4.0, 4.0, 16.0
# What it takes to replace a word that the language knows: "steal" before "beam", but not "hire" in a small shop.
SURE = 8.0


@dataclass(frozen=True, slots=True)
class Alike:
    """A word of the catalogue that resembles a typed one."""

    word: str  # as most texts write it
    plain: str  # without accents
    count: int  # texts that hold it
    changes: int


def most_changes(word: str) -> int:
    """How many letters may be wrong, missing, too many or swapped with their neighbour."""
    return 0 if len(word) < SHORTEST else 1 if len(word) < TWO_CHANGES else 2


def changes(typed: str, word: str, most: int) -> int:
    """How many there are; `most + 1` where there are more. Two changes do not begin with another letter."""
    found = OSA.distance(typed, word, score_cutoff=most)
    return most + 1 if found > 1 and typed[0] != word[0] else int(found)


def likelihood(alike: Alike, typed: str) -> float:
    """How likely a word was meant, by itself; larger is likelier."""
    other_start = alike.plain[0] != typed[0]
    return math.log(alike.count) - CHANGE * alike.changes - FIRST_LETTER * other_start
