"""The sample shop, built once: with the tiny encoder, so that no torch is loaded."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from shelfwise.demo.sample import build_sample_shop
from shelfwise.plugin import Shop

ALONE = Path(__file__).with_name("alone.py")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sample shop lies."""
    return tmp_path_factory.mktemp("demo") / "fernhill"


@pytest.fixture(scope="session")
def shop(folder: Path) -> Iterator[Shop]:
    """The sample shop."""
    with build_sample_shop(folder, encoder="hashing") as made:
        yield made


Child = subprocess.Popen[str]


Alone = Callable[..., Child]


@contextmanager
def children(caches: Path) -> Iterator[Alone]:
    """Starts the demo in processes that reach this machine only, and ends them."""
    started: list[Child] = []

    def start(*arguments: str, **settings: str) -> Child:
        child = subprocess.Popen(
            [sys.executable, "-u", str(ALONE), *arguments],
            env={**os.environ, "HOME": "", "XDG_CACHE_HOME": str(caches), "OMP_NUM_THREADS": "2", **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        if child.poll() is None:
            child.terminate()
        try:
            child.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes keep their sample shops: each encoder's is built once."""
    return tmp_path_factory.mktemp("caches")


@pytest.fixture
def alone(caches: Path) -> Iterator[Alone]:
    """`alone("--check", SHELFWISE_ENCODER="hashing")` runs the demo with these arguments and settings."""
    with children(caches) as start:
        yield start


@pytest.fixture(scope="module")
def alone_for_long(caches: Path) -> Iterator[Alone]:
    """The same, for all tests of a module."""
    with children(caches) as start:
        yield start


@pytest.fixture(scope="session")
def read_until() -> Callable[[Child, str, float], str]:
    """`read_until(child, "Fernhill is open", 60)` is the first line with these words; fails with what came instead."""

    def read(child: Child, words: str, seconds: float) -> str:
        assert child.stdout is not None
        lines: list[str] = []
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if not select.select([child.stdout], [], [], 0.5)[0]:
                continue
            line = child.stdout.readline()
            if not line:
                break
            lines.append(line)
            if words in line:
                return line
        pytest.fail(f"no line with {words!r} within {seconds:.0f} s, but:\n{''.join(lines)}")

    return read
