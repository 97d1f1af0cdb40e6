"""Each hook in turn fails in each way, and no request does.

python tests/long/chaos.py --requests 500

In the caller's thread hooks raise, hold the interpreter, give rubbish, give a million things and ask the shop again; in
threads of their own they raise and sleep. Every request must be answered and say what was left out.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from claims import MEMORY, Run, percentile
from shelfwise.plugin import Event, Product, Request, Shop, hookimpl

DEADLINE = 0.05  # seconds, of isolated hooks
MORE = 0.02  # seconds that an isolated call may take beyond
SLEEP = 10.0
HOOKS = ("prepare_query", "mandatory_filters", "user_history", "live_offers", "on_results", "on_event")
SILENT = ("on_results", "on_event")  # what they give, nobody reads


def raises(shop: Shop) -> Any:
    """As a lost connection does."""
    raise ConnectionError("the database is gone")


def sleeps(shop: Shop) -> Any:
    """As a service does that does not answer."""
    time.sleep(SLEEP)


def holds(shop: Shop) -> Any:
    """Holds the interpreter for longer than is allowed."""
    until = time.perf_counter() + 0.04
    while time.perf_counter() < until:
        pass


def rubbish(shop: Shop) -> Any:
    """What no hook gives."""
    return object()


def million(shop: Shop) -> Any:
    """More than anybody wants."""
    return range(1_000_000)


def asks(shop: Shop) -> Any:
    """Asks the shop for an answer of its own."""
    shop.search("lamp", user_id="ann")


IN_THREAD = (raises, holds, rubbish, million, asks)
ISOLATED = (raises, sleeps, rubbish)


def plugin(hook: str, does: Callable[[Shop], Any], isolated: bool, shop: list[Shop]) -> Any:
    """A plugin of one hook that does this."""
    names = {
        "prepare_query": lambda request: does(shop[0]),
        "mandatory_filters": lambda request: does(shop[0]),
        "user_history": lambda request: does(shop[0]),
        "live_offers": lambda product_ids: does(shop[0]),
        "on_results": lambda results: does(shop[0]),
        "on_event": lambda event: does(shop[0]),
    }
    function: Any = names[hook]
    function.__name__ = hook
    marked = hookimpl(isolated=isolated, seconds=DEADLINE if isolated else None)(function)
    return type("Chaos", (), {"name": "chaos", hook: staticmethod(marked)})()


def one(
    run: Run, store: Path, hook: str, does: Callable[[Shop], Any], isolated: bool, options: argparse.Namespace
) -> list[Any]:
    """One hook that fails in one way: the figures of its requests."""
    about: list[Shop] = []
    took, failed, silent, called = [], 0, 0, 0
    with Shop.open(store, maintain=False, plugins=[plugin(hook, does, isolated, about)]) as shop:
        about.append(shop)
        shop.store.view  # noqa: B018 - loads what the first request would
        before = threading.active_count()
        for at in range(options.requests):
            request = Request(f"lamp {at % 7}", user_id="ann")
            began = time.perf_counter()
            try:
                answer = shop.answer(replace(request))
                if hook == "on_event":
                    shop.record(Event("view", product_id="1"))
                silent += hook != "on_event" and not answer.degraded
            except Exception as error:
                failed += 1
                run.says(f"{hook} {does.__name__}: {type(error).__name__}: {error}")
            took.append(time.perf_counter() - began)
        more = threading.active_count() - before
        called = int(shop.calls.counts()[f"chaos {hook}"]["calls"])
    name = f"{hook} {does.__name__}{', isolated' if isolated else ''}"
    run.claim(f"{name}: no request fails", not failed, f"{failed} did")
    run.claim(f"{name}: threads do not pile up", more <= 4, f"{more} more")
    failing = does in (raises, sleeps) or (does is rubbish and hook not in SILENT)
    if failing or does is holds:
        run.claim(f"{name}: the breaker opens after three", called <= 3, f"it was called {called} times")
    if failing and hook != "on_event":
        run.claim(f"{name}: each answer says so", not silent, f"{silent} did not")
    if isolated and not options.no_clock:
        p99 = percentile(took, 99)
        run.claim(f"{name}: p99 is at most the deadline and 20 ms", p99 <= DEADLINE + MORE, f"{1_000 * p99:.1f} ms")
    figures = (f"{1_000 * percentile(took, percent):.1f}" for percent in (50, 99, 100))
    return [name, f"{options.requests}", *figures, called]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=500, help="of each hook and way to fail")
    parser.add_argument("--no-clock", action="store_true", help="claim nothing about times")
    return parser.parse_args(arguments)


def main() -> int:
    """Fails in all ways, prints, and says whether all was well."""
    options = parse()
    logging.getLogger("shelfwise").setLevel(logging.CRITICAL)
    run = Run(f"Chaos: each hook fails in each way, {options.requests} requests each")
    rows = []
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        store = Path(folder) / "store"
        with Shop.open(store, encoder="hashing") as shop:
            shop.upsert(Product(str(at), f"Desk lamp {at}", price=at + 1, stock=2) for at in range(200))
        for isolated, ways in ((False, IN_THREAD), (True, ISOLATED)):
            for hook in HOOKS:
                rows += [one(run, store, hook, does, isolated, options) for does in ways]
    run.table("One request, ms", ("", "requests", "p50", "p99", "most", "calls of the hook"), rows)
    return run.end()


if __name__ == "__main__":
    raise SystemExit(main())
