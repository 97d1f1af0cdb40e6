from __future__ import annotations

import threading

import pytest
from shelfwise.index import courtesy


def test_a_thread_whose_work_can_wait_pauses_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[str] = []
    monkeypatch.setattr(courtesy.time, "sleep", lambda seconds: pauses.append(threading.current_thread().name))
    found: list[list[int]] = []

    def work() -> None:
        courtesy.give_way()
        found.append(list(courtesy.politely(range(10), 4)))

    thread = threading.Thread(target=work, name="in the background")
    thread.start()
    thread.join()
    found.append(list(courtesy.politely(iter(range(10)), 4)))
    assert found == [list(range(10))] * 2
    assert pauses == ["in the background"] * 3
