"""Which rows are made of what is known."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from shelfwise.finetune.examples import GAIN_UNITS, TrainingData, drawn, make_examples
from shelfwise.finetune.judgement import RELEVANT, Judgement

TEXTS = {f"p{at}": f"Product {at}" for at in range(12)}
JUDGED = [
    Judgement("lamp", "p0", 1.0),
    Judgement("lamp", "p1", 0.7),
    Judgement("lamp", "p2", 0.5),
    Judgement("lamp", "p3", 0.0),
    Judgement("boot", "p4", 1.0),
    Judgement("boot", "gone", 1.0),
]


def test_each_pair_that_answers_is_a_row_and_products_that_are_gone_are_none() -> None:
    made = make_examples(JUDGED, {}, TEXTS)
    assert sorted((each.query, each.products[0]) for each in made.examples) == [
        ("boot", "p4"),
        ("lamp", "p0"),
        ("lamp", "p1"),
    ]


def test_others_are_judged_as_worse_or_mined_and_never_another_answer() -> None:
    negatives = {"lamp": ["p6", "p7", "p0"], "boot": ["p8"]}
    seen = {"lamp": set[str](), "boot": set[str]()}
    for seed in range(40):
        for each in make_examples(JUDGED, negatives, TEXTS, seed=seed).examples:
            seen[each.query].update(each.products[1:])
    assert seen == {"lamp": {"p2", "p3", "p6", "p7"}, "boot": {"p8"}}


def test_without_grades_what_is_nearly_an_answer_is_not_called_wrong() -> None:
    drawn = {
        (key, gain)
        for seed in range(40)
        for each in make_examples(JUDGED, {"lamp": ["p6"]}, TEXTS, graded=False, seed=seed).examples
        for key, gain in zip(each.products[1:], each.gains[1:], strict=True)
        if each.query == "lamp"
    }
    assert drawn == {("p3", 0.0), ("p6", 0.0)}


def test_grades_are_squared_so_that_half_a_gain_comes_clearly_after() -> None:
    gains = {
        (key, gain)
        for seed in range(40)
        for each in make_examples(JUDGED, {}, TEXTS, seed=seed).examples
        for key, gain in zip(each.products, each.gains, strict=True)
        if each.query == "lamp" and key in ("p1", "p2")
    }
    assert gains == {("p1", 0.7**2), ("p2", 0.25)}


def test_what_is_trusted_less_is_taken_more_rarely() -> None:
    judged = [Judgement(f"query {at}", "p0", 1.0, 0.25) for at in range(2_000)]
    assert 400 < len(make_examples(judged, {}, TEXTS).examples) < 600


def test_of_too_many_rows_some_are_drawn() -> None:
    assert len(make_examples(JUDGED, {}, TEXTS, most=2).examples) == 2


def test_of_a_made_up_million_so_many_queries_are_drawn_as_give_the_rows() -> None:
    judged = [
        Judgement(f"query {at}", key, gain, 0.5) for at in range(1_000) for key, gain in (("p0", 1.0), ("p1", 0.2))
    ]
    kept = drawn(judged, 100, seed=0)
    assert len({each.query for each in kept}) == 200 and len(kept) == 400, "whole queries"
    assert 70 < len(make_examples(kept, {}, TEXTS, most=100).examples) <= 100
    assert sorted(drawn(judged, 10_000, seed=0), key=repr) == sorted(judged, key=repr)


def test_the_same_seed_makes_the_same_rows() -> None:
    def rows(seed: int) -> list[object]:
        return list(make_examples(JUDGED * 3, {"lamp": ["p6", "p7"]}, TEXTS, seed=seed).examples)

    assert rows(1) == rows(1) and any(rows(1) != rows(seed) for seed in range(2, 8))


def test_what_is_written_is_read_again() -> None:
    made = make_examples(JUDGED, {}, TEXTS, others=2)
    again = TrainingData.from_json(json.loads(json.dumps(made.to_json())))
    assert again.columns() == made.columns() and again.answer_numbers() == made.answer_numbers()


@given(
    st.lists(
        st.builds(
            Judgement,
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from([*TEXTS, "gone"]),
            st.floats(0, 1, allow_nan=False),
        ),
        max_size=30,
    ),
    st.integers(1, 3),
    st.booleans(),
)
def test_labels_say_of_each_row_what_it_holds(judged: list[Judgement], others: int, graded: bool) -> None:
    made = make_examples(judged, {"a": ["p9", "p10"]}, TEXTS, others=others, graded=graded)
    if not made.examples:
        assert not any(each.gain >= RELEVANT and each.product_id in TEXTS for each in judged)
        return
    columns = made.columns()
    assert set(columns) == {"query", "label", *(f"product_{at}" for at in range(1 + others))}
    for row, each in enumerate(made.examples):
        assert len(set(each.products)) == 1 + others
        assert [columns[f"product_{at}"][row] for at in range(1 + others)] == [TEXTS[key] for key in each.products]
        label = columns["label"][row]
        assert isinstance(label, list) and len(label) == 1 + 2 * (1 + others)
        assert label[2 + others :] == [round(gain * GAIN_UNITS) for gain in each.gains]
