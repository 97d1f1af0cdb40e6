"""Results as cards, each with the parts of its score on demand."""

from __future__ import annotations

from collections.abc import Mapping

from ...plugin import Hit
from .markup import shortened, text
from .tiles import tile
from .wording import Wording

FEW = 5  # pieces left that are worth saying
DESCRIPTION = 180  # characters on a card; the style sheet cuts at two lines besides
SHOWN_PARTS = ("words", "meaning")  # their colours are in the style sheet; any other part has a neutral one


def cards(hits: tuple[Hit, ...], says: Wording, *, why: bool) -> str:
    """A grid of cards, best first."""
    best = max((hit.score for hit in hits), default=0.0)
    return f'<div class="fh-grid">{"".join(card(hit, says, best if why else None) for hit in hits)}</div>'


def card(hit: Hit, says: Wording, best: float | None = None) -> str:
    """One product. `best` is the highest score of the page, the full width of the bars; None leaves them out."""
    product = hit.product
    return (
        f'<article class="fh-card{"" if hit.in_stock else " fh-out"}" data-id="{text(product.id)}"'
        f' tabindex="0" role="button" aria-label="{text(product.title)}">'
        f"{tile(product)}{discount(hit)}"
        f'<div class="fh-body"><div class="fh-brand">{text(product.brand)}</div>'
        f'<h3 class="fh-title">{text(product.title)}</h3>'
        f'<p class="fh-text">{text(shortened(product.description, DESCRIPTION))}</p>'
        f'<div class="fh-foot">{price(hit, says)}{stock(hit, says)}</div>'
        f"{'' if best is None else parts(hit, says, best)}</div></article>"
    )


def small_card(hit: Hit) -> str:
    """A product among the similar ones."""
    product = hit.product
    shown = "" if hit.price is None else text(hit.price)
    return (
        f'<article class="fh-small" data-id="{text(product.id)}" tabindex="0" role="button">'
        f'{tile(product)}<div class="fh-body"><h4 class="fh-title">{text(product.title)}</h4>'
        f'<span class="fh-price">{shown}</span></div></article>'
    )


def price(hit: Hit, says: Wording) -> str:
    """What it costs, and what it cost before."""
    if hit.price is None:
        return f'<span class="fh-price fh-none">{text(says.unpriced)}</span>'
    if not _reduced(hit):
        return f'<span class="fh-price">{text(hit.price)}</span>'
    return f'<span class="fh-price fh-now">{text(hit.price)} <s>{text(hit.list_price)}</s></span>'


def discount(hit: Hit) -> str:
    """The share that the price fell by, as a badge; nothing where it did not."""
    if not _reduced(hit) or hit.price is None or hit.list_price is None:
        return ""
    share = round(100 * (1 - hit.price.amount / hit.list_price.amount))
    return f'<span class="fh-badge">−{share}%</span>' if share else ""


def _reduced(hit: Hit) -> bool:
    return hit.price is not None and hit.list_price is not None and hit.list_price.amount > hit.price.amount


def stock(hit: Hit, says: Wording) -> str:
    """Whether it is there, and how many when there are few."""
    if not hit.in_stock:
        return f'<span class="fh-stock fh-gone">{text(says.sold_out)}</span>'
    left = _pieces(hit)
    if left is not None and 0 < left <= FEW:
        return f'<span class="fh-stock fh-few">{text(says.few_left.format(count=left))}</span>'
    return f'<span class="fh-stock">{text(says.in_stock)}</span>'


def _pieces(hit: Hit) -> int | None:
    """Pieces of all variants in the price's currency; None where nobody counts."""
    currency = hit.price.currency if hit.price else ""
    counts = [offer.stock for _, offer in hit.product.offers if offer.currency == currency]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def parts(hit: Hit, says: Wording, best: float) -> str:
    """Each part as a bar that begins where the one before ended, so that the last ends at the score."""
    if not hit.parts:
        return f'<div class="fh-parts"><p>{text(says.no_score)}</p></div>'
    return f'<div class="fh-parts">{_bars(hit.parts, says, best)}{_total(hit.score, says, best)}</div>'


def _bars(parts: Mapping[str, float], says: Wording, best: float) -> str:
    rows, sum_ = [], 0.0
    for name in sorted(parts, key=lambda each: (_place(each), each)):
        value = parts[name]
        start, end = sorted((sum_, sum_ + value))
        sum_ += value
        kind = name if name in SHOWN_PARTS else "other"
        less = " fh-less" if value < 0 else ""
        rows.append(_row(says.parts.get(name, name), f"{value:+.3f}", start, end, best, f"fh-{kind}{less}"))
    return "".join(rows)


def _total(score: float, says: Wording, best: float) -> str:
    return _row(says.score, f"{score:.3f}", 0.0, score, best, "fh-sum")


def _place(name: str) -> int:
    return SHOWN_PARTS.index(name) if name in SHOWN_PARTS else len(SHOWN_PARTS)


def _row(label: str, value: str, start: float, end: float, best: float, kind: str) -> str:
    left, right = (_percent(each, best) for each in (start, end))
    return (
        f'<div class="fh-part {kind}"><span class="fh-name">{text(label)}</span>'
        f'<span class="fh-track"><i style="left:{left:.1f}%;width:{right - left:.1f}%"></i></span>'
        f'<span class="fh-value">{text(value)}</span></div>'
    )


def _percent(value: float, best: float) -> float:
    return 100 * min(max(value / best, 0.0), 1.0) if best > 0 else 0.0
