"""The benchmarks are scripts: their modules are found as a script finds its neighbours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def neighbours() -> Iterator[None]:
    """Puts `benchmarks/` on the path, as `python benchmarks/search.py` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield


@pytest.fixture
def run_benchmark(tmp_path: Path) -> Callable[..., tuple[dict[str, Any], str]]:
    """`run_benchmark("search.py", …)` runs the script as a user does: what it wrote, and what it printed."""

    def run(script: str, *arguments: str) -> tuple[dict[str, Any], str]:
        out = tmp_path / f"{script}.json"
        command = [sys.executable, str(FOLDER / script), *arguments, "--json", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(out.read_text(encoding="utf-8")), done.stdout

    return run
