"""From how many allowed rows on a scan with a selector beats comparing them one by one, in the exact vector index.

python benchmarks/switch.py --json OUT

Both ways search the same random unit vectors in half precision under the same random masks; the median of --repeats
searches of one query. `faiss_index.few_rows` is chosen from it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from machine import console, facts, in_a_line
from rich.table import Table
from shelfwise.index.vectors import FlatIndex
from shelfwise.index.vectors.faiss_index import few_rows

SIZES = (54_667, 100_000, 300_000)
DIMENSION = 384
K = 1_033  # what a source asks for, ties included
SHARES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.5)


def measure(rows: int, repeats: int) -> list[dict[str, float]]:
    """For each share of the rows: how many pass, and the milliseconds of both ways."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(rows, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index, query = FlatIndex.build(vectors), vectors[:1]
    made = []
    for share in SHARES:
        allowed = np.zeros(rows, bool)
        allowed[rng.choice(rows, max(1, round(share * rows)), replace=False)] = True
        compared = _milliseconds(lambda: index.compared(query, K, allowed), repeats)  # noqa: B023 - called at once
        scanned = _milliseconds(lambda: index.scanned(query, K, allowed), repeats)  # noqa: B023
        made.append({"share": share, "passing": int(allowed.sum()), "compared": compared, "scanned": scanned})
    return made


def _milliseconds(search: Callable[[], object], repeats: int) -> float:
    search()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        search()
        times.append((time.perf_counter() - started) * 1_000)
    return median(times)


def table(result: dict[str, Any]) -> Table:
    """What a person reads."""
    made = Table(title=f"One query, k = {K}, dimension {DIMENSION}, milliseconds")
    for name in ("rows", "passing", "share", "compared one by one", "scanned with a selector", "chosen"):
        made.add_column(name, justify="right")
    for rows, measured in result["sizes"].items():
        for each in measured:
            made.add_row(
                f"{int(rows):,}",
                f"{each['passing']:,}",
                f"{each['share']:.2%}",
                f"{each['compared']:.3f}",
                f"{each['scanned']:.3f}",
                "compared" if each["passing"] <= few_rows(int(rows)) else "scanned",
                end_section=each is measured[-1],
            )
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, required=True, help="where the figures are written")
    parser.add_argument("--repeats", type=int, default=51, help="searches of which the median counts")
    parser.add_argument("--rows", type=int, nargs="*", default=SIZES, help="sizes of the index")
    options = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    result: dict[str, Any] = facts()
    result["sizes"] = {str(rows): measure(rows, options.repeats) for rows in options.rows}
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    screen = console()
    screen.print(table(result))
    screen.print(in_a_line(result), style="dim")


if __name__ == "__main__":
    main()
