"""`shelfwise search` and `shelfwise similar`: tables for people, one object for programs."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_hits_are_a_table_with_rank_id_title_price_stock_and_score(run, store: Path) -> None:
    said = run("search", store, "red", "winter", "boot", "-k", "2")
    assert said.code == 0
    header, _, first, *_ = said.out.splitlines()
    assert header.split() == ["id", "title", "price", "stock", "score"]
    assert first.split()[:7] == ["1", "b1", "Red", "winter", "boot", "$120.00", "yes"]
    assert said.out.splitlines()[-1].startswith("1 to 2 of ")


def test_json_is_one_object_with_hits(run, store: Path) -> None:
    found = run("search", store, "winter boot", "-k", "1", "--json").json
    assert [hit["id"] for hit in found["hits"]] == ["b1"]
    assert found["query"] == "winter boot"
    assert found["hits"][0]["price"] == {"amount": "120.00", "currency": "USD"}


def test_parts_are_columns_on_demand(run, store: Path) -> None:
    header = run("search", store, "boot", "--parts").out.splitlines()[0]
    assert header.split()[-2:] == ["meaning", "words"]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (["brand=Fell"], {"b1", "b2"}),
        (["brand=Fell", "brand=Ostra"], {"b1", "b2", "h1"}),
        (["brand!=Fell"], {"s1", "h1"}),
        (["brand!=Fell", "brand!=Vent"], {"h1"}),
        (["price=..60"], {"b2", "h1"}),
        (["price=60..100"], {"b2", "s1"}),
        (["price=100.."], {"b1"}),
        (["in_stock=no"], {"b2"}),
        (["in_stock=yes", "category=Shoes"], {"b1", "s1"}),
        (["category=Shoes > Boots", "colour=red"], {"b1"}),
    ],
)
def test_filters_are_typed_as_text(run, store: Path, filters: list[str], ids: set[str]) -> None:
    options = [option for text in filters for option in ("--filter", text)]
    found = run("search", store, "", *options, "--json").json
    assert {hit["id"] for hit in found["hits"]} == ids
    assert found["total"] == len(ids)


def test_sold_out_products_say_so(run, store: Path) -> None:
    assert "sold out" in run("search", store, "rain boot", "-f", "in_stock=no").out


def test_facets_are_counted(run, store: Path) -> None:
    assert "brand: Fell (2), Ostra (1), Vent (1)" in run("search", store, "", "--facet", "brand").out
    facets = run("search", store, "", "--facet", "colour", "--json").json["facets"]
    assert {each["code"]: each["count"] for each in facets["colour"]} == {"red": 2, "blue": 1, "grey": 1}


def test_sort_offset_and_k_cut_the_page(run, store: Path) -> None:
    found = run("search", store, "", "--sort", "price", "--offset", "1", "-k", "2")
    assert [line.split()[:2] for line in found.out.splitlines()[2:4]] == [["2", "b2"], ["3", "s1"]]
    assert "2 to 3 of 4 products" in found.out
    assert "none stands at place 10 or later" in run("search", store, "", "--offset", "9").out


def test_nothing_found_is_said(run, store: Path) -> None:
    said = run("search", store, "", "-f", "brand=Nobody")
    assert (said.code, said.out) == (0, "Nothing found.\n")


def test_notes_stand_on_stderr(run, store: Path) -> None:
    assert "Note: The query is empty" in run("search", store, "").err


def test_similar_leaves_the_product_itself_out(run, store: Path) -> None:
    ids = [hit["id"] for hit in run("similar", store, "b1", "--json").json["hits"]]
    assert ids
    assert "b1" not in ids
    assert run("similar", store, "b1", "-k", "1").out.splitlines()[2].split()[0] == "1"


@pytest.mark.parametrize(
    ("arguments", "kind", "sentence"),
    [
        (("search", "{store}", "boot", "-k", "0"), "RequestError", "k: wanted a whole number from 1 to 1,000, got 0"),
        (("search", "{store}", "boot", "-k", "-1"), "RequestError", "got -1"),
        (("search", "{store}", "boot", "-k", "1000000"), "RequestError", "got 1000000"),
        (("search", "{store}", "boot", "-k", "some"), "UsageError", "--k"),
        (("search", "{store}", "x" * 100_000), "RequestError", "wanted at most"),
        (("search", "{store}", "a\x07b"), "RequestError", "control character U+0007"),
        (("search", "{store}", "boot", "-f", "size=9"), "FilterError", "no product has such a field"),
        (("search", "{store}", "boot", "-f", "size"), "FilterError", "wanted FIELD=VALUE"),
        (("search", "{store}", "boot", "--facet", "size"), "FilterError", "no product has such a field"),
        (("search", "{store}", "boot", "--sort", "luck"), "RequestError", "sort: wanted one of"),
        (("search", "{store}", "boot", "--locale", "??"), "RequestError", "locale: wanted a language tag"),
        (("search", "{store}/none", "boot"), "StoreMissing", "there is none"),
        (("search", "{store}", "boot", "--colour"), "UsageError", "No such option"),
        (("search", "{store}"), "UsageError", "Missing argument"),
        (("similar", "{store}", "zz"), "UnknownProduct", "product 'zz'"),
    ],
)
def test_bad_input_is_one_sentence_and_2_and_with_json_an_object(
    run, store: Path, arguments: tuple[str, ...], kind: str, sentence: str
) -> None:
    given = [each.replace("{store}", str(store)) for each in arguments]
    said = run(*given)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: ")
    assert said.err.count("\n") == 1
    assert sentence in said.err
    said = run(*given, "--json")
    assert said.code == 2
    assert said.json["error"]["type"] == kind
    assert sentence in said.json["error"]["message"]


def test_a_store_that_is_missing_is_not_made(run, tmp_path: Path) -> None:
    for command in (("search", "boot"), ("similar", "b1"), ("get", "b1"), ("delete", "b1")):
        assert run(command[0], tmp_path / "none", *command[1:]).code == 2
    assert not (tmp_path / "none").exists()


def test_a_query_may_begin_with_a_dash_after_two(run, store: Path) -> None:
    said = run("search", store, "--json", "--", "--json")
    assert (said.code, said.json["query"]) == (0, "--json")


def test_after_goes_on_behind_a_page(run, store: Path) -> None:
    first = run("search", store, "", "-k", "3", "--json").json
    rest = run("search", store, "", "-k", "3", "--after", first["after"], "--json").json
    assert [each["id"] for each in first["hits"] + rest["hits"]] == [
        each["id"] for each in run("search", store, "", "--json").json["hits"]
    ]
    assert rest["after"] is None
