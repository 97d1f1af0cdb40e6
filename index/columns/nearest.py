"""What somebody may have meant: the known names nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz, process

MOST_NAMED = 8


def nearest(wanted: str, known: Sequence[str], most: int = MOST_NAMED) -> list[str]:
    """At most `most` of the known texts, the most alike first.

    >>> nearest("color", ["size", "colour", "brand"], 2)
    ['colour', 'brand']
    """
    folded = [text.casefold() for text in known]
    ranked = process.extract(wanted.casefold(), folded, scorer=fuzz.ratio, limit=None)
    return [known[at] for _, _, at in sorted(ranked, key=lambda each: (-each[1], known[each[2]]))[:most]]


def named(texts: Sequence[str], count: int) -> str:
    """Some of `count` texts as they stand in a sentence.

    >>> named(["red", "blue"], 5)
    'red, blue and 3 more'
    """
    rest = count - len(texts)
    return ", ".join(texts) + (f" and {rest:,} more" if rest > 0 else "")
