"""Judgements that cannot be trusted are counted and left out."""

from __future__ import annotations

import pytest
from shelfwise.finetune.judgement import Judgement
from shelfwise.finetune.signals.cleaning import CONTRADICTORY, DUPLICATE, MACHINE, MERGED, OVERRULED, UNKNOWN, clean
from shelfwise.finetune.signals.errors import SignalError
from shelfwise.finetune.signals.queries import is_machine_text, normalized


def judged(*gains: float, query: str = "lamp", product: str = "p1") -> list[Judgement]:
    return [Judgement(query, product, gain) for gain in gains]


def test_exact_duplicates_are_kept_once() -> None:
    cleaned = clean(judged(0.5, 0.5, 0.5))
    assert (cleaned.judgements, cleaned.dropped) == (judged(0.5), {DUPLICATE: 2})


def test_near_grades_become_their_mean() -> None:
    cleaned = clean(judged(0.5, 1.0))
    assert (cleaned.judgements, cleaned.dropped) == (judged(0.75), {MERGED: 1})


def test_two_that_contradict_each_other_are_dropped() -> None:
    cleaned = clean([*judged(0.0, 1.0), *judged(1.0, query="boot")])
    assert (cleaned.judgements, cleaned.dropped) == (judged(1.0, query="boot"), {CONTRADICTORY: 2})


def test_three_opinions_decide_by_their_mean() -> None:
    cleaned = clean(judged(0.0, 1.0, 0.8))
    assert cleaned.judgements == judged(0.6)


def test_what_is_trusted_more_overrules_the_rest() -> None:
    cleaned = clean([Judgement("lamp", "p1", 1.0, 0.3), Judgement("Lamp", "p1", 0.0)])
    assert [each.gain for each in cleaned.judgements] == [0.0]
    assert cleaned.dropped == {OVERRULED: 1}


def test_queries_that_differ_in_case_spaces_and_unicode_are_one_as_most_spell_it() -> None:
    spelled = ["USB  Lamp", "USB Lamp", "ｕｓｂ lamp"]
    cleaned = clean(Judgement(query, product, 1.0) for query, product in zip(spelled, "abc", strict=True))
    assert [(each.query, each.product_id) for each in cleaned.judgements] == [(("USB Lamp"), each) for each in "abc"]


def test_judgements_of_unknown_products_are_counted() -> None:
    cleaned = clean([*judged(1.0), *judged(1.0, product="gone")], known={"p1"})
    assert (cleaned.judgements, cleaned.dropped) == (judged(1.0), {UNKNOWN: 1})
    assert cleaned.report == [
        "1 of 2 judgements are kept, of 1 queries.",
        "1 were of products that the catalogue does not have.",
    ]


def test_judgements_of_unknown_products_alone_are_an_error() -> None:
    with pytest.raises(SignalError) as caught:
        clean(judged(1.0, 0.0), known={"x"})
    assert str(caught.value) == (
        "judgements: wanted products of this catalogue, got 2 judgements and none of their products is known (the first"
        " is 'p1'); check that both name products by the same ids"
    )


def test_nothing_left_is_an_error_with_the_reasons() -> None:
    with pytest.raises(SignalError) as caught:
        clean(judged(1.0, query="http://shop/"))
    assert str(caught.value) == (f"judgements: wanted some that can be trusted, and none is left: 1 {MACHINE}")


@pytest.mark.parametrize(
    "query",
    [
        "https://example.com/x", "www.shop.example", "<script>alert(1)</script>", "${jndi:ldap://x}",
        "../../etc/passwd", "1' or 1=1", "x union select 1", "me@example.com", "?!", "", "aaaaaaaaaa", "word " * 31,
        "x" * 201,
        "{search_term_string}", "a3f5a3f5a3f5a3f5a3f5a3f5", "123e4567-e89b-12d3-a456-426614174000",
    ],
)  # fmt: skip
def test_machine_text_is_seen(query: str) -> None:
    assert is_machine_text(query)


@pytest.mark.parametrize(
    "query",
    [
        "led lamp 27\"", "3/4 in. pipe", "select comfort bed from sleep number", "b07cvr21vn", "保温杯", "c++ book",
        "at&t", "4006381333931", "union fitting", "script font stencil", "iii", "50% off", "t-shirt <3", "www",
        "black/white 2x4",
    ],
)  # fmt: skip
def test_what_shoppers_type_is_not_machine_text(query: str) -> None:
    assert not is_machine_text(query)


def test_equal_queries_are_equal_in_every_unicode_form() -> None:
    assert normalized("Cafe\u0301\u200b  Crème") == normalized("CAFÉ crème") == "café crème"
