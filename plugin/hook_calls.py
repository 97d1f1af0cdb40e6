"""Calling hooks while a request is answered: a plugin that fails or dawdles costs its own part and no page."""

from __future__ import annotations

import contextvars
import logging
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, perf_counter
from typing import Any

from ..index import watch_forks
from .hooks import OWN, Implementation, Plugins

logger = logging.getLogger("shelfwise.hooks")

TRACE = "SHELFWISE_TRACE_HOOKS"  # 1: each call is logged with its time


@dataclass(frozen=True)
class HookLimits:
    """How long hooks may take, and what becomes of those that take longer; benchmarks run without."""

    hook: float | None = 0.030  # seconds; None: no limit
    request: float | None = 0.150  # of all hooks of a request together
    failures: int = 3  # in a row, after which a hook of a plugin is not called for a while
    rest: float = 30.0  # seconds, after which it is tried once more
    pool: int = 4  # isolated calls of one plugin at once


NO_LIMITS = HookLimits(hook=None, request=None)


class HookFailure(Exception):
    """A hook gave no usable answer; the sentence says why."""


@dataclass
class Budget:
    """What is left for the hooks of one request, in seconds."""

    left: float | None

    def spend(self, seconds: float) -> None:
        """Takes what a call needed."""
        if self.left is not None:
            self.left -= seconds


@dataclass(frozen=True)
class Answer:
    """What one plugin said, or why it said nothing."""

    plugin: str
    value: Any = None
    failure: str | None = None


@dataclass
class _State:
    """How one hook of one plugin fares."""

    in_a_row: int = 0
    rests_until: float = 0.0
    failed: int = 0
    unsaid: int = 0  # since it was last logged
    said: float = float("-inf")
    calls: int = 0
    seconds: float = 0.0


class HookCalls:
    """Calls the hooks of one shop, from any thread, and keeps count."""

    def __init__(self, plugins: Plugins, limits: HookLimits | None = None, strict: bool = False) -> None:
        self.plugins = plugins
        self.limits = limits or HookLimits()
        self.strict = strict  # raises what a plugin raises: for development
        self._trace = os.environ.get(TRACE, "") not in ("", "0")
        if self._trace:
            logger.setLevel(logging.INFO)
        self._known: dict[str, list[Implementation]] = {}
        self._states: dict[tuple[str, str], _State] = {}
        self._pools: dict[str, _Pool] = {}
        self._lock = threading.Lock()
        watch_forks(self)

    def budget(self) -> Budget:
        """For the hooks of one more request."""
        return Budget(self.limits.request)

    def implementations(self, hook: str) -> list[Implementation]:
        """Those of one hook, in their order."""
        known = self._known.get(hook)
        if known is None:
            known = self._known[hook] = self.plugins.implementations(hook)
        return known

    def call(
        self,
        hook: str,
        budget: Budget,
        required: bool = False,
        read: Callable[[Any], Any] | None = None,
        **arguments: Any,
    ) -> list[Answer]:
        """What each plugin says to a hook. A `required` one is called even where the request's time is over.

        `read` makes of a plugin's value what is wanted; where it raises, the plugin failed. It is part of the call: a
        query set that is lazy is read in the plugin's time and thread.
        """
        return [
            self.guard(each.plugin, hook, budget, partial(_read, each, arguments, read), each, required)
            for each in self.implementations(hook)
        ]

    def guard(
        self,
        plugin: str,
        hook: str,
        budget: Budget,
        work: Callable[[], Any],
        how: Implementation | None = None,
        required: bool = False,
    ) -> Answer:
        """The answer of one piece of a plugin's work, measured; its failure is counted, and logged once a minute."""
        own = plugin.startswith(OWN)
        state = self._state(plugin, hook)
        running = _running.get()
        if (plugin, hook) in running:
            return Answer(plugin, failure="it was called from within itself")
        if budget.left is not None and budget.left <= 0 and not required and not own:
            return Answer(plugin, failure="the time for the hooks of a request was over")
        if not self._may_try(state):
            return Answer(plugin, failure="it rests after failures")
        limit = None if own else (how.seconds if how and how.seconds is not None else self.limits.hook)
        if self.limits.hook is None:
            limit = None
        began = perf_counter()
        value, failed = None, None
        token = _running.set(running | {(plugin, hook)})
        try:
            value = self._isolated(plugin, hook, work, limit) if how and how.isolated else work()
        except (Exception, SystemExit) as error:
            failed = error
        finally:
            _running.reset(token)
            took = perf_counter() - began
            if not own:
                budget.spend(took)
            with self._lock:
                state.calls += 1
                state.seconds += took
        if self._trace:
            logger.info("hook %s of %s: %.2f ms%s", hook, plugin, took * 1_000, ", failed" if failed else "")
        if failed is not None:
            self._note(state, plugin, hook, _sentence(failed), failed)
            if self.strict:
                raise failed
            return Answer(plugin, failure=_sentence(failed))
        if limit is not None and took > limit:
            # What it said is said; but it will not be asked for ever.
            self._note(state, plugin, hook, f"it took {took * 1_000:.0f} ms, {limit * 1_000:.0f} are allowed", None)
        else:
            with self._lock:
                state.in_a_row, state.rests_until = 0, 0.0
        return Answer(plugin, value)

    def counts(self) -> dict[str, dict[str, float]]:
        """Calls, failures and seconds by "plugin hook"."""
        with self._lock:
            return {
                f"{plugin} {hook}": {"calls": each.calls, "failed": each.failed, "seconds": each.seconds}
                for (plugin, hook), each in sorted(self._states.items())
            }

    def _state(self, plugin: str, hook: str) -> _State:
        state = self._states.get((plugin, hook))
        if state is None:
            with self._lock:
                state = self._states.setdefault((plugin, hook), _State())
        return state

    def _may_try(self, state: _State) -> bool:
        """Whether it does not rest. After its rest one caller tries it; the others wait for what becomes of that."""
        if not state.rests_until:
            return True
        now = monotonic()
        with self._lock:
            if state.rests_until > now:
                return False
            if state.rests_until:
                state.rests_until = now + self.limits.rest
            return True

    def _note(self, state: _State, plugin: str, hook: str, why: str, error: BaseException | None) -> None:
        now = monotonic()
        with self._lock:
            state.failed += 1
            state.unsaid += 1
            state.in_a_row += 1
            # Our own parts do not rest: a query that is too much for one must not cost the next its words.
            if state.in_a_row >= self.limits.failures and not plugin.startswith(OWN):
                state.rests_until = now + self.limits.rest  # then one more is enough to rest again
            if now - state.said < 60:
                return
            times, state.unsaid, state.said = state.unsaid, 0, now
        logger.warning("plugin %s: its hook %s failed, %d times since this was last said: %s", plugin, hook, times, why,
                       exc_info=error)  # fmt: skip

    # ---- isolated calls ------------------------------------------------------------------------------------------

    def _isolated(self, plugin: str, hook: str, work: Callable[[], Any], limit: float | None) -> Any:
        if getattr(_inside, "pool", False):
            return work()  # a call from within: another thread could wait for this one for ever
        with self._lock:
            pool = self._pools.get(plugin)
            if pool is None:
                pool = self._pools[plugin] = _Pool(plugin, self.limits.pool)
        job = _Job(self._around(plugin, hook, work), contextvars.copy_context())
        if not pool.submit(job):
            raise HookFailure(f"all {self.limits.pool} of its threads are busy")
        if not job.done.wait(limit):
            raise HookFailure(f"it took longer than {(limit or 0) * 1_000:.0f} ms")
        if job.error is not None:
            raise job.error
        return job.value

    def _around(self, plugin: str, hook: str, work: Callable[[], Any]) -> Callable[[], Any]:
        started = self.implementations("isolated_call_started")
        ended = self.implementations("isolated_call_ended")
        told = {"plugin": plugin, "hook": hook}

        def all_of_it() -> Any:
            try:
                for each in started:
                    _told(each, told)
                return work()
            finally:
                for each in ended:
                    _told(each, told)

        return all_of_it

    def close(self) -> None:
        """Ends the threads of the pools."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def before_fork(self) -> None:
        """Nothing need be at rest."""

    def after_fork(self, child: bool) -> None:
        """Threads stay with the parent."""
        if child:
            self._lock = threading.Lock()
            self._pools = {}


_inside = threading.local()
_running: contextvars.ContextVar[frozenset[tuple[str, str]]] = contextvars.ContextVar("running", default=frozenset())


@dataclass
class _Job:
    work: Callable[[], Any]
    context: contextvars.Context
    done: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    error: Exception | None = None

    def run(self) -> None:
        try:
            self.value = self.context.run(self.work)
        except Exception as error:
            self.error = error
        except BaseException as error:  # SystemExit ends no thread of a pool
            self.error = HookFailure(_sentence(error))


class _Pool:
    """A few threads of one plugin. A call that was given up keeps its thread until it really ends."""

    def __init__(self, plugin: str, size: int) -> None:
        self._plugin = plugin
        self._free = threading.Semaphore(size)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._idle = 0  # threads that wait for a job
        self._lock = threading.Lock()

    def submit(self, job: _Job) -> bool:
        """Whether a thread is free for it."""
        if not self._free.acquire(blocking=False):
            return False
        with self._lock:
            starts = self._idle == 0
            if not starts:
                self._idle -= 1
        if starts:
            try:
                threading.Thread(target=self._work, name=f"shelfwise {self._plugin}", daemon=True).start()
            except RuntimeError:  # there can be no more threads
                self._free.release()
                raise
        self._jobs.put(job)
        return True

    def close(self) -> None:
        """Ends its threads, each as soon as its call ends."""
        self._jobs.put(None)

    def _work(self) -> None:
        _inside.pool = True
        while True:
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)  # for the next thread
                return
            job.run()
            with self._lock:
                self._idle += 1
            self._free.release()
            job.done.set()
            del job


def _read(each: Implementation, arguments: dict[str, Any], read: Callable[[Any], Any] | None) -> Any:
    value = each.call(arguments)
    return value if read is None else read(value)


def _told(each: Implementation, arguments: dict[str, Any]) -> None:
    try:
        each.call(arguments)
    except Exception:
        logger.exception("plugin %s: its hook %s failed", each.plugin, each.hook)


def _sentence(error: BaseException) -> str:
    said = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
