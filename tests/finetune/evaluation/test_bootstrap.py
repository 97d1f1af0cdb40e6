"""Intervals hold what they promise, and Holm's correction is the one of the paper."""

from __future__ import annotations

import numpy as np
import pytest
from shelfwise.finetune.evaluation import bootstrap as module
from shelfwise.finetune.evaluation.bootstrap import bootstrap, holm


def test_the_interval_is_that_of_the_mean_and_the_same_for_the_same_seed() -> None:
    values = np.random.default_rng(1).normal(0.3, 0.2, 900)
    drawn = bootstrap(values, seed=4)
    interval = drawn.interval
    error = values.std() / np.sqrt(900)
    assert (interval.mean, interval.low, interval.high) == pytest.approx(
        (values.mean(), values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.1 * error
    )
    assert bootstrap(values, seed=4).interval == interval
    assert bootstrap(values, seed=5).interval != interval


def test_drawing_in_several_parts_draws_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CELLS", 1_000)
    assert len(bootstrap(np.arange(300.0), resamples=100).means) == 100
    assert len(bootstrap(np.arange(3_000.0), resamples=7).means) == 7


def test_the_probability_speaks_against_what_the_values_do_not_reach() -> None:
    drawn = bootstrap(np.random.default_rng(2).normal(-0.05, 0.1, 400))
    assert drawn.p_not_below(-0.02) == 1 / (1 + module.RESAMPLES)
    assert 0.3 < drawn.p_not_below(float(drawn.mean)) < 0.7
    assert drawn.p_not_below(-0.1) == 1.0


def test_one_query_has_an_interval_of_no_width() -> None:
    interval = bootstrap(np.array([0.25])).interval
    assert (interval.mean, interval.low, interval.high) == (0.25, 0.25, 0.25)


def test_holms_correction_multiplies_by_how_many_are_left_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
