from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.words.measures import BASE, Measure, measure_terms, measures_in
from shelfwise.index.words.units import SPELLINGS


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('27" monitor', ["27 in"]),
        ("27-inch monitor", ["27 in"]),
        ("1/2 in. x 3 ft. pipe", ["0.5 in", "3 ft"]),
        ("1-1/2 in. elbow", ["1.5 in"]),
        ("2 1/2-inch hole saw", ["2.5 in"]),
        (".5 in nail", ["0.5 in"]),
        ("5加仑水桶", ["5 gal"]),
        ("保温杯500毫升", ["500 ml"]),
        ("12,000 BTU air conditioner", ["12000 btu"]),
        ("covers 100 sq. ft.", ["100 sqft"]),
        ("kettle 1.5 l and 1.5 L", ["1.5 l"]),
        ("2x4 stud", []),
        ("5 inside corners", []),
        ("the year 2024", []),
        ("", []),
    ],
)
def test_measures_are_read_however_they_are_written(text: str, found: list[str]) -> None:
    assert [str(each) for each in measures_in(text)] == found


@pytest.mark.parametrize(
    ("one", "other"),
    [("4 ft", "48 in"), ("1 m", "100 cm"), ("0.5 kg", "500 g"), ("1 tb", "1000 gb"), ("1/2 in", ".5 in")],
)
def test_equal_measures_share_a_term_whatever_their_unit(one: str, other: str) -> None:
    assert [each.term for each in measures_in(one)] == [each.term for each in measures_in(other)]


def test_a_unit_without_a_base_is_compared_only_with_itself() -> None:
    assert set(measure_terms("5 gal")).isdisjoint(measure_terms("5 qt"))


@given(st.fractions(min_value=0, max_value=10_000, max_denominator=16), st.sampled_from(sorted(SPELLINGS)))
def test_what_a_measure_says_of_itself_is_read_as_the_same_measure(number: object, unit: str) -> None:
    measure = Measure(number, unit)  # type: ignore[arg-type]
    assert measures_in(f"a {number} {unit} thing") == [measure]
    assert measure.term.split(":")[0] == f"={BASE[unit][0] if unit in BASE else unit}"


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(term.startswith("=") for term in measure_terms(text))
