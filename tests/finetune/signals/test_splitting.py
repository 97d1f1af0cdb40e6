"""No query is trained on that is nearly one that judges."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from rapidfuzz import fuzz
from shelfwise.finetune.judgement import Judgement
from shelfwise.finetune.signals.errors import SignalError
from shelfwise.finetune.signals.queries import stems
from shelfwise.finetune.signals.splitting import NEAR, split, without_leaks

KINDS = "lamp boot chair table faucet ladder heater drill cabinet refrigerator screwdriver ventilator".split()
LIKE = "red green desk floor outdoor cordless stainless vintage ceramic adjustable portable heavy 12 27 1/2".split()


def judged(queries: list[str]) -> list[Judgement]:
    return [Judgement(query, f"p{place}", 1.0) for place, query in enumerate(queries)]


def made_queries(count: int, seed: int = 0) -> list[str]:
    """Distinct queries of two to four words, many of them with a slip or in another order."""
    chance, found = random.Random(seed), dict[str, None]()
    while len(found) < count:
        words = [*chance.sample(LIKE, chance.randint(1, 3)), chance.choice(KINDS)]
        if chance.random() < 0.3:
            chance.shuffle(words)
        if chance.random() < 0.3:
            place = chance.randrange(len(words))
            at = chance.randrange(len(words[place]))
            words[place] = words[place][:at] + chance.choice("abcdefghij") + words[place][at:]
        found[" ".join(words)] = None
    return [*found]


def are_near(one: str, other: str) -> bool:
    """Slowly and by the book."""
    a, b = stems(one, "en"), stems(other, "en")
    numbers = [[word for word in key if any(map(str.isdigit, word))] for key in (a, b)]
    return a == b or (numbers[0] == numbers[1] and fuzz.ratio(" ".join(a), " ".join(b)) >= NEAR)


def test_near_queries_stay_on_one_side() -> None:
    made = split(judged(made_queries(1500)), 0.2)
    train, held_out = ({each.query for each in side} for side in made)
    assert not [(a, b) for a in train for b in held_out if are_near(a, b)]
    assert train | held_out == set(made_queries(1500))


def test_about_the_wanted_share_is_held_out() -> None:
    made = split(judged([f"{like} {kind} {other}" for like in LIKE for kind in KINDS for other in KINDS]), 0.1)
    assert 0.07 < len(made.held_out) / 2160 < 0.13


def test_all_judgements_of_a_query_stay_together_and_in_order() -> None:
    rows = [Judgement(query, product, 0.5) for product in "abc" for query in made_queries(200)]
    made = split(rows, 0.3)
    assert not {each.query for each in made.train} & {each.query for each in made.held_out}
    assert made.train == [each for each in rows if each in set(made.train)]
    assert len(made.train) + len(made.held_out) == 600


def test_queries_keep_their_side_when_others_join() -> None:
    few = [f"{like} {kind} {other}" for like in LIKE[:12] for kind in KINDS for other in KINDS if kind != other]
    many = [f"{like} {kind} {other}" for like in LIKE for kind in KINDS for other in KINDS if kind != other]
    first, grown = split(judged(few)), split(judged(many))
    assert {each.query for each in grown.held_out} & set(few) == {each.query for each in first.held_out}


def test_the_order_of_the_queries_decides_nothing_and_the_seed_does() -> None:
    queries = made_queries(400)
    held_out = {each.query for each in split(judged(queries)).held_out}
    assert {each.query for each in split(judged(queries[::-1])).held_out} == held_out
    assert {each.query for each in split(judged(queries), seed=1).held_out} != held_out


def test_other_numbers_are_other_queries() -> None:
    left = without_leaks(judged(["10 ft extension ladder", "12 ft extension ladder"]), ["12 ft extension ladders"])
    assert [each.query for each in left.train] == ["10 ft extension ladder"]


def test_queries_that_test_and_their_neighbours_are_left_out() -> None:
    train = judged(["Red Desk Lamps", "screwdriver", "screwdrivver", "boot", "boot"])
    left = without_leaks(train, ["lamp, desk red", "screwdrivers"])
    assert [each.query for each in left.train] == ["boot", "boot"]
    assert left.report == [
        "2 of 4 queries were left out because they test, with the same words, and 1 because they are near to one that"
        " does: 3 of 5 judgements."
    ]


def test_a_neighbour_of_a_neighbour_does_not_leak() -> None:
    left = without_leaks(judged(["screwdrivver sets", "boot"]), ["lamp"])
    assert left.report == ["None of 2 queries is one that tests, or near to one."]
    assert [each.query for each in left.train] == ["screwdrivver sets", "boot"]


def test_almost_every_near_pair_is_found_without_comparing_all() -> None:
    queries = made_queries(1200, seed=5)
    near = [(a, b) for a, b in combinations(queries, 2) if are_near(a, b)]
    missed = [(a, b) for a, b in near if without_leaks(judged([a]), [b]).train]
    assert len(near) > 200 and len(missed) <= 0.01 * len(near)


def test_queries_in_chinese_are_compared_by_their_signs() -> None:
    left = without_leaks(judged(["儿童保温杯大容量", "懒人沙发"]), ["大容量儿童保温杯"], locale="zh")
    assert [each.query for each in left.train] == ["懒人沙发"]


@pytest.mark.parametrize(("queries", "share"), [(["lamp", "lamps"], 0.5), ([], 0.1)])
def test_too_few_queries_for_two_sides_are_an_error(queries: list[str], share: float) -> None:
    with pytest.raises(SignalError) as caught:
        split(judged(queries), share)
    assert str(caught.value) == (
        f"judgements: wanted queries to train on and queries to hold out, got {len(queries)} queries that make"
        f" {min(1, len(queries))} groups of like ones, all on one side; bring more, or another held_out or seed"
    )


def test_a_share_that_is_none_is_an_error() -> None:
    with pytest.raises(SignalError) as caught:
        split(judged(["lamp"]), 1.0)
    assert str(caught.value) == "held_out: wanted a share above 0 and below 1, got 1.0"
