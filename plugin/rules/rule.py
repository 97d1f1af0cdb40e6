"""A rule: what a merchandiser decided, for what it holds, and from when to when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from ...index import (
    AnyOf,
    FilterError,
    Filters,
    RequestError,
    check_locale,
    filters_from_text,
    filters_to_text,
    tokens,
)

KINDS = ("synonym", "pin", "boost", "bury", "hide", "redirect", "banner")
# What holds over what, where rules and shoppers want different things; the first wins.
CONFLICTS = ("permission", "stock", "hide", "pin", "boost", "diversity")
UNDER_A_CHOSEN_SORT = CONFLICTS[:3]  # what a shopper's own order leaves in force

_LISTS = ("products", "words", "means")
_MOMENTS = ("start", "end", "created")
# Which fields a kind needs, any one of each tuple, and which it may have beside them.
_NEEDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "synonym": (("words",), ("means", "factor")),
    "pin": (("products",), ("position",)),
    "boost": (("products", "filters"), ("factor", "amount")),
    "bury": (("products", "filters"), ("factor", "amount")),
    "hide": (("products", "filters"), ()),
    "redirect": (("url",), ()),
    "banner": (("text",), ()),
}
_ACTIONS = ("products", "position", "filters", "factor", "amount", "words", "means", "url", "text")
SYNONYM_WEIGHT = 0.9  # of a word that stands for the one that was typed
LONGEST = 1_000  # characters of a text
MOST = 1_000  # products or words of one rule


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule, checked when it is made; raises `RequestError`.

    It holds for a query (`query`, by its terms: with `match` "exact" for this query alone, with "containing" for every
    query that has them side by side), for a category that is filtered by, for a group of the context (`segment`), in a
    locale and a market; all that is given must fit, and what is None fits always. It is active from `start` on and
    before `end`.

    synonym: each of `words` stands for the others; with `means`, each of `words` finds those too, and not the other
    way round; `factor` is what such a word counts beside the one that was typed, in (0, 1].
    pin: `products` stand at `position` (from 1) and behind it. boost and bury: `products`, or what passes `filters`,
    have their score multiplied by `factor`, or `amount` (above 0) added or taken off. hide: these are not shown.
    redirect: `url` is a path or an address with http(s). banner: `text`.
    """

    id: str
    kind: str
    query: str | None = None
    match: str = "exact"
    category: str | None = None
    segment: str | None = None
    locale: str | None = None
    market: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    products: tuple[str, ...] = ()
    position: int | None = None
    filters: Filters = ()
    factor: float | None = None
    amount: float | None = None
    words: tuple[str, ...] = ()
    means: tuple[str, ...] = ()
    url: str | None = None
    text: str | None = None
    author: str = ""
    reason: str = ""
    created: datetime | None = None

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        _text(self.id, "id", 200, "rule")
        where = f"rule {self.id!r}"
        if self.kind not in KINDS:
            raise RequestError(f"{where}: wanted a kind of {', '.join(KINDS)}, got {self.kind!r:.80}")
        for name in ("query", "category", "segment", "market", "url", "text"):
            if getattr(self, name) is not None:
                set_(self, name, _text(getattr(self, name), name, LONGEST, where))
        for name in ("author", "reason"):
            value = getattr(self, name)
            if not isinstance(value, str) or len(value) > LONGEST:
                raise RequestError(f"{where}: wanted {name} as a text, got {value!r:.80}")
        if self.locale is not None:
            check_locale(self.locale)
        if self.match not in ("exact", "containing"):
            raise RequestError(f"{where}: wanted match 'exact' or 'containing', got {self.match!r:.80}")
        if self.query is not None and not tokens(self.query, self.locale or ""):
            raise RequestError(f"{where}: wanted a query with words, got {self.query!r:.80}")
        if self.category is not None:
            set_(self, "category", " > ".join(part.strip() for part in self.category.split(">")))
        for name in _LISTS:
            set_(self, name, _texts(getattr(self, name), name, where))
        for name in _MOMENTS:
            set_(self, name, _moment(getattr(self, name), name, where))
        if self.start and self.end and self.start >= self.end:
            raise RequestError(f"{where}: wanted a start before its end, got {self.start} and {self.end}")
        if isinstance(self.filters, str):
            set_(self, "filters", _filters(self.filters, where))
        self._check_action(where)

    def _check_action(self, where: str) -> None:
        wanted, besides = _NEEDS[self.kind]
        given = [name for name in _ACTIONS if getattr(self, name) not in (None, ())]
        if wrong := [name for name in given if name not in (*wanted, *besides)]:
            raise RequestError(f"{where}: a {self.kind} takes {', '.join((*wanted, *besides))}, got {wrong[0]} as well")
        if sum(name in given for name in wanted) != 1:
            raise RequestError(f"{where}: a {self.kind} wants {' or '.join(wanted)}, got {', '.join(given) or 'none'}")
        if self.kind == "synonym":
            self._check_synonym(where)
        if self.kind == "pin":
            at = self.position if self.position is not None else 1
            if isinstance(at, bool) or not isinstance(at, int) or not 1 <= at <= MOST:
                raise RequestError(f"{where}: wanted a position from 1 to {MOST:,}, got {at!r:.80}")
            object.__setattr__(self, "position", at)
        if self.kind in ("boost", "bury"):
            self._check_strength(where)
        if self.url is not None and not _is_safe(self.url):
            raise RequestError(
                f"{where}: wanted a path such as '/sale', or an address that begins with http:// or https://, got "
                f"{self.url!r:.80}"
            )

    def _check_synonym(self, where: str) -> None:
        if len(self.words) < 2 and not self.means:
            raise RequestError(
                f"{where}: wanted two words that mean the same, or `means`, got {list(self.words)!r:.80}"
            )
        for each in (*self.words, *self.means):
            if not tokens(each, self.locale or ""):
                raise RequestError(f"{where}: wanted words, got {each!r:.80}")
        factor = SYNONYM_WEIGHT if self.factor is None else self.factor
        if not _is_number(factor) or not 0 < factor <= 1:
            raise RequestError(f"{where}: wanted a factor above 0 and up to 1, got {self.factor!r:.80}")
        object.__setattr__(self, "factor", float(factor))

    def _check_strength(self, where: str) -> None:
        if (self.factor is None) == (self.amount is None):
            raise RequestError(f"{where}: wanted a factor or an amount, got {'both' if self.factor else 'neither'}")
        low, high, what = (1, 100, "from 1 to 100") if self.kind == "boost" else (0, 1, "from 0 to 1")
        if self.factor is not None and (not _is_number(self.factor) or not low <= self.factor <= high):
            raise RequestError(f"{where}: a {self.kind} wants a factor {what}, got {self.factor!r:.80}")
        if self.amount is not None and (not _is_number(self.amount) or not 0 < self.amount <= 100):
            raise RequestError(f"{where}: wanted an amount above 0 and up to 100, got {self.amount!r:.80}")

    @property
    def chosen(self) -> Filters:
        """What the rule is about, as filters; empty where it names none."""
        return (AnyOf("id", self.products),) if self.products else self.filters

    @property
    def is_conditional(self) -> bool:
        """Whether it holds for some requests alone."""
        return any(each is not None for each in (self.query, self.category, self.segment, self.locale, self.market))

    @property
    def precedence(self) -> tuple[int, float, str]:
        """Sorts rules of one kind: what is said of less comes first, then what was said last."""
        exact = self.query is not None and self.match == "exact"
        said = 8 * exact + 4 * (self.query is not None) + 2 * (self.category is not None) + (self.segment is not None)
        return -said, -self.created.timestamp() if self.created else 0.0, self.id

    def is_active(self, now: datetime) -> bool:
        """Whether a moment lies between its start and its end."""
        return (self.start is None or self.start <= now) and (self.end is None or now < self.end)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, filters as text; what is left out is as it is by default."""
        made: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if value in (None, (), "") or (name == "match" and (value == "exact" or self.query is None)):
                continue
            if name == "filters":
                value = filters_to_text(value)
            elif name in _LISTS:
                value = list(value)
            elif name in _MOMENTS:
                value = value.isoformat().replace("+00:00", "Z")
            made[name] = value
        return made

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Rule:
        """What `to_dict` gave; raises `RequestError`."""
        if not isinstance(values, Mapping) or not {"id", "kind"} <= set(values):
            raise RequestError(f"rule: wanted an object with id and kind, got {values!r:.80}")
        if unknown := [name for name in values if name not in cls.__dataclass_fields__]:
            raise RequestError(
                f"rule {values['id']!r:.80}: wanted {', '.join(cls.__dataclass_fields__)}, got {unknown[0]!r:.80} as "
                "well"
            )
        return cls(**values)

    def made_at(self, now: datetime) -> Rule:
        """The same, created now unless it says when."""
        return self if self.created else replace(self, created=now)


def _filters(text: str, where: str) -> Filters:
    try:
        return filters_from_text(text)
    except FilterError as error:
        raise RequestError(f"{where}: {error}") from None


def _text(value: object, name: str, longest: int, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > longest or "\n" in value or "\r" in value:
        raise RequestError(f"{where}: wanted {name} as one line of 1 to {longest:,} characters, got {value!r:.80}")
    return value.strip()


def _texts(values: object, name: str, where: str) -> tuple[str, ...]:
    if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable):
        raise RequestError(f"{where}: wanted {name} as a list of texts, got {values!r:.80}")
    made = tuple(dict.fromkeys(_text(each, name, 200, where) for each in values))
    if len(made) > MOST:
        raise RequestError(f"{where}: wanted at most {MOST:,} {name}, got {len(made):,}")
    return made


def _moment(value: object, name: str, where: str) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise RequestError(
                f"{where}: wanted {name} as a date such as '2026-11-27' or '2026-11-27T08:00Z', got {value!r:.80}"
            ) from None
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise RequestError(f"{where}: wanted {name} as a date, got {value!r:.80}")
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_safe(url: str) -> bool:
    """A path of the shop itself, or http(s): no script, and no other site that looks like a path."""
    if any(char.isspace() or ord(char) < 32 or char == "\\" for char in url):
        return False
    if url.startswith("/"):
        return not url.startswith("//")
    scheme, _, rest = url.partition("://")
    return scheme.lower() in ("http", "https") and bool(rest.strip("/"))
