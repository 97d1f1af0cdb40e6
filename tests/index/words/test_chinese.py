from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.words.chinese import Pairs, simplified, spoken
from shelfwise.index.words.chinese_table import TRADITIONAL


def pairs(*texts: str) -> Pairs:
    counts = Counter(text[at : at + 2] for text in texts for at in range(len(text) - 1))
    keys = sorted(counts)
    return Pairs(
        np.array([ord(key[0]) for key in keys], np.uint16),
        np.array([ord(key[1]) for key in keys], np.uint16),
        np.array([counts[key] for key in keys], np.int64),
    )


@pytest.mark.parametrize(
    ("traditional", "simple"),
    [
        ("保溫杯", "保温杯"),
        ("27英寸顯示器", "27英寸显示器"),
        ("機械鍵盤", "机械键盘"),
        ("兒童雨鞋", "儿童雨鞋"),
        ("保温杯 mug", "保温杯 mug"),
    ],
)
def test_traditional_characters_become_simplified_ones(traditional: str, simple: str) -> None:
    assert simplified(traditional) == simple


def test_simplifying_twice_changes_nothing_more() -> None:
    assert simplified(simplified(TRADITIONAL)) == simplified(TRADITIONAL)


def test_the_table_says_what_opencc_says() -> None:
    opencc = pytest.importorskip("opencc")
    convert = opencc.OpenCC("t2s").convert
    wrong = [char for char in TRADITIONAL[::2] if convert(char) != simplified(char)]
    assert wrong == []


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("baowenbei", "保温杯"),
        ("baowenb", "保温杯"),  # the last syllable is only begun
        ("xianshiqi", "显示器"),
        ("lvse", "绿色"),
        ("niuzaiku", "牛仔裤"),  # a character of two sounds
        ("dianchi", "电池"),
    ],
)
def test_words_are_found_by_their_sound(typed: str, text: str) -> None:
    catalogue = pairs("保温杯", "显示器", "绿色", "牛仔裤", "电池", "吹风机", "背包")
    assert spoken(typed, catalogue)[:1] == [text]


def test_of_words_that_sound_alike_the_more_frequent_comes_first() -> None:
    assert spoken("shiqi", pairs("石器", "示器", "示器")) == ["示器"]
    assert spoken("shiqi", pairs("石器", "石器", "示器")) == ["石器"]


@pytest.mark.parametrize("typed", ["lamp", "bei", "bwb", "kitchen", "", "b" * 200, "保温", "sony27"])
def test_what_is_no_pinyin_of_two_syllables_is_nothing(typed: str) -> None:
    assert spoken(typed, pairs("保温杯", "显示器")) == []


@given(st.text("abeghinouxz", max_size=24))
def test_what_is_found_is_in_the_catalogue(typed: str) -> None:
    catalogue = pairs("保温杯", "显示器", "绿色牛仔裤")
    known = {chr(one) + chr(other) for one, other in zip(catalogue.first, catalogue.second, strict=True)}
    for text in spoken(typed, catalogue):
        assert {text[at : at + 2] for at in range(len(text) - 1)} <= known


def test_the_sounds_are_those_of_pypinyin() -> None:
    pypinyin = pytest.importorskip("pypinyin")
    for text in ("保温杯", "显示器", "吹风机", "运动鞋", "咖啡豆", "充电器", "羊绒开衫", "旅行箱", "女靴", "蓝牙音箱"):
        typed = "".join(pypinyin.lazy_pinyin(text)).replace("ü", "v")
        assert text in spoken(typed, pairs(text)), typed
