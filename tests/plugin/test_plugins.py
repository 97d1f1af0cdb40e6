"""Every hook through a shop: what it does, and what an answer says and shows where it fails."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shelfwise.index import FeedError, PluginError, UnknownProduct
from shelfwise.plugin import (
    Context,
    Event,
    LandingPage,
    Product,
    Request,
    Results,
    Rule,
    Shop,
    hookimpl,
    hookspecs,
    read_feed,
)
from shelfwise.plugin.candidates import Candidates
from shelfwise.plugin.hook_calls import NO_LIMITS
from shelfwise.plugin.hooks import Plugins
from shelfwise.plugin.pipeline import Phase, Proposal

from .conftest import catalogue

Opens = Callable[..., Shop]
HIDDEN = "lamp3"
WANTS = "plugin ours: register_stages wants"


def made(name: str = "ours", **hooks: Callable[..., Any]) -> Any:
    """A plugin of these hooks; the arguments are theirs."""
    kept = {hook: staticmethod(hookimpl(_named(function, hook))) for hook, function in hooks.items()}
    return type("Made", (), {"name": name, **kept})()


def _named(function: Callable[..., Any], hook: str) -> Callable[..., Any]:
    function.__name__ = hook
    return function


def fails(*_: Any) -> Any:
    raise ValueError("no such table")


class Source:
    """Proposes rows that a test says."""

    name, weight = "ours", 1.0

    def __init__(self, propose: Callable[[Any], Any], score: Callable[[Any], Any] | None = None) -> None:
        self._propose, self._score = propose, score or (lambda rows: np.zeros(len(rows), np.float32))

    def propose(self, asked: Any) -> Any:
        return self._propose(asked)

    def score(self, asked: Any, rows: Any) -> Any:
        return self._score(rows)


class Stage:
    """Does with candidates what a test says."""

    name, phase, order = "ours", Phase.MERCHANDISE, 50

    def __init__(self, does: Callable[[Any, Any], Any], required: bool = False) -> None:
        self.does, self.required = does, required

    def __call__(self, asked: Any, candidates: Any) -> Any:
        return self.does(asked, candidates)


def with_source(propose: Callable[[Any], Any], score: Callable[[Any], Any] | None = None) -> Any:
    return made(register_sources=lambda shop: [Source(propose, score)])


def with_stage(does: Callable[[Any, Any], Any], required: bool = False) -> Any:
    return made(register_stages=lambda shop: [Stage(does, required)])


@pytest.fixture
def filled(open_shop: Opens) -> Opens:
    """`filled(plugin, **options)` opens the small catalogue with plugins."""
    with open_shop() as shop:
        shop.upsert(catalogue())

    def opened(*plugins: Any, **options: Any) -> Shop:
        return open_shop(plugins=plugins, **options)

    return opened


# ---- sources and stages ------------------------------------------------------------------------------------------


def test_a_source_proposes_and_its_part_is_in_the_score(filled: Opens) -> None:
    def propose(asked: Any) -> list[Proposal]:
        return [Proposal(np.array([one.view.row_of("teapot"), one.view.row_of("boots")]), np.ones(2)) for one in asked]

    answer = filled(with_source(propose)).search("lamp", k=100)
    assert answer.ids[0] == "boots" and answer[0].parts["ours"] == 1.0 and answer.degraded == ()
    assert "teapot" not in answer.ids  # it is not for sale in this currency, whoever proposes it


def test_a_stage_reorders_and_removes(filled: Opens) -> None:
    def does(asked: Any, found: Candidates) -> Candidates:
        kept = found.keep(found.rows != asked.view.row_of(HIDDEN))
        return kept.with_part("ours", np.where(kept.rows == asked.view.row_of("lamp5"), 5.0, 0.0))

    answer = filled(with_stage(does)).search("lamp", k=100)
    assert answer.ids[0] == "lamp5" and HIDDEN not in answer.ids


RUBBISH_PROPOSALS = {
    "none": lambda asked: None,
    "a text": lambda asked: "rubbish",
    "too few": lambda asked: [],
    "numbers": lambda asked: [7] * len(asked),
    "rows beyond": lambda asked: [Proposal(np.array([10**9]), np.ones(1))] * len(asked),
    "rows below": lambda asked: [Proposal(np.array([-1]), np.ones(1))] * len(asked),
    "rows twice": lambda asked: [Proposal(np.array([1, 1]), np.ones(2))] * len(asked),
    "fractions": lambda asked: [Proposal(np.array([0.5]), np.ones(1))] * len(asked),
    "other lengths": lambda asked: [Proposal(np.array([1, 2]), np.ones(1))] * len(asked),
    "infinite": lambda asked: [Proposal(np.array([1]), np.array([np.inf]))] * len(asked),
    "texts as scores": lambda asked: [Proposal(np.array([1]), np.array(["x"]))] * len(asked),
    "a million": lambda asked: [Proposal(np.arange(10**6), np.ones(10**6))] * len(asked),
    "a million also": lambda asked: [Proposal(np.array([1]), np.ones(1), np.arange(10**6))] * len(asked),
    "an error": fails,
    "an exit": lambda asked: sys.exit(1),
}
RUBBISH_SCORES = {
    "none": lambda rows: None,
    "too many": lambda rows: np.zeros(len(rows) + 1),
    "no numbers": lambda rows: np.full(len(rows), np.nan),
    "an error": fails,
}
RUBBISH_CANDIDATES = {
    "none": lambda asked, found: None,
    "rows alone": lambda asked, found: found.rows,
    "a million": lambda asked, found: Candidates(np.arange(10**6), {}),
    "parts of other lengths": lambda asked, found: Candidates(found.rows, {"words": np.zeros(1)}),
    "no numbers": lambda asked, found: found.with_part("ours", np.full(len(found.rows), np.nan)),
    "an error": fails,
    "an exit": lambda asked, found: sys.exit(1),
}


@pytest.mark.parametrize("kind", RUBBISH_PROPOSALS)
def test_a_source_that_proposes_rubbish_is_left_out_and_named(kind: str, filled: Opens) -> None:
    usual = filled().search("lamp")
    shop = filled(with_source(RUBBISH_PROPOSALS[kind]))
    answer = shop.search("lamp", facets=["brand"])
    assert (answer.ids, answer.degraded, answer.etag) == (usual.ids, ("ours",), None)
    assert shop.calls.counts()["ours source ours"]["failed"] == 1


@pytest.mark.parametrize("kind", RUBBISH_SCORES)
def test_a_source_that_scores_rubbish_gives_nothing_and_is_named(kind: str, filled: Opens) -> None:
    shop = filled(with_source(lambda asked: [Proposal(np.array([0]), np.ones(1))] * len(asked), RUBBISH_SCORES[kind]))
    answers = [shop.search("lamp") for _ in range(4)]
    assert {each.degraded for each in answers} == {("ours",)} and all(each.ids for each in answers)
    assert shop.calls.counts()["ours scores of source ours"]["failed"] == 3  # then it rests


@pytest.mark.parametrize("kind", RUBBISH_CANDIDATES)
@pytest.mark.parametrize("required", [False, True])
def test_a_stage_that_gives_rubbish_is_left_out_and_a_required_one_shows_nothing(
    kind: str, required: bool, filled: Opens
) -> None:
    usual = filled().search("lamp", facets=["brand"])
    shop = filled(with_stage(RUBBISH_CANDIDATES[kind], required))
    answer = shop.search("lamp", facets=["brand"])
    assert answer.degraded == ("ours",)
    assert answer.ids == ([] if required else usual.ids)
    if required:
        assert answer.total == 0 and answer.facets["brand"].values == ()


def test_of_a_sources_proposals_the_best_thousand_count(filled: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shelfwise.plugin.pipeline.PER_SOURCE", 3)
    everything = lambda asked: [  # noqa: E731
        Proposal(np.flatnonzero(one.matching.mask), np.ones(int(one.matching.mask.sum()))) for one in asked
    ]
    answer = filled(with_source(everything)).search("lamp", k=100)
    assert sum("ours" in hit.parts and hit.parts["ours"] > 0 for hit in answer) == 3 and not answer.total_is_exact


def test_why_of_an_answer_whose_source_fails_goes_on_without_it(filled: Opens) -> None:
    shop = filled(with_source(lambda asked: [Proposal(np.array([0]), np.ones(1))], fails))
    assert shop.why(Request("lamp"), "lamp5").found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phase": "late"}, f"{WANTS} a number as phase of 'ours', got 'late'; see docs/plugins.md"),
        ({"order": None}, f"{WANTS} a number as order of 'ours', got None; see docs/plugins.md"),
        ({"name": 3}, "plugin ours: register_stages wants a text as name, got 3; see docs/plugins.md"),
        ({"name": "cutoff"}, "plugin ours: register_stages gives 'cutoff', as shelfwise.stages does"),
    ],
)  # fmt: skip
def test_a_stage_that_does_not_fit_is_refused_when_the_shop_is_opened(
    change: Mapping[str, Any], said: str, open_shop: Opens
) -> None:
    stage = Stage(lambda asked, found: found)
    for name, value in change.items():
        setattr(stage, name, value)
    with pytest.raises(PluginError) as caught:
        open_shop(plugins=[made(register_stages=lambda shop: [stage])])
    assert str(caught.value) == said


@pytest.mark.parametrize("weight", ["1", None, float("nan"), True])
def test_a_source_needs_a_weight(weight: Any, open_shop: Opens) -> None:
    source = Source(lambda asked: [None] * len(asked))
    source.weight = weight
    with pytest.raises(PluginError, match="wants a number as weight of 'ours'"):
        open_shop(plugins=[made(register_sources=lambda shop: [source])])


@pytest.mark.parametrize("hook", ["register_sources", "register_stages"])
@pytest.mark.parametrize("does", [fails, lambda shop: 7, lambda shop: sys.exit(1)])
def test_a_plugin_that_fails_to_register_is_left_out(hook: str, does: Any, filled: Opens) -> None:
    assert filled(made(**{hook: lambda shop: does(shop)})).search("lamp").ids == filled().search("lamp").ids


# ---- requests ----------------------------------------------------------------------------------------------------


def test_prepare_query_rewrites_one_after_another(filled: Opens) -> None:
    first = made("a", prepare_query=lambda request: replace(request, query=request.query + " boots"))
    second = made("b", prepare_query=lambda request: replace(request, query="red " + request.query))
    answer = filled(second, first).search("winter")
    assert answer.request.query == "red winter boots" and answer.ids[0] == "boots"


@pytest.mark.parametrize("does", [fails, lambda request: "lamp", lambda request: {"query": "x"}, lambda _: sys.exit()])
def test_a_rewriting_that_fails_leaves_the_query_as_it_was(does: Any, filled: Opens) -> None:
    shop = filled(made(prepare_query=lambda request: does(request)))
    answer = shop.search("lamp")
    assert answer.request.query == "lamp" and answer.degraded == ("prepare_query of ours",) and answer.ids
    assert [shop.search("lamp").degraded for _ in range(3)] == [("prepare_query of ours",)] * 3


def unwritable(*base: type) -> Any:
    """A value that stands for a million, which nobody should write out to say that they are none."""
    return type("Million", base, {"__repr__": fails})()


@pytest.mark.parametrize(
    ("plugin", "hook", "said"),
    [
        (made(prepare_query=lambda: unwritable(list)), "prepare_query", "wanted a Request or None, got Million"),
        (made(user_history=lambda: unwritable(dict)), "user_history", "wanted ids, got Million"),
        (with_source(lambda batch: unwritable(list)), "source ours", "wanted a list with a proposal for each of 1 "
         "requests, got 0"),
        (with_source(lambda batch: unwritable(dict)), "source ours", "wanted a list with a proposal for each of 1 "
         "requests, got Million"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_not_written_out(
    plugin: Any, hook: str, said: str, filled: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    filled(plugin).search("lamp", user_id="ann")
    (logged,) = [each.getMessage() for each in caplog.records if f"its hook {hook} failed" in each.getMessage()]
    assert logged.endswith(said)


def test_paging_goes_on_where_a_rewriting_begins_to_fail(filled: Opens) -> None:
    broken = False

    def rewrite(request: Request) -> Request:
        return fails() if broken else replace(request, query="lamp")

    shop = filled(made(prepare_query=rewrite))
    first = shop.search("desk lamp", k=3)
    broken = True
    second = shop.search("desk lamp", k=3, after=first.after)
    assert second.degraded and second.ids and not set(first.ids) & set(second.ids)


def test_a_rewriting_does_not_say_who_asks(filled: Opens) -> None:
    groups: list[tuple[str, ...]] = []
    shop = filled(
        made(
            prepare_query=lambda request: Request("lamp", context=Context(groups=["staff"])),
            mandatory_filters=lambda request: groups.append(request.context.groups),
        )
    )
    shop.search("desk")
    assert groups == [()]


@pytest.mark.parametrize(
    ("value", "history"),
    [
        (["boots", "lamp1", "boots"], ("lamp1", "boots")),
        (None, ()),
        ((f"p{at}" for at in range(10**6)), tuple(f"p{at}" for at in range(10**6 - 1_000, 10**6))),
    ],
)
def test_user_history_is_asked_for_where_a_request_has_none(value: Any, history: Any, filled: Opens) -> None:
    seen: list[tuple[str, ...]] = []
    watch = made(
        "watch", register_stages=lambda shop: [Stage(lambda asked, found: (seen.append(asked.history), found)[1])]
    )
    shop = filled(made(user_history=lambda request: value), watch, limits=NO_LIMITS)
    shop.search("lamp", user_id="ann")
    shop.search("lamp", user_id="ann", history=["scarf"])
    shop.search("lamp")
    shop.search("lamp", user_id="ann", personalise=False)
    assert seen == [history, ("scarf",), (), ()]


def lazily_failing() -> Any:
    yield "boots"
    raise ValueError("the connection is gone")


@pytest.mark.parametrize("does", [fails, lambda: "boots", lambda: [7], lambda: {"a": 1}, lambda: 5, lazily_failing])
def test_a_history_that_cannot_be_read_is_left_out_and_named(does: Any, filled: Opens) -> None:
    answer = filled(made(user_history=lambda request: does())).search("lamp", user_id="ann")
    assert answer.ids and answer.degraded == ("user_history of ours",)


# ---- live offers -------------------------------------------------------------------------------------------------


def live(does: Callable[[Any], Any]) -> Any:
    return made(live_offers=lambda product_ids: does(product_ids))


def test_live_prices_and_stock_are_shown(filled: Opens) -> None:
    answer = filled(live(lambda ids: {key: {"price": 7.5, "stock": 0} for key in ids})).search("lamp", k=3)
    assert [(hit.price.amount, hit.in_stock) for hit in answer] == [(Decimal("7.5"), False)] * 3


def test_what_sold_out_gives_way_to_the_next_and_no_page_shows_one_twice(filled: Opens) -> None:
    sold = {"lamp0", "lamp4", "lamp5", "lamp9"}
    shop = filled(live(lambda ids: dict.fromkeys(sold)))
    usual = [key for key in filled().search("lamp", k=100).ids if key not in sold]
    pages: list[str] = []
    after = None
    for _ in range(9):
        page = shop.search("lamp", k=3, after=after)
        pages += page.ids
        if (after := page.after) is None:
            break
        assert len(page) == 3
    assert pages == usual


@pytest.mark.parametrize(
    ("filters", "offer", "shown"),
    [
        ({"in_stock": True}, {"stock": 0}, False),
        ({"in_stock": True}, {"stock": 2}, True),
        ({"in_stock": True}, {"price": 3}, True),
        ({"in_stock": {"not": True}}, {"stock": 2}, False),
        ({"price": (5, 50)}, {"price": 51}, False),
        ({"price": (5, 50)}, {"price": 49}, True),
        ({"price": {"not": (60, 90)}}, {"price": 70}, False),
    ],
)
def test_filters_on_price_and_stock_hold_for_what_is_live(filters: Any, offer: Any, shown: bool, filled: Opens) -> None:
    shop = filled(live(lambda ids: dict.fromkeys(ids, offer)))
    stored = filled().search("lamp", filters=filters, k=100).ids
    assert stored and shop.search("lamp", filters=filters, k=100).ids == (stored if shown else [])
    assert shop.scoped(filters).search("lamp", k=100).ids == (stored if shown else [])


def test_of_two_plugins_one_that_takes_a_product_off_the_page_is_enough(filled: Opens) -> None:
    gone = made("a", live_offers=lambda product_ids: dict.fromkeys(product_ids))
    there = made("b", live_offers=lambda product_ids: {key: {"stock": 3} for key in product_ids})
    assert filled(gone, there).search("lamp").ids == []


RUBBISH_OFFERS: dict[str, Callable[[Any], Any]] = {
    "a list": lambda ids: list(ids),
    "an unknown field": lambda ids: {ids[0]: {"cost": 1}},
    "a number": lambda ids: {ids[0]: 7},
    "a stock below nothing": lambda ids: {ids[0]: {"stock": -1}},
    "a price that is none": lambda ids: {ids[0]: {"price": "free"}},
    "no number": lambda ids: {ids[0]: {"price": float("nan")}},
    "an error": fails,
    "an exit": lambda ids: sys.exit(1),
}


@pytest.mark.parametrize("kind", RUBBISH_OFFERS)
def test_where_live_offers_fail_nothing_is_shown_unless_the_shop_trusts_what_is_stored(
    kind: str, filled: Opens
) -> None:
    asked: list[Any] = []

    def does(ids: Any) -> Any:
        asked.append(ids)
        return RUBBISH_OFFERS[kind](ids)

    closed = filled(live(does)).search("lamp")
    assert (closed.ids, closed.degraded, len(asked)) == ([], ("live_offers of ours",), 1)
    trusting = filled(live(does), trust_stored_offers=True).search("lamp")
    assert trusting.ids == filled().search("lamp").ids and trusting.degraded == ("live_offers of ours",)


def test_a_million_live_offers_cost_no_more_than_those_that_were_asked_for(filled: Opens) -> None:
    million = {str(at): {"stock": -1} for at in range(10**6)}
    answer = filled(live(lambda ids: million)).search("lamp")
    assert answer.ids == filled().search("lamp").ids and answer.degraded == ()


def test_an_answer_with_live_offers_has_no_etag(filled: Opens) -> None:
    assert filled(live(lambda ids: None)).search("lamp", personalise=False).etag is None


# ---- what must not be seen ---------------------------------------------------------------------------------------

HIDES = {"id": {"not": HIDDEN}}
WAYS = ("scoped", "hook", "rule")
# Brand, tag, number and one word are its alone.
SECRET = Product(
    HIDDEN,
    "Desk lamp model 3 zorblaxium",
    brand=HIDDEN,
    category="Home > Lamps",
    tags=["hush"],
    price=13,
    stock=3,
    sku="ZX-998877",
)


def with_secret(shop: Shop) -> None:
    """Gives a shop the product that is hidden later, and what points to it."""
    shop.upsert(SECRET)
    shop.save_pages(LandingPage("lamps", query="lamp", first=[HIDDEN]))
    shop.save_rules(Rule(id="pin", kind="pin", query="pinned lamp", products=[HIDDEN]))


def hidden_in(way: str, open_: Callable[..., Shop], *plugins: Any, **options: Any) -> Any:
    """The shop, or the part of it, in which it is hidden in one way."""
    hides = made("hides", mandatory_filters=lambda: HIDES)
    shop = open_(*plugins, *([hides] if way == "hook" else []), **options)
    if way == "rule":
        shop.save_rules(Rule(id="hide", kind="hide", products=[HIDDEN]))
    return shop.scoped(HIDES) if way == "scoped" else shop


def seen(shop: Any) -> dict[str, set[str]]:
    """Every way in which a product could be seen, and what is seen there."""
    filtered = shop.browse(facets=["brand"], filters={"brand": "Nord"})
    misspelt = shop.search("zorblaxum")
    told = " ".join(shop.browse(filters={"brand": "lamp33"}).notes)
    return {
        "search": set(shop.search("desk lamp", k=100).ids),
        "history": set(shop.search("desk lamp", user_id="ann", k=100).ids),
        "number": set(shop.search("ZX-998877", k=100).ids),
        "pin": set(shop.search("pinned lamp", k=1).ids),
        "browse": set(shop.browse(k=100).ids),
        "first": set(shop.browse(first=[HIDDEN], k=100).ids),
        "filter": set(shop.browse(filters={"id": HIDDEN}).ids),
        "similar": set(shop.similar("lamp1", k=100).ids),
        "page": set(shop.page("lamps", k=100).ids),
        "nearest": {hit.product.id for hit in shop.search("desk lamp", k=100).nearest},
        "facet": {value.code for value in shop.browse(facets=["brand"], k=1).facets["brand"].values},
        "own facet": {value.code for value in filtered.facets["brand"].values},
        "facet of a tag": {HIDDEN} if shop.browse(facets=["tags"]).facets["tags"].values else set(),
        "correction": {HIDDEN} if misspelt.corrected_query else set(),
        "suggested value": {HIDDEN} if HIDDEN in told.replace("lamp33", "") else set(),
        "why": {HIDDEN} if shop.why(Request("lamp"), HIDDEN).found else set(),
    }


def totals(shop: Any) -> list[int]:
    return [shop.search("desk lamp").total, shop.browse().total, shop.page("lamps").total]


@pytest.mark.parametrize("way", [*WAYS, "both"])
def test_a_hidden_product_is_seen_nowhere(way: str, filled: Opens) -> None:
    plain = filled()
    with_secret(plain)
    there = {name for name, ids in seen(plain).items() if HIDDEN in ids}
    assert there == {*seen(plain)} - {"nearest"}  # which has a test of its own
    before = totals(plain)
    each = hidden_in("hook", filled).scoped(HIDES) if way == "both" else hidden_in(way, filled)
    assert not [name for name, ids in seen(each).items() if HIDDEN in ids]
    assert [one - other for one, other in zip(before, totals(each), strict=True)] == [1, 1, 1]
    with pytest.raises(UnknownProduct):
        each.similar(HIDDEN)
    why = each.why(Request("lamp"), HIDDEN)
    assert not why.found and why.causes == (("stored", "hidden") if way == "rule" else ("unknown",))
    if way in ("scoped", "both"):
        with pytest.raises(UnknownProduct) as hidden:
            each.get(HIDDEN)
        with pytest.raises(UnknownProduct) as absent:
            each.get("absent")
        assert str(hidden.value).replace(HIDDEN, "absent") == str(absent.value)
        assert each.get("boots").id == "boots"


def test_a_word_that_others_hold_too_is_still_corrected(filled: Opens) -> None:
    shop = filled()
    shop.upsert([Product("other", "Zorblaxium shade", price=3), SECRET])
    assert shop.scoped(HIDES).search("zorblaxum").corrected_query == "zorblaxium"
    assert shop.scoped({"id": {"not": [HIDDEN, "other"]}}).search("zorblaxum").corrected_query is None


def failing(hook: str, does: Callable[[], Any] = fails) -> Any:
    return made("failing", **{hook: lambda: does()})


def brings_in(asked: Any, found: Candidates) -> Candidates:
    """Candidates with the hidden product among them, far ahead."""
    rows = np.union1d(found.rows, [asked.view.row_of(HIDDEN)])
    return Candidates(rows, {"ours": np.where(rows == asked.view.row_of(HIDDEN), 99.0, 0.0)})


def proposes_it(batch: Any) -> list[Proposal]:
    return [Proposal(np.array([one.view.row_of(HIDDEN)]), np.ones(1)) for one in batch]


# What fails, or would show it: plugins, and whether answers say that something was left out.
AMISS: dict[str, tuple[Callable[[], Any], bool]] = {
    **{
        f"{hook} {name}": (partial(failing, hook, does), True)
        for hook in ("prepare_query", "user_history", "live_offers")
        for name, does in {"raises": fails, "gives rubbish": object}.items()
    },
    "on_results raises": (partial(failing, "on_results"), True),
    "on_event raises": (partial(failing, "on_event"), False),
    "a source raises": (lambda: with_source(fails), True),
    "a source gives rubbish": (lambda: with_source(lambda batch: object()), True),
    "a source proposes it": (lambda: with_source(proposes_it), False),
    "a source scores with an error": (lambda: with_source(proposes_it, fails), True),
    "a stage raises": (lambda: with_stage(fails), True),
    "a stage gives rubbish": (lambda: with_stage(lambda asked, found: object()), True),
    "a stage brings it in": (lambda: with_stage(brings_in), False),
    "prepare_query asks for it": (
        lambda: made("failing", prepare_query=lambda request: replace(request, query=SECRET.title, filters=())), False
    ),
    "user_history names it": (lambda: made("failing", user_history=lambda: [HIDDEN]), False),
    "live_offers sells it": (lambda: made("failing", live_offers=lambda: {HIDDEN: {"price": 1, "stock": 9}}), False),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("amiss", AMISS)
def test_a_hidden_product_is_seen_nowhere_whatever_else_fails(amiss: str, way: str, filled: Opens) -> None:
    with_secret(filled())
    plugin, says = AMISS[amiss]
    shop = hidden_in(way, filled, plugin(), trust_stored_offers=True)
    told = shop.search("desk lamp", user_id="ann")
    assert bool(told.degraded) is says and told.ids
    if isinstance(shop, Shop):
        shop.record(Event("view", product_id=HIDDEN))
    assert not [name for name, ids in seen(shop).items() if HIDDEN in ids]
    with pytest.raises(UnknownProduct):
        shop.similar(HIDDEN)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("without", [("meaning",), ("words",), ("identifier",), ("meaning", "words", "identifier")])
def test_a_hidden_product_is_seen_nowhere_when_our_own_sources_fail(
    without: tuple[str, ...], way: str, open_shop: Opens, moody: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_shop(encoder=moody) as shop:
        shop.upsert(catalogue())
        with_secret(shop)
    sources = {"words": "words.WordsSource", "identifier": "identifiers.IdentifiersSource"}
    for name in without:
        if name in sources:
            monkeypatch.setattr(f"shelfwise.plugin.sources.{sources[name]}.propose", fails)
    shop = hidden_in(way, lambda *plugins: open_shop(encoder=moody, plugins=plugins))
    if "meaning" in without:
        moody.spoil = fails
    told = shop.search("ZX-998877 lamp")
    assert set(told.degraded) == set(without) and told.ids
    assert not [name for name, ids in seen(shop).items() if HIDDEN in ids]


@pytest.mark.parametrize("required", ["mandatory_filters", "live_offers", "stage"])
@pytest.mark.parametrize("way", WAYS)
def test_where_what_judges_fails_nothing_at_all_is_seen(required: str, way: str, filled: Opens) -> None:
    with_secret(filled())
    plugin = with_stage(fails, required=True) if required == "stage" else failing(required)
    shop = hidden_in(way, filled, plugin)
    answers: list[Results] = [shop.search(query) for query in ("desk lamp", "ZX-998877", "pinned lamp")]
    answers += [shop.browse(), shop.browse(first=[HIDDEN, "boots"]), shop.page("lamps")]
    assert [each.ids for each in answers] == [[]] * 6 and all(each.degraded for each in answers)


def test_a_product_that_is_hidden_is_not_offered_where_nothing_fits(filled: Opens) -> None:
    class Nearest(Stage):
        name, phase, order = "nearest", Phase.SCORE, 99

    def nothing_fits(asked: Any, found: Candidates) -> Candidates:
        asked.nearest = found
        return found.keep(np.zeros(len(found.rows), bool))

    hides = Stage(lambda asked, found: found.keep(found.rows != asked.view.row_of("lamp5")), required=True)
    plugin = made(register_stages=lambda shop: [Nearest(nothing_fits), hides])
    shop = filled(plugin)
    offered = [hit.product.id for hit in shop.scoped(HIDES).search("desk lamp", k=100).nearest]
    assert offered and HIDDEN not in offered and "lamp5" not in offered
    hides.does = fails
    assert shop.search("desk lamp").nearest == ()


@pytest.mark.parametrize(
    "does", [fails, lambda: "rubbish", lambda: {"no_such_field": 1}, lambda: 7, lambda: sys.exit(1)]
)
def test_where_mandatory_filters_fail_nothing_is_shown(does: Any, filled: Opens) -> None:
    shop = filled(made(mandatory_filters=lambda: does()))
    shop.save_pages(LandingPage("lamps", query="lamp"))
    for _ in range(4):  # the last while it rests
        answer = shop.search("lamp", facets=["brand"])
        assert (answer.ids, answer.total, answer.facets["brand"].values) == ([], 0, ())
        assert answer.degraded == ("mandatory_filters of ours",)
        assert answer.notes[0] == "Who may see what could not be found out, so nothing is shown."
    assert shop.page("lamps").ids == shop.browse(first=["boots"]).ids == []
    with pytest.raises(UnknownProduct):
        shop.scoped().get("boots")
    with pytest.raises(UnknownProduct):
        shop.similar("boots")


def test_answers_under_other_mandatory_filters_have_other_etags(filled: Opens) -> None:
    shop = filled()
    etags = {
        each.search("lamp", personalise=False).etag
        for each in (shop, shop.scoped(HIDES), shop.scoped({"id": {"not": "lamp1"}}))
    }
    assert len(etags) == 3 and None not in etags


def test_a_scope_within_a_scope_is_smaller_and_keeps_its_context(filled: Opens) -> None:
    outer = filled().scoped(HIDES, Context(currency="CNY"))
    inner = outer.scoped({"id": {"not": "lamp1"}})
    answer = inner.search("lamp", k=100)
    assert not {HIDDEN, "lamp1"} & set(answer.ids) and answer[0].price.currency == "CNY"
    assert "lamp1" in outer.search("lamp", k=100).ids


def test_scoped_get_tells_the_log_of_no_answer(filled: Opens) -> None:
    heard: list[Any] = []
    filled(made(on_results=lambda results: heard.append(results))).scoped(HIDES).get("boots")
    assert heard == []


# ---- logs, events, texts, feeds ----------------------------------------------------------------------------------


def test_on_results_hears_of_each_answer_and_on_event_of_each_event(filled: Opens) -> None:
    heard: list[Any] = []
    shop = filled(
        made(
            on_results=lambda shop, request, results: heard.append((request.query, results.total)),
            on_event=lambda shop, event: heard.append((event.kind, event.product_id)),
        )
    )
    answer = shop.search("lamp")
    shop.record(Event("view", product_id="boots"))
    assert heard == [("lamp", answer.total), ("view", "boots")]


def test_a_log_that_fails_costs_nothing_but_is_named(filled: Opens) -> None:
    shop = filled(made(on_results=lambda: fails(), on_event=lambda: fails()))
    assert shop.search("lamp").degraded == ("on_results of ours",)
    shop.record(Event("view", product_id="boots"))
    assert shop.calls.counts()["ours on_event"]["failed"] == 1


def test_a_text_that_was_prepared_is_read_without_the_plugin(open_shop: Opens) -> None:
    prepares = made(prepare_text=lambda product, locale: f"{product.title}, bicycle" if product.id == "a" else None)
    with open_shop(plugins=[prepares]) as shop:
        shop.upsert([Product("a", "Bell"), Product("b", "Horn")])
        assert shop.get("a").encoder_texts == {"en": "Bell, bicycle"} and not shop.get("b").encoder_texts
        with_it = {hit.product.id: hit.parts["meaning"] for hit in shop.search("bicycle")}
    bare = open_shop()
    assert bare.get("a").encoder_texts == {"en": "Bell, bicycle"}
    assert {hit.product.id: hit.parts["meaning"] for hit in bare.search("bicycle")} == with_it


@pytest.mark.parametrize("does", [fails, lambda: 7])
def test_a_text_that_cannot_be_prepared_stops_the_write(does: Any, open_shop: Opens) -> None:
    shop = open_shop(plugins=[made(prepare_text=lambda: does())])
    with pytest.raises(PluginError, match=r"^[Pp]lugin ours"):
        shop.upsert(Product("a", "Bell"))
    assert len(shop) == 0


class Lines:
    name = "lines"

    def __init__(self, does: Callable[[Path], Any]) -> None:
        self.does = does

    def reads(self, path: Path, head: bytes) -> bool:
        return path.suffix == ".lines"

    def read(self, path: Path, **options: Any) -> Any:
        return self.does(path)


def readers(*plugins: Any) -> Plugins:
    made_ = Plugins()
    made_.add_own()
    made_.add_named(plugins)
    return made_


def test_a_reader_of_a_plugin_reads_its_format_and_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.lines").write_text("Mug")
    (tmp_path / "a.csv").write_text("id,title\n1,Cup\n")
    taking_part = readers(made(register_feed_readers=lambda: [Lines(lambda path: [Product("1", path.read_text())])]))
    assert [each.title for each in read_feed(tmp_path / "a.lines", plugins=taking_part)] == ["Mug"]
    (told,) = read_feed(tmp_path / "a.csv", format="lines", plugins=taking_part)
    assert told.title.startswith("id,title")
    assert len(list(read_feed(tmp_path / "a.csv", plugins=taking_part))) == 1


@pytest.mark.parametrize("does", [fails, lambda: 7, lambda: [7], lambda: sys.exit(1), lazily_failing])
def test_readers_that_fail_to_register_leave_our_own(does: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title\n1,Cup\n")
    taking_part = readers(made(register_feed_readers=lambda: does()))
    assert len(list(read_feed(tmp_path / "a.csv", plugins=taking_part))) == 1


def test_a_reader_that_fails_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.lines").write_text("Mug")
    taking_part = readers(made(register_feed_readers=lambda: [Lines(fails)]))
    with pytest.raises(FeedError) as caught:
        read_feed(tmp_path / "a.lines", plugins=taking_part)
    assert str(caught.value) == f"{tmp_path / 'a.lines'}: the reader 'lines' of plugin ours failed: no such table"


# ---- without encoder, without words ------------------------------------------------------------------------------


@pytest.mark.parametrize("without", [(), ("meaning",), ("words",), ("meaning", "words")])
def test_one_leg_answers_for_the_other_and_without_both_what_passes_the_filters(
    without: tuple[str, ...], open_shop: Opens, moody: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop(encoder=moody)
    shop.upsert(catalogue())
    if "meaning" in without:
        moody.spoil = fails
    if "words" in without:
        monkeypatch.setattr("shelfwise.plugin.sources.words.WordsSource.propose", fails)
    answer = shop.search("red winter boots", filters={"brand": "Nord"}, k=100)
    assert answer.degraded == without
    assert set(answer.ids) <= {"boots", "sandals", "scarf"} and "boots" in answer.ids
    if len(without) == 2:
        assert answer.ids == shop.browse(filters={"brand": "Nord"}, k=100).ids
    else:
        assert answer.ids[0] == "boots" and set(answer[0].parts) == {"words", "meaning"} - set(without)


# ---- the contract ------------------------------------------------------------------------------------------------


def test_every_hook_has_a_heading_and_a_test(root: Path) -> None:
    hooks = [each for each in dir(hookspecs) if hasattr(getattr(hookspecs, each), "shelfwise_spec")]
    page = (root / "docs" / "plugins.md").read_text()
    tests = "".join(each.read_text() for each in sorted((root / "tests").rglob("test_*.py")))
    assert [each for each in hooks if f"### `{each}(" not in page] == []
    assert [each for each in hooks if f"{each}=" not in tests and f"def {each}(" not in tests] == []


def test_one_request_with_every_kind_of_own_plugin_in_place(filled: Opens, tmp_path: Path) -> None:
    table = tmp_path / "shop.db"
    with closing(sqlite3.connect(table)) as database:
        database.execute("create table views (shopper text, product text, at integer)")
        database.executemany(
            "insert into views values (?, ?, ?)",
            [("ann", "lamp7", 1), ("bob", "boots", 2), ("ann", "scarf", 3), ("ann", "lamp7", 4)],
        )
        database.commit()
    log: list[tuple[Any, ...]] = []

    def history(request: Request) -> list[str]:
        with closing(sqlite3.connect(table)) as database:
            found = database.execute("select product from views where shopper = ? order by at", (request.user_id,))
            return [product for (product,) in found]

    def propose(batch: Any) -> list[Proposal]:
        return [Proposal(np.array([one.view.row_of(key) for key in ("boots", HIDDEN)]), np.ones(2)) for one in batch]

    def again(asked: Any, found: Candidates) -> Candidates:
        """What the shopper looked at before is moved up, the latest most."""
        at = {asked.view.row_of(key): place for place, key in enumerate(asked.history, 1)}
        return found.with_part("again", np.array([5.0 * at.get(row, 0) for row in found.rows.tolist()]))

    shop = filled(
        made("translation", prepare_query=lambda request: replace(request, query={"lampe": "lamp"}[request.query])),
        made("permissions", mandatory_filters=lambda shop, request: HIDES),
        made("till", live_offers=lambda product_ids: {key: SOLD.get(key, {"price": 3}) for key in product_ids}),
        made("newcomers", register_sources=lambda shop: [Source(propose)]),
        made("table", user_history=history),
        made("again", register_stages=lambda shop: [Stage(again)]),
        made("log", on_results=lambda request, results: log.append((request.query, results.ids, results.total))),
    )
    usual = filled().search("lamp", k=100)
    assert usual.ids[0] not in ("lamp7", "boots") and HIDDEN in usual.ids and "lamp5" in usual.ids
    answer = shop.search("lampe", user_id="ann", k=100)
    hits = {hit.product.id: hit for hit in answer}
    assert answer.degraded == () and answer.request.query == "lamp"  # rewritten
    assert hits["boots"].parts["ours"] == 1.0 and hits["lamp4"].parts["ours"] == 0.0  # proposed
    assert hits["lamp7"].parts["again"] == 10.0 and hits["scarf"].parts["again"] == 5.0  # from the table
    assert answer.ids[:2] == ["lamp7", "scarf"]  # reordered
    assert HIDDEN not in answer.ids and answer.total == usual.total - 1  # permitted
    assert "lamp5" not in answer.ids and {str(hit.price.amount) for hit in answer} == {"3", "9.5"}  # live
    assert str(hits["lamp7"].price.amount) == "9.5" and not hits["lamp7"].in_stock
    assert log == [("lamp", answer.ids, answer.total)]
    counted = {name: each["calls"] for name, each in shop.calls.counts().items() if not name.startswith("shelfwise.")}
    assert set(counted) == {
        *("translation prepare_query", "permissions mandatory_filters", "till live_offers", "newcomers source ours"),
        *("newcomers scores of source ours", "table user_history", "again stage ours", "log on_results"),
    }


SOLD: dict[str, Any] = {"lamp5": None, "lamp7": {"price": 9.5, "stock": 0}}
