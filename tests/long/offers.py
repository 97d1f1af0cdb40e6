"""Prices and stock change all the time while others search: how long the searches take, and whether they are right.

python tests/long/offers.py --products 80000 --quiet 120 --seconds 600 --burst 80000

Four processes search at a steady rate: first while nothing changes, then beside a hundred changes a second, each a call
of its own, then beside a burst. All have one thread. The schedule is the same throughout.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from catalogue import changes, product, requests
from claims import Run, percentile
from crew import Crew, Worker, together
from filling import filled

SEARCHERS = 4
SLOWER = 1.2  # p99 beside the changes, at most, as a multiple of the quiet one
SETTLE = 2.0  # seconds between the parts, which count for none
SAMPLE = 500  # products that are asked for at the end
SEARCHING = Path(__file__).with_name("searching.py")
Search = tuple[float, float, float]  # when it began, its seconds, its processor seconds
Spans = Mapping[str, tuple[float, float]]


def truth_after(updates: Sequence[Mapping[str, Any]], among: int) -> dict[str, tuple[float, int]]:
    """Price and stock of some products after all changes."""
    last = {each["id"]: (float(each["price"]), int(each["stock"])) for each in updates}
    step = max(1, among // SAMPLE)
    found = {}
    for number in range(0, among, step):
        key = f"p{number}"
        (offer,) = product(number).variants[0].offers
        found[key] = last.get(key, (float(offer.price), int(offer.stock or 0)))
    return found


def measured(run: Run, options: argparse.Namespace, crew: Crew, searchers: Sequence[Worker], writer: Worker) -> Any:
    """Searches through the three parts; the spans, every search, and what was changed."""
    stream = changes(int(options.seconds * options.rate), options.products, seed=1)
    burst = changes(options.burst, options.products, seed=2)
    begin = time.monotonic() + 1
    parts = {"quiet": options.quiet, "100 changes a second": options.seconds, "burst": options.burst_seconds}
    spans, at = {}, begin
    for name, seconds in parts.items():
        spans[name] = (at, at + seconds)
        at += seconds + SETTLE
    for number, searcher in enumerate(searchers):
        # Not all at the same moment, as shoppers do not ask in step.
        offset = number / options.searches / len(searchers)
        searcher.tell("pace", begin + offset, at, options.searches, number)
    stream_begin, burst_begin = (spans[name][0] for name in list(parts)[1:])
    took = writer.ask("stream", stream_begin, stream, options.rate, seconds=options.quiet + 3 * options.seconds + 60)
    if time.monotonic() > burst_begin:
        run.says(f"the writer was {time.monotonic() - stream_begin - options.seconds:.1f} s late")
    burst_took = writer.ask("burst", burst_begin, burst, seconds=600)
    spans["burst"] = (burst_begin, max(burst_begin + 1, burst_begin + burst_took + 1))
    searches = [each for searcher in searchers for each in searcher.answer(at - time.monotonic() + 120)]
    run.says(
        f"{len(stream):,} changes one by one, {options.rate:g} a second: p50 {1_000 * percentile(took, 50):.1f} ms, "
        f"p99 {1_000 * percentile(took, 99):.1f} ms; {len(burst):,} at once in {burst_took:.1f} s"
    )
    return spans, searches, [*stream, *burst]


def times_table(run: Run, spans: Spans, searches: Sequence[Search]) -> dict[str, float]:
    """Prints the times of each part; their p99."""
    rows, p99 = [], {}
    for name, (begin, end) in spans.items():
        inside = [each for each in searches if begin <= each[0] < end]
        took, used = ([1_000 * each[at] for each in inside] for at in (1, 2))
        p99[name] = percentile(took, 99)
        figures = [percentile(took, percent) for percent in (50, 90, 99)]
        figures += [max(took), *(percentile(used, percent) for percent in (50, 99))]
        rows.append([name, f"{len(inside):,}", *(f"{each:.1f}" for each in figures)])
    head = ("", "searches", "p50", "p90", "p99", "most", "processor p50", "p99")
    run.table("One search, ms", head, rows)
    return p99


def newest(workers: Sequence[Worker]) -> set[int]:
    """The generations that they search."""
    return {each["generation"] for each in together(workers, "state")}


def settled(workers: Sequence[Worker]) -> None:
    """Waits until all have seen the last change."""
    end = time.monotonic() + 60
    while len({each["change"] for each in together(workers, "state")}) > 1:
        assert time.monotonic() < end, "they never came to the same change"
        time.sleep(0.1)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--products", type=int, default=80_000)
    parser.add_argument("--quiet", type=float, default=120.0, help="seconds without changes")
    parser.add_argument("--seconds", type=float, default=600.0, help="seconds with changes")
    parser.add_argument("--rate", type=float, default=100.0, help="changes a second")
    parser.add_argument("--burst", type=int, default=80_000, help="changes at once")
    parser.add_argument(
        "--burst-seconds", type=float, default=60.0, help="searches go on so long from the burst's begin"
    )
    parser.add_argument("--searches", type=float, default=5.0, help="a second, of each process")
    parser.add_argument(
        "--no-clock", action="store_true", help="claim nothing about times: the run is too short for that"
    )
    parser.add_argument("--kept", type=Path, help="folder where the filled store is kept for the next run")
    return parser.parse_args(arguments)


def main() -> int:
    """Measures, prints, and says whether all was well."""
    options = parse()
    run = Run(
        f"Offers: {options.products:,} products, {SEARCHERS} processes with {options.searches:g} searches a second each"
    )
    with (
        filled(options.products, "hashing", options.kept) as store,
        Crew(store, "hashing", SEARCHING, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1") as crew,
    ):
        searchers = [crew.start() for _ in range(SEARCHERS)]
        writer = crew.start()
        before = newest(searchers)
        spans, searches, updates = measured(run, options, crew, searchers, writer)
        p99 = times_table(run, spans, searches)
        if not options.no_clock:
            for name in list(spans)[1:]:
                ratio = p99[name] / p99["quiet"]
                run.claim(f"p99 ({name}) is at most {SLOWER:g} times the quiet one: {ratio:.2f}", ratio <= SLOWER)
        settled([*searchers, writer])
        after = newest(searchers)
        run.claim("no generation was built", before == after, f"{before} became {after}")
        truth = truth_after(updates, options.products)
        wrong = together(searchers, "priced", truth, seconds=300)
        run.claim(
            f"all see the price and the stock of {len(truth)} products as they are", not any(wrong), str(wrong)[:200]
        )
        answers = together(searchers, "answers", requests(100, seed=9), seconds=300)
        run.claim("all give the same 100 answers and counts", all(each == answers[0] for each in answers))
    return run.end()


if __name__ == "__main__":
    raise SystemExit(main())
