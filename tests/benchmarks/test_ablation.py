"""The ablation from its command line to its JSON, on a made-up catalogue and without torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Run = Callable[..., tuple[dict[str, Any], str]]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    """A catalogue that shoppers misspell, as arguments."""
    titles = {1: "ceiling fan", 2: "cooling pad", 3: "flashlight", 4: "light bulb"}
    judged = {"search_term": ["celing", "flash light"], "product_uid": [1, 3], "relevance": [3.0, 3.0]}
    pq.write_table(pa.table({"product_uid": list(titles), "product_title": list(titles.values())}), tmp_path / "p")
    pq.write_table(pa.table(judged), tmp_path / "j")
    return "--products", str(tmp_path / "p"), "--judgements", str(tmp_path / "j"), "--queries-from", "0"


def test_each_step_is_left_out_once_and_compared_with_all_of_them(files: tuple[str, ...], run_benchmark: Run) -> None:
    rows = ("all steps", "without joining", "without spelling", "none of them")
    result, printed = run_benchmark("ablation.py", *files, "--encoder", "hashing", "--rows", ",".join(rows))
    assert (result["queries"], result["products"], tuple(result["rows"])) == (2, 4, rows)
    assert result["rows"]["all steps"]["above the first"]["nDCG@10"] == [0, 0, 0]
    for name, row in result["rows"].items():
        assert name in printed and 0 <= row["changed"] <= 2
        mean, low, high = row["above the first"]["MRR@10"]
        assert low <= mean <= high and mean == pytest.approx(row["MRR@10"] - result["rows"]["all steps"]["MRR@10"])


def test_a_row_that_does_not_exist_is_a_sentence(files: tuple[str, ...], root: Path) -> None:
    command = [sys.executable, "benchmarks/ablation.py", *files, "--json", "x", "--rows", "without luck"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--rows: wanted some of all steps, without alike, without compounds" in done.stderr
    assert "got without luck" in done.stderr
