"""Filters of every kind for property tests, with the texts that people and feeds really hold."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st
from shelfwise.index import AnyOf, DateRange, Filter, FilterError, InStock, Not, PriceRange, Range, Under, parse_filters

SIGNS = "'\"\\,:;=&?#%+-.<>!()[]{}|*^$~ "
tricky = st.one_of(
    st.text(max_size=12),
    st.text(st.sampled_from([*SIGNS, "a", "5", "é", "保", "ש", "👢", "\u202e", "\u00a0", "\u3000", "\n"]), max_size=12),
    st.sampled_from(["20..80", "..", "5cm..", "2026-01-01..", "yes", "-brand", "+brand", "'quoted'", '27"', "L'Oréal"]),
    st.sampled_from(["' OR 1=1 --", "%27", "a.*b", "(?P<x>", "\ud800", "a\0b", "brand:Norda", "A > B", "C:\\x"]),
)
values = tricky.filter(lambda text: bool(text.strip()))
names = values.filter(lambda name: name not in {"price", "added", "in_stock", "category", "id"})
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1000, 1000).map(float)
moments = (
    st.none()
    | st.datetimes(timezones=st.just(UTC))
    | st.dates().map(lambda day: datetime(*day.timetuple()[:3], tzinfo=UTC))
)
amounts = st.none() | st.decimals(0, 10**6, places=2) | st.integers(0, 10**9)
some = st.lists(values, min_size=1, max_size=4).map(tuple)


def ordered(ends: tuple[object, object]) -> tuple[object, object]:
    low, high = ends
    return (high, low) if low is not None and high is not None and high < low else ends  # type: ignore[operator]


def _pairs(ends: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, object]]:
    return st.tuples(ends, ends).map(lambda pair: ordered(pair))


plain: st.SearchStrategy[Filter] = st.one_of(
    st.builds(AnyOf, names | st.just("id"), some),
    st.builds(Under, st.just("category"), some),
    st.builds(
        lambda name, ends, unit, below: Range(name, *ends, unit, below),
        names,
        _pairs(numbers),
        st.sampled_from(["", "", "cm", "in", "°C", "fl oz", "km/h", "pcs."]),
        st.booleans(),
    ),
    st.builds(lambda name, ends: DateRange(name, *ends), names | st.just("added"), _pairs(moments)),
    st.builds(lambda ends: PriceRange(*ends), _pairs(amounts)),
    st.builds(InStock, st.booleans()),
)
filters = st.lists(
    st.one_of(plain, plain.map(Not), plain.map(Not).map(Not), plain.map(Not).map(Not).map(Not)), max_size=4
).map(tuple)


def parsed(given: tuple[Filter, ...]) -> tuple[Filter, ...] | None:
    """The filters in their one form; None for those that are refused."""
    try:
        return parse_filters(given)
    except FilterError:
        return None


accepted = filters.map(parsed).filter(lambda made: made is not None)
