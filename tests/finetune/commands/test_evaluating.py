"""`shelfwise evaluate`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("ir_measures")

Run = Callable[..., tuple[int, str, str]]


def test_the_main_measures_are_shown_with_intervals_over_all_and_by_segment(
    run: Run, store: Path, judgements: Path
) -> None:
    code, out, _ = run("evaluate", store, "--judgements", judgements)
    assert code == 0
    assert "recall@100 (95%)" in out and "MRR@10 (95%)" in out
    assert "all" in out and "1.0000 (1.000 to 1.000)" in out

    found = json.loads(run("evaluate", store, "--judgements", judgements, "--json")[1])
    assert found["encoder"] == "hashing"
    assert found["segments"]["all"]["queries"] == 120
    assert found["segments"]["all"]["measures"]["MRR@10"] == {"mean": 1.0, "interval": [1.0, 1.0]}


def test_other_measures_can_be_asked_for_and_a_plugin_brings_its_own(
    run: Run, store: Path, judgements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = tmp_path / "margin.py"
    plugin.write_text(
        "from shelfwise.plugin import hookimpl\n\n\n@hookimpl\ndef extra_metrics():\n"
        "    return {'first is good': lambda ranking, gains: float(ranking[0] in gains)}\n"
    )
    monkeypatch.setenv("SHELFWISE_PLUGINS", str(plugin))
    found = json.loads(run("evaluate", store, "--judgements", judgements, "--json")[1])["segments"]["all"]["measures"]
    assert list(found) == ["recall@100", "MRR@10", "nDCG@10", "first is good"]
    assert found["first is good"]["mean"] == 1.0
    more = ("--metric", "P@5", "--metric", "first is good", "--json")
    found = json.loads(run("evaluate", store, "--judgements", judgements, *more)[1])["segments"]["all"]["measures"]
    assert found["P@5"]["mean"] == pytest.approx(0.2)
    assert run("gate", store, "--judgements", judgements, "--baseline", store, "--metric", "first is good")[0] == 1


@pytest.mark.parametrize("name", ["run.csv", "run.jsonl", "run.trec"])
def test_the_rankings_are_written(run: Run, store: Path, judgements: Path, tmp_path: Path, name: str) -> None:
    from shelfwise.finetune.evaluation.runs import read_run

    assert run("evaluate", store, "--judgements", judgements, "--run", tmp_path / name)[0] == 0
    found = read_run(tmp_path / name)
    assert len(found) == 120
    assert found["red lamp"][0] == "p0"


def test_a_name_that_says_no_format_is_a_sentence_before_anything_is_asked(
    run: Run, judgements: Path, tmp_path: Path
) -> None:
    code, _, err = run("evaluate", tmp_path / "no store", "--judgements", judgements, "--run", tmp_path / "run")
    assert code == 2
    assert "wanted a name that ends with .csv, .tsv, .jsonl, .parquet, .trec, .run, got ''" in err
