"""What a shop talks to."""

from ..index import Context, MissingExtra, Offer, Product, ShelfwiseError, Variant
from .fusion import FusionWeights
from .hooks import hookimpl
from .request import Request
from .results import Hit, Results
from .shop import Shop

__all__ = [
    "Context",
    "FusionWeights",
    "Hit",
    "MissingExtra",
    "Offer",
    "Product",
    "Request",
    "Results",
    "ShelfwiseError",
    "Shop",
    "Variant",
    "hookimpl",
]
