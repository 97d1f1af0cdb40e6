"""A fork storm: a process forks again and again while its threads search, write, refresh and build.

python tests/long/forks.py --forks 300

Each child must answer, write, follow, fork a child of its own and end, within seconds; the threads of the parent must
go on; what anyone acknowledged must be there at the end, and no lock may stay behind. Then forks in the middle of
another thread's transactions and builds.
"""

from __future__ import annotations

import argparse
import os
import select
import shutil
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from catalogue import product, products, requests
from claims import MEMORY, Run
from shelfwise.index.store import forking, maintenance, rows
from shelfwise.plugin import Product, Shop

AT_ONCE = 4  # children
LONGEST = 60.0  # seconds of a child's life on a busy machine


@dataclass
class Child:
    """One fork."""

    pid: int
    pipe: int
    began: float

    def ended(self) -> str | None:
        """What it said at its end; None while it lives."""
        if select.select([self.pipe], [], [], 0)[0]:
            os.waitpid(self.pid, 0)
            said = os.read(self.pipe, 1 << 16).decode()
            os.close(self.pipe)
            return said or "it ended without a word"
        return None


def forked(do: Callable[[], None]) -> Child:
    """A fork that does something, says "well" or what went wrong, and ends."""
    reading, writing = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading, began)
    try:
        do()
        os.write(writing, b"well")
    except BaseException:
        os.write(writing, traceback.format_exc()[-4_000:].encode())
    os._exit(0)


def life(shop: Shop, name: str, generations: int) -> None:
    """What a child does: everything, and all of it must be right."""
    key, title = f"child{name}", f"Teapot n{name}"
    assert shop.search("chair", facets=["price"], filters={"price": (1, 999)}).total > 0
    with shop.store.database.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM facts")
        assert_locked(os.getpid())
    shop.upsert(Product(key, title, price=5, stock=1))
    assert shop.search(title, k=1).ids == [key]
    shop.update_offers([{"id": key, "price": 7}])
    assert key in shop.search(title, filters={"price": (7, 7)}).ids
    shop.upsert(Product(f"{key}late", f"{title} late", price=1), wait=False)
    if generations and int(name) % 5 == 0:
        shop.maintain()
    if generations and int(name) % 7 == 0:
        shop.store.build_generation()
        assert shop.search(title, k=1).ids == [key]
    if generations:
        grandchild = forked(lambda: life(shop, f"{name}0", generations - 1))
        while (said := grandchild.ended()) is None:
            assert time.monotonic() - grandchild.began < LONGEST, "the grandchild hangs"
            time.sleep(0.005)
        assert said == "well", said
        shop.store.refresh()
        assert shop.get(f"{key}0").title == f"{title}0"
    shop.delete(f"{key}late")
    shop.close()


def assert_locked(pid: int) -> None:
    """A process in a transaction holds locks that others see; SQLite may believe so after a fork, and hold none."""
    listed = Path("/proc/locks")
    if listed.exists():
        mine = [line for line in listed.read_text().splitlines() if "POSIX" in line and f" {pid} " in line]
        assert mine, "SQLite took no lock"


class Threads:
    """The parent's own work meanwhile."""

    def __init__(self, shop: Shop) -> None:
        self._shop, self._end = shop, threading.Event()
        self.done = dict.fromkeys(("search", "offers", "write", "refresh", "build"), 0)
        self.failures: list[str] = []
        self._asked = requests(200)
        self._threads = [threading.Thread(target=self._go_on, args=(name,), daemon=True) for name in self.done]
        for thread in self._threads:
            thread.start()

    def _go_on(self, name: str) -> None:
        try:
            for number in count():
                if self._end.is_set():
                    return
                getattr(self, f"_{name}")(number)
                self.done[name] += 1
        except BaseException:
            self.failures.append(traceback.format_exc())

    def _search(self, number: int) -> None:
        self._shop.search(**self._asked[number % len(self._asked)])

    def _offers(self, number: int) -> None:
        self._shop.update_offers([{"id": f"p{number % 100}", "price": 1 + number % 50}])

    def _write(self, number: int) -> None:
        self._shop.upsert(product(number % 200, seed=number))

    def _refresh(self, number: int) -> None:
        self._shop.store.refresh()

    def _build(self, number: int) -> None:
        self._shop.store.build_generation()
        maintenance.maintain(self._shop.store)

    def end(self) -> None:
        """Ends them; a thread that hangs is a failure."""
        self._end.set()
        for name, thread in zip(self.done, self._threads, strict=True):
            thread.join(LONGEST)
            if thread.is_alive():
                self.failures.append(f"the thread that does {name} hangs")


def storm(run: Run, store: Path, forks: int) -> None:
    """Forks, and looks at what comes of it."""
    with Shop.open(store, encoder="hashing") as shop:
        shop.upsert(products(400))
        shop.warm()
        threads = Threads(shop)
        children: list[Child] = []
        waits, lives, wrong, hung = [], [], [], 0
        before = dict(threads.done)
        for number in range(forks):
            while len(children) >= AT_ONCE:
                children = _wait(children, lives, wrong)
            began = time.monotonic()
            children.append(forked(partial(life, shop, str(number), 1)))
            waits.append(time.monotonic() - began)
        end = time.monotonic() + LONGEST
        while children and time.monotonic() < end:
            children = _wait(children, lives, wrong)
        for child in children:
            hung += 1
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
        threads.end()
        rows = [[name, threads.done[name] - before[name]] for name in threads.done]
        run.table(f"What the parent's threads did while it forked {forks} times", ("", "times"), rows)
        figures = [("the fork itself", waits), ("a child's life", lives)]
        run.table(
            "Seconds", ("", "median", "most"), [[n, f"{median(v):.3f}", f"{max(v):.3f}"] for n, v in figures if v]
        )
        for each in [*wrong, *threads.failures][:5]:
            run.says(each)
        run.claim(f"each of {forks} children answered, wrote, forked and ended", not wrong and not hung, f"{hung} hang")
        run.claim("the parent's threads went on", not threads.failures and all(row[1] for row in rows))
        titles = {f"child{n}{more}": f"Teapot n{n}{more}" for n in range(forks) for more in ("", "0")}
        found = shop.store.products(list(titles))
        there = {key: product.title for key, product in found.items()}
        run.claim("what they acknowledged is there", there == titles, f"{len(titles) - len(there)} missing")
        late = [key for key in shop.store.ids() if key.endswith("late")]
        run.claim("what they deleted is gone", not late, f"{len(late)} are there")
    with Shop.open(store) as shop:
        free = [shop.maintain() is not None, shop.store.build_generation() is not None]
        run.claim("no lock stayed behind", all(free), str(free))


@contextmanager
def another_thread_in(transaction: Callable[[], AbstractContextManager[object]], seconds: float) -> Iterator[None]:
    """Another thread is in a transaction, for so long from here on."""
    inside = threading.Event()

    def stay() -> None:
        with transaction():
            inside.set()
            time.sleep(seconds)

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait()
    yield
    thread.join()


def said_by(child: Child) -> str:
    """What a child says at its end."""
    while (said := child.ended()) is None:
        if time.monotonic() - child.began > LONGEST:
            os.kill(child.pid, signal.SIGKILL)
            return "hangs"
        time.sleep(0.005)
    return said


def in_the_middle(run: Run, store: Path) -> None:
    """Forks in the middle of another thread's transactions and builds."""
    numbers = count(10_000)

    def child() -> str:
        return said_by(forked(lambda: life(shop, str(next(numbers)), 1)))

    with Shop.open(store, maintain=False) as shop:
        for name in ("read", "write"):
            transaction = getattr(shop.store.database, name)
            with another_thread_in(transaction, 0.5):
                run.claim(f"a fork waits for another thread's {name} transaction", child() == "well")
            patience, forking.PATIENCE = forking.PATIENCE, 0.1
            with another_thread_in(transaction, 1.0):
                said = child().splitlines()[-1]
            wanted = (
                f"shelfwise.index.errors.StoreError: store {store}: this process was forked while its parent was in a "
                "transaction of more than 0.1 s, and SQLite does not survive that; fork again"
            )
            run.claim(f"where that takes too long ({name}), the child refuses with a sentence", said == wanted, said)
            forking.PATIENCE = patience
            run.claim("and the next child is well", child() == "well")
        begun: list[int] = []
        real = rows.live_products

        def slowly(connection: Any) -> Iterator[list[Any]]:
            begun.append(1)
            for part in real(connection):
                for at in range(0, len(part), 20):
                    time.sleep(0.1)
                    yield part[at : at + 20]

        rows.live_products = slowly
        built: list[int | None] = []
        builder = threading.Thread(target=lambda: built.append(shop.store.build_generation()))
        builder.start()
        while not begun:
            time.sleep(0.01)
        run.claim("a build begins again for a fork", child() == "well" and len(begun) == 2, f"begun {len(begun)} times")
        rows.live_products = real
        builder.join()
        run.claim("and comes to its end", built and built[0] is not None, str(built))


def built_by_a_child(run: Run, store: Path) -> None:
    """A child builds indexes although its parent's threads of OpenMP are not there."""
    with Shop.open(store, threads=2, maintain=False) as shop:
        shop.upsert(products(3_000, first=5_000))
        shop.store.build_generation()
        for asked in requests(5):
            shop.search(**asked)
        said = said_by(forked(lambda: _must_build(shop)))
        run.claim("a child builds a generation where its parent searched with two threads", said == "well", said)


def _must_build(shop: Shop) -> None:
    assert shop.store.build_generation() is not None


def _wait(children: list[Child], lives: list[float], wrong: list[str]) -> list[Child]:
    """Those that live; what the others said is noted."""
    time.sleep(0.005)
    left = []
    for child in children:
        said = child.ended()
        seconds = time.monotonic() - child.began
        if said is None and seconds < LONGEST:
            left.append(child)
            continue
        lives.append(seconds)
        if said is None:
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
            said = "hangs"
        if said != "well":
            wrong.append(f"child {child.pid}: {said}")
    return left


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--forks", type=int, default=300)
    return parser.parse_args(arguments)


def main() -> int:
    """Forks, prints, and says whether all was well."""
    options = parse()
    run = Run("Forks")
    folder = Path(tempfile.mkdtemp(prefix="shelfwise-forks-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        storm(run, folder / "store", options.forks)
        in_the_middle(run, folder / "store")
        built_by_a_child(run, folder / "store")
    finally:
        shutil.rmtree(folder)
    return run.end()


if __name__ == "__main__":
    raise SystemExit(main())
