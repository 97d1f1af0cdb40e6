"""The page of rules: the list, the history of one, and undoing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shelfwise.demo.pages.rules import DOES, HOLDS, history_html, listed, rules_html, state, undone_html
from shelfwise.demo.pages.wording import CHINESE, ENGLISH, WORDINGS, Wording
from shelfwise.plugin import Product, RequestError, Rule, Shop
from shelfwise.plugin.rules.rule import CONFLICTS, KINDS

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def lamps(tmp_path: Path) -> Iterator[Shop]:
    """Two products, and no rule."""
    with Shop.open(tmp_path / "lamps", encoder="hashing") as shop:
        shop.upsert([Product("1", "Desk lamp of brass", price=90), Product("2", "Desk lamp of oak", price=60)])
        yield shop


def oak(**fields: object) -> Rule:
    return Rule.from_dict({"id": "oak", "kind": "pin", "query": "lamp", "products": ["2"], **fields})


def row_of(html: str, rule_id: str) -> str:
    return next(row for row in html.split("<tr")[1:] if f'data-rule="{rule_id}"' in row)


@pytest.mark.parametrize("says", [ENGLISH, CHINESE])
def test_a_row_says_all_that_is_known_of_a_rule(lamps: Shop, says: Wording) -> None:
    lamps.save_rules(
        oak(market="GB", start="2026-05-01", end="2026-07-01T08:30Z", author="Ann", reason="autumn leaflet", position=2)
    )

    row = row_of(rules_html(lamps, says.locale, NOW), "oak")

    cells = (says.kinds["pin"], "“lamp”", "Desk lamp of oak", f"{says.rule_fields['position']}</i> 2", ">GB<", "Ann")
    for each in (*cells, "2026-05-01", "2026-07-01 08:30 UTC", says.states["active"], "autumn leaflet"):
        assert each in row
    for name, title in says.columns.items():
        assert f'class="fh-c-{name}" data-label="{title}"' in row


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, "active"),
        ("2026-06-01", None, "active"),
        ("2026-06-02", None, "planned"),
        (None, "2026-06-01", "over"),
        ("2026-05-01", "2026-05-02", "over"),
    ],
)
def test_the_state_follows_the_time(start: str | None, end: str | None, expected: str) -> None:
    assert state(oak(start=start, end=end), NOW) == expected


def test_a_rule_that_was_deleted_stays_in_the_list_behind_the_others(lamps: Shop) -> None:
    lamps.save_rules([oak(id="a"), oak(id="b")])
    lamps.delete_rule("a")

    assert [(rule.id, kind) for rule, kind in listed(lamps, NOW)] == [("b", "active"), ("a", "removed")]
    assert ENGLISH.states["removed"] in row_of(rules_html(lamps, "en", NOW), "a")


def test_without_rules_the_page_says_how_to_get_some(lamps: Shop) -> None:
    shown = rules_html(lamps, "en")

    assert "shelfwise rules STORE --import FILE" in shown
    assert "<table" not in shown


@pytest.mark.parametrize(
    ("language", "order"),
    [
        (
            "en",
            "What wins: permission › stock › hide › pin › boost › diversity. Under an order that a shopper chose only "
            "permission, stock and hide hold.",
        ),
        (
            "zh",
            "优先顺序：权限 › 库存 › 隐藏 › 置顶 › 加权 › 多样性。顾客自己选了排序时，只有权限、库存、隐藏仍然有效。",
        ),
    ],
)
def test_the_page_prints_what_wins(shop: Shop, language: str, order: str) -> None:
    assert order in rules_html(shop, language)


def test_many_products_are_counted_and_one_that_is_gone_is_named_by_its_id(lamps: Shop) -> None:
    lamps.save_rules(oak(products=["2", "gone", "1", "x", "y"]))

    assert "Desk lamp of oak · gone · Desk lamp of brass +2" in rules_html(lamps, "en")


def test_undoing_takes_back_one_change_and_undoing_again_brings_it_back(lamps: Shop) -> None:
    lamps.save_rules(oak(author="Ann"))
    lamps.save_rules(oak(author="Bo", position=2))

    shown = undone_html(lamps, "oak", "en")
    assert lamps.rules()[0].position == 1
    assert ENGLISH.undone in shown
    assert [shown.index(f"Version {number} · {done}") for number, done in ((3, "undone"), (2, "saved"), (1, "saved"))]
    assert shown.index("Version 3") < shown.index("Version 2") < shown.index("Version 1")

    undone_html(lamps, "oak", "en")
    assert lamps.rules()[0].position == 2
    assert [each.author for each in lamps.rule_history("oak")] == ["Ann", "Bo", "demo", "demo"]


def test_undoing_the_first_change_leaves_no_rule_and_its_history_stays(lamps: Shop) -> None:
    lamps.save_rules(oak())

    shown = undone_html(lamps, "oak", "en")

    assert lamps.rules() == []
    assert ENGLISH.undone_gone in shown
    assert ENGLISH.nothing_then in shown
    assert 'data-undo="oak"' in shown


def test_a_rule_that_never_was_has_no_history_and_is_not_undone(lamps: Shop) -> None:
    assert history_html(lamps, "nobody", "en") == ""
    with pytest.raises(RequestError, match="there never was one"):
        undone_html(lamps, "nobody", "en")


@pytest.mark.parametrize("says", WORDINGS.values())
def test_each_kind_each_field_and_each_power_has_a_name(says: Wording) -> None:
    assert set(says.kinds) == set(KINDS)
    assert set(says.powers) == set(CONFLICTS)
    assert set(says.rule_fields) == {*HOLDS, *DOES, "containing"}
    assert set(says.states) == {"active", "planned", "over", "removed"}
    assert set(says.done) == {"saved", "deleted", "undone"}
