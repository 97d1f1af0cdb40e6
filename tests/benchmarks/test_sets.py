"""The written sets: whether they are what their readme says, and how much of them the engine answers as it must."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

# The share that the shop's answer must pass: without torch, and with the packaged encoder.
REQUIRED = {
    "sample": (0.94, 0.97),
    "bestbuy": (0.68, 0.91),
    "german": (0.93, 0.97),
    "french": (0.97, 0.97),
}

pytestmark = pytest.mark.usefixtures("neighbours")


def _at_hand(shop: str) -> None:
    from written import missing

    if reason := missing(shop):
        pytest.skip(reason)


def test_there_are_enough_tricky_queries_and_most_run_everywhere() -> None:
    from written import read_tricky

    assert len(read_tricky("sample")) >= 90
    assert len(read_tricky("sample")) + len(read_tricky("bestbuy")) >= 160
    kinds = Counter(each.kind for shop in ("sample", "bestbuy") for each in read_tricky(shop))
    wanted = "model sku gtin unit typo negation brand colour compound order plural accent chinese".split()
    assert all(kinds[kind] >= 5 for kind in wanted), kinds


@pytest.mark.parametrize("shop", ["sample", "bestbuy"])
def test_a_tricky_query_expects_products_that_the_shop_sells_and_says_why(shop: str) -> None:
    from written import KINDS, bestbuy_ids, catalogue, read_tricky

    sold = set(bestbuy_ids()) if shop == "bestbuy" else {product.id for product in catalogue(shop)}
    for each in read_tricky(shop):
        assert each.first and sold.issuperset(each.first + each.not_within), each
        assert len(set(each.first + each.not_within)) == len(each.first + each.not_within), each
        assert each.within in (1, 3) and each.kind in KINDS and each.locale in ("en", "zh"), each
        assert each.why.endswith(".") and "\n" not in each.why, each
    asked = Counter((each.locale, each.query) for each in read_tricky(shop))
    assert max(asked.values()) == 1, asked.most_common(3)


def test_the_bestbuy_list_is_3000_numbers_in_order() -> None:
    from written import bestbuy_ids

    ids = bestbuy_ids()
    assert len(ids) == 3_000
    assert all(first < second for first, second in pairwise(ids))
    assert all(len(key) == 12 and key.isdigit() for key in ids)


def test_the_rule_chooses_the_bestbuy_list(shared_data: Callable[[str], Path]) -> None:
    from bestbuy_ids import KINDS, OF_EACH, choose
    from written import bestbuy_ids

    assert len(KINDS) * OF_EACH == 3_000
    assert choose(shared_data("bestbuy") / "products.parquet") == bestbuy_ids()


@pytest.mark.parametrize("shop", ["german", "french"])
def test_a_language_has_its_products_and_queries(shop: str) -> None:
    from written import LOCALES, catalogue, read_relevant

    products = {product.id: product for product in catalogue(shop)}
    assert len(products) >= 80
    for product in products.values():
        text = product.texts[LOCALES[shop]]
        assert text.title and text.description and product.brand and product.categories, product.id
        assert [offer.currency for _, offer in product.offers] == ["EUR"], product.id
    assert len({product.title for product in products.values()}) == len(products)
    queries = read_relevant(shop)
    assert len({each.query for each in queries}) == len(queries) >= 45
    assert all(each.relevant and products.keys() >= each.relevant for each in queries)
    for kind in ("compound", "accent", "inflection", "typo", "unit", "negation"):
        assert sum(each.kind == kind for each in queries) >= 5, kind


def test_foreign_queries_are_labelled_and_halved() -> None:
    from written import LABELS, read_labelled

    labelled = read_labelled()
    foreign = [each for each in labelled if each.kind != "ordinary"]
    assert len(foreign) >= 320
    assert sum(each.kind == "ordinary" and each.label == "fits" for each in labelled) >= 150
    assert sum(not each.source for each in foreign) >= 200  # measured where the data is not at hand
    assert {each.label for each in labelled} == set(LABELS)
    assert all(each.why and " " not in each.why for each in labelled)
    assert len({(each.shop, each.locale, each.sha256) for each in labelled}) == len(labelled)
    for label in LABELS:
        halves = Counter(each.half for each in labelled if each.label == label)
        assert min(halves["tune"], halves["test"]) >= 0.35 * sum(halves.values()), label


def test_no_query_of_others_stands_in_the_set(root: Path) -> None:
    lines = (root / "benchmarks" / "sets" / "foreign.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    assert all("query" not in entry for entry in entries if "source" in entry)
    assert all(("query" in entry) != ("sha256" in entry) for entry in entries)


def test_the_text_of_a_query_of_others_is_found_by_its_hash(shared_data: Callable[[str], Path]) -> None:
    from written import read_labelled

    for part in ("homedepot", "zh_queries"):
        shared_data(part)
    assert [each for each in read_labelled() if each.query is None] == []


@pytest.mark.parametrize(
    ("ranking", "met"),
    [
        (["a", "b", "x"], True),
        (["b", "a"], True),
        (["c", "a", "b", "x"], False),  # none of the expected is first
        (["a", "x", "b"], False),  # a look-alike stands before one that is expected
        (["a", "c"], True),  # no look-alike was found
        (["a", "c", "x"], False),  # an expected one was not found, and a look-alike was
        ([], False),
    ],
)
def test_a_tricky_query_is_met_by_rank_and_order(ranking: list[str], met: bool) -> None:
    from written import Tricky

    entry = Tricky("sample", "en", "unit", "q", ("a", "b"), 1, ("x",), "Because.")
    assert entry.is_met(ranking) is met


@pytest.mark.parametrize("shop", ["sample", "bestbuy", "german", "french"])
@pytest.mark.parametrize(
    ("encoder", "which"),
    [
        pytest.param("hashing", 0, id="words"),
        pytest.param(None, 1, id="encoder", marks=[pytest.mark.torch, pytest.mark.slow]),
    ],
)
def test_the_shop_answers_the_written_queries(shop: str, encoder: str | None, which: int, tmp_path: Path) -> None:
    from tricky import LOCALES, Tricky, open_filled, passes, rank, read

    _at_hand(shop)
    written = read(shop)
    met, failed = 0, []
    with open_filled(tmp_path / "store", shop, encoder) as opened:
        spoken = [each.locale if isinstance(each, Tricky) else LOCALES[shop] for each in written]
        for locale in dict.fromkeys(spoken):
            own = [each for each, its in zip(written, spoken, strict=True) if its == locale]
            for each, found in zip(own, rank(opened, [each.query for each in own], locale), strict=True):
                met += passes(each, found)
                failed += [] if passes(each, found) else [f"{each.kind}: {each.query} -> {found[:3]}"]
    assert met / len(written) >= REQUIRED[shop][which], "\n".join([f"{met} of {len(written)} pass", *failed])


def test_the_legs_are_measured_printed_and_written(run_benchmark: Callable[..., tuple[dict[str, Any], str]]) -> None:
    result, printed = run_benchmark("tricky.py", "--shops", "german", "--encoder", "hashing", "--failed")
    german = result["german"]
    assert set(german["pass"]) == set(german["recall@10"]) == {"bm25", "dense", "fused"}
    assert sum(kind["queries"] for kind in german["kinds"].values()) == german["queries"]
    assert len(german["failed"]) == round((1 - german["pass"]["fused"]) * german["queries"])
    assert all(each["query"] in printed for each in german["failed"])
    assert "recall@10" in printed


def test_false_nothing_fits_and_junk_are_measured(run_benchmark: Callable[..., tuple[dict[str, Any], str]]) -> None:
    result, printed = run_benchmark("nothing_fits.py", "--shops", "sample", "--encoder", "hashing")
    test = result["confident"]["test"]
    assert 0 <= test["false nothing fits"]["share"] <= 1
    assert test["junk accepted"]["of"] == sum(
        test[f"junk accepted, {kind}"]["of"] for kind in ("foreign", "nonsense", "half")
    )
    words = result["scorings"]["words"]
    assert words["area"] > 0.9  # the words alone tell most of them apart
    assert [each["target"] for each in words["thresholds"]] == [0.005, 0.01, 0.02, 0.05, 0.1]
    turned_away = [point[1] for point in words["curve"]]
    let_through = [point[2] for point in words["curve"]]
    assert turned_away == sorted(turned_away) and let_through == sorted(let_through, reverse=True)
    assert 'false "nothing fits"' in printed


def test_an_interval_is_wilsons() -> None:
    from nothing_fits import Rate

    assert Rate(1, 100).interval == pytest.approx((0.00177, 0.05449), abs=1e-5)
    assert Rate(0, 0).interval == (0.0, 1.0)
    assert str(Rate(10, 100)) == "10.0% (5.5%-17.4%) of 100"


def test_a_threshold_turns_away_no_more_than_was_allowed() -> None:
    from nothing_fits import Answered, area, curve, decided, reaching, threshold
    from written import Labelled

    def answered(label: str, score: float) -> Answered:
        entry = Labelled("sample", "en", "foreign", label, "why", "0" * 64, "", "query")
        return Answered(entry, None, {"words": score})

    those = [answered("fits", number / 10) for number in range(1, 11)] + [answered("absent", 0.15)]
    limit = threshold(those, "words", 0.1)
    assert limit == 0.2
    rates = decided(those, reaching("words", limit))
    assert (rates["false nothing fits"].count, rates["junk accepted"].count) == (1, 0)
    assert threshold(those, "words", 0.09) == 0.1
    assert area(those, "words") == 0.9
    assert curve(those, "words")[:3] == [(0.1, 0.0, 1.0), (0.15, 0.1, 1.0), (0.2, 0.1, 0.0)]


def test_an_answer_that_cannot_judge_is_let_through() -> None:
    from nothing_fits import Answered, decided
    from written import Labelled

    entry = Labelled("sample", "en", "nonsense", "absent", "nonsense", "0" * 64, "", "asdf")
    made = [Answered(entry, confident, {}) for confident in (None, True, False)]
    assert decided(made, lambda each: each.accepted)["junk accepted, nonsense"].count == 2


def test_a_shop_that_is_not_known_is_refused(run_benchmark: Callable[..., tuple[dict[str, Any], str]]) -> None:
    with pytest.raises(AssertionError, match="--shops: wanted some of sample, bestbuy, german, french, got mars"):
        run_benchmark("tricky.py", "--shops", "mars")
