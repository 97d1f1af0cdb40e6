"""A query before and after rules: what is compared, what is said of each hit, and what is never saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelfwise.demo.pages.trying import EXAMPLE, LONGEST_DRAFT, Trial, compare, trial_html
from shelfwise.demo.pages.wording import CHINESE, ENGLISH
from shelfwise.plugin import Context, Product, Rule, Shop
from shelfwise.plugin.rules.text_file import rules_from_text, rules_to_text

HIDE = Rule(id="recall", kind="hide", products=["1"], reason="recalled")


@pytest.fixture(scope="module")
def lamps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Four products and five rules."""
    with Shop.open(tmp_path_factory.mktemp("trying") / "shop", encoder="hashing", locale="en") as shop:
        shop.upsert(
            [
                Product("1", "Desk lamp of brass", brand="Lumen", category="Lamps", price=90, stock=4),
                Product("2", "Desk lamp of steel", brand="Lumen", category="Lamps", price=40, stock=2),
                Product("3", "Desk lamp of oak, for the study", brand="Volt", category="Lamps", price=60, stock=9),
                Product("4", "Couch table", brand="Hill", category="Tables", price=200, stock=1),
            ]
        )
        shop.save_rules(
            [
                Rule(id="oak first", kind="pin", query="desk lamp", products=["3"], reason="leaflet"),
                Rule(id="no brass", kind="hide", filters="brand:Lumen price:80..", market="GB", reason="<b>tax</b>"),
                Rule(id="trade", kind="banner", segment="trade", text="Net <i>prices</i>"),
                Rule(id="tables", kind="redirect", category="Tables", url="/tables"),
                Rule(id="sofa", kind="synonym", words=["settee"], means=["couch"]),
            ]
        )
        yield shop


def after(html: str) -> str:
    return html.split('class="fh-after"')[1]


def line_of(html: str, product_id: str) -> str:
    return html.split(f'data-product="{product_id}"')[1].split("</li>")[0]


def test_before_is_the_answer_without_any_rule_and_after_the_answer_of_the_shop(lamps: Shop, tmp_path: Path) -> None:
    found = compare(lamps, Trial(query="desk lamp"))
    with Shop.open(tmp_path / "bare", encoder="hashing", locale="en") as bare:
        bare.upsert([lamps.get(key) for key in ("1", "2", "3", "4")])
        context = Context(currency="USD")
        assert found.before.ids == bare.search("desk lamp", context=context).ids
    assert found.after.ids == lamps.search("desk lamp", context=context).ids
    assert found.before.ids != found.after.ids
    assert [rule.id for rule in found.rules] == ["oak first"]


def test_a_hit_says_from_where_to_where_it_went_and_by_which_rule(lamps: Shop) -> None:
    found = compare(lamps, Trial(query="desk lamp"))
    rank = found.before.ids.index("3") + 1

    shown = trial_html(lamps, Trial(query="desk lamp"))

    assert f"{rank} → 1 by “oak first” · leaflet" in line_of(after(shown), "3")
    assert "was 1" in line_of(after(shown), found.before.ids[0])
    assert "Rules that hold: “oak first”" in after(shown)


def test_a_pin_that_moves_nothing_says_so(lamps: Shop) -> None:
    draft = '[[rule]]\nid = "again"\nkind = "pin"\nquery = "couch table"\nproducts = ["4"]'

    assert "stays at 1 by “again”" in line_of(after(trial_html(lamps, Trial(query="couch table", draft=draft))), "4")


def test_what_is_hidden_says_by_which_rule_and_leaves_the_second_list(lamps: Shop) -> None:
    shown = trial_html(lamps, Trial(query="desk lamp", market="GB"))

    assert "hidden by “no brass” · &lt;b&gt;tax&lt;/b&gt;" in line_of(shown, "1")
    assert 'data-product="1"' not in after(shown)
    assert "hidden by" not in trial_html(lamps, Trial(query="desk lamp", market="DE"))


def test_what_another_word_finds_names_the_synonym(shop: Shop) -> None:
    found = compare(shop, Trial(query="sneakers"))
    assert found.before.total == 0

    shown = after(trial_html(shop, Trial(query="sneakers")))

    assert "Rules that hold: “sneakers”" in shown
    assert "was not found; now by “sneakers” · the catalogue says trainers" in line_of(shown, found.after.ids[0])


def test_a_synonym_that_is_not_in_the_query_does_not_hold(lamps: Shop) -> None:
    assert [rule.id for rule in compare(lamps, Trial(query="settee")).rules] == ["sofa"]
    assert compare(lamps, Trial(query="couch")).rules == ()


def test_where_nothing_is_found_the_page_says_why(lamps: Shop) -> None:
    assert "no product has &#x27;Lamp&#x27;; the nearest values are Lamps" in trial_html(lamps, Trial(category="Lamp"))


def test_banners_and_redirects_are_shown_as_text_where_group_and_category_fit(lamps: Shop) -> None:
    shown = trial_html(lamps, Trial(group="trade", category="Tables"))

    assert "Banner: Net &lt;i&gt;prices&lt;/i&gt;" in after(shown)
    assert "Redirect to /tables" in after(shown)
    assert "href" not in shown
    assert ENGLISH.none_moved not in shown


def test_where_no_rule_does_anything_the_page_says_so(lamps: Shop) -> None:
    assert ENGLISH.none_moved in trial_html(lamps, Trial(query="couch"))
    assert CHINESE.none_moved in trial_html(lamps, Trial("zh", query="couch"))


def test_a_draft_is_compared_with_what_is_saved_and_is_not_saved(lamps: Shop) -> None:
    rules, ids = lamps.rules(), lamps.search("desk lamp").ids
    trial = Trial(query="desk lamp", draft=rules_to_text([HIDE]))

    found, shown = compare(lamps, trial), trial_html(lamps, trial)

    assert found.before.ids[0] == found.after.ids[0] == "3"
    assert "1" in found.before.ids and "1" not in found.after.ids
    assert "hidden by “recall” · recalled" in line_of(shown, "1")
    assert ENGLISH.now in shown and ENGLISH.drafted in shown
    assert lamps.rules() == rules
    assert lamps.search("desk lamp").ids == ids
    assert lamps.rule_history("recall") == []


def test_a_draft_with_the_id_of_a_saved_rule_stands_in_its_place(lamps: Shop) -> None:
    draft = '[[rule]]\nid = "oak first"\nkind = "pin"\nquery = "desk lamp"\nproducts = ["2"]'

    assert compare(lamps, Trial(query="desk lamp", draft=draft)).after.ids[0] == "2"


@pytest.mark.parametrize(
    ("trial", "sentence"),
    [
        (Trial(draft="# nothing"), "The draft holds no rule: begin one with [[rule]], as the file does."),
        (Trial("zh", draft="# nothing"), "草稿里没有规则：请像文件那样以 [[rule]] 开头。"),
        (Trial(draft="[rule]\nid = 1"), "rules: wanted tables [[rule]], got one [rule]; double the brackets"),
        (
            Trial(draft="[[rule]]\nid = 'x'\nkind = '<b>'"),
            "rule &#x27;x&#x27;: wanted a kind of synonym, pin, boost, bury, hide, redirect, banner, "
            "got &#x27;&lt;b&gt;&#x27;",
        ),
        (Trial(draft="#" * (LONGEST_DRAFT + 1)), "draft: wanted at most 20,000 characters, got 20,001"),
    ],
)
def test_what_cannot_be_tried_is_a_sentence(lamps: Shop, trial: Trial, sentence: str) -> None:
    assert trial_html(lamps, trial) == f'<p class="fh-note fh-wrong" role="alert">{sentence}</p>'


@pytest.mark.parametrize(
    "trial",
    [
        Trial(query="lamp\x07"),
        Trial(draft="a = " + "[" * 15_000),
        Trial(draft="not TOML"),
        Trial(draft='[[rule]]\nid = "x"\nkind = "hide"\nfilters = "no_such_field:1"'),
    ],
)
def test_whatever_cannot_be_asked_is_an_alert_and_no_exception(lamps: Shop, trial: Trial) -> None:
    assert 'role="alert"' in trial_html(lamps, trial)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20), st.text(max_size=80))
def test_no_text_breaks_the_page_or_becomes_html(lamps: Shop, query: str, market: str, group: str, draft: str) -> None:
    shown = trial_html(lamps, Trial(query=f"<script>{query}", market=market, group=group, draft=draft))

    assert shown
    assert "<script" not in shown


def test_the_example_in_the_box_is_a_draft_that_can_be_tried(shop: Shop) -> None:
    (rule,) = rules_from_text(EXAMPLE)

    assert compare(shop, Trial(query="coffee", draft=EXAMPLE)).after.ids[0] == rule.products[0]
