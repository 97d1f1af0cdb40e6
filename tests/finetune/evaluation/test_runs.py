"""Run files of any engine, read and written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shelfwise.finetune.evaluation.errors import EvaluationError
from shelfwise.finetune.evaluation.runs import SUFFIXES, of_queries, read_run, write_run
from shelfwise.index import ShelfwiseError

RUN = {"desk lamp": ["p1", "p2", "p3"], 'the "big" lamp, red': ["p3"], "found nothing": [], "保温杯": ["p9", "p1"]}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"run{suffix}"
    write_run(RUN, path)
    assert read_run(path) == RUN


@pytest.mark.parametrize(
    "text",
    [
        "query,product,rank\ndesk lamp,b,2\ndesk lamp,a,1\nsofa,c,1\n",
        "Search Term;Product ID;Position\ndesk lamp;a;0\nsofa;c;0\ndesk lamp;b;1\n",
        "query\tsku\tscore\ndesk lamp\tb\t0.5\ndesk lamp\ta\t0.75\nsofa\tc\t-3\n",
        '{"query": "desk lamp", "product": "a", "rank": 1}\n{"query": "desk lamp", "product": "b", "rank": 2}\n'
        '{"query": "sofa", "product": "c", "rank": 7}\n',
        '[{"q": "desk lamp", "doc_id": "a", "score": 2}, {"q": "desk lamp", "doc_id": "b", "score": 1}, '
        '{"q": "sofa", "doc_id": "c", "score": 1}]',
    ],
)
def test_tables_are_read_by_rank_or_by_score(tmp_path: Path, text: str) -> None:
    (tmp_path / "run").write_text(text)
    assert read_run(tmp_path / "run") == {"desk lamp": ["a", "b"], "sofa": ["c"]}


def test_ids_that_are_numbers_stay_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text('{"query": "lamp", "product": 100005, "rank": 1}\n')
    assert read_run(tmp_path / "run.jsonl") == {"lamp": ["100005"]}


def test_a_trec_run_goes_by_score_and_takes_query_texts_from_beside_it(tmp_path: Path) -> None:
    (tmp_path / "old.run").write_text("q1 Q0 b 1 0.5 solr\nq1 Q0 a 2 0.9 solr\nlamp Q0 c 1 3 solr\n")
    assert read_run(tmp_path / "old.run") == {"q1": ["a", "b"], "lamp": ["c"]}
    (tmp_path / "topics.tsv").write_text("q1\tdesk lamp\n")
    assert read_run(tmp_path / "old.run") == {"desk lamp": ["a", "b"], "lamp": ["c"]}


def test_columns_of_other_names_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_text("wort,artikel,platz\nlampe,a,1\n")
    columns = {"query": "wort", "product": "artikel", "rank": "platz"}
    assert read_run(tmp_path / "run.csv", columns=columns) == {"lampe": ["a"]}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "query,product,rank\nlamp,a,1\nlamp,b,1\n",
            "row 3: wanted one product at each rank of a query, got 'a' and 'b' at rank 1 of 'lamp'",
        ),
        (
            "query,product,rank\nlamp,a,1\nlamp,a,2\n",
            "row 3: wanted each product once in a ranking, got 'a' twice for 'lamp'",
        ),
        (
            "query,product,rank\nlamp,a,first\n",
            "row 2: wanted a query, a product and a number as rank, got 'lamp', 'a' and 'first'; mend the row",
        ),
        (
            "query,product,rank\n,a,1\n",
            "row 2: wanted a query, a product and a number as rank, got '', 'a' and '1'; mend the row",
        ),
        (
            "query,product,score\nlamp,a,nan\n",
            "row 2: wanted a query, a product and a number as score, got 'lamp', 'a' and 'nan'; mend the row",
        ),
        (
            "query,product,rank\nlamp,,1\n",
            "row 2: wanted a query, a product and a number as rank, got 'lamp', '' and '1'; mend the row",
        ),
        (
            '{"query": "lamp", "product": "a", "rank": 1}\n["lamp", "b", 2]\n',
            "row 2: wanted a row with query, product, rank, got none that can be read; mend it",
        ),
        ("query,product,rank\n", ": wanted rows with a query, a product and a rank, found none"),
        (
            "query,product,price\nlamp,a,3\n",
            ": wanted a column for rank, such as rank, position, pos; found query, product, price; say which it is "
            "with columns={'rank': NAME}",
        ),
        (
            "q1 Q0 a 1 0.9 solr\nq1 Q0 b 2 0.8 solr\nq1 Q0 c\n",
            "line 3: wanted a query id, Q0, a product, a rank, a score and a name, got 'q1 Q0 c'; mend the line",
        ),
    ],
)
def test_what_is_wrong_with_a_run_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "run"
    path.write_text(text)
    with pytest.raises(ShelfwiseError) as caught:
        read_run(path)
    assert str(caught.value) in (f"{path}, {sentence}", f"{path}{sentence}")


def test_a_run_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ShelfwiseError) as caught:
        read_run(tmp_path / "none.csv")
    assert str(caught.value) == f"{tmp_path}/none.csv: wanted a run file, found none there; check the path"


def test_a_run_is_written_to_a_known_format_and_an_id_with_blanks_to_no_trec_file(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError) as caught:
        write_run(RUN, tmp_path / "run.xml")
    assert str(caught.value).endswith(
        "wanted a name that ends with .csv, .tsv, .jsonl, .parquet, .trec, .run, got '.xml'"
    )
    with pytest.raises(EvaluationError) as caught:
        write_run({"lamp": ["a b"]}, tmp_path / "run.trec")
    assert str(caught.value).endswith("wanted ids without blanks for a TREC run of 'lamp'; write .jsonl")
    assert not (tmp_path / "run.trec").exists()


def test_rankings_are_found_under_another_spelling_of_the_query() -> None:
    run = {"Desk  Lamp": ["a"], "ＬＥＤ": ["b"], "sofa": ["c"]}
    assert of_queries(run, ["desk lamp", "led", "chair"], "old.csv") == {"desk lamp": ["a"], "led": ["b"]}


def test_a_run_of_other_queries_is_a_sentence() -> None:
    with pytest.raises(EvaluationError) as caught:
        of_queries({"sofa": ["c"]}, ["desk lamp"], "old.csv")
    assert str(caught.value) == (
        "old.csv: wanted the queries that are asked here, found none of 1; it has 'sofa' and others, and asked is "
        "'desk lamp'"
    )


def test_long_rankings_are_read_in_order(tmp_path: Path) -> None:
    lines = [
        json.dumps({"query": f"q{at // 100}", "product": f"p{at}", "rank": 100 - at % 100}) for at in range(20_000)
    ]
    (tmp_path / "run.jsonl").write_text("\n".join(lines))
    found = read_run(tmp_path / "run.jsonl")
    assert len(found) == 200
    assert found["q3"] == [f"p{at}" for at in range(399, 299, -1)]
