"""Prices and stock change all the time while others search: how long the searches take, and whether they are right.

python tests/long/offers.py --products 80000 --quiet 120 --seconds 600 --burst 80000

Four processes search at a steady rate: first while nothing changes, then beside a hundred changes a second, each a call
of its own, then beside a burst. All have one thread. Each part has the same searches in the same order.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from catalogue import changes, product, requests
from claims import Run, percentile
from crew import Crew, Worker, settled, together
from filling import filled

SEARCHERS = 4
SLOWER = 1.2  # p99 beside the changes, at most, as a multiple of the quiet one
SETTLE = 1.0  # seconds between the parts, which count for none
SEARCHING = Path(__file__).with_name("searching.py")
Search = tuple[float, float, float]  # when it began, its seconds, its processor seconds
Parts = tuple[dict[str, list[Search]], list[dict[str, Any]]]


def truth_after(updates: Sequence[Mapping[str, Any]], among: int, count: int) -> dict[str, tuple[float, int]]:
    """Price and stock of about so many products after all changes."""
    last = {each["id"]: (float(each["price"]), int(each["stock"])) for each in updates}
    step = max(1, among // count)
    found = {}
    for number in range(0, among, step):
        key = f"p{number}"
        (offer,) = product(number).variants[0].offers
        found[key] = last.get(key, (float(offer.price), int(offer.stock or 0)))
    return found


def searched(
    searchers: Sequence[Worker], options: argparse.Namespace, seconds: float, beside: Callable[[float], Any]
) -> tuple[list[Search], Any]:
    """All searches of one part, and what was done beside; each part has the same searches in the same order."""
    begin = time.monotonic() + 0.5
    for number, searcher in enumerate(searchers):
        # Not all at the same moment, as shoppers do not ask in step.
        offset = number / options.searches / len(searchers)
        searcher.tell("pace", begin + offset, begin + offset + seconds, options.searches, number)
    done = beside(begin)
    found = [each for searcher in searchers for each in searcher.answer(seconds + 120)]
    time.sleep(SETTLE)
    return found, done


def measured(run: Run, options: argparse.Namespace, searchers: Sequence[Worker], writer: Worker) -> Parts:
    """The searches of each part, and what was changed."""
    stream = changes(int(options.seconds * options.rate), options.products, seed=1)
    burst = changes(options.burst, options.products, seed=2)
    patience = 4 * options.seconds + 600

    def streamed(begin: float) -> Any:
        return writer.ask("stream", begin, stream, options.rate, seconds=patience)

    def burst_out(begin: float) -> Any:
        return writer.ask("burst", begin, burst, seconds=patience)

    quiet, _ = searched(searchers, options, options.quiet, lambda begin: None)
    beside, (took, late) = searched(searchers, options, options.seconds, streamed)
    then, (began, ended) = searched(searchers, options, options.burst_seconds, burst_out)
    then = [each for each in then if began <= each[0] <= ended + 1]  # until all have seen all of it
    p50, p99 = (1_000 * percentile(took, percent) for percent in (50, 99))
    run.says(f"{len(stream):,} changes one by one, {options.rate:g} a second: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    run.says(f"{len(burst):,} changes at once: {ended - began:.1f} s")
    if not options.no_clock:
        run.claim("the stream kept its pace", late < 1, f"it was {late:.1f} s late at the end")
    return {"quiet": quiet, "stream of changes": beside, "burst": then}, [*stream, *burst]


def times_table(run: Run, searches: Mapping[str, Sequence[Search]]) -> dict[str, float]:
    """Prints the times of each part; their p99."""
    rows, p99 = [], {}
    for name, inside in searches.items():
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
    parser.add_argument("--sample", type=int, default=500, help="products that are asked for at the end")
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
        *searchers, writer = crew.start(SEARCHERS + 1)
        before = newest(searchers)
        searches, updates = measured(run, options, searchers, writer)
        p99 = times_table(run, searches)
        if not options.no_clock:
            for name in list(searches)[1:]:
                ratio = p99[name] / p99["quiet"]
                run.claim(f"p99 ({name}) is at most {SLOWER:g} times the quiet one: {ratio:.2f}", ratio <= SLOWER)
        run.claim("all came to the same change", settled([*searchers, writer]))
        after = newest(searchers)
        run.claim("no generation was built", before == after, f"{before} became {after}")
        truth = truth_after(updates, options.products, options.sample)
        wrong = together(searchers, "priced", truth, seconds=300)
        run.claim(
            f"all see the price and the stock of {len(truth)} products as they are", not any(wrong), str(wrong)[:200]
        )
        answers = together(searchers, "answers", requests(100, seed=9), seconds=300)
        run.claim("all give the same 100 answers and counts", all(each == answers[0] for each in answers))
    return run.end()


if __name__ == "__main__":
    raise SystemExit(main())
