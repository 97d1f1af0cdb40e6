"""An answer as a person reads it: the hits in a table, then what can be said of all of them."""

from __future__ import annotations

from collections.abc import Sequence

from ..results import Hit, Results
from . import screen

FACET_VALUES = 12  # shown of one facet; --json has all


def show_results(found: Results, parts: bool) -> None:
    """Prints the page, the total, the facets and the notes."""
    if found.hits:
        _show_hits(found, found.hits, parts)
    screen.answer(_total(found), style="bold")
    for name, facet in found.facets.items():
        shown = [f"{screen.plain(value.label)} ({value.count:,})" for value in facet.values[:FACET_VALUES]]
        more = " and more" if len(facet.values) > FACET_VALUES else ""
        screen.answer(f"{screen.plain(name)}: {', '.join(shown) or 'none'}{more}")
    if found.nearest:
        screen.answer("The nearest that there is:")
        _show_hits(found, found.nearest, parts)
    for note in found.notes:
        screen.warn(f"Note: {note}")


def _show_hits(found: Results, hits: Sequence[Hit], parts: bool) -> None:
    names = sorted({name for hit in hits for name in hit.parts}) if parts else []
    numbers = ("", "price", "score", *names)
    table = screen.table("", "id", "title", "price", "stock", "score", *names, right=numbers)
    for rank, hit in enumerate(hits, found.request.offset + 1):
        title = screen.plain(hit.product.title)
        scores = [f"{score:.3f}" for score in (hit.score, *(hit.parts.get(name, 0.0) for name in names))]
        table.add_row(
            str(rank), screen.plain(hit.product.id), title, *_offer(hit), *scores, style=None if hit.in_stock else "dim"
        )
    screen.out().print(table)


def _offer(hit: Hit) -> tuple[str, str]:
    if hit.price is None:
        return "-", "-"
    return str(hit.price), "yes" if hit.in_stock else "sold out"


def _total(found: Results) -> str:
    if not found.total:
        return "Nothing found."
    first = found.request.offset + 1
    about = "" if found.total_is_exact else "at least "
    last = first + len(found) - 1
    shown = f"{first} to {last}" if last > first else str(first)
    if not found.hits:
        return f"There are {about}{found.total:,} products, and none stands at place {first:,} or later."
    return f"{shown} of {about}{found.total:,} {'product' if found.total == 1 else 'products'}"
