"""Words that are written as one: "Winterjacke" is a Jacke, and "Winter Jacke" is a Winterjacke.

Nothing is decided when texts are indexed: what a word is made of is read from the words of the whole view when a query
is answered. So a compound is found alike wherever it lies, and a new word is a part at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .analysis import stem

# Languages that join nouns, with what may stand between two.
LINKS = {
    "da": ("", "s", "e"),
    "de": ("", "s", "es", "n", "en", "er", "e"),
    "nl": ("", "s", "e", "en", "er"),
    "no": ("", "s", "e"),
    "sv": ("", "s"),
}
SHORTEST_PART = 3
LONG_HEAD = 4  # letters from which a head is one whatever stands before it, if that can be spoken
_SPOKEN = re.compile("[aeiouy]")
# They make another word of what follows: a "Verband" is no "Band".
_PREFIXES = {"de": frozenset(("ver", "ent", "zer", "miss")), "nl": frozenset(("ver", "ont", "her"))}

LONGEST_ENDING = 3  # letters of an inflection

Known = Callable[[str], bool]  # whether texts of the language hold a term


def cuts(word: str, language: str) -> Iterator[tuple[str, str]]:
    """Where a plain word may be made of two: the part before, with its link, and the head."""
    for at in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1) if language in LINKS else ():
        yield word[:at], word[at:]


def joined(one: str, other: str, language: str) -> Iterator[str]:
    """The terms of two plain words written as one; "Wolle" may lose its ending."""
    for first in dict.fromkeys((one, stem(one, language))) if language in LINKS else (one,):
        for link in LINKS.get(language, ("",)):
            yield stem(first + link + other, language)


def is_kind(before: str, head: str, language: str, known: Known) -> bool:
    """Whether what stands before a plain head makes a kind of it: a "Regenjacke" of "Jacke", no "Verband" of "Band"."""
    if len(before) < SHORTEST_PART or before in _PREFIXES.get(language, ()):
        return False
    if len(head) >= LONG_HEAD and _SPOKEN.search(before):
        return True
    return any(known(modifier) for modifier in modifiers(before, language))


def is_made_of(rest: str, language: str, known: Known) -> bool:
    """Whether a word that starts with another goes on as a compound does: "Campingstuhl", but not "Campings"."""
    ends = [rest[len(link) :] for link in LINKS[language] if rest.startswith(link)]
    return any(
        (len(end) > LONG_HEAD and _SPOKEN.search(end)) or (len(end) >= SHORTEST_PART and known(stem(end, language)))
        for end in ends
    )


def modifiers(before: str, language: str) -> Iterator[str]:
    """The terms that may stand before a head: "arbeit" for "arbeits"."""
    for link in LINKS[language]:
        bare = before.removesuffix(link) if link else before
        if before.endswith(link) and len(bare) >= SHORTEST_PART:
            yield stem(bare, language)
