"""One product as a person reads it."""

from __future__ import annotations

from ...index import Money, Offer, Product, Variant
from . import screen

LONGEST = 600  # characters of the description; --json has all


def show_product(product: Product) -> None:
    """Prints what the product says, then its variants and offers."""
    screen.answer(screen.plain(product.title), style="bold")
    table = screen.table("", "")
    table.show_header = False
    for name, value in _lines(product):
        if value:
            table.add_row(name, screen.plain(value))
    screen.out().print(table)
    screen.answer("")
    _show_offers(product)


def _lines(product: Product) -> list[tuple[str, str]]:
    text = product.description
    speaks = product.locale
    attributes = [
        (key, ", ".join(value.label(speaks) for value in values)) for key, values in product.attributes.items()
    ]
    return [
        ("id", product.id),
        ("brand", product.brand),
        ("category", product.category),
        ("description", text if len(text) <= LONGEST else text[:LONGEST] + "…"),
        *attributes,
        ("tags", ", ".join(product.tags)),
        ("url", product.url),
        ("image", product.image),
        ("added", product.added.date().isoformat() if product.added else ""),
        ("languages", ", ".join(product.texts) if len(product.texts) > 1 else ""),
    ]


def _show_offers(product: Product) -> None:
    rows = [(variant, offer) for variant in product.variants for offer in (variant.offers or (None,))]
    if rows == [(product.variants[0], None)]:
        screen.answer("No offer: it has no price.")
        return
    names = ("variant", "options", "price", "before", "stock", "where")
    cells = [(screen.plain(variant.id), _options(variant, product.locale), *_offer(offer)) for variant, offer in rows]
    used = [at for at in range(len(names)) if any(row[at] for row in cells)]
    table = screen.table(*(names[at] for at in used), right=("price", "before", "stock"))
    for row in cells:
        table.add_row(*(row[at] for at in used))
    screen.out().print(table)


def _options(variant: Variant, locale: str) -> str:
    chosen = (f"{name} {', '.join(each.label(locale) for each in values)}" for name, values in variant.options.items())
    return screen.plain("; ".join(chosen))


def _offer(offer: Offer | None) -> tuple[str, str, str, str]:
    if offer is None:
        return "-", "", "-", ""
    before = "" if offer.list_price is None else str(Money(offer.list_price, offer.currency))
    stock = "not counted" if offer.stock is None else f"{offer.stock:,}"
    places = (f"{name} {code}" for name, code in _places(offer) if code)
    return str(Money(offer.price, offer.currency)), before, stock, screen.plain(", ".join(places))


def _places(offer: Offer) -> tuple[tuple[str, str], ...]:
    return ("market", offer.market), ("group", offer.group), ("location", offer.location)
