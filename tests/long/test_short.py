"""The short version of each long run: the same code, with small numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
RUNS = {
    "kills": ("--kills", "6", "--stride", "40"),
    "forks": ("--forks", "6"),
    "processes": (
        *("--products", "600", "--forked", "2", "--started", "2", "--rounds", "2", "--searches", "20"),
        *("--victims", "forked"),
    ),
    "offers": (
        *("--products", "600", "--quiet", "1", "--seconds", "2", "--burst", "600", "--burst-seconds", "2"),
        *("--sample", "60", "--no-clock"),
    ),
    "soak": ("--products", "600", "--seconds", "6", "--swaps", "3", "--compared", "60", "--short"),
    "versions": ("--products", "200", "--writes", "4"),
    "training": ("--kills", "2"),
    "chaos": ("--requests", "10", "--no-clock"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_every_claim_of_a_short_run_holds(name: str) -> None:
    paths = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, HERE / f"{name}.py", *RUNS[name]],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
