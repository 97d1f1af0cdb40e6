"""One product in full, with what is similar to it."""

from __future__ import annotations

from ...plugin import Hit, Product, Request, Results, Shop
from .cards import discount, price, small_card, stock
from .choice import Choice
from .markup import text
from .search import context_of, field_title
from .tiles import tile
from .wording import Wording, wording

SIMILAR = 8


def product_html(shop: Shop, product_id: str, choice: Choice) -> str:
    """The dialog of a product; says so where it is gone. Raises `RequestError` for an id that is none."""
    says, context = wording(choice.language), context_of(choice)
    itself = Request(filters={"id": product_id}, k=1, context=context)
    found = shop.answer(itself)
    if not found.hits:
        return dialog(f'<p class="fh-empty">{text(says.gone)}</p>', says.details, says)
    similar = shop.similar(product_id, k=SIMILAR, context=context)
    return dialog(_about(found.hits[0], says) + _similar(similar, says), found.hits[0].product.title, says)


def dialog(body: str, title: str, says: Wording) -> str:
    """A layer over the page; `page.js` closes it by its cross, by Escape, and by a click beside it."""
    return (
        '<div class="fh-layer"><div class="fh-dialog" role="dialog" aria-modal="true" tabindex="-1"'
        f' aria-label="{text(title)}">'
        f'<button type="button" class="fh-close" aria-label="{text(says.close)}">×</button>{body}</div></div>'
    )


def _about(hit: Hit, says: Wording) -> str:
    product = hit.product
    return (
        f'<div class="fh-about"><div class="fh-side">{tile(product)}{discount(hit)}</div><div class="fh-main">'
        f'<div class="fh-path">{text(product.category)}</div><h2>{text(product.title)}</h2>'
        f'<div class="fh-foot">{price(hit, says)}{stock(hit, says)}</div>'
        f'<p class="fh-description">{text(product.description)}</p></div>'
        f"{_facts(product, says)}{_variants(product, says)}</div>"
    )


def _facts(product: Product, says: Wording) -> str:
    """Attributes as a list of names and values."""
    rows = [(says.brand, product.brand)] if product.brand else []
    rows += [
        (field_title(name, says), ", ".join(says.value(each.code, each.label(says.locale)) for each in values))
        for name, values in product.attributes.items()
    ]
    lines = "".join(f"<div><dt>{text(name)}</dt><dd>{text(shown)}</dd></div>" for name, shown in rows)
    return f'<div class="fh-facts"><h3>{text(says.details)}</h3><dl>{lines}</dl></div>'


def _variants(product: Product, says: Wording) -> str:
    if len(product.variants) < 2:
        return ""
    rows = "".join(f"<tr>{_variant_cells(product, at, says)}</tr>" for at in range(len(product.variants)))
    return f'<div class="fh-variants"><h3>{text(says.options)}</h3><table>{rows}</table></div>'


def _variant_cells(product: Product, at: int, says: Wording) -> str:
    variant = product.variants[at]
    named = [says.value(each.code, each.label(says.locale)) for values in variant.options.values() for each in values]
    options = " · ".join(named) or variant.id
    offer = next((offer for offer in variant.offers if offer.currency == says.currency), None)
    if offer is None:
        return f"<td>{text(options)}</td><td>{text(says.unpriced)}</td><td></td>"
    kind, said = ("fh-stock fh-gone", says.sold_out) if offer.stock == 0 else ("fh-stock", says.in_stock)
    state = f'<span class="{kind}">{text(said)}</span>'
    return f"<td>{text(options)}</td><td>{text(says.price_unit)}{offer.price:,.2f}</td><td>{state}</td>"


def _similar(similar: Results, says: Wording) -> str:
    if not similar.hits:
        return ""
    return (
        f'<div class="fh-similar"><h3>{text(says.similar)}</h3>'
        f'<div class="fh-strip">{"".join(small_card(hit) for hit in similar)}</div></div>'
    )
