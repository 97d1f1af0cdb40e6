"""What a shopper did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..index import RequestError
from .request import check_id

KINDS = ("search", "view", "click", "add_to_cart", "remove_from_cart", "purchase", "like", "dislike")


@dataclass(frozen=True)
class Event:
    """One thing that a shopper did, checked when it is made; raises `RequestError`.

    `request_id` is that of the answer that the product stood in. `at` is now unless it is said.
    """

    kind: str
    product_id: str | None = None
    query: str | None = None
    user_id: str | None = None
    session: str | None = None
    request_id: str | None = None
    at: datetime | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise RequestError(f"event: wanted a kind out of {', '.join(KINDS)}, got {self.kind!r:.80}")
        for name in ("product_id", "user_id", "session", "request_id"):
            if getattr(self, name) is not None:
                check_id(getattr(self, name), name)
        if (self.query if self.kind == "search" else self.product_id) is None:
            wanted = "a query" if self.kind == "search" else "a product_id"
            raise RequestError(f"event {self.kind!r}: wanted {wanted}, got none")
        if self.query is not None and (not isinstance(self.query, str) or len(self.query) > 1_000):
            raise RequestError(f"event {self.kind!r}: wanted a query of up to 1,000 characters, got {self.query!r:.80}")
        moment: Any = datetime.now(UTC) if self.at is None else self.at
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            raise RequestError(f"event {self.kind!r}: wanted a datetime with a time zone as at, got {self.at!r:.80}")
        object.__setattr__(self, "at", moment)
