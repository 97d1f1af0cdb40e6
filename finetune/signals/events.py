"""What shoppers did with what they searched for, out of a log: ours, a table's, or UBI's."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from ...index import FeedError
from ...index.feeds.encoding import detect_encoding, open_text
from .errors import SignalError
from .tables import Table, checked_file, chosen_columns, key, table_format, text_of

IMPRESSION, CLICK, CART, PURCHASE = "impression", "click", "cart", "purchase"

# What logs call the kinds; compared without case and marks.
KINDS = {
    **dict.fromkeys("impression impressions shown show display viewitemlist".split(), IMPRESSION),
    **dict.fromkeys("click clickthrough itemclick productclick resultclick view viewitem selectitem".split(), CLICK),
    **dict.fromkeys("cart addtocart addtobasket atc basket".split(), CART),
    **dict.fromkeys("purchase purchased buy order ordered conversion transaction sale".split(), PURCHASE),
}
COLUMNS: dict[str, tuple[str, ...]] = {
    "query": ("query", "search_term", "search_query", "user_query", "query_text", "keyword", "q"),
    "product_id": ("product_id", "product_uid", "docid", "doc_id", "object_id", "asin", "item_id", "sku", "product"),
    "kind": ("kind", "event", "event_type", "event_name", "action_name", "action", "type"),
    "position": ("position", "rank", "ordinal", "place", "pos"),
    "user": ("user", "user_id", "client_id", "visitor_id", "session", "session_id"),
    "time": ("time", "timestamp", "at", "date", "event_time", "datetime", "created_at"),
}


@dataclass(frozen=True, slots=True)
class SearchEvent:
    """One thing done with one product that a search showed."""

    query: str
    product_id: str
    kind: str  # IMPRESSION, CLICK, CART or PURCHASE
    position: int | None = None  # in the answer, from 1
    user: str = ""  # a user or a session; blank where the log does not say
    time: float | None = None  # seconds since 1970, UTC


@dataclass(frozen=True)
class EventLog:
    """The events of a file, in its order, and what was left out, in sentences."""

    events: list[SearchEvent]
    report: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[SearchEvent]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)


def read_events(path: Path, *, columns: Mapping[str, str] | None = None) -> EventLog:
    """The searches' events in a CSV, JSON Lines or Parquet file, or UBI's events and queries in JSON Lines.

    A row is one product shown, clicked, put into a cart or bought; events of other kinds are counted and left out.
    `columns`: the file's names for query, product_id, kind, position, user and time. Positions that start at 0 are
    counted from 1. A cart or a purchase without a query takes the query and the position of its user's latest click
    on that product. Times are ISO 8601 (UTC where no zone is said) or seconds or milliseconds since 1970. Raises
    `SignalError`.
    """
    head = checked_file(path, "a file with searches and clicks")
    format = table_format(head)
    try:
        raw = [*(_ubi(path) if format == "jsonl" and _is_ubi(path) else _table(path, format, columns))]
    except FeedError as error:
        raise SignalError(str(error)) from None
    others = Counter(str(each.kind) for each in raw if key(str(each.kind)) not in KINDS)
    known = [each for each in raw if key(str(each.kind)) in KINDS]
    bases = _first_positions(known)
    events = _attributed(_event(each, bases[each.source]) for each in known)
    whole = [each for each in events if each.query and each.product_id]
    if not any(each.kind != IMPRESSION for each in whole):
        raise SignalError(
            f"{path}: wanted clicks, carts or purchases with a query and a product, found none in {len(raw):,} events"
            + (f" of the kinds {', '.join([*others][:6])}" if others else "")
        )
    counts = Counter(each.kind for each in whole)
    read = ", ".join(f"{counts[kind]:,} {kind}s" for kind in (IMPRESSION, CLICK, CART, PURCHASE) if counts[kind])
    report = [f"{path.name}: {read} read."]
    if lacking := len(events) - len(whole):
        report.append(f"{lacking:,} events were left out for want of a query or a product.")
    if others:
        named = ", ".join(f"{name} ({count:,})" for name, count in others.most_common(6))
        report.append(f"{sum(others.values()):,} events were of other kinds: {named}.")
    return EventLog(whole, report)


def before(events: Iterable[SearchEvent], moment: datetime) -> list[SearchEvent]:
    """The events before `moment`, which has a time zone. Raises `SignalError` for an event without a time."""
    return [each for each in events if _time(each) < moment.timestamp()]


def after(events: Iterable[SearchEvent], moment: datetime) -> list[SearchEvent]:
    """The events at `moment` and later, likewise."""
    return [each for each in events if _time(each) >= moment.timestamp()]


def moment_of_share(events: Iterable[SearchEvent], share: float) -> datetime:
    """The moment before which `share` of the events lie, 0 to 1: where to cut a log in two."""
    times = sorted(map(_time, events))
    if not times:
        raise SignalError("events: wanted some to cut by time, got none")
    return datetime.fromtimestamp(times[min(len(times) - 1, round(share * len(times)))], UTC)


def _time(event: SearchEvent) -> float:
    if event.time is None:
        raise SignalError(
            f"events: wanted a time for each event, to cut the log by date, got none for a {event.kind} of"
            f" {event.query!r}; bring a column with times"
        )
    return event.time


# ---- from rows to events ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Raw:
    """An event as the log has it; `source` is what counts positions its own way."""

    query: str
    product_id: str
    kind: object
    position: object
    user: str
    time: object
    source: str = ""


def _table(path: Path, format: str, columns: Mapping[str, str] | None) -> Iterator[_Raw]:
    table = Table(path, format)
    found = chosen_columns(table, COLUMNS, columns, ("query", "product_id", "kind"))
    names = [*found]
    for _, values in table.cells([*found.values()]):
        row = dict(zip(names, values, strict=True))
        yield _Raw(
            text_of(row["query"]), text_of(row["product_id"]), row["kind"], row.get("position"),
            text_of(row.get("user")), row.get("time"),
        )  # fmt: skip


def _is_ubi(path: Path) -> bool:
    first = islice(_objects(path), 50)
    return any("query_id" in each and ("user_query" in each or "event_attributes" in each) for each in first)


def _objects(path: Path) -> Iterator[Mapping[str, Any]]:
    with open_text(path, detect_encoding(path)) as stream:
        for line in stream:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value


def _ubi(path: Path) -> Iterator[_Raw]:
    """User Behavior Insights: queries and events in one file, with or without the lines of a bulk upload between."""
    queries: dict[str, str] = {}
    for each in _objects(path):
        if each.get("user_query") and each.get("query_id"):
            queries.setdefault(str(each["query_id"]), text_of(each["user_query"]))
    for each in _objects(path):
        if "action_name" not in each:
            continue
        about = each.get("event_attributes")
        about = about if isinstance(about, dict) else {}
        object_, position = about.get("object"), about.get("position")
        query = text_of(each.get("user_query")) or queries.get(str(each.get("query_id")), "")
        yield _Raw(
            query,
            text_of(object_.get("object_id")) if isinstance(object_, dict) else "",
            each["action_name"],
            position.get("ordinal") if isinstance(position, dict) else None,
            text_of(each.get("client_id") or each.get("session_id")),
            each.get("timestamp"),
            text_of(each.get("application")),
        )


def _first_positions(raw: Iterable[_Raw]) -> dict[str, int]:
    bases: dict[str, int] = defaultdict(lambda: 1)
    for each in raw:
        if _position(each.position) == 0:
            bases[each.source] = 0
    return bases


def _event(raw: _Raw, base: int) -> SearchEvent:
    place = _position(raw.position)
    position = None if place is None or place < base else place - base + 1
    return SearchEvent(raw.query, raw.product_id, KINDS[key(str(raw.kind))], position, raw.user, seconds(raw.time))


def _position(value: object) -> int | None:
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None


def seconds(value: object) -> float | None:
    """Seconds since 1970 of an ISO 8601 text, a datetime, or a number of seconds or milliseconds; None for others."""
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            number = float(str(value))
        except ValueError:
            try:
                moment = datetime.fromisoformat(str(value).strip())
            except ValueError:
                return None
        else:
            # Seconds reach 1e11 in the year 5138; milliseconds passed it in 1973.
            return None if number != number else number / 1000 if abs(number) >= 1e11 else number
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _attributed(events: Iterable[SearchEvent]) -> list[SearchEvent]:
    """Carts and purchases without a query or a position take those of their user's latest click on the product."""
    listed = list(events)
    clicked: dict[tuple[str, str], SearchEvent] = {}
    for place in sorted(range(len(listed)), key=lambda each: listed[each].time or 0.0):
        each = listed[place]
        if not each.user:
            continue
        if each.kind in (CART, PURCHASE):
            click = clicked.get((each.user, each.product_id))
            if click and each.query in ("", click.query):
                listed[place] = replace(each, query=click.query, position=each.position or click.position)
        elif each.kind == CLICK and each.query:
            clicked[each.user, each.product_id] = each
    return listed
