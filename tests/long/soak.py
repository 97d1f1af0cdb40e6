"""Searches, writes, deletes and new generations for twenty minutes: memory, failures, and the answers at the end.

python tests/long/soak.py --products 20000 --seconds 1200
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from catalogue import requests
from claims import Run
from crew import Crew, Worker, settled, together
from filling import filled
from shelfwise.index.store.dumping import dump_store
from shelfwise.index.store.restoring import restore_store

SOAKING = Path(__file__).with_name("soaking.py")
SEARCHERS, WRITERS = 3, 2
FLAT = 1.05  # memory at the end, at most, as a multiple of that after warming up
READINGS = 40  # of memory between two generations
MAINTAIN_SECONDS = 2.0

Readings = list[list[list[float]]]  # by period and searcher: MB


def memory_of(searchers: Sequence[Worker], name: str) -> list[float]:
    """MB of each."""
    return [worker.memory[name] for worker in searchers]


def soaked(options: argparse.Namespace, searchers: Sequence[Worker], maintainer: Worker) -> dict[str, Readings]:
    """Maintains, builds a generation at the end of each period, and reads memory meanwhile."""
    period = options.seconds / (options.swaps + 1)
    readings: dict[str, Readings] = {"private": [], "all": []}
    begin = time.monotonic()
    for number in range(options.swaps + 1):
        end = begin + (number + 1) * period
        for values in readings.values():
            values.append([])
        while time.monotonic() < end:
            for name, values in readings.items():
                values[-1].append(memory_of(searchers, name))
            maintainer.ask("maintain")
            time.sleep(max(0.0, min(end - time.monotonic(), max(MAINTAIN_SECONDS, period / READINGS))))
        if number < options.swaps:
            assert maintainer.ask("build") is not None
    return readings


def memory_table(run: Run, readings: dict[str, Readings], flat: bool) -> None:
    """Prints the median of each period, and compares the last with the second: by then all is warm."""
    for name, periods in readings.items():
        by_period = [[median(each[at] for each in period) for at in range(SEARCHERS)] for period in periods]
        head = ("searching process", *(f"period {number + 1}" for number in range(len(periods))))
        rows = [[at + 1, *(f"{period[at]:.1f}" for period in by_period)] for at in range(SEARCHERS)]
        run.table(f"Memory, {name}, MB: the median between two generations", head, rows)
        growth = max(last / first for first, last in zip(by_period[1], by_period[-1], strict=True))
        if flat:
            sentence = f"memory ({name}) is flat within {FLAT - 1:.0%}: {growth - 1:+.1%} at most"
            run.claim(sentence, growth <= FLAT)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=1_200.0)
    parser.add_argument("--swaps", type=int, default=5, help="generations that are built, evenly over the time")
    parser.add_argument("--searches", type=float, default=5.0, help="a second, of each process that searches")
    parser.add_argument("--writes", type=float, default=5.0, help="a second, of each process that writes")
    parser.add_argument("--compared", type=int, default=500, help="answers that are compared at the end")
    parser.add_argument("--short", action="store_true", help="claim nothing about memory: nothing is warm yet")
    return parser.parse_args(arguments)


def main() -> int:
    """Soaks, prints, and says whether all was well."""
    options = parse()
    run = Run(f"Soak: {options.seconds:g} s, {SEARCHERS} processes search and {WRITERS} write")
    with (
        filled(options.products, "hashing") as store,
        Crew(store, "hashing", SOAKING, maintain=False, OMP_NUM_THREADS="1") as crew,
    ):
        first, second, maintainer = crew.start(3)
        searchers = [first, crew.fork(), crew.fork()]
        writers = [second, crew.fork()]
        end = time.monotonic() + options.seconds
        for number, worker in enumerate(searchers):
            worker.tell("look", end, options.searches, number)
        for number, worker in enumerate(writers):
            worker.tell("write", end, options.writes, number, options.products)
        memory_table(run, soaked(options, searchers, maintainer), not options.short)
        looked, written = ([worker.answer() for worker in workers] for workers in (searchers, writers))
        counts = sum((Counter(each["done"]) for each in written), Counter({"search": sum(e["done"] for e in looked)}))
        run.table("Requests", ("", "n"), [[name, f"{n:,}"] for name, n in counts.items()])
        failures = [failure for each in (*looked, *written) for failure in each["failed"]]
        run.claim(f"of {sum(counts.values()):,} requests none failed", not failures, f"{len(failures)}: {failures[:3]}")
        seen = [len(each["generations"]) - 1 for each in looked]
        run.claim(f"each saw {options.swaps} new generations or more", min(seen) >= options.swaps, str(seen))
        compare(run, crew, [*searchers, *writers], store, options.compared, maintainer)
    return run.end()


def compare(run: Run, crew: Crew, workers: Sequence[Worker], store: Path, count: int, maintainer: Worker) -> None:
    """Dumps, restores, and compares answers with those of the restored store."""
    maintainer.ask("maintain")
    run.claim("all came to the same change", settled(workers))
    dumped = dump_store(store, store.parent / "dump.zip")
    restored = restore_store(store.parent / "dump.zip", store.parent / "restored")
    run.says(f"{dumped.products:,} products and {dumped.vectors:,} vectors dumped and restored")
    asked = requests(count, seed=99)
    with Crew(store.parent / "restored", "hashing", SOAKING, OMP_NUM_THREADS="1") as fresh:
        wanted = fresh.start()[0].ask("answers", asked, seconds=300)
    assert restored.products == dumped.products
    answers = together(workers, "answers", asked, seconds=300)
    different = [sum(a != b for a, b in zip(each, wanted, strict=True)) for each in answers]
    run.claim(
        f"{count} answers of {len(workers)} processes are those of a store that was made from a dump, in ids and order",
        not any(different),
        f"{different} differ",
    )


if __name__ == "__main__":
    raise SystemExit(main())
