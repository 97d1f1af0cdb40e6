"""Rules in the store: checked, kept with their history, undone, previewed, and cheap by thousands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from shelfwise.plugin import Product, Request, RequestError, Rule, Shop
from shelfwise.plugin.rules.book import rules_now
from shelfwise.plugin.rules.text_file import rules_from_text, rules_to_text

PIN = Rule(id="top", kind="pin", query="lamp", products=["lamp1"], author="Ann", reason="new")


def test_rules_are_seen_by_every_process_and_outlive_a_generation(shop: Shop, open_shop: Callable[..., Shop]) -> None:
    other = open_shop()
    assert shop.save_rules(PIN) == 1
    other.store.refresh()
    assert other.rules() == shop.rules() and other.search("lamp").ids[0] == "lamp1"
    shop.store.build_generation()
    (kept,) = open_shop().rules()
    assert kept.created is not None and kept.to_dict() == {**PIN.to_dict(), "created": kept.to_dict()["created"]}


def test_saving_what_stands_there_changes_nothing(shop: Shop) -> None:
    shop.save_rules(PIN)
    (kept,) = shop.rules()
    assert shop.save_rules([PIN]) == 0 and shop.save_rules(shop.rules()) == 0 and shop.rules() == [kept]
    assert len(shop.rule_history()) == 1


def test_undo_restores_the_rule_before_the_last_change_and_once_more_the_change(shop: Shop) -> None:
    shop.save_rules(PIN)
    (first,) = shop.rules()
    shop.save_rules(Rule(id="top", kind="pin", query="lamp", products=["lamp2"], author="Bo"))
    (second,) = shop.rules()
    assert second.created == first.created
    assert shop.undo_rule("top", "Cy") == first and shop.rules() == [first] and shop.search("lamp").ids[0] == "lamp1"
    assert shop.undo_rule("top") == second and shop.rules() == [second]
    assert shop.delete_rule("top", "Di") == 1 and shop.delete_rule("top") == 0 and shop.rules() == []
    assert shop.undo_rule("top") == second and shop.rules() == [second]
    assert [(each.version, each.done, each.author) for each in shop.rule_history("top")] == [
        (1, "saved", "Ann"), (2, "saved", "Bo"), (3, "undone", "Cy"), (4, "undone", "Bo"), (5, "deleted", "Di"),
        (6, "undone", "Bo"),
    ]  # fmt: skip
    assert [each.rule for each in shop.rule_history("top")] == [first, second, first, second, None, second]


def test_undo_of_the_first_save_deletes_and_of_a_rule_that_never_was_is_a_sentence(shop: Shop) -> None:
    shop.save_rules(PIN)
    assert shop.undo_rule("top") is None and shop.rules() == []
    with pytest.raises(RequestError) as refused:
        shop.undo_rule("nothing")
    assert str(refused.value) == "rule 'nothing': there never was one; `shelfwise rules` lists those that there are"


def test_history_is_read_when_it_is_asked_for_and_no_process_holds_it(
    shop: Shop, open_shop: Callable[..., Shop]
) -> None:
    for product in ("lamp1", "lamp2", "lamp3"):
        shop.save_rules([PIN, Rule(id="top shelf", kind="pin", products=[product]), replace(PIN, products=(product,))])
    other = open_shop()
    for each in (shop, other):
        assert set(each.store.view.documents) == {"rule"}
    assert [each.rule_id for each in other.rule_history()] == ["top", "top shelf"] * 3
    assert [each.version for each in other.rule_history("top")] == [1, 2, 3]
    for absent in ("to", "top s", "top\n", "top\0", ""):
        assert other.rule_history(absent) == []
    other.delete_rule("top")
    assert [(each.done, each.version) for each in shop.rule_history("top")][-1] == ("deleted", 4)
    assert shop.undo_rule("top") == shop.rule_history("top")[2].rule


def test_all_rules_are_saved_or_none(shop: Shop) -> None:
    with pytest.raises(ValueError, match="filter brnd: no product has such a field; wanted one of brand"):
        shop.save_rules([PIN, Rule(id="x", kind="hide", filters="brnd:Volt")])
    assert shop.rules() == [] and shop.rule_history() == []


def test_a_preview_shows_before_and_after_and_saves_nothing(shop: Shop) -> None:
    request = Request("desk lamp", k=100)
    given = [
        Rule(id="up", kind="pin", query="desk lamp", products=["lamp9"]),
        Rule(id="gone", kind="hide", products=["lamp3"]),
        Rule(id="s", kind="synonym", words=["desk lamp", "scarf"]),
        Rule(id="b", kind="banner", text="Light!"),
    ]
    before, after = shop.preview_rules(given, request)
    now = shop.answer(request)
    assert (before.ids, before.banners, before.total) == (now.ids, (), now.total)
    assert after.ids[0] == "lamp9" and "lamp3" not in after.ids and after.banners == ("Light!",)
    assert shop.rules() == [] and shop.answer(request).ids == now.ids
    shop.save_rules(given)
    assert shop.answer(request).ids == after.ids


def test_ten_thousand_rules_are_found_by_their_query(shop: Shop) -> None:
    shop.save_rules(
        Rule(id=f"r{at}", kind="pin", query=f"brand{at} lamp", match="containing", products=["lamp1"])
        for at in range(10_000)
    )
    assert shop.search("brand77 lamp").hits[0].moves[0].rule == "r77"
    assert not any(hit.moves for hit in shop.search("desk lamp"))
    window = rules_now(shop.store.view)
    assert rules_now(shop.store.view) is window, "they are parsed once"
    shop.upsert(Product("new", "Lamp"))
    assert rules_now(shop.store.view) is window, "and not again when products change"


# ---- as a text -----------------------------------------------------------------------------------------------------

EVERY_KIND = [
    Rule(id="a", kind="synonym", words=["sofa", "couch"], locale="en"),
    Rule(id="b", kind="synonym", words=['say "hi" \\ it\'s'], means=["保温 杯"], factor=0.5),
    PIN,
    Rule(id="d", kind="boost", category="Shoes>Boots", filters="brand:'Hill & Co' price:..9.5", factor=1.5),
    Rule(id="e", kind="bury", segment="trade", products=["p 1", "p,2"], amount=0.25, market="de"),
    Rule(id="f", kind="hide", products=["x"], start="2026-11-27", end="2026-12-01T08:30+01:00"),
    Rule(id="g", kind="redirect", query="sale", match="containing", url="https://example.com/sale?x=1"),
    Rule(id="h", kind="banner", text="50 % off", created="2026-01-01"),
]


def test_a_text_says_every_rule_exactly() -> None:
    text = rules_to_text(EVERY_KIND)
    assert sorted(rules_from_text(text), key=lambda rule: rule.id) == sorted(EVERY_KIND, key=lambda rule: rule.id)
    assert rules_to_text(rules_from_text(text)) == text
    assert 'category = "Shoes > Boots"\n' in text and "start = 2026-11-27T00:00:00+00:00\n" in text


@pytest.mark.parametrize("rule", EVERY_KIND, ids=lambda rule: rule.id)
def test_a_rule_as_json_is_the_same_rule(rule: Rule) -> None:
    assert Rule.from_dict(rule.to_dict()) == rule


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "rules: wanted TOML as `--export` writes it, got something else ("),
        ("x = 1", "rules: wanted tables [[rule]], got 'x'"),
        ("[rule]\nid='a'", "rules: wanted tables [[rule]], got one [rule]; double the brackets"),
        ("[[rule]]\nid='a'", "rule: wanted an object with id and kind, got {'id': 'a'}"),
        (
            "[[rule]]\nid='a'\nkind='banner'\ntext='x'\n[[rule]]\nid='a'\nkind='banner'\ntext='y'",
            "rule 'a': wanted each id once, got it 2 times; rename one",
        ),
    ],
)
def test_a_text_that_holds_no_rules_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(RequestError) as refused:
        rules_from_text(text)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": ""}, "rule: wanted id as one line of 1 to 200 characters, got ''"),
        ({"kind": "pins"}, "rule 'r': wanted a kind of synonym, pin, boost, bury, hide, redirect, banner, got 'pins'"),
        ({"kind": "pin"}, "rule 'r': a pin wants products, got none"),
        ({"kind": "pin", "products": "p1"}, "rule 'r': wanted products as a list of texts, got 'p1'"),
        ({"kind": "pin", "products": ["a"], "position": 0}, "rule 'r': wanted a position from 1 to 1,000, got 0"),
        ({"kind": "pin", "products": ["a"], "url": "/x"}, "rule 'r': a pin takes products, position, got url as well"),
        ({"kind": "hide"}, "rule 'r': a hide wants products or filters, got none"),
        ({"kind": "hide", "filters": "brand"}, "rule 'r': filters: wanted FIELD:VALUE at character 1, got 'brand'"),
        ({"kind": "boost", "products": ["a"]}, "rule 'r': wanted a factor or an amount, got neither"),
        ({"kind": "boost", "products": ["a"], "factor": 0.5}, "rule 'r': a boost wants a factor from 1 to 100, got"),
        ({"kind": "bury", "products": ["a"], "factor": 2}, "rule 'r': a bury wants a factor from 0 to 1, got 2"),
        ({"kind": "bury", "products": ["a"], "amount": -1}, "rule 'r': wanted an amount above 0 and up to 100, got -1"),
        ({"kind": "synonym", "words": ["a"]}, "rule 'r': wanted two words that mean the same, or `means`, got ['a']"),
        ({"kind": "synonym", "words": ["a", "!"]}, "rule 'r': wanted words, got '!'"),
        ({"kind": "redirect", "url": "javascript:alert(1)"}, "rule 'r': wanted a path such as '/sale', or an address"),
        ({"kind": "redirect", "url": "//evil.example"}, "rule 'r': wanted a path such as '/sale', or an address"),
        ({"kind": "redirect", "url": "/\\evil.example"}, "rule 'r': wanted a path such as '/sale', or an address"),
        ({"kind": "redirect", "url": "https://"}, "rule 'r': wanted a path such as '/sale', or an address"),
        ({"text": "x", "query": "!!"}, "rule 'r': wanted a query with words, got '!!'"),
        ({"text": "x", "match": "all"}, "rule 'r': wanted match 'exact' or 'containing', got 'all'"),
        ({"text": "x", "start": "soon"}, "rule 'r': wanted start as a date such as '2026-11-27' or"),
        ({"text": "x", "start": "2026-02-01", "end": "2026-01-01"}, "rule 'r': wanted a start before its end, got"),
        ({"text": "x", "author": 5}, "rule 'r': wanted author as a text, got 5"),
        ({"text": "x", "locale": "!"}, "locale: wanted a language tag such as 'en' or 'zh-CN', got '!'"),
        ({"text": "x", "colour": "red"}, "rule 'r': wanted id, kind, query, match, category,"),
    ],
)  # fmt: skip
def test_a_rule_that_is_none_is_a_sentence(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError) as refused:
        Rule.from_dict({"id": "r", "kind": "banner", **fields})
    assert str(refused.value).startswith(said)
