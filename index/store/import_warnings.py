"""What a person should know of an import while it runs: how long it will take, and what will not be found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..context import Context
from ..feeds import FeedRow
from ..language import fitting_model, main_language
from ..product import Product
from .report import ImportReport
from .store import Store

LONG = 60.0  # seconds of encoding that are announced


@dataclass
class OfferCheck:
    """Counts products that will not be for sale, which a newcomer would otherwise search for in vain."""

    context: Context
    elsewhere: int = 0  # with offers, but none where the shop sells by default
    currencies: set[str] = field(default_factory=set)
    stock_alone: int = 0

    def note(self, batch: Sequence[tuple[int, object]], products: Sequence[Product]) -> None:
        """Looks at one batch."""
        for product in products:
            offers = [offer for _, offer in product.offers]
            there = [offer.currency or self.context.currency for offer in offers]
            if offers and self.context.currency not in there:
                self.elsewhere += 1
                self.currencies.update(str(each) for each in there)
        named = {"stock", "price", "offers", "variants"}
        rows_of_feed = [item for _, item in batch if isinstance(item, FeedRow)]
        self.stock_alone += sum(named & set(item.fields) == {"stock"} for item in rows_of_feed)

    def warnings(self) -> list[str]:
        """A sentence for each kind."""
        found = []
        if self.elsewhere:
            found.append(
                f"{self.elsewhere:,} products have no price in {self.context.currency}, the shop's own currency, but "
                f"in {', '.join(sorted(self.currencies))}: a request must name that currency to find them; or make a "
                "store with it (--currency)"
            )
        if self.stock_alone:
            found.append(
                f"{self.stock_alone:,} rows name a stock without a price; stock belongs to an offer, so it was left "
                "out (mode patch sets it on products that have a price)"
            )
        return found


def announce(share: float, rate: float, left: int, store: Store, says: Callable[[str], None]) -> bool:
    """Says how long the encoding that is left will take, if that is long; whether it did.

    `share`: texts to encode per product; `rate`: texts a second; `left`: products.
    """
    texts = int(left * share)
    seconds = texts / rate if rate > 0 else 0.0
    if seconds < LONG or texts <= 0:
        return False
    megabytes = texts * store.encoder.dimension * 2 * 2 / 1e6  # once in the database, once in the generation
    says(
        f"About {texts:,} texts are to be encoded at {rate:,.0f} a second (measured): {seconds / 60:.1f} "
        f"minutes, and about {megabytes:,.0f} MB for their vectors."
    )
    return True


def warn_of_language(
    store: Store, products: Sequence[Product], report: ImportReport, says: Callable[[str], None]
) -> None:
    """Warns, once an import, of texts in a language that the encoder does not know."""
    if report.warnings or not products or not report.encoded + report.unread:
        return  # where nothing was to be encoded, no model need be there
    encoder = store.encoder
    language = main_language(f"{product.title} {product.description}" for product in products)
    declared = {locale.split("-")[0] for product in products for locale in product.texts if locale}
    foreign = [
        each
        for each in ([language] if language else sorted(declared))
        if encoder.languages and each not in encoder.languages
    ]
    unread = report.unread > (report.encoded + report.unread) / 2
    if not foreign and not unread:
        return
    which = foreign[0] if foreign else (language or "its language")
    knows = f"knows {', '.join(sorted(encoder.languages))}" if encoder.languages else "cannot read most of it"
    warning = (
        f"the feed is in {which!r}, but the encoder {encoder.reference} {knows}: words will be found, meaning hardly; "
        f"make a store with encoder {fitting_model(which)!r}"
    )
    report.warnings.append(warning)
    says(f"Warning: {warning}")
