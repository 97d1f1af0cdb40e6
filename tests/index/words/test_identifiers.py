from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelfwise.index.words.identifiers import candidates, identifier_term, identifiers_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Cordless drill DCD771C2, 20V, 1/2 in.", ["#dcd771c2"]),
        ("Sony WH-1000XM4 headphones", ["#wh1000xm4"]),
        ("Model no. 204-558-BB (black)", ["#204558bb"]),
        ("0885609002347", ["#885609002347"]),
        ("2x4 stud, 27-inch, 500ml, 40-Watt, 3 M8 screws", []),
        ("12345 lamps", []),
        ("no digits at all", []),
    ],
)
def test_numbers_of_articles_and_models_are_told_from_measures_and_counts(text: str, found: list[str]) -> None:
    assert identifiers_in(text) == found


@pytest.mark.parametrize("query", ["DCD771C2", "dcd 771 c2", "dcd-771-c2", "DCD771 C2 drill", "drill dcd.771.c2"])
def test_a_number_is_a_candidate_however_its_parts_are_joined(query: str) -> None:
    assert "#dcd771c2" in dict(candidates(query))


def test_candidates_come_longest_first_and_name_their_parts() -> None:
    found = list(candidates("dcd 771 c2"))
    assert found[0] == ("#dcd771c2", (0, 4))
    lengths = [end - first for _, (first, end) in found]
    assert lengths == sorted(lengths, reverse=True)


def test_a_query_without_digits_has_no_candidates() -> None:
    assert list(candidates("warm red boots")) == []


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=40))
def test_separators_and_case_do_not_matter(code: str) -> None:
    spaced = "-".join(code)
    assert identifier_term(spaced) == identifier_term(code) == identifier_term(f" {code}. ")


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(term.startswith("#") for term in (*identifiers_in(text), *dict(candidates(text))))
