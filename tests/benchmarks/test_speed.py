"""The speed benchmark from its command line to its JSON, small and without torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[dict[str, Any], str]]


@pytest.mark.slow
def test_rates_times_and_memory_are_printed_and_written(
    run_benchmark: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFWISE_DATA", str(tmp_path / "nothing"))  # the sample shop's titles, recombined
    small = ("--products", "300", "--block", "100", "--searches", "10", "--cache", str(tmp_path / "cache"))
    result, printed = run_benchmark("speed.py", *small, "--encoder", "hashing")
    assert len(result["import"]["blocks"]) == 5
    assert 0 < result["import"]["ratio"] == sorted(block["ratio"] for block in result["import"]["blocks"])[2]
    times = result["search"]["300"]
    for part in ("encode", "vector", "lexical", "rest", "total"):
        for percent in ("p50", "p99"):
            figure = times[part][percent]
            assert 0 <= figure["low"] <= figure["median"] <= figure["high"]
    assert times["total"]["p50"]["median"] >= times["rest"]["p50"]["median"] > 0
    assert times["memory"]["rss"] >= times["memory"]["uss"] > 0
    assert any("shop.py" in each["function"] for each in times["profile"])
    assert result["facets"].keys() == {"0", "1", "2"}
    for figures in result["facets"].values():
        assert figures["total"]["p50"]["median"] >= figures["all but encode"]["p50"]["median"] > 0
    assert "the bare encoder" in printed
    assert "p99" in printed


def test_both_ways_of_searching_under_a_mask_are_measured(run_benchmark: Run) -> None:
    result, printed = run_benchmark("switch.py", "--rows", "2000", "--repeats", "1")
    measured = result["sizes"]["2000"]
    assert [each["passing"] for each in measured] == [1, 1, 2, 6, 20, 60, 200, 1_000]
    assert all(each["compared"] > 0 < each["scanned"] for each in measured)
    assert "scanned with a selector" in printed


def test_recombined_titles_are_distinct_and_always_the_same(
    neighbours: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from real_texts import queries, titles

    monkeypatch.setenv("SHELFWISE_DATA", str(tmp_path / "nothing"))
    titles.cache_clear()
    made = titles(2_000)
    titles.cache_clear()
    assert len(set(made)) == 2_000
    assert made == titles(2_000)
    assert made[:100] == titles(100)
    assert len(set(queries(500))) == 500
    titles.cache_clear()


def test_the_sizes_are_the_usual_ones_and_the_one_asked_for(neighbours: None) -> None:
    from search_time import sizes_up_to

    assert sizes_up_to(54_667) == [1_000, 10_000, 54_667]
    assert sizes_up_to(5_000) == [1_000, 5_000]
    assert sizes_up_to(100_000) == [1_000, 10_000, 54_667, 100_000]
