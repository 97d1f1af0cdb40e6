"""Merchandising: synonyms, pins, boosts, buries, hides, redirects and banners, as a plugin like any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..hooks import hookimpl
from .hiding import hide_filters
from .stages import PinStage, RulesStage

if TYPE_CHECKING:
    from ...index import Filters
    from ..pipeline import Stage
    from ..request import Request
    from ..shop import Shop


@hookimpl
def register_stages(shop: Shop) -> Sequence[Stage]:
    """In the order in which they run."""
    return [RulesStage(), PinStage()]


@hookimpl
def mandatory_filters(shop: Shop, request: Request) -> Filters | None:
    """What the rules that hold for this request hide."""
    return hide_filters(shop.store, request) or None
