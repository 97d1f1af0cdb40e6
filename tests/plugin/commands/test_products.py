"""`shelfwise get` and `shelfwise delete`."""

from __future__ import annotations

from pathlib import Path

from shelfwise.index import Product


def test_get_shows_what_the_product_says_and_costs(run, store: Path) -> None:
    said = run("get", store, "b1")
    assert said.code == 0
    lines = [line.split() for line in said.out.splitlines()]
    assert lines[0] == ["Red", "winter", "boot"]
    for wanted in (["brand", "Fell"], ["category", "Shoes", ">", "Boots"], ["colour", "red"], ["b1", "$120.00", "3"]):
        assert wanted in lines


def test_get_as_json_is_the_product_that_python_reads_back(run, store: Path) -> None:
    product = Product.from_dict(run("get", store, "b1", "--json").json)
    assert (product.id, product.title, product.brand) == ("b1", "Red winter boot", "Fell")


def test_get_speaks_the_wanted_language(run, store: Path, tmp_path: Path) -> None:
    feed = tmp_path / "two.jsonl"
    feed.write_text('{"id": "z1", "title": {"en": "Hat", "zh-CN": "帽子"}}\n', "utf-8")
    assert run("import", store, feed).code == 0
    assert run("get", store, "z1", "--locale", "zh-CN").out.startswith("帽子\n")
    assert "No offer: it has no price." in run("get", store, "z1").out


def test_an_unknown_id_is_a_sentence(run, store: Path) -> None:
    said = run("get", store, "nope")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: product 'nope': there is none")


def test_delete_says_how_many_went_and_which_were_not_there(run, store: Path) -> None:
    said = run("delete", store, "b1", "nope", "b1")
    assert (said.code, said.out, said.err) == (0, "1 deleted.\n", "Not there: 'nope'.\n")
    assert run("search", store, "", "--json").json["total"] == 3
    assert run("delete", store, "b2", "gone", "--json").json == {"deleted": 1, "unknown": ["gone"]}


def test_control_characters_in_data_do_not_reach_the_terminal(run, store: Path, tmp_path: Path) -> None:
    feed = tmp_path / "evil.jsonl"
    feed.write_text(
        '{"id": "e1", "title": "Hat \\u001b[31mred [red]hat", "brand": "\\u001b]0;title\\u0007"}\n', "utf-8"
    )
    run("import", store, feed)
    for arguments in (("search", store, "hat"), ("get", store, "e1")):
        said = run(*arguments)
        assert "\x1b" not in said.out + said.err
        assert "\x07" not in said.out + said.err
