"""What an answer is: hits, and what can be said of all of them together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, overload

from ..index import Facet, FacetValue, Money, Product, Variant
from .arranging import Move
from .request import Request


@dataclass(frozen=True)
class Hit:
    """One product of the page."""

    product: Product  # speaks the request's locale
    variant: Variant  # of those that pass the filters: what the query names, then what is in stock, then the cheapest
    price: Money | None  # in the request's market and currency; None: the product has no price anywhere
    list_price: Money | None
    in_stock: bool
    score: float  # the sum of `parts`
    parts: Mapping[str, float]
    relevance: float | None = None  # how probably it is what was asked for; None: the store cannot tell
    reason: str | None = None  # a sentence for the shopper
    moves: tuple[Move, ...] = ()  # what rules did to its place, one after another

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "id": self.product.id,
            "title": self.product.title,
            "brand": self.product.brand,
            "category": self.product.category,
            "variant": self.variant.id,
            "price": None
            if self.price is None
            else {"amount": str(self.price.amount), "currency": self.price.currency},
            "in_stock": self.in_stock,
            "score": self.score,
            "parts": dict(self.parts),
            "relevance": self.relevance,
            "reason": self.reason,
            "moves": [move.to_dict() for move in self.moves],
            "url": self.product.url,
            "image": self.product.image,
        }


@dataclass(frozen=True)
class Results(Sequence[Hit]):
    """The page of an answer, best first."""

    request: Request
    request_id: str  # unique; log it with the page, and give it with later events
    hits: tuple[Hit, ...]
    total: int  # products in the match set
    total_is_exact: bool  # False when a source was cut at its limit
    facets: Mapping[str, Facet] = field(default_factory=dict)
    confident: bool | None = None  # whether anything fits; None: the store cannot tell, see `Shop.calibrate`
    nearest: tuple[Hit, ...] = ()  # what is there instead, where nothing fits
    corrected_query: str | None = None  # what was searched where words were read as others
    after: str | None = None  # a token of the next page, see `Request`; None: this is the last, or it is too far down
    change: int = 0  # of the store, when this was answered
    generation: int = 0
    etag: str | None = None  # with `personalise=False`: answers with the same are equal but for `request_id` and times
    redirect: str | None = None  # where a rule sends whoever asked this: a path, or an address with http(s)
    banners: tuple[str, ...] = ()  # texts of rules, to be shown above the page
    valid_until: datetime | None = None  # when an offer or a rule starts or ends; None: as long as nothing is written
    timings: Mapping[str, float] = field(default_factory=dict)  # milliseconds: encode, vector, lexical, rest
    degraded: tuple[str, ...] = ()  # what was left out because it failed
    notes: tuple[str, ...] = ()  # sentences about this answer, for the developer

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        return self.hits[index]

    @property
    def ids(self) -> list[str]:
        """The product ids of the page."""
        return [hit.product.id for hit in self.hits]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what `shelfwise search --json` prints."""
        return {
            "request_id": self.request_id,
            "query": self.request.query,
            "corrected_query": self.corrected_query,
            "total": self.total,
            "total_is_exact": self.total_is_exact,
            "confident": self.confident,
            "after": self.after,
            "change": self.change,
            "etag": self.etag,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "redirect": self.redirect,
            "banners": list(self.banners),
            "nearest": [hit.to_dict() for hit in self.nearest],
            "hits": [hit.to_dict() for hit in self.hits],
            "facets": {name: _values(facet.values) for name, facet in self.facets.items()},
            "facet_details": {name: _details(facet) for name, facet in self.facets.items()},
            "timings": {name: round(value, 3) for name, value in self.timings.items()},
            "degraded": list(self.degraded),
            "notes": list(self.notes),
        }


def _values(values: Sequence[FacetValue]) -> list[dict[str, Any]]:
    return [{"code": value.code, "label": value.label, "count": value.count} for value in values]


def _details(facet: Facet) -> dict[str, Any]:
    """What a facet has beside its values."""
    low, high = (each.isoformat() if isinstance(each, datetime) else each for each in (facet.low, facet.high))
    path, children = _values(facet.path), _values(facet.children)
    return {
        "distinct": facet.distinct,
        "low": low,
        "high": high,
        "unit": facet.unit,
        "path": path,
        "children": children,
    }
