"""The honest lines above the cards: what was found, how long it took, and what to know about it."""

from __future__ import annotations

from .cards import cards
from .icons import GLASS, icon
from .markup import text
from .search import Page
from .wording import Wording, wording


def results_html(page: Page, *, why: bool) -> str:
    """Summary and cards of a page."""
    says = wording(page.choice.language)
    hits, nearest = page.results.hits, page.results.nearest
    body = cards(hits, says, why=why) if hits else _empty(says.nothing)
    if nearest:
        body += cards(nearest, says, why=why)
    return f'<section class="fh-results" data-total="{page.results.total}">{summary(page, says)}{body}</section>'


def summary(page: Page, says: Wording) -> str:
    """Count, time and notes."""
    notes = "".join(f'<p class="fh-note">{text(note)}</p>' for note in _notes(page, says))
    return (
        f'<header class="fh-summary"><p class="fh-count" role="status">{_count(page, says)}</p>'
        f'<p class="fh-took">{text(_took(page, says))}</p>{notes}</header>'
    )


def more_label(page: Page, says: Wording) -> str:
    """The button's text, with how many are shown."""
    shown = says.shown.format(shown=len(page.results), total=f"{page.results.total:,}")
    return f"{says.more}  ·  {shown}"


def has_more(page: Page) -> bool:
    """Whether there is anything left to show."""
    return len(page.results) < page.results.total


def failed_html(says: Wording, reason: str) -> str:
    """A request that could not be answered, and why."""
    return f'<section class="fh-results" data-total="0">{_empty(says.failed.format(reason=reason))}</section>'


def _empty(sentence: str) -> str:
    return f'<div class="fh-empty">{icon(GLASS)}<p>{text(sentence)}</p></div>'


def _count(page: Page, says: Wording) -> str:
    """The wording is ours and holds a bold tag; what is filled in is escaped."""
    query, total = page.choice.query.strip(), f"{page.results.total:,}"
    if not query:
        return says.browsing.format(total=total)
    pattern = says.found_one if page.results.total == 1 else says.found_many
    return pattern.format(total=total, query=text(query))


def _took(page: Page, says: Wording) -> str:
    timings = page.results.timings
    split = [f"{label} {timings[name]:.1f}" for name, label in says.timings.items() if timings.get(name, 0.0) >= 0.05]
    took = says.took.format(total=f"{timings.get('total', 0.0):.1f}")
    return " · ".join(
        [f"{took} ({', '.join(split)})" if split else took, says.counting.format(ms=f"{page.counting:.0f}")]
    )


def _notes(page: Page, says: Wording) -> list[str]:
    results, notes = page.results, list(page.results.banners)
    if page.choice.remark:
        notes.append(page.choice.remark)
    if results.corrected_query:
        notes.append(says.corrected.format(query=results.corrected_query))
    if page.words_only:
        notes.append(says.words_only.format(language=page.choice.language))
    elif page.choice.query.strip() and results.total and page.everything:
        notes.append(says.everything)
    if results.request.query:  # without one, the note says what the page says already
        notes += results.notes
    return notes
