"""`shelfwise compare`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.csv"
    path.write_text("query,product,rank\nred lamp,p1,1\nred lamp,p0,2\ngreen lamp,p1,1\nsofa,,\n")
    return path


def test_a_page_is_written_and_the_overlap_said(run: Run, store: Path, old: Path, tmp_path: Path) -> None:
    (tmp_path / "queries.txt").write_text("red lamp\nred lamp\n\nGreen  Lamp\nsofa\nnot there\n")
    page = tmp_path / "page.html"
    arguments = ("compare", store, "--queries", tmp_path / "queries.txt", "--run", old, "--out", page, "--depth", "2")
    code, out, _ = run(*arguments)
    assert code == 0
    assert out.startswith("3 queries compared: ") and out.endswith(f"Open {page} in a browser.\n")
    text = page.read_text("utf-8")
    assert "<title>store beside old.csv</title>" in text
    assert "1 query is not in old.csv." in text

    found = json.loads(run(*arguments, "--json")[1])
    assert (found["queries"], found["searches"], found["left_out"], found["rest"]) == (3, 4, 1, 0)
    assert found["kinds"]["up"] == 1
    assert json.loads(run(*arguments, "--json", "--most", "1")[1])["rest"] == 2


def test_the_page_is_compare_html_in_this_folder_unless_said(
    run: Run, store: Path, old: Path, judgements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("compare", store, "--queries", judgements, "--run", old)[0] == 0
    assert "<b>2</b><span>queries, 2 searches" in (tmp_path / "compare.html").read_text("utf-8")


def test_a_run_of_other_queries_is_a_sentence(run: Run, store: Path, old: Path, tmp_path: Path) -> None:
    (tmp_path / "queries.txt").write_text("chair\n")
    code, _, err = run("compare", store, "--queries", tmp_path / "queries.txt", "--run", old)
    assert code == 2
    assert f"{old}: wanted the queries that are asked here, found none of 1" in err
    assert not (tmp_path / "compare.html").exists()
