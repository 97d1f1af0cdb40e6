"""Which of the products that are found today may serve as negatives."""

from __future__ import annotations

from shelfwise.finetune.mining import look, mine
from shelfwise.plugin import FusionWeights, Product, Shop

FOUND = {"lamp": [(f"p{at}", 0.9 - at / 20) for at in range(12)]}


def test_the_first_ones_and_what_is_judged_are_left_out() -> None:
    made = mine(FOUND, {"lamp": {"p6": 0.0, "p8": 0.5}}, skip=5)
    assert made.negatives == {"lamp": ["p5", "p7", "p9", "p10", "p11"]} and made.too_near == 0


def test_what_is_as_near_as_a_known_answer_may_be_one_itself() -> None:
    # p7 has a cosine of .55; .95 of it is .5225, which p5, p6 and p7 exceed.
    made = mine(FOUND, {"lamp": {"p7": 1.0}}, skip=5)
    assert made.negatives == {"lamp": ["p8", "p9", "p10", "p11"]} and made.too_near == 2


def test_the_hardest_are_kept() -> None:
    assert mine(FOUND, {}, skip=2, most=3).negatives == {"lamp": ["p2", "p3", "p4"]}


def test_what_is_shown_today_comes_with_its_cosine_whatever_the_weights(shop: Shop) -> None:
    shop.upsert([Product(f"p{at}", f"{word} lamp") for at, word in enumerate(["red", "blue", "green"])])
    found = look(shop, ["red lamp", "red lamp", "blue"])
    assert list(found) == ["blue", "red lamp"]
    other = look(Shop(shop.store, FusionWeights(0.2, 0.8)), ["red lamp"])
    assert dict(found["red lamp"]).keys() == dict(other["red lamp"]).keys()
    for key, cosine in found["red lamp"]:
        assert abs(cosine - dict(other["red lamp"])[key]) < 1e-5 and -1.001 <= cosine <= 1.001
