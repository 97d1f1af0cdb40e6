"""What codes read as."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.columns.readings import convert, factor, read_codes, read_moment, read_number


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("26", 26, ""),
        ("-5 °C", -5, "°c"),
        ("+5", 5, ""),
        (".5", 0.5, ""),
        ("26 cm", 26, "cm"),
        ("26cm", 26, "cm"),
        ("26,5 cm", 26.5, "cm"),
        ("1,299", 1299, ""),
        ("1,299.50", 1299.5, ""),
        ("12,000 BTU", 12000, "btu"),
        ("1.5e-07", 1.5e-07, ""),
        ('27"', 27, "in"),
        ("27 inches", 27, "in"),
        ("1/2 in.", 0.5, "in"),
        ("1 1/2 in", 1.5, "in"),
        ("1-1/2 inch", 1.5, "in"),
        ("2 fl oz", 2, "floz"),
        ("2 fl. oz.", 2, "floz"),
        ("5加仑", 5, "gal"),
        ("500毫升", 500, "ml"),
        ("90 km/h", 90, "km/h"),
        ("100%", 100, "%"),
        ("２７", 27, ""),
    ],
)
def test_a_number_with_its_unit_is_read(text, number, unit):
    assert read_number(text) == (number, unit)


@pytest.mark.parametrize(
    "text", ["", "cm", "A4", "3 x 4", "20..80", "2026-01-01", "1/0", "5 5", "1,2,3", "٪", "∞", "nan", "1e999", "5" * 41]
)
def test_what_is_no_number_is_none(text):
    assert read_number(text) is None


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text):
    read = read_number(text)
    assert read is None or (np.isfinite(read[0]) and read_number(f"{read[0]!r}{read[1]}") is not None)
    assert read_moment(text) is None or read_moment(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "moment", "end"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 23, 59, 59, 999_999, UTC)),
        ("2026-03-01T10:00", datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC), datetime(2026, 3, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_day_is_as_long_as_it_lasts(text, moment, end):
    assert read_moment(text) == moment and read_moment(text, end=True) == end


@pytest.mark.parametrize("text", ["2026-02-30", "2026", "2026-3-1", "20260301", "0001-01-01T00:00+05:00", "soon"])
def test_what_is_no_date_is_none(text):
    assert read_moment(text) is None


def test_units_compare_where_they_measure_the_same():
    assert factor("m", "cm") == 100 and factor("cm", "m") == 0.01 and factor("in", "cm") == 2.54
    assert factor("kg", "cm") is None and factor("gal", "qt") is None and factor("gal", "gal") == 1
    assert factor("", "cm") == 1 and factor("cm", "") is None
    assert convert(0.3, factor("m", "cm")) == 30 and convert(1.1, factor("m", "cm")) == 110


def test_a_number_that_came_with_the_value_counts_before_what_its_code_says():
    read = read_codes(["A4", "12 kg", "30 cm", "2026-01-01", "5 kg"], np.array([210, 3, np.nan, np.nan, 5]))
    np.testing.assert_array_equal(read.numbers, [210, 3, 30, np.nan, 5])
    assert [read.names[at] for at in read.units] == ["", "", "cm", "", "kg"]
    assert read.moments[3] == (datetime(2026, 1, 1) - datetime(1970, 1, 1)) / timedelta(seconds=1)
    np.testing.assert_array_equal(read.numbers_in("kg"), [210, 3, np.nan, np.nan, 5])
    np.testing.assert_array_equal(read.numbers_in("g"), [210, 3, np.nan, np.nan, 5000])
