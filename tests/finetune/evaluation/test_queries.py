"""Queries with counts, from every kind of file."""

from __future__ import annotations

from pathlib import Path

import pytest
from shelfwise.finetune.evaluation.queries import read_queries
from shelfwise.index import ShelfwiseError


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("queries.txt", "sofa\nred lamp\n\n red  lamp \n", {"red lamp": 2, "sofa": 1}),
        ("queries", "desk, oak\nsofa\n", {"desk, oak": 1, "sofa": 1}),
        ("counted.csv", "Search Term;Searches\nsofa;3\nred lamp;12\nsofa;4\n", {"red lamp": 12, "sofa": 7}),
        ("log.jsonl", '{"query": "sofa"}\n{"query": "lamp"}\n{"query": "sofa"}\n', {"sofa": 2, "lamp": 1}),
        ("log", '[{"q": "sofa", "count": 2.5}, {"q": ""}]', {"sofa": 2.5}),
        ("judged.csv", "query,product_id,grade\nsofa,1,3\nsofa,2,1\nlamp,3,3\n", {"sofa": 1, "lamp": 1}),
        (
            "ratings.json",
            '{"judgmentRatings": [{"query": "sofa", "ratings": [{"docId": "1", "rating": 1}, '
            '{"docId": "2", "rating": 0}]}]}',
            {"sofa": 1},
        ),
    ],
)
def test_queries_are_read_with_how_often_they_are_searched(
    tmp_path: Path, name: str, text: str, wanted: dict[str, float]
) -> None:
    (tmp_path / name).write_text(text)
    found = read_queries(tmp_path / name)
    assert list(found.items()) == list(wanted.items())


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("q.csv", "query,count\nsofa,many\n", ", row 2: wanted a number from 0 on as count, got 'many'"),
        ("q.csv", "query,count\nsofa,-1\n", ", row 2: wanted a number from 0 on as count, got '-1'"),
        ("q.csv", "query,count\n", ": wanted queries, found none"),
        ("q.txt", "", ": wanted a file with queries, got an empty file; export it again"),
    ],
)
def test_what_is_wrong_with_queries_is_a_sentence(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ShelfwiseError) as caught:
        read_queries(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}{sentence}"
