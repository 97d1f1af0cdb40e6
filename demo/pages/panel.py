"""The filters as HTML; `page.js` sends each click back as an event that `choice.filtered` understands."""

from __future__ import annotations

from decimal import Decimal

from .choice import Choice
from .icons import department_icon
from .markup import text
from .search import Band, Group, Option, Page
from .wording import Wording, wording

AT_ONCE = 6  # values of a filter that are shown before "more"


def panel_html(page: Page) -> str:
    """All filters with their counts. On a phone they fold away behind one line."""
    says = wording(page.choice.language)
    clear = f'<button type="button" class="fh-clear" data-field="clear">{text(says.clear)}</button>'
    chosen = _chosen(page, says)
    count = f'<span class="fh-set">{chosen}</span>' if chosen else ""
    groups = "".join(_group(group, says) for group in page.groups)
    return (
        f'<div class="fh-panel"><input type="checkbox" id="fh-fold" aria-label="{text(says.filters)}">'
        f'<label for="fh-fold" class="fh-panel-title">{text(says.filters)}{count}</label>'
        f'{clear if page.choice.filtered else ""}<div class="fh-groups">'
        f"{_departments(page, says)}{_prices(page, says)}{_stock(page, says)}{groups}</div></div>"
    )


def _chosen(page: Page, says: Wording) -> int:
    choice = page.choice
    others = (choice.category, choice.in_stock, choice.price != (None, None))
    return sum(map(len, choice.picked.values())) + sum(map(bool, others))


def _section(title: str, body: str, name: str) -> str:
    return f'<section class="fh-filter" data-filter="{text(name)}"><h3>{text(title)}</h3>{body}</section>'


def _departments(page: Page, says: Wording) -> str:
    """A path back to all departments, then the level below the chosen one."""
    up = [Option("", says.all_departments, 0, on=False), *page.trail] if page.trail else []
    rows = [_step(option, depth, here=option.on) for depth, option in enumerate(up)]
    rows += [_branch(option, len(up)) for option in page.categories]
    return _section(says.department, f'<div class="fh-tree">{"".join(rows)}</div>', "category")


def _step(option: Option, depth: int, *, here: bool) -> str:
    style, sign = f"padding-left:{depth * 12}px", "" if here else "‹ "
    kind = ' class="fh-row fh-here" aria-current="true"' if here else ' class="fh-row fh-up"'
    return (
        f'<button type="button"{kind} style="{style}" data-field="category" data-code="{text(option.code)}">'
        f"<span>{sign}{text(option.label)}</span></button>"
    )


def _branch(option: Option, depth: int) -> str:
    return (
        f'<button type="button" class="fh-row" style="padding-left:{depth * 12}px" data-field="category"'
        f' data-code="{text(option.code)}"><span>{department_icon(option.code)}{text(option.label)}</span>'
        f"{_count(option.count)}</button>"
    )


def _prices(page: Page, says: Wording) -> str:
    low, high = page.choice.price
    bands = "".join(_band(band, says) for band in page.bands if band.count or band.on)
    return _section(
        says.price,
        f'<div class="fh-range">{_end("low", low, says.price_from, says)}<span>–</span>'
        f"{_end('high', high, says.price_to, says)}</div>{bands}",
        "price",
    )


def _end(name: str, value: Decimal | None, label: str, says: Wording) -> str:
    shown = "" if value is None else f"{value.normalize():f}"
    return (
        f'<input type="text" inputmode="decimal" maxlength="12" data-end="{name}" value="{text(shown)}"'
        f' placeholder="{text(says.price_unit)} {text(label)}" aria-label="{text(says.price)}, {text(label)}">'
    )


def _band(band: Band, says: Wording) -> str:
    high = "" if band.high is None else f"{band.high:f}"
    label = (
        f"{says.price_unit}{band.low:f} – {says.price_unit}{band.high:.0f}"
        if band.high
        else f"{says.price_unit}{band.low:f} +"
    )
    low = f"{band.low:f}" if band.low else ""
    ends = 'data-low="" data-high=""' if band.on else f'data-low="{low}" data-high="{high}"'
    return (
        f'<button type="button" class="fh-row{" fh-here" if band.on else ""}" data-field="price" {ends}'
        f' aria-pressed="{str(band.on).lower()}"><span>{text(label)}</span>{_count(band.count)}</button>'
    )


def _stock(page: Page, says: Wording) -> str:
    return _section(says.availability, _check("in_stock", page.in_stock), "in_stock")


def _group(group: Group, says: Wording) -> str:
    shown = [option for option in group.options if option.count or option.on]
    if not shown:
        return ""
    first, rest = shown[:AT_ONCE], shown[AT_ONCE:]
    body = "".join(_check(group.field, option) for option in first)
    if rest:
        hidden = "".join(_check(group.field, option) for option in rest)
        body += f"<details><summary>{text(says.further.format(count=len(rest)))}</summary>{hidden}</details>"
    return _section(group.title, body, group.field)


def _check(name: str, option: Option) -> str:
    data = f'data-field="{text(name)}" data-code="{text(option.code)}"{" checked" if option.on else ""}'
    return (
        f'<label class="fh-row fh-check"><input type="checkbox" {data}>'
        f"<span>{text(option.label)}</span>{_count(option.count)}</label>"
    )


def _count(count: int) -> str:
    return f"<b>{count:,}</b>"


def chips_html(choice: Choice) -> str:
    """Example queries that one click asks."""
    says = wording(choice.language)
    chips = "".join(
        f'<button type="button" class="fh-chip" data-query="{text(query)}">{text(query)}</button>'
        for query in says.examples
    )
    return f'<div class="fh-chips"><span>{text(says.try_these)}</span>{chips}</div>'
