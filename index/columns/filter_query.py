"""Filters as the parameters of an address: one value each, a field that comes again means any of its values.

    brand=Norda&brand=Tarn&price=..80&-colour=green&in_stock=yes&category=Clothing+%3E+Jackets

It is what a page's form of check boxes sends. A plus before a field begins another demand on the same field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qsl, urlencode

from ..errors import FilterError
from .filter_parsing import DOTS, parse_filters, range_in_text
from .filter_text import filter_of, quoted_name, unquoted, values_of
from .filters import MOST_VALUES, Filters, field_of, unwrapped, wrapped

MOST_PARAMETERS = 2 * MOST_VALUES
Pairs = Iterable[tuple[str, str]]


def filters_to_query(filters: Filters) -> str:
    """The parameters that say these filters, and that `filters_from_query` reads back as equal ones.

    >>> filters_to_query(parse_filters({"brand": ["Hill & Co", "Tarn"], "price": (None, 80)}))
    'brand=Hill+%26+Co&brand=Tarn&price=..80'
    """
    pairs: list[tuple[str, str]] = []
    seen: set[str] = set()
    for each in parse_filters(filters):
        inner, negations = unwrapped(each)
        key = "-" * negations + quoted_name(field_of(inner))
        again = "+" if key in seen else ""
        seen.add(key)
        for value, plain in values_of(inner):
            pairs.append((again + key, _in_quotes(value) if plain and _misread(value) else value))
            again = ""
    return urlencode(pairs, errors="surrogatepass")


def filters_from_query(query: str | Mapping[str, str | Sequence[str]] | Pairs) -> Filters:
    """The filters that the parameters of an address say; raises `FilterError`.

    Give only those that are filters: a query string, or its parameters as a mapping or as pairs. A parameter without a
    value is an empty field of a form and asks for nothing.
    """
    groups: list[tuple[str, int, list[tuple[str, bool]]]] = []
    latest: dict[str, list[tuple[str, bool]]] = {}
    for key, text in _pairs(query):
        text = text.strip()
        if not text:
            continue
        again = key[:1] in ("+", " ")  # a plus that was not escaped comes as a blank
        key = key[again:]
        bare = key.lstrip("-")
        literal = _literal(text)
        value = (unquoted(text), True) if literal else (text, False)
        group = None if again else latest.get(key)
        if group is None or not _joins(bare, value) or not _joins(bare, group[0]):
            group = latest[key] = []
            groups.append((unquoted(bare), len(key) - len(bare), group))
        group.append(value)
    return tuple(wrapped(filter_of(field, values), negations) for field, negations, values in groups)


def _joins(field: str, value: tuple[str, bool]) -> bool:
    """Whether a value is one of several that any may hold, and no range."""
    text, literal = value
    if field in ("price", "added", "in_stock"):
        return False
    return literal or DOTS not in text or range_in_text(field, text) is None


def _pairs(query: str | Mapping[str, str | Sequence[str]] | Pairs) -> Iterable[tuple[str, str]]:
    if isinstance(query, str):
        try:
            return parse_qsl(
                query.removeprefix("?"), errors="surrogatepass", max_num_fields=MOST_PARAMETERS, strict_parsing=False
            )
        except ValueError:
            raise FilterError(f"filters: wanted at most {MOST_PARAMETERS:,} parameters in a query string") from None
    given = query.items() if isinstance(query, Mapping) else query
    made: list[tuple[str, str]] = []
    for pair in given:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[0], str):
            raise FilterError(f"filters: wanted the parameters of an address, as (name, value), got {pair!r:.80}")
        values = [pair[1]] if isinstance(pair[1], str) else pair[1]
        if not isinstance(values, (tuple, list)) or not all(isinstance(value, str) for value in values):
            raise FilterError(f"filter {pair[0]}: wanted a text, or a list of texts, got {pair[1]!r:.80}")
        made += [(pair[0], value) for value in values]
    return made


def _misread(value: str) -> bool:
    return value[0] in "'\"" or DOTS in value or value != value.strip()


def _literal(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] and text[0] in "'\""


def _in_quotes(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
