"""One product is planted for each cause that `why` knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from shelfwise.index import Offer, Product, RequestError, read_feed
from shelfwise.plugin import Request, Shop
from shelfwise.plugin.candidates import Candidates
from shelfwise.plugin.pipeline import Asked, Phase, Pipeline


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    feed = tmp_path / "feed.csv"
    feed.write_text("id,title,price\nfed,Copper lamp,12\nfed2,Copper kettle,15\n")
    with Shop.open(tmp_path / "shop", encoder="hashing", maintain=False) as shop:
        shop.upsert(
            [
                Product("lamp", "Desk lamp", price=30, stock=2, brand="Lumen", attributes={"colour": "red"}),
                Product("dear", "Desk lamp of brass", price=300, stock=2, brand="Lumen"),
                Product("gone", "Desk lamp that goes"),
                Product("abroad", "Desk lamp abroad", offers=[Offer(9, "EUR", market="de")]),
                Product("sold", "Desk lamp sold out", price=20, stock=0),
                Product(
                    "boot",
                    "Boot",
                    variants=[
                        {"id": "b1", "options": {"colour": "red", "size": "S"}, "price": 50, "stock": 1},
                        {"id": "b2", "options": {"colour": "blue", "size": "M"}, "price": 50, "stock": 1},
                    ],
                ),
                *(Product(f"x{n}", f"Wooden thing number {n}", price=n + 1) for n in range(40)),
            ]
        )
        shop.upsert(read_feed(feed))
        shop.delete("gone")
        shop.upsert(Product("late", "Desk lamp that waits", price=8), wait=False)
        yield shop


@pytest.mark.parametrize(
    ("product_id", "request_", "cause", "sentence"),
    [
        ("nobody", Request("lamp"), "unknown", "There is no product 'nobody' in the store, and never was."),
        ("gone", Request("lamp"), "deleted", "It was deleted with change 4."),
        (
            "lamp",
            Request(product_id="lamp"),
            "itself",
            "It is the product that similar ones are wanted of, so it is left out.",
        ),
        (
            "abroad",
            Request("lamp"),
            "offer",
            "It is not for sale here (USD) now; it has offers for EUR/de.",
        ),
        (
            "dear",
            Request("lamp", filters={"price": (None, 80)}),
            "filter",
            "The filter price:..80 removed it: it has dear: 300 USD, 2 in stock.",
        ),
        (
            "sold",
            Request("lamp", filters={"in_stock": True}),
            "filter",
            "The filter in_stock:yes removed it: it has sold: 20 USD, 0 in stock.",
        ),
        (
            "lamp",
            Request("lamp", filters={"brand": "Norda"}),
            "filter",
            "The filter brand:Norda removed it: it has Lumen.",
        ),
        (
            "boot",
            Request("boot", filters={"colour": "red", "size": "M"}),
            "variant",
            "Each filter fits one of its variants, but no single variant fits all of them.",
        ),
    ],
)
def test_what_keeps_a_product_out_is_the_last_cause(
    shop: Shop, product_id: str, request_: Request, cause: str, sentence: str
) -> None:
    why = shop.why(request_, product_id)
    assert not why.found and why.rank is None
    assert (why.steps[-1].cause, why.steps[-1].sentence) == (cause, sentence)


def test_a_product_that_is_found_has_its_rank_its_sources_and_the_parts_of_its_score(shop: Shop) -> None:
    request = Request("desk lamp", filters={"price": (None, 80)})
    found = shop.answer(request)
    why = shop.why(request, "lamp")
    assert why.found and why.rank == found.ids.index("lamp") + 1
    assert why.parts == pytest.approx(dict(found[why.rank - 1].parts))
    assert {"stored", "passed", "query", "words", "meaning", "score", "ranked"} <= set(why.causes)
    stored = "It is in the store; written last with change 1 by import 1, row 1."
    assert str(why).startswith(f"{stored}\nIt passes all filters.\n")


def test_every_hit_of_a_page_has_the_rank_that_why_says_and_the_rest_is_not_found(shop: Shop) -> None:
    request = Request("desk lamp of wood", sort="price", k=50)
    found = shop.answer(request)
    ranks = [shop.why(request, key).rank for key in found.ids]
    assert ranks == list(range(1, len(found) + 1))


def test_a_product_on_a_later_page_says_so(shop: Shop) -> None:
    why = shop.why(Request("", sort="price", k=5), "x30")
    assert why.found and why.causes[-1] == "page"
    assert why.steps[-1].sentence == "This page shows 1 to 5."


def test_import_and_row_of_the_feed_are_named(shop: Shop, tmp_path: Path) -> None:
    why = shop.why(Request("kettle"), "fed2")
    assert why.steps[0].sentence == (
        f"It is in the store; written last with change 3 by import 2 of {tmp_path / 'feed.csv'}, row 3."
    )


def test_a_product_that_waits_to_be_encoded_says_so(shop: Shop) -> None:
    assert "waiting" in shop.why(Request("lamp"), "late").causes
    shop.maintain()
    assert "waiting" not in shop.why(Request("lamp"), "late").causes


def test_a_source_that_gives_too_little_says_what_it_would_have_needed(shop: Shop) -> None:
    why = shop.why(Request("wooden"), "lamp")
    step = next(step for step in why.steps if step.cause == "not-words")
    assert step.sentence.startswith("The source 'words' gave it 0.000, too little; its last of 40 has ")


def test_a_stage_that_takes_a_product_out_is_named(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLamps:
        name, phase, order = "no-lamps", Phase.MERCHANDISE, 1

        def __call__(self, asked: Asked, candidates: Candidates) -> Candidates:
            return candidates.keep(candidates.rows != asked.view.row_of("lamp"))

    own = shop._answering.pipeline
    monkeypatch.setattr(shop._answering, "pipeline", Pipeline(own.sources, [*own.stages, NoLamps()]))
    why = shop.why(Request("desk lamp"), "lamp")
    assert not why.found and why.causes[-1] == "no-lamps"


def test_it_can_be_printed_as_json(shop: Shop) -> None:
    made = json.loads(json.dumps(shop.why(Request("lamp"), "lamp").to_dict()))
    assert made["found"] and made["rank"] >= 1 and made["steps"][0]["cause"] == "stored"


def test_a_bad_id_is_a_sentence(shop: Shop) -> None:
    with pytest.raises(RequestError) as raised:
        shop.why(Request("lamp"), "")
    assert str(raised.value) == "product_id: wanted a text of 1 to 200 characters, got ''"
