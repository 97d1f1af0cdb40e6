"""Two installed versions on one store: the second has a raised format.

python tests/long/versions.py

Both are built as wheels from this working tree and installed apart. They read, write and build at once; the newer is
taken away again and the older goes on; then the newer upgrades the store, and the older refuses.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from catalogue import requests
from claims import MEMORY, Run
from crew import Crew, Worker, together

ROOT = Path(__file__).resolve().parents[2]
VERSIONED = Path(__file__).with_name("versioned.py")
ROOMS = ("index", "plugin", "finetune", "demo")

# What the newer version has instead.
RAISED = (
    ("pyproject.toml", '\nversion = "', '\nversion = "9.'),
    ("index/store/schema.py", "FORMAT = 2 ", "FORMAT = 3 "),
    ("index/store/upgrading.py", "({1: _from_1})", "({1: _from_1, 2: lambda connection: None})"),
)


def copied(folder: Path, changes: Sequence[tuple[str, str, str]]) -> Path:
    """The files that a wheel is built from, with some changed."""
    folder.mkdir(parents=True)
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, folder)
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in changes:
        text = (folder / name).read_text()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        (folder / name).write_text(text.replace(old, new))
    return folder


def installed(folder: Path, changes: Sequence[tuple[str, str, str]]) -> Path:
    """A folder with the packages of a wheel that is built from this working tree."""
    source, wheels, target = copied(folder / "source", changes), folder / "wheels", folder / "installed"
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    pip = (sys.executable, "-m", "pip")
    build = (*pip, "wheel", "-q", "--no-build-isolation", "--no-deps", "--no-index", "-w", str(wheels), str(source))
    subprocess.run(build, check=True, env=alone)
    (wheel,) = wheels.glob("shelfwise-*.whl")
    install = (*pip, "install", "-q", "--no-deps", "--no-index", "--target", str(target), str(wheel))
    subprocess.run(install, check=True, env=alone)
    return target


class Deployment:
    """A store, and the processes of each version that have it open."""

    def __init__(self, run: Run, store: Path, older: Path, newer: Path) -> None:
        self._run, self._store = run, store
        self._packages = {"older": older, "newer": newer}
        self._crews: dict[str, Crew] = {}
        self.workers: dict[str, list[Worker]] = {"older": [], "newer": []}
        self.written: set[str] = set()

    def start(self, name: str, count: int) -> None:
        """Some processes of a version."""
        if name not in self._crews:
            paths = str(self._packages[name])
            self._crews[name] = Crew(self._store, "hashing", VERSIONED, PYTHONPATH=paths, OMP_NUM_THREADS="1")
        self.workers[name] += self._crews[name].start(count)

    def take_away(self, name: str) -> None:
        """Ends all processes of a version, without notice."""
        self._crews.pop(name).close()
        self.workers[name] = []

    @property
    def all(self) -> list[Worker]:
        """The processes of both."""
        return [*self.workers["older"], *self.workers["newer"]]

    def claim(self, sentence: str, holds: object, but: str = "") -> None:
        """See `Run.claim`."""
        self._run.claim(sentence, holds, but)

    def write_at_once(self, part: str, count: int) -> None:
        """All write their own, and everyone has all of it."""
        for at, worker in enumerate(self.all):
            worker.tell("own", f"{part}{at}x", count)
        for worker in self.all:
            self.written.update(worker.answer())
        self.claim(
            f"{part}: {len(self.all)} processes wrote at once, and each has all {len(self.written)} products",
            all(set(ids) == self.written for ids in together(self.all, "ids")),
        )
        self.agree(part)

    def agree(self, part: str) -> None:
        """All come to the same change and give the same answers."""
        asked = requests(50, seed=5)
        for _ in range(10):
            # What was written without waiting is encoded a moment later, and is a change then.
            wait_until(lambda: len(found := self._changes()) == 1 and not found.pop()[1])
            before, answers = self._changes(), together(self.all, "many", asked)
            if before == self._changes():
                break
        self.claim(f"{part}: all give the same answers", all(each == answers[0] for each in answers))

    def _changes(self) -> set[tuple[int, int]]:
        """Up to which change each is, and how many products wait."""
        return {(each["change"], each["waiting"]) for each in together(self.all, "state")}

    def build(self, part: str, worker: Worker) -> None:
        """One builds a generation, and all search it."""
        number = None
        while number is None:
            number = worker.ask("build")
        wait_until(lambda: {each["generation"] for each in together(self.all, "state")} == {number})
        self.agree(f"{part}, generation {number}")


def wait_until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits; a claim will fail where it never comes to hold."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.05)


def deploy(run: Run, folder: Path, products: int, writes: int) -> None:
    """The whole story."""
    with ThreadPoolExecutor() as pool:
        older, newer = pool.map(installed, (folder / "older", folder / "newer"), ((), RAISED))
    shop = Deployment(run, folder / "store", older, newer)
    try:
        shop.start("older", 2)
        shop.written |= {f"p{number}" for number in range(shop.workers["older"][0].ask("fill", products))}
        shop.start("newer", 2)
        versions = together(shop.all, "version")
        run.table("Processes", ("format", "installed in"), versions)
        shop.claim("two versions are there", [format_ for format_, _ in versions] == [2, 2, 3, 3])

        shop.write_at_once("both", writes)
        for name in ("newer", "older"):
            shop.build(f"built by the {name}", shop.workers[name][0])
            shop.workers[name][1].ask("maintain")
        shop.claim("the check of each version finds nothing", not any(together(shop.all, "check")))

        shop.take_away("newer")
        shop.write_at_once("the newer taken away", writes)
        shop.start("older", 1)
        shop.build("the newer taken away", shop.workers["older"][-1])
        shop.claim("the older's check finds nothing", shop.workers["older"][0].ask("check") == [])

        shop.start("newer", 1)
        done = shop.workers["newer"][0].ask("upgrade")
        shop.claim("the newer upgrades the store, which the older has open", done == (2, 3), str(done))
        said = f"store {folder / 'store'}: it has format 3, this version reads up to 2; install a newer shelfwise"
        refused = together(shop.workers["older"], "refused")
        shop.claim("the older refuses to write, with a sentence", set(refused) == {f"StoreError: {said}"}, refused[0])
        found = together(shop.workers["older"], "many", requests(20))
        shop.claim("the older goes on answering", all(ids for each in found for ids in each[:1]))
        opened = subprocess.run(
            [sys.executable, "-c", f"from shelfwise.plugin import Shop; Shop.open({str(folder / 'store')!r})"],
            env={**os.environ, "PYTHONPATH": str(older)},
            capture_output=True,
            text=True,
            check=False,
        )
        shop.claim("the older does not open it any more, with a sentence", said in opened.stderr, opened.stderr[-300:])
        shop.take_away("older")
        shop.start("newer", 1)
        shop.write_at_once("upgraded", writes)
        shop.build("upgraded", shop.workers["newer"][0])
        shop.claim("the newer's check finds nothing", shop.workers["newer"][0].ask("check") == [])
    finally:
        for name in list(shop._crews):
            shop.take_away(name)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--products", type=int, default=5_000)
    parser.add_argument("--writes", type=int, default=40, help="of each process, in each part")
    return parser.parse_args(arguments)


def main() -> int:
    """Deploys, prints, and says whether all was well."""
    options = parse()
    run = Run("Two installed versions")
    with tempfile.TemporaryDirectory(prefix="shelfwise-versions-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        deploy(run, Path(folder), options.products, options.writes)
    return run.end()


if __name__ == "__main__":
    raise SystemExit(main())
