"""The gate lets better ones through and no others, as often as it promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from shelfwise.finetune.evaluation.errors import EvaluationError
from shelfwise.finetune.gate import Verdict, judge

Values = NDArray[np.float64]
Pair = tuple[Values, Values]
PAIRS = 200
QUERIES = 400


def measured(draw: np.random.Generator, quality: Values) -> Values:
    """What a system reaches: as nDCG does, it is nothing for some queries, and all for others."""
    return np.clip(quality + draw.normal(0, 0.15, quality.shape), 0, 1)


def pairs(worse_by: float, seed: int = 0) -> list[Pair]:
    """Two systems and the same queries; the second one's mean lies `worse_by` below the first one's."""
    draw = np.random.default_rng(seed)
    made = []
    for _ in range(PAIRS):
        quality = np.clip(draw.normal(0.45, 0.35, QUERIES), 0, 1)
        made.append((measured(draw, quality), measured(draw, quality) - worse_by))
    return made


def outcomes(given: list[Pair], **options: bool) -> list[str]:
    halves = {"first": np.arange(QUERIES) < QUERIES // 2, "second": np.arange(QUERIES) >= QUERIES // 2}
    return [judge(old, new, halves, resamples=2_000, **options).outcome for old, new in given]


def test_of_identical_pairs_at_most_one_in_twenty_passes_as_better() -> None:
    found = outcomes(pairs(0.0))
    assert found.count("too_few") == 0
    assert found.count("accepted") <= 0.05 * PAIRS
    # 2.5 in 100 is what the interval promises: of 200, one to ten in 99 of 100 cases.
    assert found.count("accepted") >= 1


def test_of_pairs_that_are_worse_by_three_hundredths_nine_in_ten_are_refused() -> None:
    assert outcomes(pairs(0.03)).count("refused") >= 0.9 * PAIRS
    assert outcomes(pairs(0.03), non_inferior=True).count("refused") >= 0.9 * PAIRS


def test_of_pairs_that_are_better_by_three_hundredths_most_pass() -> None:
    assert outcomes(pairs(-0.03)).count("accepted") >= 0.9 * PAIRS


def test_with_margin_what_loses_just_the_margin_passes_no_more_often() -> None:
    assert outcomes(pairs(0.005), non_inferior=True).count("accepted") <= 0.05 * PAIRS


def test_what_is_as_good_passes_more_often_with_margin() -> None:
    given = pairs(0.0)
    assert outcomes(given, non_inferior=True).count("accepted") > outcomes(given).count("accepted")


def test_the_very_same_answers_are_refused_without_margin_and_pass_with_it() -> None:
    same = np.random.default_rng(0).random(150)
    assert judge(same, same).outcome == "refused"
    assert judge(same, same, non_inferior=True).outcome == "accepted"


def rising(by: float, queries: int) -> Pair:
    old = np.linspace(0.2, 0.6, queries)
    return old, old + by + 0.02 * np.cos(np.arange(queries))


def test_a_better_one_is_accepted_with_its_figures() -> None:
    old, new = rising(0.05, 200)
    found = judge(old, new)
    assert (found.outcome, found.accepted, found.exit_code, found.missing) == ("accepted", True, 0, 0)
    assert str(found) == (
        "nDCG@10 of 200 queries: 0.4000 before, 0.4499 now "
        "(+0.0499, 95% interval +0.0480 to +0.0520, which lies above zero)."
    )


def test_too_few_queries_say_how_many_are_missing_however_clear_they_are() -> None:
    for by in (0.3, -0.3):
        found = judge(*rising(by, 60))
        assert (found.outcome, found.exit_code, found.missing) == ("too_few", 2, 40)
        assert str(found) == "Wanted at least 100 judged queries to tell which is better, got 60: 40 are missing."
    assert judge(*rising(0.3, 100)).outcome == "accepted"


def test_a_gain_that_may_be_chance_says_how_many_queries_would_tell() -> None:
    gains = np.tile([0.3, -0.27], 100)
    found = judge(np.full(200, 0.5), 0.5 + gains)
    assert found.outcome == "refused"
    assert str(found).endswith(
        "which does not lie above zero). To make out a gain of this size takes about 2,831 judged queries."
    )
    assert "To make out" not in str(judge(np.full(200, 0.5), 0.5 - gains))


def segment_of(size: int, queries: int = 400) -> dict[str, NDArray[np.bool_]]:
    return {"one word": np.arange(queries) < size, "long": np.arange(queries) >= size}


def with_worse_segment(size: int, by: float) -> Pair:
    old, new = rising(0.05, 400)
    new[:size] -= 0.05 + by
    return old, new


def test_a_segment_that_is_worse_refuses_what_is_better_overall() -> None:
    found = judge(*with_worse_segment(60, 0.05), segment_of(60))
    assert found.overall.gain.low > 0
    assert (found.outcome, found.exit_code) == ("refused", 1)
    assert [each.is_worse for each in found.segments] == [True, False]
    assert found.reasons[1] == (
        "The 60 queries of the segment 'one word' are worse by more than 0.02: "
        "-0.0498, 95% interval -0.0534 to -0.0462 (p = 0.0002 after Holm's correction)."
    )


@pytest.mark.parametrize(("size", "by"), [(49, 0.05), (60, 0.02), (60, 0.0)])
def test_a_small_segment_or_a_small_loss_refuses_nothing(size: int, by: float) -> None:
    found = judge(*with_worse_segment(size, by), segment_of(size))
    assert found.outcome == "accepted"
    assert (found.segments[0].p is None) == (size < 50)


def test_chance_in_one_of_many_segments_refuses_no_more_than_one_in_twenty() -> None:
    draw = np.random.default_rng(5)
    refused = 0
    for _ in range(100):
        old = np.clip(draw.normal(0.45, 0.3, 1_000), 0, 1)
        members = {f"segment {at}": np.arange(1_000) // 100 == at for at in range(10)}
        gain = 0.08 * (np.arange(1_000) >= 500) - 0.02 * (np.arange(1_000) < 500)
        found = judge(old, old + gain + draw.normal(0, 0.12, 1_000), members, resamples=1_000)
        assert found.overall.gain.low > 0
        refused += found.outcome == "refused"
    assert refused <= 8


def test_segments_without_queries_are_left_out() -> None:
    old, new = rising(0.05, 120)
    assert judge(old, new, {"none": np.zeros(120, bool)}).segments == ()


def test_the_same_seed_gives_the_same_verdict() -> None:
    old, new = pairs(0.0)[0]
    first: Callable[[int], Verdict] = lambda seed: judge(old, new, seed=seed)  # noqa: E731
    assert first(3) == first(3)
    assert first(3) != first(4)


def test_a_verdict_is_plain_json() -> None:
    old, new = rising(0.05, 120)
    found = judge(old, new, {"long": np.arange(120) < 70}).to_dict()
    assert (found["outcome"], found["metric"], found["missing"]) == ("accepted", "nDCG@10", 0)
    assert (found["overall"]["segment"], found["overall"]["queries"], found["overall"]["p"]) == ("all", 120, None)
    assert found["segments"][0]["interval"][0] < found["segments"][0]["gain"] < found["segments"][0]["interval"][1]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ([0.1, 0.2], [0.1], "gate: wanted the same queries of baseline and candidate, at least one, got 2 and 1"),
        ([], [], "gate: wanted the same queries of baseline and candidate, at least one, got 0 and 0"),
        ([0.1], [np.nan], "gate: wanted one finite number for each query as candidate, got array([nan])"),
    ],
)
def test_values_of_other_queries_are_a_sentence(old: list[float], new: list[float], sentence: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        judge(np.array(old), np.array(new))
    assert str(caught.value) == sentence


def test_a_segment_of_other_queries_is_a_sentence() -> None:
    with pytest.raises(EvaluationError) as caught:
        judge(*rising(0.1, 120), {"long": np.ones(3, bool)})
    assert str(caught.value) == "gate: wanted 120 yes or no for segment 'long', got (3,)"
