"""What every test may use: no network, stated data, and reasons for what is skipped."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

# Before any library reads them: a bare `pytest` behaves like `make test`.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("OMP_NUM_THREADS", "2")

import pytest
from hypothesis import settings

from .postgres import PostgresServer, why_missing

ROOT = Path(__file__).resolve().parent.parent

# Two shared cores: a deadline in milliseconds would fail by what else is running.
settings.register_profile("shelfwise", deadline=None, print_blob=True)
settings.load_profile("shelfwise")


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def skip_or_fail_in_ci(reason: str) -> NoReturn:
    """Skip with `reason`; where CI promises the thing that is missing, fail with it."""
    if _in_ci():
        pytest.fail(f"CI promises this, yet: {reason}", pytrace=False)
    pytest.skip(reason)


def _cuda_missing() -> str | None:
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    import torch

    return None if torch.cuda.is_available() else "no CUDA device here"


def find_chromium() -> str | None:
    """The browser that the page's tests drive: $CHROMIUM, or the first known name on the path."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Say why a marked test cannot run here."""
    if item.get_closest_marker("torch") and importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    if item.get_closest_marker("gpu") and (reason := _cuda_missing()):
        pytest.skip(reason)
    if item.get_closest_marker("browser") and find_chromium() is None:
        skip_or_fail_in_ci("no Chromium here: install it, or name it in CHROMIUM")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def required_in_ci() -> Callable[[str], NoReturn]:
    """`required_in_ci("no Chromium here")` skips the test with this reason; in CI it fails."""
    return skip_or_fail_in_ci


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    found = find_chromium()
    if found is None:
        skip_or_fail_in_ci("no Chromium here: install it, or name it in CHROMIUM")
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, one for all tests; they skip where there is none, and fail in CI."""
    if reason := why_missing():
        skip_or_fail_in_ci(reason)
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database, which is dropped behind the test."""
    with postgres.database() as name:
        yield postgres.url(name)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """`shared_data("bestbuy")` is that part of the real data, or skips: it is in SHELFWISE_DATA, or beside us."""
    folder = Path(os.environ.get("SHELFWISE_DATA") or ROOT.parent / "shared" / "data")

    def part(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"no {name} in {folder}: set SHELFWISE_DATA to the folder with the real data")
        return folder / name

    return part
