"""Logs of searches, as shops and other tools keep them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from shelfwise.finetune.signals.errors import SignalError
from shelfwise.finetune.signals.events import (
    CART,
    CLICK,
    IMPRESSION,
    PURCHASE,
    SearchEvent,
    after,
    before,
    moment_of_share,
    read_events,
    seconds,
)

ROWS = [
    {"query": "lamp", "product_id": "p1", "event": "impression", "position": 1, "user_id": "u", "time": 100},
    {"query": "lamp", "product_id": "p1", "event": "click", "position": 1, "user_id": "u", "time": 101},
    {"query": "lamp", "product_id": "p1", "event": "Add to Cart", "position": 1, "user_id": "u", "time": 102},
    {"query": "lamp", "product_id": "p1", "event": "purchase", "position": 1, "user_id": "u", "time": 103},
    {"query": "lamp", "product_id": "p1", "event": "hover", "position": 1, "user_id": "u", "time": 104},
    {"query": "", "product_id": "p2", "event": "click", "position": 2, "user_id": "u", "time": 105},
]
WANTED = [
    SearchEvent("lamp", "p1", kind, 1, "u", 100.0 + place)
    for place, kind in enumerate((IMPRESSION, CLICK, CART, PURCHASE))
]


def as_csv(path: Path) -> None:
    path.write_text(",".join(ROWS[0]) + "\n" + "".join(",".join(map(str, row.values())) + "\n" for row in ROWS))


def as_json_lines(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))


def as_parquet(path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)


@pytest.mark.parametrize("save", [as_csv, as_json_lines, as_parquet])
def test_tables_of_events_are_read(save: Callable[[Path], None], tmp_path: Path) -> None:
    save(tmp_path / "log")
    log = read_events(tmp_path / "log")
    assert log.events == WANTED
    assert log.report == [
        "log: 1 impressions, 1 clicks, 1 carts, 1 purchases read.",
        "1 events were left out for want of a query or a product.",
        "1 events were of other kinds: hover (1).",
    ]


def write(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_positions_from_0_are_counted_from_1(tmp_path: Path) -> None:
    rows = [{"q": "lamp", "sku": f"p{place}", "type": "click", "rank": place} for place in range(3)]
    assert [each.position for each in read_events(write(tmp_path / "log", *rows))] == [1, 2, 3]


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "log", {"what": "lamp", "article": "p1", "did": "buy", "type": "x"})
    log = read_events(path, columns={"query": "what", "product_id": "article", "kind": "did"})
    assert log.events == [SearchEvent("lamp", "p1", PURCHASE)]


def test_our_own_events_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "log",
        {"kind": "search", "query": "desk lamp", "at": "2026-01-07T19:39:49Z", "session": "s1"},
        {"kind": "click", "product_id": "p1", "query": "desk lamp", "at": "2026-01-07T19:40:00Z", "session": "s1"},
        {"kind": "add_to_cart", "product_id": "p1", "at": "2026-01-07T19:41:00Z", "session": "s1"},
    )
    assert [(each.query, each.kind, each.user) for each in read_events(path)] == [
        ("desk lamp", CLICK, "s1"),
        ("desk lamp", CART, "s1"),
    ]


def test_a_purchase_takes_query_and_place_of_its_users_latest_click_on_the_product(tmp_path: Path) -> None:
    path = write(
        tmp_path / "log",
        {"query": "", "product": "p1", "event": "purchase", "user": "u", "time": 9},
        {"query": "old", "product": "p1", "event": "click", "user": "u", "position": 1, "time": 1},
        {"query": "lamp", "product": "p1", "event": "click", "user": "u", "position": 4, "time": 5},
        {"query": "boot", "product": "p1", "event": "click", "user": "v", "position": 2, "time": 6},
        {"query": "later", "product": "p1", "event": "click", "user": "u", "position": 3, "time": 10},
    )
    assert read_events(path).events[0] == SearchEvent("lamp", "p1", PURCHASE, 4, "u", 9.0)


def test_events_and_queries_of_ubi_are_joined(tmp_path: Path) -> None:
    event = {"query_id": "1", "client_id": "c", "timestamp": "2025-01-01T00:00:00Z"}
    about = {"object": {"object_id": "p1"}, "position": {"ordinal": 0}}
    path = write(
        tmp_path / "log",
        {"index": {"_index": "ubi_events"}},
        {**event, "action_name": "click", "event_attributes": about},
        {**event, "action_name": "search", "event_attributes": None},
        {"index": {"_index": "ubi_queries"}},
        {"query_id": "1", "user_query": "desk  lamp"},
    )
    assert read_events(path).events == [SearchEvent("desk lamp", "p1", CLICK, 1, "c", 1735689600.0)]


def test_a_real_file_of_ubi_is_read(shared_data: Callable[[str], Path]) -> None:
    log = read_events(shared_data("esci_format") / "ubi_queries_events.ndjson")
    assert log.report[0] == "ubi_queries_events.ndjson: 1,932 impressions, 267 clicks, 207 carts read."
    assert min(each.position for each in log if each.position is not None) == 1


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [{"query": "lamp", "product_id": "p1", "when": "x"}],
            "{path}: wanted a column for kind, such as kind, event, event_type; found query, product_id, when; say"
            " which it is with columns={{'kind': NAME}}",
        ),
        (
            [{"query": "lamp", "product_id": "p1", "event": "hover"}],
            "{path}: wanted clicks, carts or purchases with a query and a product, found none in 1 events of the kinds"
            " hover",
        ),
        (
            [{"query": "lamp", "product_id": "p1", "event": "impression"}],
            "{path}: wanted clicks, carts or purchases with a query and a product, found none in 1 events",
        ),
        ([], "{path}: wanted a file with searches and clicks, got an empty file; export it again"),
    ],
)
def test_bad_input_gets_a_sentence(rows: list[dict[str, object]], sentence: str, tmp_path: Path) -> None:
    path = write(tmp_path / "log", *rows)
    with pytest.raises(SignalError) as caught:
        read_events(path)
    assert str(caught.value) == sentence.format(path=path)


@pytest.mark.parametrize(
    "written",
    [
        1735689600, 1735689600000, "1735689600", "2025-01-01T00:00:00Z", "2025-01-01 00:00:00", "2025-01-01",
        "2025-01-01T02:00:00+02:00", datetime(2025, 1, 1), datetime(2025, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
    ],
)  # fmt: skip
def test_times_are_read_in_every_form(written: object) -> None:
    assert seconds(written) == 1735689600.0


@pytest.mark.parametrize("written", [None, "", "yesterday", float("nan")])
def test_what_is_no_time_is_none(written: object) -> None:
    assert seconds(written) is None


def test_a_log_is_cut_by_date() -> None:
    events = [
        SearchEvent("lamp", f"p{day}", CLICK, time=datetime(2026, 1, day, tzinfo=UTC).timestamp())
        for day in range(1, 11)
    ]
    moment = moment_of_share(events, 0.8)
    assert moment == datetime(2026, 1, 9, tzinfo=UTC)
    assert (before(events, moment), after(events, moment)) == (events[:8], events[8:])


def test_a_log_without_times_cannot_be_cut() -> None:
    with pytest.raises(SignalError) as caught:
        before([SearchEvent("lamp", "p1", CLICK)], datetime(2026, 1, 1, tzinfo=UTC))
    assert str(caught.value) == (
        "events: wanted a time for each event, to cut the log by date, got none for a click of 'lamp'; bring a column"
        " with times"
    )
