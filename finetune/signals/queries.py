"""When two queries are the same, and when one is no shopper's."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ...index import tokens

MOST_CHARACTERS = 200
MOST_WORDS = 30
# What crawlers, scanners and forms leave in a search box.
_MACHINE = re.compile(
    r"https?://|www\.\w|<\s*/?\s*\w+[^>]*>|\$\{|\{\{|\.\./|\bunion\s+(?:all\s+)?select\b|\bselect\b.+\bfrom\b.+\bwhere\b"
    r"|\bor\s+1\s*=\s*1\b|\b(?:javascript|jndi|site|inurl|intitle):\S|[\w.+-]+@[\w-]+\.\w{2,}|\b[0-9a-f]{24,}\b"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-|([a-z])\1{5,}|search_term_string"
)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")


def tidy(query: str) -> str:
    """A query as it was written, but in one Unicode form, without unseen characters and with single spaces."""
    if query.isascii():
        return " ".join(query.split())
    return " ".join(_UNSEEN.sub("", unicodedata.normalize("NFKC", query)).split())


def normalized(query: str) -> str:
    """What equal queries share: `tidy`, without case.

    >>> normalized("  Ｌed  Lamp ")
    'led lamp'
    """
    return tidy(query).casefold()


@lru_cache(maxsize=200_000)
def stems(query: str, locale: str) -> tuple[str, ...]:
    """The distinct stemmed words of a query, sorted: what "red lamps" and "lamp, red" share."""
    return tuple(sorted(set(tokens(query, locale))))


def is_machine_text(query: str) -> bool:
    """Whether a query is an address, code, a key or so long that no shopper typed it."""
    text = normalized(query)
    if len(text) > MOST_CHARACTERS or text.count(" ") >= MOST_WORDS or not any(map(str.isalnum, text)):
        return True
    return _MACHINE.search(text) is not None
