"""What a long run prints: its machine, its figures, and its claims, each of which must hold."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

# One thread each, and no torch: before any library reads them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("SHELFWISE_ENCODER", "hashing")

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from machine import console, facts, in_a_line
from rich.table import Table

MEMORY = Path("/dev/shm")  # stores lie there where that can be had: a kill takes nothing from there either


class Run:
    """One long run. `end` gives its exit status: 1 where a claim did not hold."""

    def __init__(self, title: str) -> None:
        self._screen = console()
        self._began = time.monotonic()
        self._failed = 0
        about = facts()
        self._screen.rule(title, style="")
        self._screen.print(f"{about['command']}\n{in_a_line(about)}", highlight=False)

    def says(self, sentence: str) -> None:
        """A line on its way."""
        self._screen.print(sentence, highlight=False, markup=False)
        sys.stdout.flush()

    def table(self, title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Figures; numbers stand on the right."""
        made = Table(title=title, title_justify="left")
        for name in head:
            made.add_column(name, justify="left" if name == head[0] else "right")
        for row in rows:
            made.add_row(*map(str, row))
        self._screen.print(made, highlight=False)

    def claim(self, sentence: str, holds: object, but: str = "") -> None:
        """What is shown, and where it does not hold, what came instead."""
        self._failed += not holds
        self.says(f"{'holds ' if holds else 'FAILED'}  {sentence}" + (f": {but}" if but and not holds else ""))

    def end(self) -> int:
        """The exit status."""
        seconds = time.monotonic() - self._began
        said = f"{self._failed} claims failed" if self._failed else "every claim holds"
        self.says(f"{said}; {int(seconds // 60)} min {seconds % 60:.0f} s")
        return 1 if self._failed else 0


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which so many percent lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
