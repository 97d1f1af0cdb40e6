"""Small stores, encoders made on the spot, and children that can be killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shelfwise.index import Encoder, Product, Store
from shelfwise.index.encoders.hashing import HashingEncoder
from shelfwise.index.store import following
from shelfwise.index.store.database import Database
from shelfwise.index.store.postgres import SCHEMA, PostgresDatabase
from shelfwise.index.store.sqlite import SqliteDatabase
from sqlalchemy.schema import DropSchema

NURSERY = Path(__file__).resolve().parents[2] / "kill" / "nursery.py"


class FakeEncoder(HashingEncoder):
    """The hashing encoder, which remembers its texts and can be told to be another or to fail."""

    def __init__(
        self,
        reference: str = "fake",
        hash: str = "fake-1",
        dimension: int = 64,
        languages: frozenset[str] | None = None,
        seconds_a_text: float = 0.0,
        spoil: Callable[[Any], Any] | None = None,
        foreign: str = "",
    ) -> None:
        self.reference, self.hash, self.dimension, self.languages = reference, hash, dimension, languages
        self.texts: list[str] = []
        self._seconds, self._spoil, self._foreign = seconds_a_text, spoil, foreign

    def encode_passages(self, texts: Sequence[str]) -> Any:
        self.texts += texts
        time.sleep(self._seconds * len(texts))
        made = super().encode_passages(texts)[:, : self.dimension]
        return self._spoil(made) if self._spoil else made

    def knows(self, texts: Sequence[str]) -> Any:
        return np.array([not any(char in self._foreign for char in text) for text in texts], bool)


@pytest.fixture
def fake_encoder() -> type[FakeEncoder]:
    """`fake_encoder(...)` makes one."""
    return FakeEncoder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that is marked `both_databases`, or whose module is, runs on SQLite and on PostgreSQL."""
    if "kind" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("kind", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """What database the test's store has."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """The folder of the test's store: in memory where that can be had, for a kill takes nothing from there either."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path / "store"
        return
    with tempfile.TemporaryDirectory(prefix="shelfwise-test-", dir=memory) as folder:
        yield Path(folder) / "store"


@dataclass(frozen=True)
class Place:
    """Where a store lies: in a folder, or at a URL with a folder for this host's caches."""

    location: Path | str
    folder: Path

    @property
    def options(self) -> dict[str, Any]:
        """What opening it needs beside the location."""
        return {} if self.location == self.folder else {"cache": self.folder}

    def clear(self) -> None:
        """Removes whatever store is there; nobody may have it open."""
        if isinstance(self.location, str):
            database = self.database()
            database.create_tables()
            with database.write() as connection:
                connection.execute(DropSchema(SCHEMA, cascade=True, if_exists=True))
            database.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, **options: Any) -> Database:
        """A database of one's own, as another process has it; the test closes it."""
        if isinstance(self.location, str):
            return PostgresDatabase(self.location, **options)
        return SqliteDatabase(self.location / "shelfwise.db", **options)


@pytest.fixture
def place(kind: str, path: Path, request: pytest.FixtureRequest) -> Place:
    """Where the test's store lies."""
    return Place(request.getfixturevalue("postgres_url") if kind == "postgres" else path, path)


@pytest.fixture
def open_store(place: Place) -> Iterator[Callable[..., Store]]:
    """`open_store(encoder="hashing", path=…, **options)` opens a store and closes it behind the test."""
    opened: list[Store] = []

    def made(encoder: str | Encoder = "hashing", path: Path | None = None, **options: Any) -> Store:
        where = place if path is None else Place(path, path)
        store = Store.open(where.location, encoder=encoder, **{**where.options, **options})
        opened.append(store)
        return store

    yield made
    for store in opened:
        store.close()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores that are opened from here on follow nobody by themselves."""
    monkeypatch.setattr(following, "FOLLOW_SECONDS", 3_600.0)


@pytest.fixture
def eventually() -> Callable[..., None]:
    """`eventually(condition)` waits until it holds, and fails when that takes more than `seconds`."""

    def wait(condition: Callable[[], object], seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it never came to hold"
            time.sleep(0.01)

    return wait


@pytest.fixture
def lamps() -> Callable[..., list[Product]]:
    """`lamps(n, first=0, price=10)`: products p0, p1, … whose titles differ."""

    def made(n: int, first: int = 0, price: int = 10) -> list[Product]:
        return [
            Product(f"p{at}", f"Lamp model {at} with shade", price=price, stock=3, brand="Lumen")
            for at in range(first, first + n)
        ]

    return made


class Child:
    """A process of the nursery."""

    def __init__(self, pid: int, out: Path) -> None:
        self.pid, self.out = pid, out

    @property
    def lines(self) -> list[str]:
        """What it said so far."""
        return self.out.read_text().splitlines() if self.out.exists() else []

    @property
    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def until(self, done: Callable[[list[str]], bool], seconds: float = 30) -> list[str]:
        """Waits until what it said fulfils a condition; fails where it dies before."""
        end = time.monotonic() + seconds
        while not done(self.lines):
            alive = self.alive
            if done(self.lines):
                break
            assert alive and time.monotonic() < end, self.lines[-3:]
            time.sleep(0.002)
        return self.lines

    def acknowledges(self, times: int, start: str = "") -> None:
        """Waits until it said so many lines that start so."""
        self.until(lambda lines: sum(line.startswith(start) for line in lines) >= times)

    def says(self, start: str, seconds: float = 30) -> str:
        """The first line that starts so."""
        lines = self.until(lambda lines: any(line.startswith(start) for line in lines), seconds)
        return next(line for line in lines if line.startswith(start))

    def ends(self, seconds: float = 60) -> list[str]:
        """Waits for its end, of whatever kind."""
        end = time.monotonic() + seconds
        while self.alive:
            assert time.monotonic() < end, self.lines[-3:]
            time.sleep(0.002)
        return self.lines

    def kill(self) -> list[str]:
        """Kill -9, and what it had said."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        return self.ends()


class Nursery:
    """Starts children that have everything imported already."""

    def __init__(self, folder: Path) -> None:
        paths = os.pathsep.join(each for each in sys.path if each)
        self._process = subprocess.Popen(
            [sys.executable, str(NURSERY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
        self._folder, self._numbers = folder, count()
        self._children: list[Child] = []

    def start(self, do: str, store: Path | Place, **order: Any) -> Child:
        """A child that does something with a store; see nursery.py."""
        where = store if isinstance(store, Place) else Place(store, store)
        out = self._folder / f"child{next(self._numbers)}.txt"
        given = {"do": do, "store": str(where.location), **where.options, "out": str(out), **order}
        line = json.dumps(given, default=str)
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        child = Child(int(self._process.stdout.readline()), out)
        self._children.append(child)
        return child

    def clear(self) -> None:
        """Kills whatever is left."""
        for child in self._children:
            child.kill()
        self._children.clear()

    def close(self) -> None:
        self.clear()
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


@pytest.fixture(scope="session")
def _nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path_factory.mktemp("children"))
    yield nursery
    nursery.close()


@pytest.fixture
def children(_nursery: Nursery) -> Iterator[Nursery]:
    """`children.start("write", path)` starts a process; what is left of them is killed behind the test."""
    yield _nursery
    _nursery.clear()
