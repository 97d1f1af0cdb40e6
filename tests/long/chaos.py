"""Each hook in turn, a source and a stage misbehave in each way, and no request fails.

python tests/long/chaos.py --requests 500

In the caller's thread they raise, loop, hold the interpreter in one call, give rubbish, give a million things and ask
the shop again; isolated hooks also sleep for ten seconds, or are late at every single request. Every request must be
answered, show what it may, and say what was left out.
"""

from __future__ import annotations

import argparse
import gc
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from claims import MEMORY, Run, percentile
from shelfwise.plugin import Event, HookLimits, Product, Request, Shop, hookimpl
from shelfwise.plugin.candidates import Candidates
from shelfwise.plugin.pipeline import Phase, Proposal

DEADLINE = 0.05  # seconds, of isolated hooks
MORE = 0.02  # seconds that an isolated call may take beyond
POOL = 4  # threads of a plugin
REST = 30.0  # seconds
BUSY = 0.06  # seconds, twice what a hook is allowed
SLEEP = 10.0
DRAG = 0.12  # seconds: beyond the deadline, and over before the pool is full
PRODUCTS = 200
HOOKS = ("prepare_query", "mandatory_filters", "user_history", "live_offers", "on_results", "on_event")
PARTS = ("source", "scores", "stage", "required stage")
UNREAD = ("on_results", "on_event")  # what they give, nobody reads
CLOSED = ("mandatory_filters", "live_offers", "required stage")  # where they fail, nothing is shown

# ---- what they do ------------------------------------------------------------------------------------------------

FINE = object()  # what a well-behaved one would give here


@dataclass
class Case:
    """One place that misbehaves in one way, and what came of it."""

    place: str
    way: str
    isolated: bool = False
    rests: bool = True  # whether the breaker keeps it from being called
    shop: Shop | None = None
    inner: int = 0  # answers that it asked for itself
    inner_silent: int = 0  # of those, that do not say that it was left out
    took: list[float] = field(default_factory=list)  # seconds
    failed: int = 0
    degraded: int = 0  # answers
    silent: int = 0  # answers that do not say what was left out, or say what was not
    shown: int = 0  # answers that show what could not be judged, or nothing where the rest was there
    calls: int = 0
    threads: int = 0  # at most, beside those that there were

    @property
    def name(self) -> str:
        """For a person."""
        return f"{self.place} {self.way}{', isolated' * self.isolated}{', no rest' * (not self.rests)}"

    @property
    def told(self) -> str:
        """What `degraded` calls it."""
        return f"{self.place} of chaos" if self.place in HOOKS else "chaos"

    @property
    def counted(self) -> str:
        """What the shop's counts call it."""
        return f"chaos {COUNTED.get(self.place, self.place)}"

    @property
    def fails(self) -> bool:
        """Whether each of its calls is a failure, whatever the time."""
        if self.way in ("rubbish", "million"):
            return self.place not in UNREAD and (self.way == "rubbish" or self.place in REFUSED)
        return self.way in ("raises", "sleeps", "drags")

    @property
    def overruns(self) -> bool:
        """Whether each of its calls takes too long."""
        return self.way in ("loops", "holds") and not self.isolated

    def misbehave(self) -> Any:
        """Does it."""
        return WAYS[self.way](self)


COUNTED = {"source": "source chaos", "scores": "scores of source chaos"} | dict.fromkeys(PARTS[2:], "stage chaos")
REFUSED = ("prepare_query", "mandatory_filters", *PARTS)  # where a million of anything is no answer


def raises(case: Case) -> Any:
    """As a lost connection does."""
    raise ConnectionError("the database is gone")


def sleeps(case: Case) -> Any:
    """As a service does that does not answer."""
    time.sleep(SLEEP)
    return FINE


def drags(case: Case) -> Any:
    """As a service does that answers late, each time."""
    time.sleep(DRAG)
    return FINE


def loops(case: Case) -> Any:
    """Python that runs for too long."""
    until = time.perf_counter() + BUSY
    while time.perf_counter() < until:
        pass
    return FINE


def calibrated() -> int:
    """How far to sum in one call, during which no other thread runs, for at least that time."""
    count, best = 500_000, float("inf")
    for _ in range(5):
        began = time.perf_counter()
        sum(range(count))
        best = min(best, time.perf_counter() - began)
    return int(count * BUSY / best)


FAR = calibrated()


def holds(case: Case) -> Any:
    """One call that keeps the interpreter."""
    sum(range(FAR))
    return FINE


def rubbish(case: Case) -> Any:
    """What nobody wants."""
    return object()


IDS = [f"p{at}" for at in range(1_000_000)]
MANY = np.arange(1_000_000)
MILLION: dict[str, Any] = {
    "prepare_query": IDS,
    "mandatory_filters": {"id": {"not": IDS}},
    "user_history": IDS,
    "live_offers": {key: {"stock": 1} for key in IDS},
    "on_results": IDS,
    "on_event": IDS,
    "source": [Proposal(MANY, np.ones(len(MANY), np.float32))],
    "scores": np.zeros(len(MANY), np.float32),
    "stage": Candidates(MANY, {}),
    "required stage": Candidates(MANY, {}),
}


def million(case: Case) -> Any:
    """More than anybody wants."""
    return MILLION[case.place]


def asks(case: Case) -> Any:
    """Asks the shop for an answer of its own."""
    assert case.shop is not None
    answer = case.shop.search("lamp", user_id="ann")
    case.inner += 1
    case.inner_silent += case.told not in answer.degraded
    return FINE


WAYS: dict[str, Callable[[Case], Any]] = {
    each.__name__: each for each in (raises, sleeps, drags, loops, holds, rubbish, million, asks)
}
IN_THREAD = ("raises", "loops", "holds", "rubbish", "million", "asks")
ISOLATED = ("raises", "sleeps", "rubbish", "million", "asks")
TRIED = ("drags", "sleeps")

# ---- where they do it --------------------------------------------------------------------------------------------


class Source:
    """Proposes nothing, or one product and scores it; one of the two misbehaves."""

    name, weight = "chaos", 1.0

    def __init__(self, case: Case) -> None:
        self.case = case

    def propose(self, asked: Sequence[Any]) -> Any:
        if self.case.place == "scores":
            return [Proposal(np.array([0]), np.ones(1, np.float32))] * len(asked)
        made = self.case.misbehave()
        return [None] * len(asked) if made is FINE else made

    def score(self, asked: Any, rows: Any) -> Any:
        made = self.case.misbehave()
        return np.zeros(len(rows), np.float32) if made is FINE else made


class Stage:
    """Leaves all as it is, in its way."""

    name, phase, order = "chaos", Phase.MERCHANDISE, 50

    def __init__(self, case: Case) -> None:
        self.case, self.required = case, case.place == "required stage"

    def __call__(self, asked: Any, candidates: Candidates) -> Any:
        made = self.case.misbehave()
        return candidates if made is FINE else made


def plugin(case: Case) -> Any:
    """A plugin of one hook, which misbehaves or brings what does."""

    def hook() -> Any:
        made = case.misbehave()
        return None if made is FINE else made

    functions: dict[str, Callable[..., Any]] = {
        "source": lambda: [Source(case)],
        "scores": lambda: [Source(case)],
        "stage": lambda: [Stage(case)],
        "required stage": lambda: [Stage(case)],
    }
    function = functions.get(case.place, hook)
    name = case.place if case.place in HOOKS else f"register_{'stages' if 'stage' in case.place else 'sources'}"
    function.__name__ = name
    marked = hookimpl(isolated=case.isolated, seconds=DEADLINE if case.isolated else None)(function)
    return type("Chaos", (), {"name": "chaos", name: staticmethod(marked)})()


# ---- running -----------------------------------------------------------------------------------------------------


def ask(case: Case, shop: Shop, request: Request) -> None:
    """One request, and what is noted of it."""
    before = calls_of(case, shop)
    began = time.perf_counter()
    answer = shop.answer(replace(request))
    if case.place == "on_event":
        shop.record(Event("view", product_id="1"))
    case.took.append(time.perf_counter() - began)
    case.degraded += bool(answer.degraded)
    left_out = case.fails or calls_of(case, shop) == before
    says = case.told in answer.degraded
    # An event belongs to no answer that could say so.
    case.silent += (left_out and not says and case.place != "on_event") or bool({*answer.degraded} - {case.told})
    case.shown += bool(answer.ids) is (case.place in CLOSED and says)


def calls_of(case: Case, shop: Shop) -> int:
    """How often it was called."""
    return int(shop.calls.counts().get(case.counted, {"calls": 0})["calls"])


def run_case(run: Run, store: Path, case: Case, requests: int) -> Case:
    """All requests of one case, against a shop of its own."""
    limits = HookLimits(rest=REST if case.rests else 0.0, pool=POOL)
    before = {*threading.enumerate()}
    with Shop.open(store, maintain=False, plugins=[plugin(case)], limits=limits) as shop:
        case.shop = shop
        shop.store.view  # noqa: B018 - loads what the first request would
        before |= {*threading.enumerate()}  # with the one that follows the store
        for at in range(requests):
            try:
                ask(case, shop, Request(f"lamp {at % 7}", user_id="ann"))
            except Exception as error:
                case.failed += 1
                run.says(f"{case.name}: {type(error).__name__}: {error}")
            case.threads = max(case.threads, len({*threading.enumerate()} - before))
        case.calls = calls_of(case, shop)
    case.shop = None
    if case.way != "sleeps":  # what still works must not slow the next case down
        for thread in {*threading.enumerate()} - before:
            thread.join(60)
    return case


def cases() -> Iterator[tuple[str, list[Case]]]:
    """All of them, by where they run."""
    yield "In the caller's thread", [Case(place, way) for place in (*HOOKS, *PARTS) for way in IN_THREAD]
    yield "Isolated", [Case(place, way, True) for place in HOOKS for way in ISOLATED]
    # The breaker would leave three calls. Without its rest each one is too late, or finds no thread that is free.
    yield "Isolated, tried at each request", [Case(place, way, True, False) for way in TRIED for place in HOOKS]


def claim(run: Run, done: Sequence[Case], clock: bool) -> None:
    """What must hold of all cases; those are named of which it does not."""

    def all_of(sentence: str, some: Sequence[Case], wrong: Callable[[Case], object]) -> None:
        broken = [f"{case.name} ({wrong(case)})" for case in some if wrong(case)]
        if some:
            run.claim(f"{sentence} ({len(some)} cases)", not broken, ", ".join(broken))

    opens = [case for case in done if case.rests and (case.fails or case.overruns)]
    all_of("no request fails", done, lambda case: case.failed)
    all_of("each answer says what was left out, and nothing else", done, lambda case: case.silent)
    all_of("where what judges fails nothing is shown, else the rest", done, lambda case: case.shown)
    # After its rest it is tried once more, in a run that takes so long.
    all_of(
        "the breaker opens after three",
        opens,
        lambda case: case.calls if case.calls > 3 + sum(case.took) // REST else 0,
    )
    all_of(
        "threads do not pile up",
        done,
        lambda case: case.threads if case.threads > POOL * case.isolated else 0,
    )
    all_of(
        "an answer that a hook asks for itself says that the hook was left out",
        [case for case in done if case.way == "asks" and case.place != "on_event"],
        lambda case: case.inner_silent or not case.inner,
    )
    if clock:
        isolated = [case for case in done if case.isolated]
        all_of(
            f"p99 of isolated ones is at most their {DEADLINE * 1_000:.0f} ms and {MORE * 1_000:.0f}",
            isolated,
            lambda case: milliseconds(case, 99) if percentile(case.took, 99) > DEADLINE + MORE else "",
        )
        all_of(
            "where it is late each time, each request waits for its time",
            [case for case in isolated if case.way == "drags"],
            lambda case: milliseconds(case, 50) if percentile(case.took, 50) < DEADLINE else "",
        )


def milliseconds(case: Case, percent: float) -> str:
    """Of one request."""
    return f"{1_000 * percentile(case.took, percent):.1f}" if case.took else ""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=500, help="of each place and way to misbehave")
    parser.add_argument("--only", default="", help="cases with this in their name alone")
    parser.add_argument("--no-clock", action="store_true", help="claim nothing about times")
    return parser.parse_args(arguments)


def main() -> int:
    """Misbehaves in all ways, prints, and says whether all was well."""
    options = parse()
    logging.getLogger("shelfwise").setLevel(logging.CRITICAL)
    gc.freeze()  # millions of objects of this script's own, which no collection need look through
    run = Run(f"Chaos: each place misbehaves in each way, {options.requests} requests each")
    done: list[Case] = []
    head = ("", "requests", "failed", "p50, ms", "p99", "most", "degraded", "calls", "threads")
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        store = Path(folder) / "store"
        with Shop.open(store, encoder="hashing") as shop:
            shop.upsert(Product(str(at), f"Desk lamp {at}", price=at + 1, stock=2) for at in range(PRODUCTS))
        for title, some in cases():
            made = [run_case(run, store, case, options.requests) for case in some if options.only in case.name]
            rows = [
                (
                    *(case.name, options.requests, case.failed, *(milliseconds(case, each) for each in (50, 99, 100))),
                    *(case.degraded, case.calls, case.threads),
                )
                for case in made
            ]
            if rows:
                run.table(title, head, rows)
            done += made
    claim(run, done, clock=not options.no_clock)
    return run.end()


if __name__ == "__main__":
    raise SystemExit(main())
