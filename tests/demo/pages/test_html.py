"""The filters, the summary and the dialog as HTML."""

from __future__ import annotations

from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest
from shelfwise.demo.catalogue import products
from shelfwise.demo.pages import assets
from shelfwise.demo.pages.choice import Choice
from shelfwise.demo.pages.detail import product_html
from shelfwise.demo.pages.icons import DRAWINGS
from shelfwise.demo.pages.panel import chips_html, panel_html
from shelfwise.demo.pages.rules import history_html, rules_html, undone_html
from shelfwise.demo.pages.search import find
from shelfwise.demo.pages.summary import failed_html, has_more, more_label, results_html
from shelfwise.demo.pages.tiles import COLOURS
from shelfwise.demo.pages.trying import Trial, trial_html
from shelfwise.demo.pages.wording import CHINESE, ENGLISH, Wording
from shelfwise.plugin import Product, Rule, Shop
from shelfwise.plugin.rules.text_file import rules_to_text

VOID = {"input", "img", "br", "hr"}


class Balanced(HTMLParser):
    """Fails when a tag is closed that is not the open one."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(html: str) -> set[str]:
    """The tags of a piece of HTML that closes all it opens and runs no script."""
    parser = Balanced()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    assert "script" not in parser.seen
    return parser.seen


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("query", ["", "tea", "<b>&\"'茶"])
def test_every_piece_of_the_page_is_well_formed(shop: Shop, language: str, query: str) -> None:
    page = find(shop, Choice(query, language, category="Kitchen", picked={"material": ("stainless-steel",)}))

    assert "article" in tags(results_html(page, why=True)) or not page.results.hits
    assert "details" in tags(panel_html(page)) or not page.results.hits
    assert "button" in tags(chips_html(page.choice))


def test_the_query_is_shown_and_never_run(shop: Shop) -> None:
    shown = results_html(find(shop, Choice("<img src=x onerror=alert(1)>")), why=False)

    assert "<img" not in shown
    assert "“&lt;img src=x onerror=alert(1)&gt;”" in shown


def test_a_request_that_failed_says_why_and_escapes_it() -> None:
    assert "&lt;b&gt;" in failed_html(ENGLISH, "<b>")


def test_the_summary_tells_count_and_where_the_time_went(shop: Shop) -> None:
    shown = results_html(find(shop, Choice("roll-neck jumper")), why=False)

    assert "for “roll-neck jumper”" in shown
    assert "answered in " in shown
    assert "words " in shown
    assert "counting for the filters " in shown


def test_the_button_for_more_says_how_many_are_shown(shop: Shop) -> None:
    page = find(shop, Choice())

    assert has_more(page)
    assert more_label(page, ENGLISH) == "Show more  ·  24 of 386 shown"
    assert not has_more(find(shop, Choice(category="Kitchen > Cookware")))


def test_an_encoder_that_reads_no_chinese_is_told_in_chinese(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CHINESE.words_only not in results_html(find(shop, Choice("咖啡", "zh")), why=False)

    monkeypatch.setattr(type(shop.store.encoder), "languages", frozenset({"en"}))
    assert CHINESE.words_only in results_html(find(shop, Choice("咖啡", "zh")), why=False)
    assert ENGLISH.words_only not in results_html(find(shop, Choice("coffee")), why=False)


def test_a_remark_about_an_input_is_shown(shop: Shop) -> None:
    page = find(shop, Choice())

    assert "&lt;i&gt;" in results_html(replace(page, choice=replace(page.choice, remark="<i>")), why=False)


def test_banners_of_rules_stand_above_the_cards(shop: Shop) -> None:
    page = find(shop, Choice())

    assert "&lt;i&gt;sale" in results_html(
        replace(page, results=replace(page.results, banners=("<i>sale",))), why=False
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_of_rules_is_well_formed_whatever_rules_say(tmp_path: Path, language: str) -> None:
    nasty = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;"
    says = {"author": nasty, "reason": nasty, "market": nasty, "segment": nasty}
    with Shop.open(tmp_path / "shop", encoder="hashing") as made:
        made.upsert(Product("1", nasty, brand=nasty, category=nasty, price=3))
        made.save_rules(
            [
                Rule(id=f"{nasty} pin", kind="pin", query=nasty, products=["1", nasty], **says),
                Rule(id=nasty, kind="banner", text=nasty, **says),
                Rule(id=f"{nasty} synonym", kind="synonym", words=[nasty], means=[nasty], **says),
            ]
        )
        assert "table" in tags(rules_html(made, language))
        assert "ol" in tags(history_html(made, nasty, language))
        asked = Trial(language, query=nasty, market=nasty, group=nasty, draft="")
        assert "img" not in tags(trial_html(made, asked)) | tags(rules_html(made, language))
        tags(trial_html(made, replace(asked, draft=rules_to_text(made.rules()))))
        assert "ol" in tags(undone_html(made, nasty, language))
        tags(rules_html(made, language))


def test_set_filters_are_counted_and_can_be_cleared(shop: Shop) -> None:
    none = panel_html(find(shop, Choice()))
    three = panel_html(find(shop, Choice(category="Kitchen", in_stock=True, picked={"brand": ("Marrowby",)})))

    assert 'data-field="clear"' not in none
    assert 'data-field="clear"' in three
    assert '<span class="fh-set">3</span>' in three


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_dialog_shows_the_product_its_variants_and_what_is_similar(shop: Shop, language: str) -> None:
    shown = product_html(shop, "clo-002", Choice(language=language))

    tags(shown)
    assert {"en": "Burgundy", "zh": "酒红色"}[language] in shown
    assert {"en": "$189.00", "zh": "¥1,299.00"}[language] in shown
    assert shown.count('class="fh-small"') == 8
    assert 'class="fh-small" data-id="clo-002"' not in shown


def test_the_dialog_of_a_product_that_is_gone_says_so(shop: Shop) -> None:
    assert ENGLISH.gone in product_html(shop, "no-such-product", Choice())


def test_every_department_has_a_drawing_and_colours() -> None:
    departments = {fields["category"]["en"].split(" > ")[0] for fields in products()}

    assert departments == set(DRAWINGS) == set(COLOURS)


def test_both_wordings_leave_the_same_gaps_to_fill() -> None:
    def gaps(says: Wording, name: str) -> set[str | None]:
        value = getattr(says, name)
        return {gap for _, gap, _, _ in Formatter().parse(value) if gap} if isinstance(value, str) else set()

    differing = [each.name for each in fields(Wording) if gaps(ENGLISH, each.name) != gaps(CHINESE, each.name)]

    assert differing == ["words_only"]  # the Chinese sentence names the language itself


def test_the_style_and_the_script_name_no_other_machine() -> None:
    for text in (assets.style(), assets.script("layer"), assets.script("versions")):
        assert "//" not in text.replace("\n//", "").replace("// What", "")
        assert "url(" not in text
        assert "@import" not in text
