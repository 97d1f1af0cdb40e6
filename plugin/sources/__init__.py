"""Where candidates come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..hooks import hookimpl
from .identifiers import IdentifiersSource
from .meaning import MeaningSource
from .words import WordsSource

if TYPE_CHECKING:
    from ..pipeline import Source
    from ..shop import Shop

__all__ = ["IdentifiersSource", "MeaningSource", "WordsSource"]


@hookimpl
def register_sources(shop: Shop) -> list[Source]:
    """Our own: words, meaning, and numbers that were typed."""
    return [WordsSource(shop.weights.words), MeaningSource(shop.weights.meaning), IdentifiersSource()]
