"""`shelfwise gate`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("ir_measures")

Run = Callable[..., tuple[int, str, str]]


def test_a_better_store_is_accepted_with_its_figures(run: Run, store: Path, spoiled: Path, judgements: Path) -> None:
    code, out, err = run("gate", store, "--judgements", judgements, "--baseline", spoiled)
    assert code == 0
    assert "Accepted.\nnDCG@10 of 120 queries: 0.4440 before, 1.0000 now (+0.5560, 95% interval " in out
    assert "which lies above zero" in out
    assert "240 judgements of 120 queries read from judged.csv (csv)." in err


def test_a_spoiled_store_is_refused_whatever_decides(run: Run, store: Path, spoiled: Path, judgements: Path) -> None:
    for more in ((), ("--non-inferior",), ("--metric", "MRR@10"), ("--metric", "P@1")):
        code, out, _ = run("gate", spoiled, "--judgements", judgements, "--baseline", store, *more)
        assert code == 1
        assert "Refused.\n" in out


def test_a_store_is_no_better_than_itself(run: Run, store: Path, judgements: Path) -> None:
    assert run("gate", store, "--judgements", judgements, "--baseline", store)[0] == 1
    assert run("gate", store, "--judgements", judgements, "--baseline", store, "--non-inferior")[0] == 0


def test_too_few_queries_end_with_2_and_how_many_are_missing(
    run: Run, store: Path, spoiled: Path, judgements: Path
) -> None:
    judgements.write_text("".join(judgements.read_text().splitlines(keepends=True)[:61]))
    code, out, _ = run("gate", store, "--judgements", judgements, "--baseline", spoiled, "--json")
    found = json.loads(out)
    assert (code, found["outcome"], found["missing"]) == (2, "too_few", 70)
    assert found["reasons"] == ["Wanted at least 100 judged queries to tell which is better, got 30: 70 are missing."]


def test_a_run_file_is_a_baseline_and_both_are_measured_as_deep_as_it_is(
    run: Run, store: Path, spoiled: Path, judgements: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.csv"
    assert run("evaluate", spoiled, "--judgements", judgements, "--run", old)[0] == 0
    as_store = run("gate", store, "--judgements", judgements, "--baseline", spoiled, "--json")
    as_file = run("gate", store, "--judgements", judgements, "--baseline", old, "--json")
    assert as_file[0] == 0
    assert json.loads(as_file[1])["overall"] == json.loads(as_store[1])["overall"]

    lines = old.read_text().splitlines(keepends=True)
    old.write_text("".join(line for line in lines if line.rstrip().rpartition(",")[2] in ("rank", "1", "2")))
    code, out, _ = run("gate", store, "--judgements", judgements, "--baseline", old, "--metric", "recall@100", "--json")
    assert code == 0
    assert json.loads(out)["notes"][-1] == (f"Both are measured to depth 2: {old} has no more of an answer.")


def test_what_the_run_lacks_and_what_nobody_holds_is_left_out_and_said(
    run: Run, store: Path, judgements: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.csv"
    lines = judgements.read_text().splitlines()[1:]
    old.write_text(
        "query,product,rank\n" + "".join(f"{line.split(',')[0].upper()},p0,1\n" for line in lines[: 2 * 110 : 2])
    )
    with judgements.open("a") as stream:
        stream.write("unknown thing,gone,3\nwhite lamp,gone,3\n")
    code, out, _ = run("gate", store, "--judgements", judgements, "--baseline", old, "--json")
    found = json.loads(out)
    assert (code, found["overall"]["queries"]) == (0, 110)
    assert found["notes"][2:] == [
        "Left out: 2 of 242 judgements, of products that are not there.",
        "Left out: 1 of 121 judged queries, which have no relevant product.",
        f"Left out: 10 judged queries that {old} lacks.",
        f"Both are measured to depth 1: {old} has no more of an answer.",
    ]


def test_segments_are_told_by_counts_numbers_and_brands(
    run: Run, store: Path, spoiled: Path, judgements: Path, tmp_path: Path
) -> None:
    (tmp_path / "counts.csv").write_text("query,count\nred lamp,90\ngreen lamp,10\n")
    more = ("--queries", tmp_path / "counts.csv", "--json")
    found = json.loads(run("gate", store, "--judgements", judgements, "--baseline", spoiled, *more)[1])
    assert {each["segment"]: each["queries"] for each in found["segments"]} == {"frequent": 1, "rare": 119}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            ("--baseline", "{folder}/none"),
            "{folder}/none: wanted a store, or a run file of another engine, found nothing there",
        ),
        (
            ("--baseline", "{folder}/store", "--metric", "foo"),
            "measure: wanted a name such as recall@100, MRR@10, nDCG@10, P@5, AP; got 'foo'",
        ),
        (
            ("--baseline", "{folder}/other.csv"),
            "{folder}/other.csv: wanted the queries that are asked here, found none of 120; it has 'sofa' and others, "
            "and asked is 'red lamp'",
        ),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(
    run: Run, store: Path, judgements: Path, tmp_path: Path, more: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "other.csv").write_text("query,product,rank\nsofa,p1,1\n")
    code, _, err = run("gate", store, "--judgements", judgements, *(each.format(folder=tmp_path) for each in more))
    assert (code, err.strip()) == (2, f"Error: {sentence.format(folder=tmp_path)}")


def test_judgements_of_other_products_are_a_sentence(run: Run, store: Path, judgements: Path) -> None:
    judgements.write_text("query,product_id,grade\nred lamp,x1,3\nred lamp,x2,1\n")
    code, out, _ = run("gate", store, "--judgements", judgements, "--baseline", store, "--json")
    assert code == 2
    assert json.loads(out)["error"] == {
        "type": "EvaluationError",
        "message": "judgements: wanted products that the store holds, found none of 2; are the ids the store's own?",
    }
