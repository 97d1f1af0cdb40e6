"""Measures against hand-computed values, and against ir-measures where that can count them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.usefixtures("neighbours")

RANKING = ["a", "x", "b", "c"]
JUDGED = {"a": 1.5, "b": 3.0, "c": 2.33, "missed": 2.67}  # three are relevant: b, c and the one that is missed


def test_recall_counts_products_from_2_33_on():
    from measures import recall

    assert recall(RANKING, JUDGED, 100) == pytest.approx(2 / 3)
    assert recall(RANKING, JUDGED, 3) == pytest.approx(1 / 3)


def test_the_reciprocal_rank_is_of_the_first_relevant_product_within_the_depth():
    from measures import reciprocal_rank

    assert reciprocal_rank(RANKING, JUDGED, 10) == pytest.approx(1 / 3)
    assert reciprocal_rank(RANKING, JUDGED, 2) == 0.0


def test_ndcg_gains_are_relevance_minus_one_and_the_unjudged_gain_nothing():
    from measures import ndcg

    found = 0.5 / math.log2(2) + 0 + 2.0 / math.log2(4) + 1.33 / math.log2(5)
    best = 2.0 / math.log2(2) + 1.67 / math.log2(3) + 1.33 / math.log2(4) + 0.5 / math.log2(5)
    assert ndcg(RANKING, JUDGED, 10) == pytest.approx(found / best)


def test_the_bucket_of_a_query_is_its_sha256_modulo_100():
    from measures import bucket

    assert [bucket("angle bracket"), bucket("deck over")] == [38, 80]


def test_intervals_hold_the_mean_and_are_the_same_for_the_same_seed():
    from measures import MEASURES, intervals

    values = np.random.default_rng(3).random((200, len(MEASURES)))
    first, again = intervals(values), intervals(values)
    assert first == again
    for at, name in enumerate(MEASURES):
        assert first[name].mean == pytest.approx(values[:, at].mean())
        assert first[name].low < first[name].mean < first[name].high
        # about twice 1.96 standard errors of a mean of 200 uniform numbers
        assert first[name].high - first[name].low == pytest.approx(2 * 1.96 * 0.2887 / math.sqrt(200), rel=0.25)


@given(
    ranking=st.permutations([f"p{number}" for number in range(15)]),
    grades=st.dictionaries(st.sampled_from([f"p{number}" for number in range(18)]), st.sampled_from([1.0, 2.0, 3.0])),
)
def test_whole_grades_give_what_ir_measures_gives(ranking: list[str], grades: dict[str, float]) -> None:
    ir_measures = pytest.importorskip("ir_measures")
    from measures import per_query

    judged = {**grades, "p0": 3.0}
    run = [ir_measures.ScoredDoc("q", key, -float(place)) for place, key in enumerate(ranking)]
    gains = [ir_measures.Qrel("q", key, int(relevance - 1)) for key, relevance in judged.items()]
    wanted = [ir_measures.R(rel=2) @ 100, ir_measures.RR(rel=2) @ 10, ir_measures.nDCG @ 10]
    theirs = ir_measures.calc_aggregate(wanted, gains, run)
    ours = per_query([ranking], [judged])[0]
    np.testing.assert_allclose(ours, [theirs[measure] for measure in wanted], atol=1e-4)


def test_fractions_give_what_the_evaluation_of_the_library_gives() -> None:
    pytest.importorskip("ir_measures")
    from measures import MEASURES, RELEVANT, per_query
    from shelfwise.finetune.evaluation.measures import per_query as theirs

    draw = np.random.default_rng(11)
    grades = np.array([1, 1.33, 1.67, 2, RELEVANT, 2.5, 2.67, 3])
    judged, run = {}, {}
    for at in range(150):
        keys = draw.permutation([f"p{number}" for number in range(140)]).tolist()
        judged[f"q{at}"] = dict(zip(keys, draw.choice(grades, 20).tolist(), strict=False)) | {keys[0]: RELEVANT}
        run[f"q{at}"] = draw.permutation(keys).tolist()[: draw.integers(1, 140)]
    found = per_query(list(run.values()), list(judged.values()))
    gains = {query: {key: (grade - 1) / 2 for key, grade in each.items()} for query, each in judged.items()}
    values = theirs(run, gains).values
    np.testing.assert_allclose(found, np.stack([values[name] for name in MEASURES], axis=1), atol=1e-3)
