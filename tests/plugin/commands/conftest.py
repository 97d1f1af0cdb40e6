"""A command line to call, here or as a process of its own, and a small shop to call it on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from shelfwise.plugin.commands import build_cli
from typer.testing import CliRunner

FEED = """\
id,title,brand,category,price,stock,colour
b1,Red winter boot,Fell,Shoes > Boots,120,3,red
b2,Blue rain boot,Fell,Shoes > Boots,60,0,blue
s1,Red running shoe,Vent,Shoes > Running,90,5,red
h1,Wool hat,Ostra,Clothes > Hats,25,7,grey
"""
CALL = "from shelfwise.plugin.commands import main; main()"


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON object that is all of stdout."""
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def run() -> Run:
    """`run("search", store, "boot")` in this process."""

    def call(*arguments: object) -> Said:
        result = CliRunner().invoke(build_cli(), [str(each) for each in arguments], catch_exceptions=False)
        return Said(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """`start("search", store, "boot")` as a process of its own, whose stdout and stderr can be read."""

    def call(*arguments: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", CALL, *(str(each) for each in arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **(env or {})},
        )

    return call


@pytest.fixture
def run_alone(start: Callable[..., subprocess.Popen[str]]) -> Run:
    """Like `run`, in a process of its own."""

    def call(*arguments: object, env: Mapping[str, str] | None = None) -> Said:
        with start(*arguments, env=env) as process:
            out, err = process.communicate(timeout=60)
        return Said(process.returncode, out, err)

    return call


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """Four products as CSV."""
    path = tmp_path / "feed.csv"
    path.write_text(FEED, "utf-8")
    return path


@pytest.fixture
def store(tmp_path: Path, feed: Path, run: Run) -> Path:
    """A store with the four products, encoded without torch."""
    path = tmp_path / "store"
    assert run("import", path, feed, "--encoder", "hashing").code == 0
    return path
