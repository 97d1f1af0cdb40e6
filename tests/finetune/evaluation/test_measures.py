"""Measures by ir-measures against closed formulas, and the shop's own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

pytest.importorskip("ir_measures")

from shelfwise.finetune.evaluation.errors import EvaluationError
from shelfwise.finetune.evaluation.measures import (
    MAIN,
    answerable,
    depth_of,
    extra_metrics,
    parsed_measure,
    per_query,
)
from shelfwise.finetune.judgement import RELEVANT
from shelfwise.plugin import hookimpl
from shelfwise.plugin.hooks import Plugins

JUDGED = {"lamp": {"a": 0.25, "b": 1.0, "c": 0.665, "missed": 0.835}}
RUN = {"lamp": ["a", "x", "b", "c"]}


def closed(ranking: Sequence[str], gains: Mapping[str, float]) -> tuple[float, float, float]:
    """recall@100, MRR@10 and nDCG@10, written down once more."""
    relevant = {product for product, gain in gains.items() if gain >= RELEVANT}
    ranks = [rank for rank, product in enumerate(ranking[:10], 1) if product in relevant]
    discounts = [1 / math.log2(rank + 1) for rank in range(1, 11)]
    reached = [gains.get(product, 0.0) for product in ranking[:10]]
    best = sorted(gains.values(), reverse=True)[:10]
    ndcg = sum(map(math.prod, zip(reached, discounts, strict=False))) / sum(
        map(math.prod, zip(best, discounts, strict=False))
    )
    return len(relevant.intersection(ranking[:100])) / len(relevant), 1 / ranks[0] if ranks else 0.0, ndcg


def test_the_main_measures_are_those_of_the_closed_formulas_on_any_data() -> None:
    draw = np.random.default_rng(7)
    products = [f"p {at} ü" for at in range(160)]
    judged, run = {}, {}
    for at in range(120):
        kept = draw.choice(products, draw.integers(1, 25), replace=False)
        gains = {str(product): float(gain) for product, gain in zip(kept, draw.random(len(kept)), strict=True)}
        judged[f"query {at}\tof any kind"] = gains | {products[at]: 1.0}
        run[f"query {at}\tof any kind"] = [str(each) for each in draw.permutation(products)[: draw.integers(0, 150)]]

    found = per_query(run, judged)

    wanted = np.array([closed(run[query], judged[query]) for query in judged])
    for at, name in enumerate(MAIN):
        np.testing.assert_allclose(found.values[name], wanted[:, at], atol=1e-3)
    assert found.mean("nDCG@10") == pytest.approx(wanted[:, 2].mean(), abs=1e-3)


def test_other_measures_of_ir_measures_count_from_the_same_threshold() -> None:
    found = per_query(RUN, JUDGED, ["P@5", "Success@1", "R@100", "RR", "nDCG@1"])
    values = {name: each[0] for name, each in found.values.items()}
    assert values == pytest.approx({"P@5": 2 / 5, "Success@1": 0, "R@100": 2 / 3, "RR": 1 / 3, "nDCG@1": 0.25})


def test_a_query_that_the_run_lacks_and_one_that_found_nothing_are_zero() -> None:
    judged = {"lamp": JUDGED["lamp"], "desk": {"d": 1.0}, "chair": {"e": 1.0}}
    found = per_query({"desk": [], "lamp": ["b"], "sofa": ["e"]}, judged, ["MRR@10", "nDCG@10"])
    assert found.queries == ("lamp", "desk", "chair")
    assert found.values["MRR@10"].tolist() == [1, 0, 0]
    assert found.values["nDCG@10"][1:].tolist() == [0, 0]


def test_what_no_answer_could_be_good_for_is_left_out() -> None:
    assert answerable({"lamp": {"a": 0.664}, "desk": {"d": RELEVANT}, "sofa": {}}) == {"desk": {"d": RELEVANT}}


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("foo", "got 'foo'"),
        ("", "got ''"),
        ("R", "got 'R', which lacks its depth; write recall@100"),
        ("NumRet", "got 'NumRet', which does not lie between 0 and 1 with more being better"),
        ("ERR@10", "got 'ERR@10', which does not lie between 0 and 1 with more being better"),
        ("P(rel=2)@5", "got 'P(rel=2)@5'; what is relevant is set: a gain of 0.665 or more"),
        (
            "nDCG(dcg='exp-log2')@10",
            "got \"nDCG(dcg='exp-log2')@10\"; what is relevant is set: a gain of 0.665 or more",
        ),
    ],
)
def test_a_name_that_is_no_measure_is_a_sentence(name: str, end: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        parsed_measure(name)
    start = "measure: wanted a name such as recall@100, MRR@10, nDCG@10, P@5, AP; "
    assert str(caught.value) == start + end


def test_the_depth_of_a_measure_is_what_it_looks_at() -> None:
    assert [depth_of(name) for name in ("recall@100", "MRR@10", "AP")] == [100, 10, 0]
    assert depth_of("mine", {"mine": lambda ranking, gains: 1.0}) == 0


class Margin:
    """A shop's plugin with measures of its own."""

    name = "margin"

    def __init__(self, **metrics: object) -> None:
        self.metrics = metrics

    @hookimpl
    def extra_metrics(self) -> dict[str, object]:
        return self.metrics


def plugins(*given: object) -> Plugins:
    made = Plugins()
    for at, each in enumerate(given):
        made.add(each, f"margin{at}", "test")
    return made


def test_a_shops_own_measure_gets_the_ranking_and_the_gains_above_zero() -> None:
    heard = []

    def first_is_good(ranking: Sequence[str], gains: Mapping[str, float]) -> float:
        heard.append((list(ranking), dict(gains)))
        return float(bool(ranking) and ranking[0] in gains)

    extra = extra_metrics(plugins(Margin(first=first_is_good)), pytest.fail)
    judged = {"lamp": {"a": 0.5, "b": 0.0, "c": 1.0}, "desk": {"d": 1.0}}
    found = per_query({"lamp": ["a", "b"]}, judged, ["first", "MRR@10"], extra)

    assert heard == [(["a", "b"], {"a": 0.5, "c": 1.0}), ([], {"d": 1.0})]
    assert found.values["first"].tolist() == [1, 0]
    assert list(found.values) == ["first", "MRR@10"]


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        (lambda ranking, gains: 1 / 0, "measure 'odd': it failed with ZeroDivisionError: division by zero; mend it"),
        (lambda ranking, gains: math.nan, "measure 'odd': wanted a finite number for each query, got nan; mend it"),
    ],
)
def test_a_shops_own_measure_that_fails_is_named(metric: object, sentence: str) -> None:
    extra = extra_metrics(plugins(Margin(odd=metric)), pytest.fail)
    with pytest.raises(EvaluationError) as caught:
        per_query(RUN, JUDGED, ["odd"], extra)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([Margin(odd=3)], "plugin margin0: the measure 'odd' is no function but 3"),
        ([Margin(**{"P@5": max})], "plugin margin0: there is a measure 'P@5' already; call it otherwise"),
        ([Margin(odd=max), Margin(odd=min)], "plugin margin1: there is a measure 'odd' already; call it otherwise"),
    ],
)
def test_a_plugin_whose_measures_do_not_fit_is_named(given: list[Margin], sentence: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        extra_metrics(plugins(*given), pytest.fail)
    assert str(caught.value) == sentence


def test_a_plugin_that_fails_is_left_out_with_a_sentence() -> None:
    class Broken:
        @hookimpl
        def extra_metrics(self) -> None:
            raise KeyError("gone")

    told: list[str] = []
    assert list(extra_metrics(plugins(Broken(), Margin(odd=max)), told.append)) == ["odd"]
    assert told == ["Plugin margin0 is left out: it fails with KeyError: 'gone'; mend or uninstall it"]
