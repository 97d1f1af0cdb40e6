"""The comparison as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import unicodedata
from html import escape
from pathlib import Path
from string import Template

from .comparing import KINDS, Comparison, Moved, QueryChange

OPEN = 5  # queries that are unfolded at first
_TEMPLATE = Path(__file__).with_name("compare.html")
_SHOWN = {"new": "new", "lost": "lost", "up": "up", "down": "down", "same": "in place"}


def compare_page(comparison: Comparison) -> str:
    """The page. What comes from shop, queries and files stands in it as text, never as markup."""
    places = {id(each): at for at, each in enumerate(comparison.queries)}
    return Template(_TEMPLATE.read_text("utf-8")).substitute(
        title=f"{_text(comparison.store)} beside {_text(comparison.baseline)}",
        intro=_intro(comparison),
        tiles=_tiles(comparison),
        most=_most(comparison, places),
        kinds="".join(_button(kind, comparison.kinds[kind]) for kind in KINDS),
        queries="\n".join(_query(each, at) for at, each in enumerate(comparison.queries)),
    )


def _text(value: str) -> str:
    """User text in the page: escaped, and without characters that steer."""
    return escape("".join(" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in value))


def _count(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"


def _many(number: float, one: str, more: str) -> str:
    return f"{_count(number)} {one if number == 1 else more}"


def _intro(comparison: Comparison) -> str:
    said = [
        f"The first {comparison.depth:,} products of each answer, before by {_text(comparison.baseline)} and now by "
        f"{_text(comparison.store)}. The share beside a query is that of the products in both."
    ]
    if comparison.rest:
        said.append(f"{_many(comparison.rest, 'less frequent query', 'less frequent queries')} were not compared.")
    if comparison.left_out:
        said.append(f"{_many(comparison.left_out, 'query is', 'queries are')} not in {_text(comparison.baseline)}.")
    return " ".join(said)


def _tiles(comparison: Comparison) -> str:
    unchanged = sum(each.count for each in comparison.queries if each.overlap == 1)
    kinds = comparison.kinds
    tiles = (
        (f"{comparison.overlap:.0%}", "of products are in both answers, weighted by searches"),
        (f"{unchanged / comparison.searches:.0%}", "of searches show the very same products"),
        (_count(len(comparison.queries)), f"queries, {_many(comparison.searches, 'search', 'searches')}"),
        (f"{kinds['new']:,} / {kinds['lost']:,}", "products new / lost"),
    )
    return "".join(f'<div class="tile"><b>{figure}</b><span>{said}</span></div>' for figure, said in tiles)


def _most(comparison: Comparison, places: dict[int, int]) -> str:
    rows = "".join(
        f'<li><a href="#q{places[id(each)]}"><bdi>{_text(each.query)}</bdi>{_overlap(each)}'
        f'<span class="number">{_many(each.count, "search", "searches")}</span></a></li>'
        for each in comparison.most_changed()
    )
    return f'<h2>Changed most</h2>\n<ul class="most">{rows}</ul>' if rows else ""


def _overlap(change: QueryChange) -> str:
    share = f"{change.overlap:.0%}"
    bar = f'<span class="bar" title="{share} in both"><i style="width: {share}"></i></span>'
    return f'{bar}<span class="number">{share}</span>'


def _button(kind: str, count: int) -> str:
    pressed = f'class="kind-{kind}" value="{kind}" aria-pressed="true"'
    return f'<button type="button" {pressed}>{_SHOWN[kind]} {count:,}</button>'


def _query(change: QueryChange, at: int) -> str:
    kinds = change.kinds
    tags = "".join(
        f'<span class="tag kind-{kind}">{kinds[kind]} {_SHOWN[kind]}</span>' for kind in KINDS[:4] if kinds[kind]
    )
    rows = "".join(map(_product, change.products))
    body = f'<ul class="products">{rows}</ul>' if rows else '<p class="away">Neither finds anything.</p>'
    return (
        f'<details class="query" id="q{at}" data-at="{at}" data-changed="{change.changed:g}" '
        f'data-query="{_text(change.query.lower())}"{" open" if at < OPEN else ""}>'
        f'<summary><bdi>{_text(change.query) or "(blank)"}</bdi><span class="counts">{tags}</span>{_overlap(change)}'
        f'<span class="number">{_many(change.count, "search", "searches")}</span></summary>{body}</details>'
    )


def _product(each: Moved) -> str:
    rank = "–" if each.kind == "lost" else str(each.now)
    title = f"<bdi>{_text(each.title)}</bdi> " if each.title else ""
    return (
        f'<li data-kind="{each.kind}"><span class="rank">{rank}</span>'
        f"<span>{title}<small><bdi>{_text(each.product_id)}</bdi></small></span>"
        f'<span class="tag kind-{each.kind}">{_move(each)}</span>{_why(each)}</li>'
    )


def _move(each: Moved) -> str:
    if each.kind == "up":
        return f"▲ from {each.before}"
    if each.kind == "down":
        return f"▼ from {each.before}"
    if each.kind == "lost":
        return f"was {each.before}, now {each.now}" if each.now else f"was {each.before}"
    return _SHOWN[each.kind]


def _why(each: Moved) -> str:
    if not each.why:
        return ""
    steps = "".join(f"<li>{_text(step)}</li>" for step in each.why)
    return f'<details class="why"><summary>Why</summary><ol>{steps}</ol></details>'
