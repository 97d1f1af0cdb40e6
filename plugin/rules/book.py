"""The rules of a store as they hold now, found by query, category and segment: thousands cost a request little."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from time import time

from ...index import Context, Filters, RequestError, Under, View, tokens, unwrapped
from ...index.store.documents import Documents
from ..request import Request
from .rule import Rule

logger = logging.getLogger("shelfwise.rules")

KIND = "rule"
KEPT = 8  # books: one for each shop of the process, and those of previews
BELOW = ("hide", "boost", "bury", "synonym")  # hold below their category too; the others on its own page
FOR_EVER = float("inf")

PREVIEWED: ContextVar[View | None] = ContextVar("shelfwise_previewed", default=None)  # in place of the store's own

Terms = tuple[str, ...]


@lru_cache(maxsize=100_000)
def terms_of(text: str, locale: str) -> Terms:
    """The terms of a text, in reading order."""
    return tuple(tokens(text, locale))


@lru_cache(maxsize=50_000)
def _parsed(document: str) -> Rule | None:
    """A rule that is stored; None for one of a later version, which this one cannot read."""
    try:
        return Rule.from_dict(json.loads(document))
    except RequestError as error:
        logger.warning("a rule is left out: %s", error)
        return None


def rules_in(documents: Documents) -> list[Rule]:
    """The rules of a store's documents, by id."""
    return [rule for document in documents.values() if (rule := _parsed(document)) is not None]


@dataclass(frozen=True, slots=True)
class Situation:
    """What of a request rules can ask for."""

    locale: str
    queries: tuple[Terms, ...] = ()  # as it was typed, and as it was read
    paths: tuple[str, ...] = ()  # categories that are filtered by
    groups: tuple[str, ...] = ()
    market: str | None = None

    @classmethod
    def of(cls, request: Request, context: Context, corrected: str | None = None) -> Situation:
        """Of a request in its context, with nothing left open."""
        locale = context.locale or ""
        texts = dict.fromkeys(filter(None, (request.query, corrected)))
        queries = tuple(terms_of(each, locale) for each in texts)
        return cls(locale, queries, _paths(request.filters), context.groups, context.market)

    @property
    def above(self) -> tuple[str, ...]:
        """The categories, and all that they lie in."""
        made = []
        for path in self.paths:
            levels = path.split(" > ")
            made += [" > ".join(levels[: depth + 1]) for depth in range(len(levels))]
        return tuple(dict.fromkeys(made))


def _paths(filters: Filters) -> tuple[str, ...]:
    found: list[str] = []
    for each in filters:
        inner, negations = unwrapped(each)
        if isinstance(inner, Under) and inner.field == "category" and negations % 2 == 0:
            found += inner.paths
    return tuple(dict.fromkeys(found))


@dataclass
class _Queries:
    """The rules with a query, in the terms of one locale."""

    exact: dict[Terms, list[Rule]] = field(default_factory=dict)
    containing: dict[str, list[tuple[Terms, Rule]]] = field(default_factory=dict)  # by the first term


class Window:
    """The rules that are active, until the next one starts or ends."""

    def __init__(self, rules: Iterable[Rule], now: datetime, since: float, until: float) -> None:
        self.since, self.until = since, until
        self._with_query: list[Rule] = []
        self._by_category: dict[str, list[Rule]] = {}
        self._by_segment: dict[str, list[Rule]] = {}
        self._others: list[Rule] = []
        self.synonyms: list[Rule] = []
        self.hides_always: list[Rule] = []  # by id and for everybody; often the most, so `applying` leaves them out
        self.hides_by_query = False
        self.unread_hides: tuple[str, ...] = ()  # ids of rules that hide what this version cannot tell
        self._queries: dict[str, _Queries] = {}
        self.kept: dict[str, object] = {}  # what others make of these rules, by locale
        for rule in rules:
            if not rule.is_active(now):
                continue
            if rule.kind == "synonym":
                self.synonyms.append(rule)
            elif rule.kind == "hide" and rule.products and not rule.is_conditional:
                self.hides_always.append(rule)
            elif rule.query is not None:
                self._with_query.append(rule)
                self.hides_by_query |= rule.kind == "hide"
            elif rule.category is not None:
                self._by_category.setdefault(rule.category, []).append(rule)
            elif rule.segment is not None:
                self._by_segment.setdefault(rule.segment, []).append(rule)
            else:
                self._others.append(rule)

    def applying(self, situation: Situation) -> list[Rule]:
        """The rules that hold, but for synonyms and `hides_always`; of one kind, those first that win."""
        found = [*self._others]
        for each in situation.groups:
            found += self._by_segment.get(each, ())
        for path in situation.above:
            found += self._by_category.get(path, ())
        if self._with_query and situation.queries:
            found += self._for_queries(situation)
        made = [rule for rule in dict.fromkeys(found) if fits(rule, situation)]
        return sorted(made, key=lambda rule: rule.precedence)

    def _for_queries(self, situation: Situation) -> list[Rule]:
        known = self._queries.get(situation.locale)
        if known is None:
            known = _Queries()
            for rule in self._with_query:
                terms = terms_of(rule.query or "", situation.locale)
                if terms and rule.match == "exact":
                    known.exact.setdefault(terms, []).append(rule)
                elif terms:
                    known.containing.setdefault(terms[0], []).append((terms, rule))
            self._queries[situation.locale] = known
        made: list[Rule] = []
        for query in situation.queries:
            made += known.exact.get(query, ())
            for at, first in enumerate(query):
                made += [
                    rule for terms, rule in known.containing.get(first, ()) if query[at : at + len(terms)] == terms
                ]
        return made


def fits(rule: Rule, situation: Situation) -> bool:
    """Whether category, segment, locale and market of a rule fit."""
    if rule.segment is not None and rule.segment not in situation.groups:
        return False
    if rule.market is not None and rule.market != situation.market:
        return False
    if rule.locale is not None and not f"{situation.locale}-".startswith(f"{rule.locale}-"):
        return False
    return rule.category is None or rule.category in (situation.above if rule.kind in BELOW else situation.paths)


class RuleBook:
    """All rules of a store."""

    def __init__(self, documents: Documents) -> None:
        self.rules = rules_in(documents)
        moments = {each.timestamp() for rule in self.rules for each in (rule.start, rule.end) if each is not None}
        self._moments = sorted(moments)
        self._unread = tuple(
            key for key, each in documents.items() if _parsed(each) is None and json.loads(each).get("kind") == "hide"
        )
        self._window: Window | None = None

    def now(self) -> Window:
        """The rules that are active now."""
        moment, window = time(), self._window
        if window is None or not window.since <= moment < window.until:
            since = max((each for each in self._moments if each <= moment), default=-FOR_EVER)
            until = min((each for each in self._moments if each > moment), default=FOR_EVER)
            window = self._window = Window(self.rules, datetime.fromtimestamp(moment, UTC), since, until)
            window.unread_hides = self._unread
        return window


_BOOKS: dict[int, tuple[Mapping[str, str], RuleBook]] = {}
_NO_RULES = RuleBook({})


def rules_now(view: View) -> Window:
    """The active rules of a view; parsed once for all views with the same documents."""
    documents = view.documents.get(KIND)
    if not documents:
        return _NO_RULES.now()
    known = _BOOKS.get(id(documents))
    if known is None or known[0] is not documents:
        known = (documents, RuleBook(documents))
        while len(_BOOKS) >= KEPT:
            _BOOKS.pop(next(iter(_BOOKS)), None)
        _BOOKS[id(documents)] = known
    return known[1].now()
