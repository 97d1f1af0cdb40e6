from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.strings import StringTable

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=12)


@given(texts)
def test_a_table_holds_each_text_once_in_the_order_of_its_bytes(given_texts):
    assert list(StringTable.build(given_texts)) == sorted(set(given_texts), key=str.encode)


@given(texts, st.text(max_size=6))
def test_find_gives_the_place_of_what_is_there_and_minus_one_for_the_rest(given_texts, other):
    table = StringTable.build(given_texts)
    for text in {*given_texts, other}:
        position = table.find(text)
        assert position == (list(table).index(text) if text in given_texts else -1)


@given(texts, st.text(st.characters(exclude_categories=["Cs"]), max_size=6))
def test_first_not_below_is_where_the_text_stands_or_would_stand(given_texts, wanted):
    table = StringTable.build(given_texts)
    below = sum(text.encode() < wanted.encode() for text in set(given_texts))
    assert table.first_not_below(wanted.encode()) == below


@pytest.mark.parametrize("content", [["b", "", "保温杯", "a", "a\0"], [""], []])
def test_a_saved_table_is_mapped_and_equal(tmp_path: Path, content):
    StringTable.build(content).save(tmp_path, "names")
    loaded = StringTable.load(tmp_path, "names")
    assert list(loaded) == sorted(set(content), key=str.encode)
    assert all(loaded.find(text) >= 0 for text in content) and loaded.find("zz") == -1
    assert not loaded.data.flags.writeable


def test_a_position_outside_is_an_index_error():
    table = StringTable.build(["a", "b"])
    for position in (2, -1):
        with pytest.raises(IndexError):
            table[position]


def test_a_lone_surrogate_is_simply_not_there():
    assert StringTable.build(["a"]).find("\ud800") == -1
