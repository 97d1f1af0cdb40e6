"""Changing prices and stock alone: nothing is encoded, no index is touched, and no generation comes nearer."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..errors import FieldError, RequestError
from ..money import currency_of, price_of
from ..product_parts import Offer, moment_of, offer_code, stock_of
from . import rows, schema, settings
from .database import next_change

if TYPE_CHECKING:
    from .store import Store

AT_ONCE = 2_000  # updates in one transaction; other writers come in between
SHOWN = 20


class Keep(enum.Enum):
    """What an update leaves as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True)
class OfferUpdate:
    """New price or stock of a product, or of one of its variants; raises `FieldError`.

    Each field means what it means in mode patch. A `price` is that of the offer in the named currency (else the
    shop's own), market, group and location, which is made if there is none; its `list_price`, `starts` and `ends` go
    with it. A `list_price` without a price changes the offers there that hold everywhere, or where it is named. A
    `stock` is that of all offers that fit what is named, and so are times without a price. `stock` None: not counted,
    always in stock. `remove` takes all offers away that fit: without any, a product is no longer for sale in that
    currency.
    """

    product_id: str
    variant_id: str | None = None  # None: every variant
    price: Decimal | str | float | None = None
    list_price: Decimal | str | float | Keep | None = KEEP
    stock: int | Keep | None = KEEP
    currency: str | None = None
    market: str | None = None
    group: str | None = None
    location: str | None = None
    starts: datetime | str | Keep | None = KEEP
    ends: datetime | str | Keep | None = KEEP
    remove: bool = False

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        for name in ("product_id", "variant_id"):
            value = getattr(self, name)
            if not isinstance(value, str) and (value is not None or name == "product_id"):
                raise FieldError(name, value, "a text")
        for name in ("market", "group", "location"):
            if getattr(self, name) is not None:
                set_(self, name, offer_code(getattr(self, name), name))
        if self.price is not None:
            set_(self, "price", price_of(self.price))
        if self.list_price is not KEEP and self.list_price is not None:
            set_(self, "list_price", price_of(self.list_price, "list_price"))
        if self.stock is not KEEP and self.stock is not None:
            set_(self, "stock", stock_of(self.stock))
        if self.currency is not None:
            set_(self, "currency", currency_of(self.currency))
        for name in ("starts", "ends"):
            if getattr(self, name) is not KEEP:
                set_(self, name, moment_of(getattr(self, name), name))
        changes = (self.list_price, self.stock, self.starts, self.ends)
        if self.price is None and not self.remove and all(value is KEEP for value in changes):
            raise FieldError("price", None, "a price, a stock, a list price, a time, or remove=True")

    @classmethod
    def of(cls, given: OfferUpdate | Mapping[str, Any]) -> OfferUpdate:
        """An update from a mapping with the same names (`id` and `variant` will do); raises `FieldError`."""
        if isinstance(given, OfferUpdate):
            return given
        if not isinstance(given, Mapping):
            raise RequestError(
                f"update_offers: wanted an OfferUpdate or a mapping, got {type(given).__name__}; write "
                'OfferUpdate("p1", price=9) or {"id": "p1", "price": 9}'
            )
        short = {"id": "product_id", "variant": "variant_id"}
        named = {short.get(name, name): value for name, value in given.items()}
        known = {each.name for each in fields(cls)}
        for name in named:
            if name not in known:
                raise FieldError(name, named[name], f"one of {', '.join(sorted(known))}")
        if "product_id" not in named:
            raise FieldError("id", None, "the id of a product")
        return cls(**named)

    def applied(self, old: Iterable[Mapping[str, Any]], currency: str) -> list[dict[str, Any]] | None:
        """A variant's offers, as `offer_to_dict` writes them, after this update; None where it fits none of them.

        `currency`: the shop's own.
        """
        offers = [dict(offer) for offer in old]
        place = (self.market, self.group, self.location)
        if self.remove:
            left = [offer for offer in offers if not _fits(offer, (self.currency, *place))]
            return left if len(left) < len(offers) else None
        codes = [offer["currency"] for offer in offers]
        # As in mode patch: a product that is not sold in the shop's own currency is changed in its first one.
        own = self.currency or (currency if currency in codes or not codes else codes[0])
        everywhere: tuple[str | None, ...] = (own, self.market or "", self.group, self.location or "")
        if self.price is not None:
            everywhere = (own, *(name or "" for name in place))
            if not any(_fits(offer, everywhere) for offer in offers):
                names = ("currency", "market", "group", "location")
                offers.append({name: value for name, value in zip(names, everywhere, strict=True) if value})
        named = [offer for offer in offers if _fits(offer, (self.currency, *place))]
        priced = [offer for offer in offers if _fits(offer, everywhere)]
        dated = named if self.price is None else priced
        price = KEEP if self.price is None else self.price
        fits = False
        for name, value, fitting in (
            ("price", price, priced),
            ("list_price", self.list_price, priced),
            ("stock", self.stock, named),
            ("starts", self.starts, dated),
            ("ends", self.ends, dated),
        ):
            if value is not KEEP:
                fits = fits or bool(fitting)
                for offer in fitting:
                    _set(offer, name, value)
        return [_in_order(offer) for offer in offers] if fits else None


def _fits(offer: Mapping[str, Any], wanted: Iterable[str | None]) -> bool:
    """Whether an offer is in a currency, market, group and location; None: any."""
    there = (offer["currency"], offer.get("market", ""), offer.get("group", ""), offer.get("location", ""))
    return all(name in (None, own) for name, own in zip(wanted, there, strict=True))


def _set(offer: dict[str, Any], name: str, value: object) -> None:
    """Writes one field as `offer_to_dict` does."""
    offer.pop(name, None)
    if isinstance(value, datetime):
        offer[name] = value.isoformat()
    elif value is not None:
        offer[name] = str(value) if isinstance(value, Decimal) else value


_ORDER = tuple(Offer.__dataclass_fields__)


def _in_order(offer: Mapping[str, Any]) -> dict[str, Any]:
    """As `offer_to_dict` writes it: the same offer is always the same text."""
    return {name: offer[name] for name in _ORDER if name in offer}


@dataclass
class OffersReport:
    """What an update of offers did."""

    changed: int = 0  # products
    unchanged: int = 0
    unknown: int = 0  # updates of products, variants or offers that there are not
    bad: int = 0
    problems: list[str] = field(default_factory=list)  # the first 20, a sentence each

    def note(self, sentence: str) -> None:
        """One more problem."""
        if len(self.problems) < SHOWN:
            self.problems.append(sentence)


def update_offers(store: Store, updates: Iterable[OfferUpdate | Mapping[str, Any]]) -> OffersReport:
    """Changes offers, durably, in batches of 2,000 that are each written whole; see `OfferUpdate`.

    What is wrong or unknown is in the report, and does not keep the rest out.
    """
    if isinstance(updates, (str, bytes, Mapping, OfferUpdate)) or not isinstance(updates, Iterable):
        raise RequestError(
            f"update_offers: wanted a list of updates, got {type(updates).__name__}; write [OfferUpdate(…)]"
        )
    report = OffersReport()
    for part in rows.chunks(_checked(updates, report), AT_ONCE):
        _write(store, part, report)
    return report


def _checked(updates: Iterable[OfferUpdate | Mapping[str, Any]], report: OffersReport) -> Iterable[OfferUpdate]:
    for place, given in enumerate(updates, 1):
        try:
            yield OfferUpdate.of(given)
        except FieldError as error:
            report.bad += 1
            report.note(f"update {place}: {error}")


def _write(store: Store, part: list[OfferUpdate], report: OffersReport) -> None:
    by_product: dict[str, list[OfferUpdate]] = {}
    for each in part:
        by_product.setdefault(each.product_id, []).append(each)
    with store.database.write() as connection:
        format_ = settings.check_format(settings.read(connection), store.database.name)
        held = rows.held(connection, list(by_product))
        whole = [key for key, own in by_product.items() if key in held and any(u.variant_id is None for u in own)]
        several = rows.variant_ids(connection, whole)
        moved = []
        for key, own in by_product.items():
            if key not in held:
                report.unknown += len(own)
                report.note(f"{key!r}: there is no such product")
                continue
            try:
                after = _applied(store, connection, key, held[key][1], own, several, report)
            except rows.DAMAGED as error:
                report.bad += len(own)
                report.note(f"{key!r}: what is stored of it is damaged ({error}); `shelfwise check` says what to do")
                continue
            if after == held[key][1]:
                report.unchanged += 1
            else:
                report.changed += 1
                moved.append({"product_id": key, "document": after})
        if not moved:
            return
        change = next_change(connection)
        rows.upsert(connection, schema.offers, [{**row, "change": change} for row in moved])
        if format_ < 2:
            # There a product's hash covers its offers, and who follows looks at the products alone.
            rows.touch(connection, [row["product_id"] for row in moved], change)


def _applied(
    store: Store,
    connection: Any,
    key: str,
    document: str,
    updates: list[OfferUpdate],
    variants: Mapping[str, list[str]],
    report: OffersReport,
) -> str:
    offers: dict[str, Any] = json.loads(document)
    order = variants.get(key)
    for update in updates:
        names = order if update.variant_id is None else [update.variant_id]
        if update.variant_id is not None and update.variant_id not in offers:
            order = order or rows.variant_ids(connection, [key])[key]
            names = [name for name in order if name == update.variant_id]
        fits = False
        for name in names or ():
            after = update.applied(offers.get(name, ()), store.context.currency or "")
            if after is not None:
                fits = True
                offers[name] = after
                if not after:
                    del offers[name]
        if not fits:
            report.unknown += 1
            report.note(
                f"{key!r}: it has no such variant"
                if not names
                else f"{key!r}: it has no such offer; name a price to make one"
            )
    if order is None and len(offers) > 1:
        order = rows.variant_ids(connection, [key])[key]
    return rows.to_json({name: offers[name] for name in order or offers if name in offers})
