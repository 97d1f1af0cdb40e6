"""How hooks are called: one by one, within their time, and what becomes of those that fail."""

from __future__ import annotations

import contextvars
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from shelfwise.plugin import hook_calls
from shelfwise.plugin.hook_calls import NO_LIMITS, Answer, HookCalls, HookFailure, HookLimits
from shelfwise.plugin.hooks import Plugins, hookimpl

SHOP_TURN: contextvars.ContextVar[str] = contextvars.ContextVar("turn", default="nobody")


class Listener:
    """A plugin whose hook does what it is told."""

    def __init__(self, name: str, does: Callable[[Any], Any]) -> None:
        self.name, self.does = name, does

    @hookimpl
    def on_event(self, event: Any) -> Any:
        return self.does(event)


class Isolated(Listener):
    """The same in a thread of its own."""

    @hookimpl(isolated=True, seconds=0.05)
    def on_event(self, event: Any) -> Any:
        return self.does(event)


class Clock:
    """A clock that the test sets."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(hook_calls, "monotonic", made)
    monkeypatch.setattr(hook_calls, "perf_counter", made)
    return made


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What isolated calls wait for; opened behind the test."""
    made = threading.Event()
    yield made
    made.set()


def calls(*plugins: object, limits: HookLimits | None = None, strict: bool = False) -> HookCalls:
    taking_part = Plugins()
    taking_part.add_named(plugins)
    return HookCalls(taking_part, limits, strict)


def ask(made: HookCalls, event: Any = None, **more: Any) -> list[Answer]:
    return made.call("on_event", made.budget(), event=event, **more)


def fails(_: Any) -> None:
    raise ValueError("no such table")


# ---- each on its own ---------------------------------------------------------------------------------------------


def test_each_answers_in_order_and_one_that_fails_costs_its_own_answer() -> None:
    made = calls(Listener("c", lambda event: event), Listener("b", fails), Listener("a", lambda event: event * 2))
    assert ask(made, 2) == [Answer("a", 4), Answer("b", failure="ValueError: no such table"), Answer("c", 2)]


@pytest.mark.parametrize("error", [SystemExit(2), RecursionError("deep"), MemoryError()])
@pytest.mark.parametrize("kind", [Listener, Isolated])
def test_no_kind_of_failure_gets_through(kind: type[Listener], error: BaseException) -> None:
    def does(_: Any) -> None:
        raise error

    (answer,) = ask(calls(kind("a", does)))
    assert answer.failure is not None and type(error).__name__ in answer.failure


def test_ctrl_c_in_a_hook_is_the_callers() -> None:
    def does(_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(calls(Listener("a", does)))


def test_what_cannot_be_read_is_a_failure_of_the_plugin_and_trips_the_breaker() -> None:
    made = calls(Listener("a", lambda event: event))
    assert ask(made, "7", read=int) == [Answer("a", 7)]
    said = [ask(made, "x", read=int)[0].failure for _ in range(4)]
    assert said[:3] == ["ValueError: invalid literal for int() with base 10: 'x'"] * 3
    assert said[3] == "it rests after failures"


# ---- the breaker -------------------------------------------------------------------------------------------------


def test_after_three_failures_a_hook_rests_and_is_then_tried_once(clock: Clock) -> None:
    heard: list[int] = []

    def does(event: int) -> None:
        heard.append(event)
        raise ValueError("still broken")

    made = calls(Listener("a", does))
    for event in range(5):
        ask(made, event)
    assert heard == [0, 1, 2]
    clock.now += 29.9
    assert ask(made, 5)[0].failure == "it rests after failures" and heard == [0, 1, 2]
    clock.now += 0.2
    ask(made, 6), ask(made, 7)
    assert heard == [0, 1, 2, 6]


def test_a_trial_that_goes_well_ends_the_rest(clock: Clock) -> None:
    broken = True

    def does(event: int) -> int:
        if broken:
            raise ValueError
        return event

    made = calls(Listener("a", does))
    for event in range(3):
        ask(made, event)
    broken = False
    clock.now += 31
    assert [ask(made, event)[0].value for event in (1, 2)] == [1, 2]
    broken = True
    assert [ask(made, event)[0].failure for event in range(3)] == ["ValueError"] * 3  # three more are needed


def test_while_one_caller_tries_the_others_do_not_wait_for_it(clock: Clock) -> None:
    made = calls(Listener("a", fails))
    for _ in range(3):
        ask(made)
    clock.now += 31
    inner: list[Answer] = []
    other = threading.Thread(target=lambda: inner.extend(ask(made)))

    def does(_: Any) -> str:
        other.start()
        other.join()
        return "well"

    made.plugins.manager.get_plugin("a").does = does
    assert ask(made) == [Answer("a", "well")]
    assert inner == [Answer("a", failure="it rests after failures")]


def test_three_overruns_count_as_failures_though_what_was_said_is_used(clock: Clock) -> None:
    def slow(event: int) -> int:
        clock.now += 0.031
        return event

    made = calls(Listener("a", slow))
    assert [ask(made, event)[0].value for event in (1, 2, 3)] == [1, 2, 3]
    assert ask(made, 4) == [Answer("a", failure="it rests after failures")]


def test_a_success_between_failures_starts_the_count_again() -> None:
    made = calls(Listener("a", lambda event: 1 / event))
    for event in (0, 0, 1, 0, 0, 1, 0, 0):
        ask(made, event)
    assert ask(made, 2)[0].value == 0.5


def test_one_hook_of_a_plugin_rests_and_its_others_go_on() -> None:
    class Two(Listener):
        @hookimpl
        def on_results(self) -> str:
            return "heard"

    made = calls(Two("a", fails))
    for _ in range(4):
        ask(made)
    assert made.call("on_results", made.budget()) == [Answer("a", "heard")]


def test_our_own_parts_do_not_rest() -> None:
    made = calls()
    said = [made.guard("shelfwise.sources", "source words", made.budget(), lambda: 1 / 0).failure for _ in range(5)]
    assert said == ["ZeroDivisionError: division by zero"] * 5


# ---- time --------------------------------------------------------------------------------------------------------


def test_when_the_time_of_a_request_is_over_the_other_hooks_are_skipped(clock: Clock) -> None:
    def slow(event: Any) -> str:
        clock.now += 0.08
        return "said"

    made = calls(*(Listener(name, slow) for name in "abc"))
    assert ask(made) == [
        Answer("a", "said"),
        Answer("b", "said"),
        Answer("c", failure="the time for the hooks of a request was over"),
    ]
    assert ask(made, required=True)[2].value == "said"


def test_our_own_work_takes_nothing_from_the_time_of_the_hooks(clock: Clock) -> None:
    made = calls(Listener("a", lambda event: "said"))
    budget = made.budget()

    def long() -> None:
        clock.now += 5

    made.guard("shelfwise.sources", "source words", budget, long)
    assert made.call("on_event", budget, event=None) == [Answer("a", "said")]


def test_without_limits_a_hook_may_take_its_time(clock: Clock) -> None:
    def slow(event: int) -> int:
        clock.now += 60
        return event

    made = calls(Listener("a", slow), Isolated("b", slow), limits=NO_LIMITS)
    for _ in range(5):
        assert [each.value for each in ask(made, 1)] == [1, 1]


def test_an_isolated_call_is_left_behind_at_its_deadline(gate: threading.Event) -> None:
    made = calls(Isolated("a", lambda event: gate.wait(60)))
    assert ask(made) == [Answer("a", failure="HookFailure: it took longer than 50 ms")]


def test_a_call_that_was_left_behind_keeps_its_thread_and_a_full_pool_fails_at_once(gate: threading.Event) -> None:
    made = calls(
        Isolated("slow", lambda event: gate.wait(60)),
        limits=HookLimits(pool=2, failures=100),
    )
    said = [ask(made)[0].failure for _ in range(5)]
    assert said == ["HookFailure: it took longer than 50 ms"] * 2 + ["HookFailure: all 2 of its threads are busy"] * 3
    assert sum(each.name == "shelfwise slow" for each in threading.enumerate()) == 2
    gate.set()
    until = time.monotonic() + 30
    while ask(made)[0].failure and time.monotonic() < until:
        time.sleep(0.01)
    assert ask(made)[0].value is True
    assert sum(each.name == "shelfwise slow" for each in threading.enumerate()) == 2


def test_a_pool_is_its_plugins_own(gate: threading.Event) -> None:
    made = calls(
        Isolated("a", lambda event: gate.wait(60)), Isolated("b", lambda event: "said"), limits=HookLimits(pool=1)
    )
    assert [ask(made)[1] for _ in range(2)] == [Answer("b", "said")] * 2


def test_isolated_calls_know_the_callers_context() -> None:
    made = calls(Isolated("a", lambda event: (SHOP_TURN.get(), threading.current_thread().name)))
    token = SHOP_TURN.set("ann")
    try:
        assert ask(made)[0].value == ("ann", "shelfwise a")
    finally:
        SHOP_TURN.reset(token)


def test_calls_from_within_an_isolated_call_run_in_its_thread() -> None:
    def outer(event: Any) -> Any:
        return made.guard("b", "prepare_query", made.budget(), lambda: threading.current_thread().name, how)

    made = calls(Isolated("a", outer), Isolated("b", lambda event: None), limits=HookLimits(pool=1))
    how = made.implementations("on_event")[1]
    assert ask(made)[0].value == Answer("b", "shelfwise a")


@pytest.mark.parametrize("kind", [Listener, Isolated])
def test_a_hook_is_not_called_from_within_itself(kind: type[Listener]) -> None:
    made = calls(kind("a", lambda event: ask(made)))
    assert ask(made) == [Answer("a", [Answer("a", failure="it was called from within itself")])]
    assert made.counts()["a on_event"]["failed"] == 0


@pytest.mark.parametrize("does", [lambda event: "said", fails, lambda event: time.sleep(0.1)])
def test_isolated_calls_have_a_start_and_an_end_in_their_thread(does: Callable[[Any], Any]) -> None:
    heard: list[tuple[str, str, str, str]] = []
    ended = threading.Event()

    class Listens(Isolated):
        @hookimpl
        def isolated_call_started(self, plugin: str, hook: str) -> None:
            heard.append(("started", plugin, hook, threading.current_thread().name))
            raise ValueError("costs nothing")

        @hookimpl
        def isolated_call_ended(self, plugin: str, hook: str) -> None:
            heard.append(("ended", plugin, hook, threading.current_thread().name))
            ended.set()

    ask(calls(Listens("a", does)))
    assert ended.wait(30)
    assert heard == [(what, "a", "on_event", "shelfwise a") for what in ("started", "ended")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own(gate: threading.Event) -> None:
    made = calls(Isolated("a", lambda event: event or gate.wait(60)), limits=HookLimits(pool=1, failures=100))
    assert ask(made)[0].failure == "HookFailure: it took longer than 50 ms"
    assert ask(made)[0].failure == "HookFailure: all 1 of its threads are busy"
    child = os.fork()
    if child == 0:
        os._exit(0 if ask(made, "said") == [Answer("a", "said")] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_threads_of_a_pool_end_when_it_is_closed(gate: threading.Event) -> None:
    made = calls(Isolated("closing", lambda event: event or gate.wait(60)), limits=HookLimits(failures=100))
    for event in (None, "said", None, "said"):
        ask(made, event)
    running = [each for each in threading.enumerate() if each.name == "shelfwise closing"]
    made.close()
    gate.set()
    for each in running:
        each.join(30)
    assert len(running) == 3 and not any(each.is_alive() for each in running)


# ---- what is said ------------------------------------------------------------------------------------------------


def test_strict_mode_raises_what_the_plugin_raised() -> None:
    with pytest.raises(ValueError, match="no such table"):
        ask(calls(Listener("a", fails), strict=True))
    with pytest.raises(HookFailure):
        ask(calls(Isolated("a", lambda event: time.sleep(0.2)), strict=True))


def test_a_failure_is_logged_once_a_minute_with_the_count(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    made = calls(Listener("a", fails), limits=HookLimits(failures=1_000))
    for _ in range(5):
        ask(made)
    clock.now += 61
    ask(made)
    said = "plugin a: its hook on_event failed, {} times since this was last said: ValueError: no such table"
    assert caplog.messages == [said.format(1), said.format(5)]
    assert all(each.exc_info for each in caplog.records)


def test_calls_failures_and_seconds_are_counted(clock: Clock) -> None:
    def does(event: int) -> float:
        clock.now += 0.01
        return 1 / event

    made = calls(Listener("a", does))
    for event in (1, 0, 1):
        ask(made, event)
    assert made.counts() == {"a on_event": {"calls": 3, "failed": 1, "seconds": pytest.approx(0.03)}}


@pytest.mark.parametrize("setting", ["1", "0", ""])
def test_a_variable_traces_each_call_with_its_time(
    setting: str, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFWISE_TRACE_HOOKS", setting)
    logger = logging.getLogger("shelfwise.hooks")
    monkeypatch.setattr(logger, "level", logging.WARNING)

    def does(event: int) -> float:
        clock.now += 0.0125
        return 1 / event

    made = calls(Listener("a", does))
    ask(made, 1), ask(made, 0)
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.INFO]
    assert told == (["hook on_event of a: 12.50 ms", "hook on_event of a: 12.50 ms, failed"] if setting == "1" else [])
