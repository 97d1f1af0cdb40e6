"""A shop beside another engine: what moved, and the page that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from shelfwise.finetune.compare_page import compare_page
from shelfwise.finetune.comparing import Comparison, Moved, QueryChange, compare
from shelfwise.plugin import NO_LIMITS, Product, Rule, Shop

LAMPS = [
    Product("1", "Desk lamp of brass"),
    Product("2", "Desk lamp of steel"),
    Product("3", "Desk lamp of oak"),
    Product("4", "Couch table"),
    Product("5", "Desk lamp, recalled"),
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path / "lamps", encoder="hashing", durable=False, limits=NO_LIMITS) as made:
        made.upsert(LAMPS)
        made.save_rules(
            [
                Rule(id="order", kind="pin", query="desk lamp", products=["3", "1", "2"]),
                Rule(id="recall", kind="hide", products=["5"], reason="recalled"),
            ]
        )
        yield made


def moves(change: QueryChange) -> list[tuple[str, str, int | None, int | None]]:
    return [(each.product_id, each.kind, each.before, each.now) for each in change.products]


def test_what_moved_has_its_ranks_and_what_is_lost_says_why(shop: Shop) -> None:
    found = compare(shop, {"desk lamp": ["1", "3", "5", "gone"]}, {"desk lamp": 7}, depth=3)
    (change,) = found.queries
    assert moves(change) == [("3", "up", 2, 1), ("1", "down", 1, 2), ("2", "new", None, 3), ("5", "lost", 3, None)]
    assert change.overlap == pytest.approx(2 / 3)
    assert change.products[3].title == "Desk lamp, recalled"
    assert change.products[3].why[-1] == "The rule 'recall' hides it: recalled."
    assert all(each.why == () for each in change.products[:3])
    assert (found.store, found.searches, found.depth) == ("lamps", 7, 3)


def test_a_lost_product_that_is_further_down_has_its_rank_and_an_unknown_one_no_title(shop: Shop) -> None:
    found = compare(shop, {"desk lamp": ["2", "gone"]}, {"desk lamp": 1}, depth=2)
    two, gone = found.queries[0].products[2:]
    assert (two.kind, two.before, two.now) == ("lost", 1, 3)
    assert "It is number 3 of" in " ".join(two.why)
    assert (gone.title, gone.now, gone.why) == ("", None, ("There is no product 'gone' in the store, and never was.",))


def test_queries_are_weighted_by_how_often_they_are_searched(shop: Shop) -> None:
    baseline = {"desk lamp": ["3", "1", "2"], "couch table": ["x"], "never": ["1"], "rare": ["1"]}
    counts = {"couch table": 10, "desk lamp": 30, "never": 0, "not there": 5, "rare": 1}
    found = compare(shop, baseline, counts, depth=1, most=2)
    assert [each.query for each in found.queries] == ["desk lamp", "couch table"]
    assert [each.overlap for each in found.queries] == [1.0, 0.0]
    assert found.overlap == pytest.approx(0.75)
    assert (found.left_out, found.rest) == (1, 1)
    assert [each.query for each in found.most_changed()] == ["couch table"]


def test_two_empty_answers_are_the_same_and_one_is_not(shop: Shop) -> None:
    found = compare(shop, {"": [], "couch table": []}, {"": 1, "couch table": 1}, depth=1)
    blank, table = found.queries
    assert (blank.products, blank.overlap) == ((), 1.0)
    assert (moves(table), table.overlap) == ([("4", "new", None, 1)], 0.0)


def test_progress_is_told(shop: Shop) -> None:
    told: list[tuple[int, int]] = []
    compare(shop, {"a": [], "b": []}, {"a": 1, "b": 2}, says=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]


EVIL = """<script>alert(1)</script>"'&\x07</title>"""


def evil() -> Comparison:
    products = (
        Moved(EVIL, EVIL, "up", 3, 1),
        Moved("p2", "Lamp", "down", 1, 2),
        Moved("p3", "Oak lamp", "same", 3, 3),
        Moved("p4", "Couch", "new", None, 4),
        Moved("p5", EVIL, "lost", 2, 17, (EVIL, "It is number 17.")),
        Moved("p6", "", "lost", 4, None, ("It was deleted.",)),
    )
    changes = (
        QueryChange(EVIL, 1_200, products, 0.5),
        QueryChange("Sofa", 1, (Moved("p7", "Sofa", "same", 1, 1),), 1.0),
        QueryChange("nothing", 2.5, (), 1.0),
    )
    return Comparison(EVIL, "old.csv", 10, changes, left_out=1, rest=2)


def test_what_others_wrote_is_text_on_the_page() -> None:
    page = compare_page(evil())
    assert page.count("<script>") == 1
    assert page.count("</title>") == 1
    assert "\x07" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp; &lt;/title&gt;" in page


def test_the_page_asks_for_nothing_else() -> None:
    page = compare_page(evil())
    assert "default-src 'none'" in page
    assert re.findall(r"""(?:src|href|url|@import)\s*[=(]\s*["']?(?!#)[^"')\s>]+""", page) == []
    assert "http" not in page.replace('http-equiv="Content-Security-Policy"', "")


def test_the_page_says_what_moved() -> None:
    page = compare_page(evil())
    for said in (
        "▲ from 3",
        "▼ from 1",
        "was 2, now 17",
        "was 4<",
        "<li>It is number 17.</li>",
        "Neither finds anything.",
        "2 less frequent queries were not compared.",
        "1 query is not in old.csv.",
        "1,200 searches",
        "1 search<",
        "2.5 searches",
        "3</b><span>queries, 1,203.5 searches",
    ):
        assert said in page, said
    assert page.count('<details class="query"') == 3


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_filters_by_kind_and_text_in_a_browser(tmp_path: Path, chromium: str, width: int) -> None:
    from playwright.sync_api import sync_playwright

    path = tmp_path / "compare.html"
    path.write_text(compare_page(evil()), "utf-8")
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium) as browser:
        page = browser.new_page(viewport={"width": width, "height": 800})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(path.as_uri())
        cards = page.locator(".query:visible")
        assert cards.count() == 3
        assert page.evaluate("document.documentElement.scrollWidth") == width

        page.locator('.kinds button[value="same"]').click()
        assert cards.count() == 1
        assert page.inner_text("#shown") == "1 of 3 queries"
        assert page.locator("li[data-kind]:visible").count() == 5
        page.locator('.kinds button[value="same"]').click()

        page.fill("#find", "SOF")
        assert [each.strip() for each in page.locator(".query:visible summary bdi").all_inner_texts()] == ["Sofa"]
        page.fill("#find", "")

        page.select_option("#order", "changed")
        assert page.locator(".query").first.get_attribute("id") == "q0"
        page.locator("#all").click()
        assert page.locator(".query[open]").count() == 3
        page.locator("#all").click()
        assert page.locator(".query[open]").count() == 0
        page.locator(".most a").first.click()
        assert page.locator(".query[open]").get_attribute("id") == "q0"
        page.locator(".why summary:visible").first.click()
        assert page.locator(".why li:visible").first.inner_text().startswith("<script>alert(1)</script>")
        assert said == []
