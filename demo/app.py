"""The page "Fernhill": a shop window over the sample catalogue, in Gradio.

`shelfwise demo` serves it, and the page of its rules beside it. Here stand the components and what each event does to
them; what is shown is made by plain functions in `pages/`.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.events import api
from shelfwise.demo.pages import assets, choice
from shelfwise.demo.pages.choice import Choice
from shelfwise.demo.pages.detail import product_html
from shelfwise.demo.pages.icons import LEAF, icon
from shelfwise.demo.pages.markup import text
from shelfwise.demo.pages.panel import chips_html, panel_html
from shelfwise.demo.pages.rules import history_html, rules_html, undone_html
from shelfwise.demo.pages.search import find, request_for
from shelfwise.demo.pages.summary import failed_html, has_more, more_label, results_html
from shelfwise.demo.pages.trying import EXAMPLE, LONGEST_DRAFT, Trial, trial_html
from shelfwise.demo.pages.wording import LANGUAGES, Wording, wording
from shelfwise.plugin import Shop

TITLE = "Fernhill · a shop searched by Shelfwise"
LONGEST_QUERY = 500  # characters that the search box takes
RULES = "rules"  # the path of the page of rules

# Answers take milliseconds: no queue, no progress bars, no entry in the page's list of endpoints.
QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


class Window:
    """The page's components, and the functions that its events call."""

    def __init__(self, shop: Shop) -> None:
        """Must be made inside `gr.Blocks`."""
        self._shop = shop
        start, says = Choice(), wording("en")
        self.choice = gr.State(start)
        with gr.Row(elem_id="fh-head"):
            self.brand = gr.HTML(_brand(says), apply_default_css=False)
            self.language = _languages()
        with gr.Row(elem_id="fh-ask"):
            self.query = gr.Textbox(
                placeholder=says.placeholder,
                show_label=False,
                label="Query",
                container=False,
                max_lines=1,
                max_length=LONGEST_QUERY,
                scale=1,
                autofocus=True,
                elem_id="fh-query",
            )
            self.search = gr.Button(says.search, variant="primary", scale=0, min_width=120, elem_id="fh-search")
        self.chips = _part("chips", "fh-examples", chips_html(start))
        with gr.Row(elem_id="fh-body", equal_height=False):
            with gr.Column(scale=0, min_width=250, elem_id="fh-filters"):
                self.panel = _part("filters", "fh-choose")
            with gr.Column(scale=1, min_width=280, elem_id="fh-found"):
                with gr.Row(elem_id="fh-bar"):
                    self.sort = gr.Dropdown(
                        _sorts(says), value="relevance", label=says.sort, filterable=False, elem_id="fh-sort"
                    )
                    self.why = gr.Checkbox(label=says.why, value=False, container=False, elem_id="fh-why")
                self.results = _part("products", "fh-results")
                self.more = gr.Button(says.more, variant="secondary", elem_id="fh-more")
        self.layer = _part("layer", "fh-layer")
        self._wire()

    def _wire(self) -> None:
        shown = [self.choice, self.panel, self.results, self.more]
        known = [self.choice, self.why]
        for asks in (self.query.submit, self.search.click):
            asks(self.ask, [*known, self.query], shown, **QUICK)
        self.chips.select(self.ask_example, known, [self.query, *shown], **QUICK)
        self.panel.input(self.filter, known, shown, **QUICK)
        self.sort.input(self.order, [*known, self.sort], shown, **QUICK)
        self.why.input(self.show, known, shown, **QUICK)
        self.more.click(self.show_more, known, shown, **QUICK)
        self.spoken = [self.brand, self.query, self.search, self.chips, self.sort, self.why, *shown]
        self.language.input(self.speak, [*known, self.language], self.spoken, **QUICK)
        for card in (self.results, self.layer):
            card.select(self.open, [self.choice], [self.layer], **QUICK)

    # ---- the events ----------------------------------------------------------------------------------------------

    def show(self, chosen: Choice, why: bool) -> list[Any]:
        """Choice, filters, results and the button for more, in this order."""
        says = wording(chosen.language)
        try:
            page = find(self._shop, chosen)
        except ValueError as error:  # a RequestError: what was typed or sent cannot be asked
            return [chosen, gr.skip(), failed_html(says, str(error)), gr.Button(visible=False)]
        more = gr.Button(more_label(page, says), visible=has_more(page))
        return [chosen, panel_html(page), results_html(page, why=why), more]

    def ask(self, chosen: Choice, why: bool, query: str) -> list[Any]:
        """The query that was typed."""
        return self.show(choice.asked(chosen, query), why)

    def ask_example(self, chosen: Choice, why: bool, event: gr.EventData) -> list[Any]:
        """An example query, which starts without filters."""
        query = _sent(event, "query")
        return [query, *self.show(choice.asked(choice.without_filters(chosen), query), why)]

    def filter(self, chosen: Choice, why: bool, event: gr.EventData) -> list[Any]:
        """A click in the filter panel."""
        data = getattr(event, "_data", None)
        return self.show(choice.filtered(chosen, data if isinstance(data, dict) else {}), why)

    def order(self, chosen: Choice, why: bool, sort: str) -> list[Any]:
        """Another order."""
        return self.show(choice.sorted_by(chosen, sort), why)

    def show_more(self, chosen: Choice, why: bool) -> list[Any]:
        """A page more."""
        return self.show(choice.more(chosen), why)

    def speak(self, chosen: Choice, why: bool, language: str) -> list[Any]:
        """Another language: everything that the page says, and the same question again."""
        chosen = choice.spoken(chosen, language)
        says = wording(chosen.language)
        words = [
            _brand(says),
            gr.Textbox(placeholder=says.placeholder),
            says.search,
            chips_html(chosen),
            gr.Dropdown(_sorts(says), label=says.sort, value=chosen.sort),
            gr.Checkbox(label=says.why),
        ]
        return [*words, *self.show(chosen, why)]

    def arrive(self, chosen: Choice, why: bool, request: gr.Request) -> list[Any]:
        """The page as it opens, in the language of the page that led here."""
        language = _language(request)
        return [language, *self.speak(chosen, why, language)]

    def open(self, chosen: Choice, event: gr.EventData) -> str:
        """The dialog of the product whose card was clicked."""
        try:
            return product_html(self._shop, _sent(event, "id"), chosen)
        except (ValueError, KeyError):  # an id that is none, or of a product that was deleted a moment ago
            return ""

    def answer(self, query: str, language: str = "en") -> dict[str, Any]:
        """Search results as JSON, for programs: hits, total, timings."""
        asked = choice.asked(choice.spoken(Choice(), language), query)
        return self._shop.answer(request_for(asked, k=asked.shown)).to_dict()


class RulesWindow:
    """The components of the page of rules, and the functions that its events call."""

    def __init__(self, shop: Shop) -> None:
        """Must be made inside `gr.Blocks`."""
        self._shop = shop
        says = wording("en")
        with gr.Row(elem_id="fh-head"):
            self.brand = gr.HTML(_brand(says, away=True), apply_default_css=False)
            self.language = _languages()
        self.rules = _part("rules", "fh-rules")
        self.head = gr.HTML(_try_head(says), apply_default_css=False)
        with gr.Row(elem_id="fh-try"):
            self.asked = [gr.Textbox(label=label, max_length=LONGEST_QUERY, max_lines=1) for label in _asked(says)]
        self.draft = gr.Textbox(
            label=says.try_draft,
            placeholder=EXAMPLE,
            lines=5,
            max_lines=16,
            max_length=LONGEST_DRAFT,
            elem_id="fh-draft",
        )
        self.compare = gr.Button(says.try_button, variant="primary", elem_id="fh-compare")
        self.compared = gr.HTML(apply_default_css=False, elem_id="fh-compared")
        self.layer = _part("versions", "fh-layer")
        typed = [self.language, *self.asked, self.draft]
        self.spoken = [self.brand, self.rules, self.head, *self.asked, self.draft, self.compare, self.compared]
        for asks in (self.compare.click, *(each.submit for each in self.asked)):
            asks(self.show, typed, [self.compared], **QUICK)
        self.language.input(self.speak, [self.language], self.spoken, **QUICK)
        self.rules.select(self.open, [self.language], [self.layer], **QUICK)
        self.layer.input(self.undo, [self.language], [self.layer, self.rules], **QUICK)

    def arrive(self, request: gr.Request) -> list[Any]:
        """The page as it opens."""
        language = _language(request)
        return [language, *self.speak(language)]

    def speak(self, language: str) -> list[Any]:
        """Another language; what was compared goes, and what was typed stays."""
        says = wording(language)
        boxes = [gr.Textbox(label=label) for label in (*_asked(says), says.try_draft)]
        return [_brand(says, away=True), rules_html(self._shop, language), _try_head(says), *boxes, says.try_button, ""]

    def show(self, language: str, query: str, category: str, market: str, group: str, draft: str) -> str:
        """What was typed, before and after."""
        return trial_html(self._shop, Trial(language, query, category, market, group, draft))

    def open(self, language: str, event: gr.EventData) -> str:
        """The history of the rule whose row was clicked."""
        return history_html(self._shop, _sent(event, "rule"), language)

    def undo(self, language: str, event: gr.EventData) -> list[str]:
        """The last change of the rule that is open, undone."""
        try:
            shown = undone_html(self._shop, _sent(event, "rule"), language)
        except ValueError:  # a RequestError: there never was such a rule
            shown = ""
        return [shown, rules_html(self._shop, language)]


def build_page(shop: Shop) -> gr.Blocks:
    """The page over a shop, and the page of its rules; `server.py` serves them."""
    page: gr.Blocks = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with page:
        window = Window(shop)
        page.load(
            window.arrive,
            [window.choice, window.why],
            [window.language, *window.spoken],
            **QUICK,
        )
        api(window.answer, api_name="search", queue=False)
    with page.route("Rules", RULES, show_in_navbar=False):
        rules = RulesWindow(shop)
        page.load(rules.arrive, None, [rules.language, *rules.spoken], **QUICK)
    return page


def theme() -> gr.themes.Base:
    """Quiet colours, and fonts that are here already: Gradio ships its own, and asks nobody for others."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "PingFang SC", "Microsoft YaHei"]
    made = gr.themes.Base(
        primary_hue="emerald",
        neutral_hue="stone",
        radius_size="lg",
        font=[*fonts, "Noto Sans CJK SC", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )
    # The page's own colours are light ones: whoever's system is dark gets the same, or pale words on white.
    for name in [each for each in vars(made) if each.endswith("_dark")]:
        setattr(made, name, getattr(made, name.removesuffix("_dark"), None))
    return made


def _part(function: str, element: str, value: str = "") -> gr.HTML:
    """A place for HTML of our own, with the function of `page.js` that listens to it."""
    return gr.HTML(value, js_on_load=assets.script(function), elem_id=element, apply_default_css=False)


def _languages() -> gr.Radio:
    return gr.Radio(
        [(name, code) for code, name in LANGUAGES.items()],
        value="en",
        show_label=False,
        container=False,
        elem_id="fh-language",
        label="Language",
    )


def _language(request: gr.Request) -> str:
    """The language that the page's address names."""
    named = str(request.query_params.get("language", ""))
    return named if named in LANGUAGES else "en"


def _brand(says: Wording, *, away: bool = False) -> str:
    """The head of the shop's page, with the way to the rules; `away`: of the page of rules, with the way back."""
    target, label = ("./", says.to_shop) if away else (RULES, says.rules)
    return (
        f'<div class="fh-logo"><span>{icon(LEAF)}</span><div><h1>Fernhill</h1><p>{text(says.tagline)} '
        f'<a class="fh-way" href="{target}?language={says.locale}">{text(label)}</a></p></div></div>'
    )


def _try_head(says: Wording) -> str:
    return f'<div class="fh-rules"><h2>{text(says.try_title)}</h2><p class="fh-lead">{text(says.try_intro)}</p></div>'


def _asked(says: Wording) -> tuple[str, ...]:
    """The labels of the boxes, in the order of `RulesWindow.show`."""
    return says.try_query, says.try_category, says.try_market, says.try_group


def _sorts(says: Wording) -> list[tuple[str, str]]:
    return [(label, code) for code, label in says.sorts.items()]


def _sent(event: gr.EventData, name: str) -> str:
    """A text that the page's script sent along; blank where it is missing."""
    data = getattr(event, "_data", None)
    return str(data.get(name) or "")[:LONGEST_QUERY] if isinstance(data, dict) else ""
