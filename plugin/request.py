"""A request: all that is known when an answer is wanted."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..index import OWN_SORTS, Context, Filters, RequestError, parse_filters

MOST_HITS = 1_000
LONGEST_QUERY = 1_000  # characters; no shopper types more, and an encoder reads no more
DEEPEST = 1_000_000  # offset + k
LONGEST_TOKEN = 10_000  # characters
MOST_SORTS, LONGEST_SORT = 5, 500


@dataclass(frozen=True)
class Request:
    """What is known, checked when it is made; raises `RequestError`.

    A query asks for a search, `product_id` for what is similar, neither for all that passes the filters. `filters` is a
    mapping as in `parse_filters`, or filter objects. `facets` names the fields to count, each as if it were not
    filtered itself, so that another of its values can be chosen; with `narrow_facets` under all filters, and always
    under the first `fixed_filters`, which are a landing page's own. `sort` is
    "relevance", "newest", "price", or any field with numbers or dates; a minus before it turns it round, and several
    with commas between decide one after another. By relevance without a query is the shop's own order, with the
    products `first` at its head. `k` hits are wanted from `offset` on, or after those that were shown, by the token
    that they came with (`after`). With `correct=False` a query is searched as it was typed, typos and all. User,
    session, history and basket are carried for the stages that know them; with `personalise=False` they change nothing.
    """

    query: str | None = None
    correct: bool = True
    user_id: str | None = None
    session: str | None = None
    history: tuple[str, ...] = ()
    product_id: str | None = None
    basket: tuple[str, ...] = ()
    filters: Filters = ()
    fixed_filters: int = 0
    facets: tuple[str, ...] = ()
    narrow_facets: bool = False
    sort: str = "relevance"
    first: tuple[str, ...] = ()
    k: int = 24
    offset: int = 0
    after: str | None = None
    personalise: bool = True
    context: Context = field(default_factory=Context)

    def __init__(
        self,
        query: str | None = None,
        *,
        correct: bool = True,
        user_id: str | None = None,
        session: str | None = None,
        history: Iterable[str] = (),
        product_id: str | None = None,
        basket: Iterable[str] = (),
        filters: Mapping[str, Any] | Filters | None = None,
        fixed_filters: int = 0,
        facets: Iterable[str] = (),
        narrow_facets: bool = False,
        sort: str = "relevance",
        first: Iterable[str] = (),
        k: int = 24,
        offset: int = 0,
        after: str | None = None,
        personalise: bool = True,
        context: Context | None = None,
    ) -> None:
        set_ = object.__setattr__
        set_(self, "query", None if query is None else _query(query))
        set_(self, "correct", _flag(correct, "correct"))
        set_(self, "user_id", _name(user_id, "user_id"))
        set_(self, "session", _name(session, "session"))
        set_(self, "history", id_list(history, "history"))
        set_(self, "product_id", _name(product_id, "product_id"))
        set_(self, "basket", id_list(basket, "basket"))
        set_(self, "filters", parse_filters(filters))
        set_(self, "fixed_filters", _count(fixed_filters, "fixed_filters", 0, len(self.filters)))
        set_(self, "facets", id_list(facets, "facets"))
        set_(self, "narrow_facets", _flag(narrow_facets, "narrow_facets"))
        set_(self, "sort", check_order(sort))
        set_(self, "first", id_list(first, "first"))
        set_(self, "k", _count(k, "k", 1, MOST_HITS))
        set_(self, "offset", _count(offset, "offset", 0, DEEPEST - 1))
        if self.offset + self.k > DEEPEST:
            raise RequestError(
                f"offset + k: wanted at most {DEEPEST:,}, got {self.offset + self.k:,}; narrow the request by filters"
            )
        if after is not None and (not isinstance(after, str) or len(after) > LONGEST_TOKEN):
            raise RequestError(f"after: wanted a token as `Results.after` gives it, got {after!r:.80}")
        set_(self, "after", after)
        if after is not None and offset:
            raise RequestError("request: wanted an offset or a token `after`, got both; leave out the offset")
        set_(self, "personalise", _flag(personalise, "personalise"))
        if context is not None and not isinstance(context, Context):
            raise RequestError(
                f"context: wanted a Context, got {type(context).__name__}; write Context(locale=…, currency=…)"
            )
        set_(self, "context", context or Context())
        if self.query and self.product_id is not None:
            raise RequestError("request: wanted a query or a product_id, got both; send two requests")


def _query(query: object) -> str:
    if not isinstance(query, str):
        raise RequestError(f"query: wanted a text, got {type(query).__name__}")
    if len(query) > LONGEST_QUERY:
        raise RequestError(
            f"query: wanted at most {LONGEST_QUERY:,} characters, got {len(query):,}; cut it before searching"
        )
    for char in query:
        if unicodedata.category(char) in {"Cc", "Cs"} and not char.isspace():
            raise RequestError(
                f"query: wanted printable text, got the control character U+{ord(char):04X}; remove it before searching"
            )
    return " ".join(query.split())


def check_order(sort: object) -> str:
    """An order of products as it stands in `Request.sort`; raises `RequestError`. Whether there are such fields, the
    store alone can tell.
    """
    names = sort.split(",") if isinstance(sort, str) and len(sort) <= LONGEST_SORT else [""]
    if len(names) > MOST_SORTS or not all(name.removeprefix("-") for name in names):
        raise RequestError(
            f"sort: wanted {', '.join(OWN_SORTS)}, or a field with numbers such as 'rating' or '-rating' (up to "
            f"{MOST_SORTS} with commas between), got {sort!r:.80}"
        )
    if len(names) > 1 and "relevance" in names:
        raise RequestError(f"sort: wanted relevance alone, got {sort!r:.80}; no two products are equally relevant")
    return ",".join(names)


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise RequestError(f"{name}: wanted True or False, got {value!r:.80}")
    return value


def check_id(value: object, name: str) -> str:
    """The id itself; raises `RequestError`."""
    if not isinstance(value, str) or not value or len(value) > 200:
        raise RequestError(f"{name}: wanted a text of 1 to 200 characters, got {value!r:.80}")
    if not value.isprintable() and any(unicodedata.category(char) in {"Cc", "Cs"} for char in value):
        raise RequestError(f"{name}: wanted printable text, got {value!r:.80}; remove its control characters")
    return value


def id_list(values: object, name: str) -> tuple[str, ...]:
    """Ids, or names of fields, as a tuple; raises `RequestError`."""
    if isinstance(values, str):
        raise RequestError(f"{name}: wanted a list, got the text {values!r:.80}; write [{values!r:.80}]")
    if not isinstance(values, Iterable) or isinstance(values, (bytes, Mapping)):
        raise RequestError(f"{name}: wanted a list of texts, got {values!r:.80}")
    return tuple(check_id(value, name) for value in values)


def _name(value: object, name: str) -> str | None:
    return None if value is None else check_id(value, name)


def _count(value: object, name: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RequestError(f"{name}: wanted a whole number from {low:,} to {high:,}, got {value!r:.80}")
    return value
