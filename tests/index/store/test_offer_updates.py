"""Changing prices and stock alone: what an update means, who sees it, and what it leaves alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelfwise.index import (
    KEEP,
    Context,
    EncoderSettings,
    FeedRow,
    FieldError,
    ImportOptions,
    Offer,
    OfferUpdate,
    Product,
    RequestError,
    Store,
    StoreBusy,
    StoreClosed,
    Value,
    Variant,
    import_products,
    maintain,
    match,
    parse_filters,
    update_offers,
)
from shelfwise.index.store import maintenance, rows, schema
from shelfwise.index.store import settings as store_settings
from shelfwise.index.store.patching import patched
from sqlalchemy import select

from ..building import view as view_of
from ..strategies import CURRENCIES, offers, prices
from .old_formats import assert_format, make_format_1

both_databases = pytest.mark.both_databases
Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]

CONTEXTS = [
    Context(currency="USD"),
    Context(currency="CNY"),
    Context(currency="USD", market="de"),
    Context(currency="USD", groups=("vip",)),
    Context(currency="USD", market="de", location="berlin", groups=("vip",)),
]


def goods() -> list[Product]:
    """One variant, three variants (the last without offers), one sold in another currency alone, one not at all."""
    return [
        Product("cup", "Cup", price=10, stock=3),
        Product(
            "boot",
            "Boot",
            variants=[
                Variant(
                    "b40",
                    options={"size": (Value("40"),)},
                    offers=(
                        Offer(60, "USD", stock=1),
                        Offer(430, "CNY", stock=1),
                        Offer(55, "USD", market="de", stock=4),
                        Offer(50, "USD", group="vip", stock=4),
                    ),
                ),
                Variant("b41", options={"size": (Value("41"),)}, offers=(Offer(61, "USD", list_price=70, stock=2),)),
                Variant("b42", options={"size": (Value("42"),)}),
            ],
        ),
        Product("tea", "Tea", price=199, currency="CNY", stock=5),
        Product("vase", "Vase"),
    ]


def told(store: Store, key: str) -> list[str]:
    """The offers of a product as the truth has them, a line each."""
    lines = []
    for variant, offer in store.products([key])[key].offers:
        place = "/".join(each or "-" for each in (offer.market, offer.group, offer.location))
        line = f"{variant.id} {offer.currency} {place} {offer.price} stock {offer.stock}"
        line += f" list {offer.list_price}" if offer.list_price is not None else ""
        line += f" from {offer.starts:%F}" if offer.starts else ""
        line += f" to {offer.ends:%F}" if offer.ends else ""
        lines.append(line)
    return lines


CUP, TEA = ["cup USD -/-/- 10 stock 3"], ["tea CNY -/-/- 199 stock 5"]
BOOT = [
    "b40 USD -/-/- 60 stock 1",
    "b40 CNY -/-/- 430 stock 1",
    "b40 USD de/-/- 55 stock 4",
    "b40 USD -/vip/- 50 stock 4",
    "b41 USD -/-/- 61 stock 2 list 70",
]


def assert_view_says_what_the_truth_says(store: Store) -> None:
    """Prices, stock, and what has offers at all: in several contexts, as if everything were built anew."""
    view, products = store.view, store.products(sorted(store.ids()))
    fresh = view_of(list(products.values()))
    assert view.n_products == len(products)
    for context in CONTEXTS:
        for key, product in products.items():
            (live, row), (right, place) = view.place(view.row_of(key)), fresh.place(fresh.row_of(key))
            first, there = live.segment.first_variant[row], right.segment.first_variant[place]
            for name in ("price", "list_price", "stock"):
                own = getattr(live.prices(context), name)[first : first + len(product.variants)]
                wanted = getattr(right.prices(context), name)[there : there + len(product.variants)]
                assert own.tolist() == wanted.tolist(), (key, name, context)
            own, wanted = live.has_offer()[first : first + len(product.variants)], right.has_offer()
            assert own.tolist() == wanted[there : there + len(product.variants)].tolist(), key
        passing = [
            {made.id_of(row) for row in np.flatnonzero(match(made, (), context).mask).tolist()}
            for made in (view, fresh)
        ]
        assert passing[0] == passing[1], context


@pytest.fixture(params=["tail", "generation", "both"])
def stocked(request: pytest.FixtureRequest, open_store: Opens) -> Store:
    """A store with the goods; where they lie makes no difference."""
    store = open_store()
    if request.param == "both":
        store.put(goods()[:2])
        store.build_generation()
        store.put(goods()[2:])
    else:
        store.put(goods())
    if request.param == "generation":
        store.build_generation()
    store.refresh()
    return store


# ---- what an update means ----------------------------------------------------------------------------------------

CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    # A price is that of one offer; it is made where there is none.
    ({"id": "cup", "price": "9.50"}, ["cup USD -/-/- 9.50 stock 3"]),
    ({"id": "cup", "price": 9, "stock": 0}, ["cup USD -/-/- 9 stock 0"]),
    ({"id": "cup", "price": 8, "currency": "eur"}, [*CUP, "cup EUR -/-/- 8 stock None"]),
    ({"id": "cup", "price": 8, "market": "de"}, [*CUP, "cup USD de/-/- 8 stock None"]),
    (
        {"id": "cup", "price": 8, "currency": "CNY", "market": "cn", "group": "vip", "location": "sh", "stock": 2},
        [*CUP, "cup CNY cn/vip/sh 8 stock 2"],
    ),
    ({"id": "tea", "price": 210}, ["tea CNY -/-/- 210 stock 5"]),  # not sold in the shop's own currency: in its first
    ({"id": "tea", "price": 30, "currency": "USD"}, [*TEA, "tea USD -/-/- 30 stock None"]),
    ({"id": "vase", "price": 40}, ["vase USD -/-/- 40 stock None"]),
    ({"id": "cup", "price": 9, "list_price": 12}, ["cup USD -/-/- 9 stock 3 list 12"]),
    (
        {"id": "cup", "price": 9, "starts": "2030-01-01", "ends": "2030-02-01"},
        ["cup USD -/-/- 9 stock 3 from 2030-01-01 to 2030-02-01"],
    ),
    # In every variant, or in the one that is named.
    (
        {"id": "boot", "price": 59},
        [
            "b40 USD -/-/- 59 stock 1",
            *BOOT[1:4],
            "b41 USD -/-/- 59 stock 2 list 70",
            "b42 USD -/-/- 59 stock None",
        ],
    ),
    ({"id": "boot", "variant": "b40", "price": 59}, ["b40 USD -/-/- 59 stock 1", *BOOT[1:]]),
    ({"id": "boot", "variant": "b42", "price": 59, "stock": 1}, [*BOOT, "b42 USD -/-/- 59 stock 1"]),
    # A list price alone: where a price would be, and nothing is made.
    ({"id": "cup", "list_price": "12.5"}, ["cup USD -/-/- 10 stock 3 list 12.5"]),
    ({"id": "tea", "list_price": 220}, ["tea CNY -/-/- 199 stock 5 list 220"]),
    (
        {"id": "boot", "list_price": 80},
        [
            "b40 USD -/-/- 60 stock 1 list 80",
            *BOOT[1:3],
            "b40 USD -/vip/- 50 stock 4 list 80",
            "b41 USD -/-/- 61 stock 2 list 80",
        ],
    ),
    ({"id": "boot", "list_price": 80, "market": "de"}, [*BOOT[:2], f"{BOOT[2]} list 80", *BOOT[3:]]),
    ({"id": "boot", "list_price": None}, [*BOOT[:4], "b41 USD -/-/- 61 stock 2"]),
    # A stock: of all offers that fit what is named.
    ({"id": "cup", "stock": 7}, ["cup USD -/-/- 10 stock 7"]),
    ({"id": "cup", "stock": -2}, ["cup USD -/-/- 10 stock 0"]),
    ({"id": "cup", "stock": None}, ["cup USD -/-/- 10 stock None"]),
    (
        {"id": "boot", "stock": 0},
        [
            "b40 USD -/-/- 60 stock 0",
            "b40 CNY -/-/- 430 stock 0",
            "b40 USD de/-/- 55 stock 0",
            "b40 USD -/vip/- 50 stock 0",
            "b41 USD -/-/- 61 stock 0 list 70",
        ],
    ),
    ({"id": "boot", "stock": 0, "currency": "CNY"}, [BOOT[0], "b40 CNY -/-/- 430 stock 0", *BOOT[2:]]),
    ({"id": "boot", "stock": 0, "market": "de"}, [*BOOT[:2], "b40 USD de/-/- 55 stock 0", *BOOT[3:]]),
    (
        {"id": "boot", "stock": 0, "market": ""},  # that hold everywhere
        [
            "b40 USD -/-/- 60 stock 0",
            "b40 CNY -/-/- 430 stock 0",
            BOOT[2],
            "b40 USD -/vip/- 50 stock 0",
            "b41 USD -/-/- 61 stock 0 list 70",
        ],
    ),
    ({"id": "boot", "stock": 0, "group": "vip"}, [*BOOT[:3], "b40 USD -/vip/- 50 stock 0", BOOT[4]]),
    ({"id": "boot", "variant": "b41", "stock": 9}, [*BOOT[:4], "b41 USD -/-/- 61 stock 9 list 70"]),
    (
        {"id": "boot", "variant": "b40", "price": 59, "stock": 9},  # a stock is that of the thing, whatever its price
        [
            "b40 USD -/-/- 59 stock 9",
            "b40 CNY -/-/- 430 stock 9",
            "b40 USD de/-/- 55 stock 9",
            "b40 USD -/vip/- 50 stock 9",
            BOOT[4],
        ],
    ),
    # Times alone: likewise of all offers that fit.
    ({"id": "cup", "ends": "2030-02-01"}, ["cup USD -/-/- 10 stock 3 to 2030-02-01"]),
    ({"id": "boot", "starts": "2030-01-01", "currency": "CNY"}, [BOOT[0], f"{BOOT[1]} from 2030-01-01", *BOOT[2:]]),
    # Taken off sale, wholly or where it is named.
    ({"id": "cup", "remove": True}, []),
    ({"id": "boot", "remove": True}, []),
    ({"id": "boot", "remove": True, "currency": "USD"}, [BOOT[1]]),
    ({"id": "boot", "remove": True, "market": "de"}, [*BOOT[:2], *BOOT[3:]]),
    ({"id": "boot", "variant": "b40", "remove": True}, [BOOT[4]]),
]


@pytest.mark.parametrize(("update", "after"), CHANGES, ids=[json.dumps(each[0]) for each in CHANGES])
def test_an_update_changes_the_offers_that_it_means_and_no_others(
    update: dict[str, Any], after: list[str], open_store: Opens
) -> None:
    store = open_store()
    store.put(goods())
    others = {key: told(store, key) for key in ("cup", "boot", "tea", "vase") if key != update["id"]}
    report = update_offers(store, [update])
    assert (report.changed, report.unchanged, report.unknown, report.bad, report.problems) == (1, 0, 0, 0, [])
    assert told(store, update["id"]) == after
    assert {key: told(store, key) for key in others} == others
    again = update_offers(store, [update])
    assert (again.changed, again.unchanged) == (0, 1)
    assert told(store, update["id"]) == after
    store.refresh()
    assert_view_says_what_the_truth_says(store)


offer_lists = st.lists(offers(), max_size=3, unique_by=lambda offer: offer.key)
named = st.fixed_dictionaries(
    {},
    optional={
        "price": prices,
        "list_price": st.none() | prices,
        "stock": st.sampled_from([None, 0, 5]),
        "currency": st.sampled_from([*CURRENCIES, "CNY"]),
    },
).filter(lambda made: made.keys() & {"price", "list_price", "stock"})


@given(st.lists(offer_lists, min_size=1, max_size=3), named, st.sampled_from(["USD", "CNY"]))
def test_an_update_changes_what_mode_patch_changes(
    by_variant: list[list[Offer]], fields: dict[str, Any], currency: str
) -> None:
    variants = [Variant(f"v{at}", offers=tuple(own)) for at, own in enumerate(by_variant)]
    product = Product("p", "Cup", variants=variants).resolved("en", currency)
    update = OfferUpdate("p", **fields)
    before: dict[str, Any] = json.loads(rows.to_row(product).offers)
    after = {}
    for variant in product.variants:
        made = update.applied(before.get(variant.id, ()), currency)
        if kept := before.get(variant.id) if made is None else made:
            after[variant.id] = kept
    assert rows.to_json(after) == rows.to_row(patched(product, fields, currency)).offers


@both_databases
def test_a_mode_patch_import_and_an_update_write_the_same_bytes(open_store: Opens, path: Any) -> None:
    fields = [
        {"id": "cup", "price": "9.90", "stock": 4},
        {"id": "boot", "stock": 0},
        {"id": "tea", "price": 210, "list_price": 250},
        {"id": "vase", "price": 5},
    ]
    store = open_store()
    store.put(goods())
    update_offers(store, fields)
    with store.database.read() as connection:
        updated = rows.held(connection, ["cup", "boot", "tea", "vase"])
    store.put(goods())
    import_products(store, [FeedRow(at, each) for at, each in enumerate(fields)], ImportOptions(mode="patch"))
    with store.database.read() as connection:
        assert rows.held(connection, ["cup", "boot", "tea", "vase"]) == updated


@both_databases
def test_updates_of_one_product_follow_each_other(stocked: Store) -> None:
    report = update_offers(
        stocked,
        [
            OfferUpdate("vase", price=40, stock=1),
            OfferUpdate("vase", stock=0),
            OfferUpdate("vase", price=30, market="de"),
            OfferUpdate("cup", price=11),
            OfferUpdate("cup", price=10),
        ],
    )
    assert (report.changed, report.unchanged) == (1, 1), "products, as they are in the end"
    assert told(stocked, "vase") == ["vase USD -/-/- 40 stock 0", "vase USD de/-/- 30 stock None"]
    assert told(stocked, "cup") == CUP
    stocked.refresh()
    assert_view_says_what_the_truth_says(stocked)


@both_databases
def test_what_was_taken_off_sale_is_not_for_sale_and_comes_back(stocked: Store) -> None:
    update_offers(stocked, [OfferUpdate("cup", remove=True, currency="USD"), OfferUpdate("boot", remove=True)])
    stocked.refresh()
    assert_view_says_what_the_truth_says(stocked)
    update_offers(stocked, [OfferUpdate("cup", price=12), OfferUpdate("boot", variant_id="b42", price=1)])
    stocked.refresh()
    assert_view_says_what_the_truth_says(stocked)
    assert told(stocked, "cup") == ["cup USD -/-/- 12 stock None"]
    assert told(stocked, "boot") == ["b42 USD -/-/- 1 stock None"]


# ---- what is given, and what is said -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "price: wanted a price, a stock, a list price, a time, or remove=True, got None"),
        (
            {"price": "cheap"},
            "price: wanted an amount of money of 0 or more with at most four decimals, such as 49 or '49.90', got "
            "'cheap'",
        ),
        ({"price": -1}, None),
        ({"price": float("nan")}, None),
        ({"price": True}, None),
        ({"price": "1.00001"}, None),
        ({"list_price": "x"}, None),
        ({"stock": "3"}, "stock: wanted a whole number of pieces, got '3'"),
        ({"stock": 1.5}, None),
        ({"stock": True}, None),
        ({"stock": 10**30}, None),
        ({"price": 1, "currency": "dollars"}, None),
        ({"price": 1, "currency": ""}, None),
        ({"price": 1, "market": 7}, "market: wanted a code of at most 200 printable characters, got 7"),
        ({"price": 1, "group": "a\0b"}, "group: wanted a code of at most 200 printable characters, got 'a\\x00b'"),
        ({"price": 1, "location": "\ud800"}, None),
        ({"price": 1, "starts": "soon"}, None),
        ({"price": 1, "ends": 7}, None),
        ({"variant": 7, "stock": 1}, "variant_id: wanted a text, got 7"),
        ({"stok": 1}, None),
    ],
)
def test_an_update_that_cannot_be_used_is_counted_and_said_and_keeps_no_other_out(
    fields: dict[str, Any], sentence: str | None, open_store: Opens
) -> None:
    store = open_store()
    store.put(goods())
    with pytest.raises(FieldError) as error:
        OfferUpdate.of({"id": "cup", **fields})
    report = update_offers(store, [{"id": "vase", "price": 1}, {"id": "cup", **fields}, {"id": "tea", "stock": 0}])
    assert (report.changed, report.bad, report.unknown) == (2, 1, 0)
    assert report.problems == [f"update 2: {error.value}"]
    assert sentence is None or str(error.value) == sentence
    assert told(store, "cup") == CUP


def test_names_are_taken_as_a_product_takes_them(open_store: Opens) -> None:
    store = open_store()
    store.put(goods())
    assert update_offers(store, [{"id": "cup", "price": 1, "currency": "usd", "market": " de "}]).changed == 1
    assert update_offers(store, [{"id": "cup", "price": 2, "currency": "USD", "market": "de"}]).changed == 1
    assert told(store, "cup") == [*CUP, "cup USD de/-/- 2 stock None"]


def test_an_update_without_an_id_says_so(open_store: Opens) -> None:
    report = update_offers(open_store(), [{"price": 1}, {"id": 7, "price": 1}, {"id": None, "price": 1}])
    assert report.bad == 3
    assert report.problems == [
        "update 1: id: wanted the id of a product, got None",
        "update 2: product_id: wanted a text, got 7",
        "update 3: product_id: wanted a text, got None",
    ]


@both_databases
def test_what_is_unknown_is_counted_by_update_and_said(open_store: Opens) -> None:
    store = open_store()
    store.put(goods())
    store.remove(["tea"])
    report = update_offers(
        store,
        [
            {"id": "gone", "stock": 1},
            {"id": "gone", "price": 1},
            {"id": "tea", "stock": 1},
            {"id": "nul\0", "stock": 1},
            {"id": "\ud800", "stock": 1},
            {"id": "boot", "variant": "b99", "stock": 1},
            {"id": "boot", "variant": "nul\0", "price": 1},
            {"id": "vase", "stock": 1},
            {"id": "cup", "stock": 1, "currency": "CNY"},
            {"id": "cup", "list_price": 1, "market": "de"},
            {"id": "boot", "variant": "b42", "remove": True},
        ],
    )
    assert (report.changed, report.unchanged, report.unknown, report.bad) == (0, 3, 11, 0)
    assert report.problems == [
        "'gone': there is no such product",
        "'tea': there is no such product",
        "'nul\\x00': there is no such product",
        "'\\ud800': there is no such product",
        "'boot': it has no such variant",
        "'boot': it has no such variant",
        "'boot': it has no such offer; name a price to make one",
        "'vase': it has no such offer; name a price to make one",
        "'cup': it has no such offer; name a price to make one",
        "'cup': it has no such offer; name a price to make one",
    ]
    assert told(store, "boot") == BOOT and told(store, "cup") == CUP and told(store, "vase") == []


def test_the_first_twenty_problems_are_said_and_all_are_counted(open_store: Opens) -> None:
    store = open_store()
    report = update_offers(store, ({"id": f"x{at}", "stock": 1} for at in range(50)))
    assert report.unknown == 50 and report.problems == [f"'x{at}': there is no such product" for at in range(20)]


@pytest.mark.parametrize(
    ("given_", "sentence"),
    [
        ("cup", "update_offers: wanted a list of updates, got str; write [OfferUpdate(…)]"),
        ({"id": "cup", "stock": 1}, "update_offers: wanted a list of updates, got dict; write [OfferUpdate(…)]"),
        (
            OfferUpdate("cup", stock=1),
            "update_offers: wanted a list of updates, got OfferUpdate; write [OfferUpdate(…)]",
        ),
        (7, "update_offers: wanted a list of updates, got int; write [OfferUpdate(…)]"),
        (None, "update_offers: wanted a list of updates, got NoneType; write [OfferUpdate(…)]"),
        (
            ["cup"],
            "update_offers: wanted an OfferUpdate or a mapping, got str; write "
            'OfferUpdate("p1", price=9) or {"id": "p1", "price": 9}',
        ),
        (
            [7],
            "update_offers: wanted an OfferUpdate or a mapping, got int; write "
            'OfferUpdate("p1", price=9) or {"id": "p1", "price": 9}',
        ),
    ],
)
def test_what_is_no_list_of_updates_is_a_sentence(given_: Any, sentence: str, open_store: Opens) -> None:
    with pytest.raises(RequestError) as error:
        update_offers(open_store(), given_)
    assert str(error.value) == sentence


def test_an_update_says_what_it_is_and_leaves_the_rest() -> None:
    made = OfferUpdate.of({"id": "cup", "variant": "c1", "price": "9.5", "starts": "2030-01-01"})
    assert (made.product_id, made.variant_id, made.price) == ("cup", "c1", Decimal("9.5"))
    assert made.starts is not KEEP and made.starts.isoformat() == "2030-01-01T00:00:00+00:00"  # type: ignore[union-attr]
    assert made.list_price is made.stock is made.ends is KEEP
    assert OfferUpdate.of(made) is made
    assert OfferUpdate.of({"product_id": "cup", "variant_id": "c1", "price": "9.5", "starts": "2030-01-01"}) == made


# ---- what it leaves alone ----------------------------------------------------------------------------------------


def rows_of(store: Store, table: Any) -> list[Any]:
    with store.database.read() as connection:
        return list(connection.execute(select(table)))


@both_databases
def test_thousands_of_updates_touch_neither_texts_nor_vectors_nor_the_tail(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    store.put(lamps(300))
    store.build_generation()
    store.put(lamps(20, first=300))
    store.refresh()
    before = {table.name: rows_of(store, table) for table in (schema.products, schema.vectors, schema.imports)}
    segments, change = [live.segment for live in store.view.segments], store.view.change
    with store.database.read() as connection:
        unit = store_settings.published(store_settings.read(connection))
    numbers = count()
    for _ in range(3):
        report = update_offers(
            store, ({"id": f"p{at % 320}", "price": next(numbers), "stock": at % 7} for at in range(2_500))
        )
        assert report.problems == [] and report.changed >= 320
        store.refresh()
    assert {name: rows_of(store, schema.metadata.tables[name]) for name in before} == before
    assert store.view.change == change + 6, "a change for each batch of at most 2,000"
    assert [live.segment for live in store.view.segments] == segments, "nothing was built again"
    assert not maintenance.due(store, unit, 20) and maintenance.due(store, unit, 19), "twenty in the tail, as before"
    maintain(store)
    assert store.folder.numbers() == [1]
    assert_view_says_what_the_truth_says(store)


@both_databases
def test_an_update_needs_no_model(open_store: Opens, lamps: Lamps) -> None:
    open_store().put(lamps(3))
    store = open_store(EncoderSettings(reference="/no/such/model"))
    assert update_offers(store, [{"id": "p0", "price": 1}]).changed == 1
    store.settle()
    assert told(store, "p0") == ["p0 USD -/-/- 1 stock 3"]


@both_databases
def test_an_update_that_changes_nothing_writes_nothing(stocked: Store) -> None:
    version = stocked.database.version()
    report = update_offers(stocked, [{"id": "cup", "price": 10}, {"id": "tea", "stock": 5}, {"id": "gone", "stock": 1}])
    assert (report.changed, report.unchanged, report.unknown) == (0, 2, 1)
    assert update_offers(stocked, []).changed == 0
    assert stocked.database.version() == version


@both_databases
def test_an_upsert_that_changes_offers_alone_writes_offers_alone(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    store.put(lamps(3))
    store.build_generation()
    before = rows_of(store, schema.products)
    written = store.put([*lamps(2, price=11), *lamps(1, first=2)])
    assert (written.changed, written.unchanged, written.encoded) == (2, 1, 0)
    assert rows_of(store, schema.products) == before
    store.refresh()
    assert len(store.view.segments) == 1
    assert_view_says_what_the_truth_says(store)


# ---- who sees it -------------------------------------------------------------------------------------------------


@both_databases
def test_filters_see_it_at_once(stocked: Store) -> None:
    def found(**filters: Any) -> set[str]:
        made = match(stocked.view, parse_filters(filters), stocked.context)
        return {stocked.view.id_of(row) for row in np.flatnonzero(made.mask).tolist()}

    assert found(price=(None, 20)) == {"cup"} and found(in_stock=True) == {"cup", "boot"}
    update_offers(stocked, [{"id": "cup", "price": 90, "stock": 0}, {"id": "boot", "variant": "b41", "price": 15}])
    stocked.settle()
    assert found(price=(None, 20)) == {"boot"} and found(in_stock=True) == {"boot"}
    assert found(price=(90, 90)) == {"cup"} and found(price=(None, 20), size="41") == {"boot"}
    assert found(price=(None, 20), size="40") == set(), "of the same variant"


@both_databases
def test_another_process_sees_it_within_a_second(stocked: Store, place: Any, children: Any, eventually: Any) -> None:
    watchers = [children.start("watch_price", place, product="cup") for _ in range(2)]
    for watcher in watchers:
        watcher.says("price 100000 stock 3")
    update_offers(stocked, [{"id": "cup", "price": "9.5"}])
    for watcher in watchers:
        watcher.says("price 95000 stock 3", seconds=1)
    update_offers(stocked, [{"id": "cup", "stock": 0}])
    for watcher in watchers:
        watcher.says("price 95000 stock 0", seconds=1)


@both_databases
def test_updates_survive_reopening_and_the_building_of_a_generation(stocked: Store, open_store: Opens) -> None:
    update_offers(stocked, [{"id": "cup", "price": 1}, {"id": "boot", "stock": 0}, {"id": "vase", "price": 7}])
    stocked.settle()
    wanted = {key: told(stocked, key) for key in ("cup", "boot", "tea", "vase")}
    other = open_store()
    assert {key: told(other, key) for key in wanted} == wanted
    assert_view_says_what_the_truth_says(other)
    assert stocked.build_generation() is not None
    assert all(not live.layers for live in stocked.view.segments), "they are in the generation now"
    assert_view_says_what_the_truth_says(stocked)
    other.refresh()
    assert_view_says_what_the_truth_says(other)
    update_offers(stocked, [{"id": "cup", "price": 2}])
    stocked.close()
    assert_view_says_what_the_truth_says(open_store())


@both_databases
def test_an_update_of_a_product_in_the_tail_outlives_the_merging_of_the_tail(open_store: Opens, lamps: Lamps) -> None:
    store = open_store()
    for at in range(30):
        store.put(lamps(1, first=at))
        update_offers(store, [{"id": f"p{at}", "price": 100 + at}, {"id": f"p{at // 2}", "stock": at}])
        store.refresh()
    assert len(store.view.segments) < 10, "pieces were merged"
    assert_view_says_what_the_truth_says(store)


def test_a_store_of_format_1_takes_updates_as_changes_of_its_products(path: Any, open_store: Opens) -> None:
    make_format_1(path, goods())
    store = open_store(path=path)
    report = update_offers(store, [{"id": "cup", "price": 1}, {"id": "boot", "variant": "b42", "price": 5, "stock": 2}])
    assert (report.changed, report.problems) == (2, [])
    store.settle()
    assert told(store, "cup") == ["cup USD -/-/- 1 stock 3"]
    assert told(store, "boot") == [*BOOT, "b42 USD -/-/- 5 stock 2"]
    assert_view_says_what_the_truth_says(store)
    changes = {row.id: row.change for row in rows_of(store, schema.products)}
    assert changes["cup"] == changes["boot"] == store.view.change, "there a product's change is its offers' too"
    assert changes["tea"] < changes["cup"] > changes["vase"]
    assert store.put([Product("cup", "Cup", price=1, stock=3)]).unchanged == 1, "the hash covers its offers"
    again = open_store(path=path)
    assert_view_says_what_the_truth_says(again)
    assert_format(path, 1)


# ---- races -------------------------------------------------------------------------------------------------------


def in_threads(*work: Callable[[], object]) -> None:
    """Does all at once; raises what one of them raised."""
    failures: list[BaseException] = []

    def one(do: Callable[[], object]) -> None:
        try:
            do()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def repeat(times: int, do: Callable[[int], object]) -> Callable[[], None]:
    def work() -> None:
        for at in range(times):
            do(at)

    return work


@both_databases
def test_updates_of_several_writers_lose_nothing(open_store: Opens, lamps: Lamps) -> None:
    stores = [open_store(), open_store()]
    stores[0].put(lamps(4))
    in_threads(
        repeat(20, lambda at: update_offers(stores[0], [{"id": f"p{n}", "price": at + 1} for n in range(4)])),
        repeat(20, lambda at: update_offers(stores[1], [{"id": f"p{n}", "stock": at} for n in range(4)])),
        repeat(20, lambda at: update_offers(stores[1], [{"id": "p0", "price": at, "market": "de"}])),
        repeat(20, lambda at: stores[0].refresh()),
    )
    for store in stores:
        store.refresh()
        assert [told(store, f"p{n}")[0] for n in range(4)] == [f"p{n} USD -/-/- 20 stock 19" for n in range(4)]
        assert told(store, "p0")[1] == "p0 USD de/-/- 19 stock 19"
        assert_view_says_what_the_truth_says(store)


@both_databases
def test_a_product_that_is_replaced_while_its_offers_change_is_one_or_the_other_and_whole(open_store: Opens) -> None:
    writer, seller, reader = open_store(), open_store(), open_store()

    def shirt(at: int) -> Product:
        sizes = ("S", "M") if at % 2 else ("M", "L")
        variants = [Variant(f"shirt-{size}", offers=(Offer(10, "USD", stock=5),)) for size in sizes]
        return Product("shirt", f"Shirt number {at}", variants=variants)

    writer.put([shirt(0), Product("cap", "Cap", price=3)])

    def replace(at: int) -> None:
        writer.put([shirt(at)])
        if at % 5 == 4:
            writer.remove(["cap"])
        else:
            writer.put([Product("cap", f"Cap {at}", price=3)])
        if at == 15:
            writer.build_generation()

    def sell(at: int) -> None:
        report = update_offers(
            seller,
            [
                {"id": "shirt", "variant": "shirt-M", "stock": at},
                {"id": "shirt", "variant": "shirt-S", "price": 9},
                {"id": "cap", "price": at},
            ],
        )
        assert report.bad == 0

    in_threads(repeat(30, replace), repeat(60, sell), repeat(60, lambda _: reader.refresh()))
    for store in (writer, seller, reader):
        store.refresh()
        assert_view_says_what_the_truth_says(store)
        (product,) = store.products(["shirt"]).values()
        assert product.title == "Shirt number 29" and [each.id for each in product.variants] == ["shirt-S", "shirt-M"]
    with writer.database.read() as connection:
        (held,) = rows.held(connection, ["shirt"]).values()
        assert set(json.loads(held[1])) == {"shirt-S", "shirt-M"}, "no offers of variants that are gone"


@both_databases
def test_a_patch_of_texts_and_updates_of_offers_at_once_lose_nothing(open_store: Opens, lamps: Lamps) -> None:
    patcher, seller = open_store(), open_store()
    patcher.put(lamps(150))

    def patch(at: int) -> None:
        feed = [FeedRow(n, {"id": f"p{n}", "title": f"Patched {n} {at}"}) for n in range(150)]
        import_products(patcher, feed, ImportOptions(mode="patch"))

    def sell(at: int) -> None:
        assert update_offers(seller, [{"id": f"p{n}", "stock": 100 + at} for n in range(150)]).problems == []

    in_threads(repeat(2, patch), repeat(20, sell))
    for key, product in patcher.products([f"p{n}" for n in range(150)]).items():
        assert product.title == f"Patched {key[1:]} 1" and product.variants[0].offers[0].stock == 119
    patcher.refresh()
    assert_view_says_what_the_truth_says(patcher)


@both_databases
def test_an_update_waits_for_its_turn_and_says_when_that_takes_too_long(open_store: Opens, lamps: Lamps) -> None:
    store = open_store(lock_seconds=0.1)
    store.put(lamps(1))
    other = open_store()
    with other.database.write(), pytest.raises(StoreBusy, match=r"waited 0\.1 s for another writer"):
        update_offers(store, [{"id": "p0", "stock": 0}])
    assert told(store, "p0") == ["p0 USD -/-/- 10 stock 3"]
    store.close()
    with pytest.raises(StoreClosed):
        update_offers(store, [{"id": "p0", "stock": 0}])


# ---- any sequence ------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.dictionaries(KEYS, st.tuples(st.integers(0, 2), st.integers(1, 3)), min_size=1)),
        st.tuples(st.just("price"), st.dictionaries(KEYS, st.integers(1, 9), min_size=1)),
        st.tuples(st.just("stock"), st.dictionaries(KEYS, st.integers(0, 9), min_size=1)),
        st.tuples(st.just("remove"), st.sets(KEYS)),
        st.tuples(st.sampled_from(["build", "reopen", "follow"]), st.none()),
    ),
    max_size=10,
)


@both_databases
@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_sequence_of_writes_and_updates_shows_what_a_dictionary_would(place: Any, steps: Any) -> None:
    place.clear()

    def opened() -> Store:
        return Store.open(place.location, encoder="hashing", **place.options)

    stores, wanted = [opened(), opened()], dict[str, list[list[Any]]]()
    try:
        for what, given_ in steps:
            writer = stores[0]
            if what == "put":
                writer.put([made_of(key, title, n) for key, (title, n) in given_.items()])
                wanted.update({key: [[10 + at, None] for at in range(n)] for key, (_, n) in given_.items()})
            elif what in ("price", "stock"):
                update_offers(writer, [{"id": key, what: value} for key, value in given_.items()])
                for key in given_.keys() & wanted.keys():
                    for own in wanted[key]:
                        own[what == "stock"] = given_[key]
            elif what == "remove":
                writer.remove(given_)
                wanted = {key: own for key, own in wanted.items() if key not in given_}
            elif what == "build":
                assert writer.build_generation() is not None
            elif what == "reopen":
                stores.pop().close()
                stores.append(opened())
            else:
                stores.reverse()
            for store in stores:
                store.refresh()
                assert_view_says_what_the_truth_says(store)
                assert {key: numbers(product) for key, product in store.products("abc").items()} == wanted
    finally:
        for store in stores:
            store.close()


def made_of(key: str, title: int, n: int) -> Product:
    """A product with so many variants, at 10, 11, …"""
    return Product(key, f"Cup {title}", variants=[Variant(f"{key}{at}", offers=(Offer(10 + at),)) for at in range(n)])


def numbers(product: Product) -> list[list[Any]]:
    """Price and stock of each variant."""
    found: Iterable[Offer] = (variant.offers[0] for variant in product.variants)
    return [[int(offer.price), offer.stock] for offer in found]
