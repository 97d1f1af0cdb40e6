"""Sources and stages: whoever registers first, whatever they let slip."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from shelfwise.index import Context, match
from shelfwise.plugin import Request, Shop
from shelfwise.plugin.candidates import Candidates
from shelfwise.plugin.pipeline import Asked, Phase, Pipeline, Proposal


class FakeSource:
    """Proposes given rows with given scores; scores other rows by their number."""

    def __init__(
        self,
        name: str,
        proposals: Sequence[tuple[list[int], list[float]] | None],
        weight: float = 1.0,
        also: Sequence[int] = (),
    ) -> None:
        self.name, self.weight = name, weight
        self._proposals, self._also = proposals, also
        self.scored: list[list[int]] = []

    def propose(self, asked: Sequence[Asked]) -> list[Proposal | None]:
        return [
            None
            if each is None
            else Proposal(
                np.array(each[0], np.int64), np.array(each[1], np.float32), also=np.array(self._also, np.int64)
            )
            for each in self._proposals
        ]

    def score(self, asked: Asked, rows: Any) -> Any:
        self.scored.append(rows.tolist())
        return np.asarray(rows / 100, np.float32)


class FakeStage:
    """Adds a part that tells when it ran, and may do more."""

    def __init__(self, name: str, phase: Phase, order: int = 0, then: Any = None) -> None:
        self.name, self.phase, self.order, self._then = name, phase, order, then

    def __call__(self, asked: Asked, candidates: Candidates) -> Candidates:
        made = candidates.with_part(self.name, np.full(len(candidates.rows), len(candidates.parts), np.float32))
        return self._then(made) if self._then else made


def asked(shop: Shop, request: Request | None = None) -> Asked:
    request, view = request or Request("lamp"), shop.store.view
    context = Context().filled(shop.store.context)
    return Asked(request, context, view, match(view, request.filters, context))


def lamps_only(shop: Shop) -> tuple[Asked, list[int], list[int]]:
    """A request for lamps of one brand; rows that pass, and rows that do not."""
    made = asked(shop, Request("lamp", filters={"brand": "Lumen"}))
    return made, np.flatnonzero(made.matching.mask).tolist(), np.flatnonzero(~made.matching.mask).tolist()


def test_rows_that_a_source_lets_slip_through_the_filters_are_cut(shop: Shop) -> None:
    made, good, bad = lamps_only(shop)
    leaky = FakeSource("leaky", [([bad[0], good[0], bad[1]], [9, 1, 8])], also=[bad[2], good[1]])
    (found,) = Pipeline([leaky]).run([made])
    assert found.candidates.rows.tolist() == sorted(good[:2])
    scores = dict(zip(found.candidates.rows.tolist(), found.candidates.scores.tolist(), strict=True))
    assert scores[good[0]] == 1 and scores[good[1]] == pytest.approx(good[1] / 100)
    assert leaky.scored == [[good[1]]], "a row that it named without a score is scored by itself"


def test_rows_that_a_stage_brings_back_are_cut_before_the_next_stage_sees_them(shop: Shop) -> None:
    made, good, bad = lamps_only(shop)
    seen: list[list[int]] = []

    def smuggle(candidates: Candidates) -> Candidates:
        rows = np.concatenate([candidates.rows, bad[:3]])
        return Candidates(rows, {name: np.resize(part, len(rows)) for name, part in candidates.parts.items()})

    def look(candidates: Candidates) -> Candidates:
        seen.append(candidates.rows.tolist())
        return candidates

    stages = [FakeStage("smuggler", Phase.SCORE, then=smuggle), FakeStage("witness", Phase.EXPLAIN, then=look)]
    (found,) = Pipeline([FakeSource("a", [(good[:2], [2, 1])])], stages).run([made])
    assert found.candidates.rows.tolist() == good[:2] and seen == [good[:2]]


def test_every_source_scores_every_row_whoever_proposed_it(shop: Shop) -> None:
    first = FakeSource("first", [([3, 2], [0.9, 0.5])], weight=2.0)
    second = FakeSource("second", [([2, 5], [0.7, 0.2])], weight=10.0)
    (found,) = Pipeline([first, second]).run([asked(shop)])
    assert found.candidates.rows.tolist() == [2, 3, 5]
    assert found.candidates.parts["first"].tolist() == pytest.approx([1.0, 1.8, 0.1])
    assert found.candidates.parts["second"].tolist() == pytest.approx([7.0, 0.3, 2.0])
    assert found.candidates.scores.tolist() == pytest.approx([8.0, 2.1, 2.1])
    assert first.scored == [[5]] and second.scored == [[3]]


def test_a_source_that_has_nothing_to_go_by_takes_no_part(shop: Shop) -> None:
    (found,) = Pipeline([FakeSource("silent", [None]), FakeSource("loud", [([2], [1])])]).run([asked(shop)])
    assert found.candidates.parts.keys() == {"loud"}
    (all_of_them,) = Pipeline([FakeSource("silent", [None])]).run([asked(shop)])
    assert all_of_them.candidates.rows.tolist() == np.flatnonzero(asked(shop).matching.mask).tolist()
    (none,) = Pipeline([FakeSource("empty", [([], [])])]).run([asked(shop)])
    assert none.candidates.rows.tolist() == [], "to find nothing is an answer"


def test_neither_sources_nor_stages_depend_on_who_registered_first(shop: Shop) -> None:
    answers = set()
    sources = [FakeSource(name, [(rows, [1.0] * len(rows))]) for name, rows in (("b", [4, 1]), ("a", [2]), ("c", [1]))]
    stages = [
        FakeStage("late", Phase.EXPLAIN),
        FakeStage("second", Phase.SCORE, 2),
        FakeStage("first", Phase.SCORE, 1),
        FakeStage("alsofirst", Phase.SCORE, 1),
    ]
    for some_sources in permutations(sources):
        for some_stages in permutations(stages):
            (found,) = Pipeline(some_sources, some_stages).run([asked(shop)])
            answers.add(tuple((name, tuple(part.tolist())) for name, part in found.candidates.parts.items()))
    (answer,) = answers
    assert [name for name, _ in answer] == ["a", "b", "c", "alsofirst", "first", "second", "late"]


def test_phases_run_in_the_order_of_the_design() -> None:
    assert [phase.name for phase in sorted(Phase)] == [
        "SCORE", "PERSONALISE", "MERCHANDISE", "DIVERSIFY", "PLACE", "EXPLAIN",
    ]  # fmt: skip


def test_each_request_of_a_batch_gets_its_own_candidates(shop: Shop) -> None:
    batch = [asked(shop), asked(shop), asked(shop)]
    found = Pipeline([FakeSource("a", [([2], [1]), None, ([3, 4], [1, 1])])]).run(batch)
    everything = np.flatnonzero(batch[1].matching.mask).tolist()
    assert [each.candidates.rows.tolist() for each in found] == [[2], everything, [3, 4]]


def test_candidates_keep_their_parts_when_some_are_dropped() -> None:
    all_of_them = (
        Candidates(np.array([4, 7, 9]), {}).with_part("a", np.array([1, 2, 3])).with_part("b", np.array([5, 5, 5]))
    )
    kept = all_of_them.keep(np.array([True, False, True]))
    assert kept.rows.tolist() == [4, 9] and kept.scores.tolist() == [6, 8]
    assert all_of_them.keep(np.array([2, 0])).rows.tolist() == [9, 4]
    assert all_of_them.scores.tolist() == [6, 7, 8], "and the first ones are as they were"
