"""Judgements from the files of other tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from shelfwise.finetune.judgement import Judgement
from shelfwise.finetune.signals.errors import SignalError
from shelfwise.finetune.signals.reading import JudgementFile, read_judgements

ROWS = [("desk lamp", "p1", 3), ("desk lamp", "p2", 2), ("red boot", "p3", 1)]
WANTED = [Judgement("desk lamp", "p1", 1.0), Judgement("desk lamp", "p2", 0.5), Judgement("red boot", "p3", 0.0)]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, name: str = "judgements.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


def as_csv(path: Path) -> None:
    path.write_text("id,search_term,product_uid,relevance\n" + "".join(f"0,{q},{p},{g}\n" for q, p, g in ROWS))


def as_tsv_without_a_last_break(path: Path) -> None:
    path.write_text("Query\tProduct ID\tGrade\n" + "\n".join(f"{q}\t{p}\t{g}" for q, p, g in ROWS))


def as_json_lines(path: Path) -> None:
    path.write_text("".join(json.dumps({"q": q, "docId": p, "rating": g}) + "\n" for q, p, g in ROWS))


def as_json_array(path: Path) -> None:
    path.write_text(json.dumps([{"query": q, "asin": p, "label": g} for q, p, g in ROWS]))


def as_parquet(path: Path) -> None:
    columns = {"search_term": [q for q, _, _ in ROWS], "product_uid": [p for _, p, _ in ROWS]}
    pyarrow.parquet.write_table(pyarrow.table(columns | {"relevance": [float(g) for _, _, g in ROWS]}), path)


def as_qrels(path: Path) -> None:
    path.with_name("queries.tsv").write_text("q1\tdesk lamp\nq2\tred  boot\n")
    ids = {"desk lamp": "q1", "red boot": "q2"}
    path.write_text("".join(f"{ids[q]} 0 {p} {g}\n" for q, p, g in ROWS))


def as_judgment_ratings(path: Path) -> None:
    by_query = {q: [{"docId": p, "rating": f"{g}.000"} for of, p, g in ROWS if of == q] for q, _, _ in ROWS}
    entries = [{"query": q, "ratings": ratings} for q, ratings in by_query.items()]
    path.write_text(json.dumps({"name": "ours", "type": "IMPORT_JUDGMENT", "judgmentRatings": entries}, indent=2))


@pytest.mark.parametrize(
    ("save", "format"),
    [
        (as_csv, "csv"),
        (as_tsv_without_a_last_break, "csv"),
        (as_json_lines, "jsonl"),
        (as_json_array, "jsonl"),
        (as_parquet, "parquet"),
        (as_qrels, "trec"),
        (as_judgment_ratings, "ratings"),
    ],
)
def test_every_format_is_seen_from_the_content(save: Callable[[Path], None], format: str, tmp_path: Path) -> None:
    save(tmp_path / "file")
    read = read_judgements(tmp_path / "file")
    assert (read.format, read.judgements) == (format, WANTED)
    assert (read.scale.lowest, read.scale.highest) == (1.0, 3.0)
    assert read.report == [
        f"3 judgements of 2 queries read from file ({format}).",
        "Grades from 1 to 3 became gains from 0 to 1.",
    ]


@pytest.mark.parametrize("labels", [("E", "S", "C", "I"), ("Exact", "Substitute", "Complement", "Irrelevant")])
def test_letters_and_words_of_esci_have_the_gains_of_its_paper(labels: list[str], write: Callable[..., Path]) -> None:
    rows = "".join(f"lamp,p{place},{label}\n" for place, label in enumerate(labels))
    read = read_judgements(write("query,product_id,esci_label\n" + rows))
    assert [each.gain for each in read.judgements] == [1.0, 0.1, 0.01, 0.0]


def test_the_ends_of_the_scale_can_be_said(write: Callable[..., Path]) -> None:
    read = read_judgements(write("query,sku,score\nlamp,1,2\nlamp,2,3\n"), lowest=0, highest=4)
    assert [each.gain for each in read.judgements] == [0.5, 0.75]


def test_a_file_of_good_answers_alone_is_read_when_the_scale_is_said(write: Callable[..., Path]) -> None:
    read = read_judgements(write("query,sku,score\nlamp,1,1\nboot,2,1\n"), lowest=0, highest=1)
    assert [each.gain for each in read.judgements] == [1.0, 1.0]


def test_columns_can_be_named(write: Callable[..., Path]) -> None:
    path = write("query,wording,article,stars\nq1,lamp,7,1\nq2,boot,8,5\n")
    read = read_judgements(path, columns={"query": "wording", "product_id": "article", "grade": "stars"})
    assert read.judgements == [Judgement("lamp", "7", 0.0), Judgement("boot", "8", 1.0)]


def test_numbers_as_ids_are_texts_without_a_point(tmp_path: Path) -> None:
    table = pyarrow.table({"query": ["a", "b"], "id": [1000012.0, 7.0], "grade": [0, 1]})
    pyarrow.parquet.write_table(table, tmp_path / "j.parquet")
    assert [each.product_id for each in read_judgements(tmp_path / "j.parquet").judgements] == ["1000012", "7"]


def test_rows_that_lack_something_are_counted(write: Callable[..., Path]) -> None:
    text = "query,id,grade\nlamp,1,1\n,2,1\nlamp,,1\nlamp,3,\nlamp,4,good\nlamp,5,0\nlamp,6\n"
    read = read_judgements(write(text))
    assert [each.product_id for each in read.judgements] == ["1", "5"]
    assert read.report[-1] == ("5 rows were left out for want of a query, a product or a grade (the first is row 3).")


def test_other_tools_ratings_become_the_gains_of_esci(shared_data: Callable[[str], Path]) -> None:
    read: JudgementFile = read_judgements(shared_data("esci_format") / "esci_us_judgments.json")
    assert (len(read.judgements), len({each.query for each in read.judgements})) == (6678, 150)
    assert {round(each.gain, 9) for each in read.judgements} == {1.0, 0.1, 0.01, 0.0}
    assert read.judgements[5] == Judgement("t towels kitchen", "B07SCRKR1H", 1.0)


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        (
            "query,title,grade\nlamp,Lamp,1\n",
            {},
            "{path}: wanted a column for product_id, such as product_id, product_uid, docid; found query, title, grade;"
            " say which it is with columns={{'product_id': NAME}}",
        ),
        ("", {}, "{path}: wanted a file with judgements, got an empty file; export it again"),
        ("query,id,grade\n", {}, "{path}: wanted rows with a query, a product and a grade, found none"),
        (
            "query,id,grade\nlamp,1,\n",
            {},
            "{path}: wanted rows with a query, a product and a grade, found none (1 rows lack one of them)",
        ),
        (
            "query,id,grade\nlamp,1,2\nlamp,2,2\n",
            {},
            "{path}: wanted grades that tell good answers from bad ones, got 2 in all 2 rows; say what the ends of the"
            " scale are (lowest=0, highest=1 where each row is a good answer)",
        ),
        (
            "query,id,grade\nlamp,1,good\nlamp,2,bad\n",
            {},
            "{path}: wanted grades that are numbers, or E, S, C, I, got 'good' in row 2",
        ),
        (
            "query,id,grade\nlamp,1,1\nlamp,2,5\n",
            {"lowest": 0, "highest": 4},
            "{path}: wanted grades from 0 to 4, got 5 in row 3; say the true ends with lowest= and highest=",
        ),
        (
            "query,id,grade\nlamp,1,1\nlamp,2,5\n",
            {"lowest": 4, "highest": 0},
            "{path}: wanted a lowest grade below the highest one, got 4 and 0",
        ),
        (
            "query,id,grade\nlamp,1,1\n",
            {"format": "xml"},
            "format: wanted one of csv, jsonl, parquet, trec, ratings, got 'xml'",
        ),
        (
            "query,id,grade\nlamp,1,1\n",
            {"columns": {"grade": "stars"}},
            "{path}: wanted a column 'stars' for grade, as was said; found query, id, grade",
        ),
        (
            "query,id,grade\nlamp,1,1\n",
            {"columns": {"stars": "grade"}},
            "columns: wanted names out of query, product_id, grade, got 'stars'",
        ),
        (
            "q1 0 p1 1\nq2 0 p2 0\n",
            {},
            "{path}: wanted the texts of the queries too, for qrels have only their ids, and found neither queries.tsv"
            " nor topics.tsv beside it; name a file of qid<TAB>query lines with queries=",
        ),
    ],
)
def test_bad_input_gets_a_sentence(
    text: str, options: dict[str, object], sentence: str, write: Callable[..., Path]
) -> None:
    path = write(text)
    with pytest.raises(SignalError) as caught:
        read_judgements(path, **options)  # type: ignore[arg-type]
    assert str(caught.value) == sentence.format(path=path)


def test_qrels_of_other_queries_get_a_sentence(write: Callable[..., Path]) -> None:
    queries = write("q7\tlamp\n", "others.tsv")
    path = write("q1 0 p1 1\nq2 0 p2 0\n", "a.qrels")
    with pytest.raises(SignalError) as caught:
        read_judgements(path, queries=queries)
    assert str(caught.value) == f"{path}: wanted queries whose ids stand in others.tsv, found none of 2 there"


def test_what_is_no_ratings_file_gets_a_sentence(write: Callable[..., Path]) -> None:
    path = write('{"judgmentRatings": [{"query": "lamp", "ratings": [{"id": 1}]}]}', "ratings.json")
    with pytest.raises(SignalError, match="KeyError: 'docId'"):
        read_judgements(path)


def test_a_missing_file_and_a_folder_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SignalError) as caught:
        read_judgements(tmp_path / "none.csv")
    assert str(caught.value) == (
        f"{tmp_path / 'none.csv'}: wanted a file with judgements, found none there; check the path"
    )
    with pytest.raises(SignalError) as caught:
        read_judgements(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: wanted a file with judgements, got a folder; name one of the files in it"
    )


def test_a_torn_parquet_file_gets_a_sentence(write: Callable[..., Path]) -> None:
    path = write("PAR1 and no more", "j.parquet")
    with pytest.raises(SignalError, match="wanted a whole Parquet file, got one that is not"):
        read_judgements(path)
