"""What a shop writes besides products: written in one step, seen by all, dumped and restored."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index import Store, StoreError, change_documents, dump_store, restore_store
from shelfwise.index.store import schema, settings
from shelfwise.index.store.documents import change_kinds, documents_of

Opens = Callable[..., Store]
pytestmark = pytest.mark.both_databases


def put(store: Store, kind: str, **documents: str | None) -> int:
    return change_documents(store, kind, lambda now: documents)


def test_documents_are_seen_by_kind_and_key(open_store: Opens) -> None:
    store = open_store()
    before = store.view.change
    assert put(store, "page", b="2", a="1") == 2 and put(store, "rule", a="3") == 1
    assert store.view.documents == {"page": {"a": "1", "b": "2"}, "rule": {"a": "3"}}
    assert store.view.change == before + 2
    assert put(store, "page", a=None, b="4", c=None) == 3
    assert store.view.documents == {"page": {"b": "4"}, "rule": {"a": "3"}}


def test_a_change_that_changes_nothing_is_no_change(open_store: Opens) -> None:
    store = open_store()
    before = store.view.change
    assert put(store, "page") == 0 and store.view.change == before


def test_a_change_is_made_of_what_stands_there(open_store: Opens) -> None:
    one, other = open_store(), open_store()
    put(one, "count", n="0")

    def add(store: Store) -> None:
        for _ in range(20):
            change_documents(store, "count", lambda now: {"n": str(int(now["n"]) + 1)})

    threads = [threading.Thread(target=add, args=(each,)) for each in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.refresh()
    assert one.view.documents["count"] == {"n": "40"}


def test_a_change_that_fails_writes_nothing(open_store: Opens) -> None:
    store = open_store()
    put(store, "page", a="1")

    def fail(now: Mapping[str, str]) -> dict[str, str | None]:
        raise StoreError("no")

    with pytest.raises(StoreError, match=r"^no$"):
        change_documents(store, "page", fail)
    assert store.view.documents == {"page": {"a": "1"}}


def test_another_process_sees_it_a_moment_later(open_store: Opens) -> None:
    one, other = open_store(), open_store()
    put(one, "page", a="1")
    end = time.monotonic() + 10
    while not other.view.documents and time.monotonic() < end:
        time.sleep(0.02)
    assert other.view.documents == {"page": {"a": "1"}}


def test_they_stay_through_generations_and_openings(open_store: Opens, lamps: Callable[..., Any]) -> None:
    store = open_store()
    put(store, "page", a="1")
    store.put(lamps(3))
    store.settle()
    store.build_generation()
    assert store.view.documents == {"page": {"a": "1"}}
    assert open_store().view.documents == {"page": {"a": "1"}}


def test_histories_are_read_by_the_beginnings_of_their_keys_and_held_in_no_view(open_store: Opens) -> None:
    store, written = open_store(), {"a\n1": "1", "a\n2": "2", "ab\n1": "3", "a%\n1": "4", "é\n1": "5"}
    assert documents_of(store, "rule-history") == {}
    heard: list[Mapping[str, str]] = []

    def change(now: Mapping[str, Any], read: Callable[[str, str], Mapping[str, str]]) -> dict[str, dict[str, str]]:
        assert "rule-history" not in now
        heard.append(read("rule-history", "a\n"))
        return {"rule": {"a": "6"}, "rule-history": written}

    change_kinds(store, change), change_kinds(store, change)
    assert heard == [{}, {"a\n1": "1", "a\n2": "2"}]
    assert store.view.documents == open_store().view.documents == {"rule": {"a": "6"}}
    assert list(documents_of(store, "rule-history")) == sorted(written)
    for begins, found in (("a\n", ["a\n1", "a\n2"]), ("é", ["é\n1"]), ("a%", ["a%\n1"]), ("b", [])):
        assert list(documents_of(store, "rule-history", begins)) == found
    assert documents_of(store, "rule") == {"a": "6"} and documents_of(store, "rul") == {}


def test_a_dump_holds_them(open_store: Opens, tmp_path: Path) -> None:
    put(open_store(), "page", a="1", b="2")
    put(open_store(), "rule-history", c="3")
    dump_store(open_store(), tmp_path / "dump.zip")
    restore_store(tmp_path / "dump.zip", tmp_path / "copy")
    copy = Store.open(tmp_path / "copy")
    assert copy.view.documents == {"page": {"a": "1", "b": "2"}}
    assert documents_of(copy, "rule-history") == {"c": "3"}
    copy.close()


def test_a_store_of_format_1_has_no_place_for_them(open_store: Opens) -> None:
    store = open_store()
    with store.database.write() as connection:
        schema.documents.drop(connection)
        settings.set_fact(connection, "format", "1")
    with pytest.raises(StoreError, match="it has format 1, which holds products alone; upgrade it first"):
        put(store, "page", a="1")
    assert documents_of(store, "rule-history") == {}
