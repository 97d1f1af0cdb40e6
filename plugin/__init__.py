"""What a shop talks to."""

from ..index import (
    Context,
    ImportOptions,
    ImportReport,
    MissingExtra,
    Offer,
    Product,
    Progress,
    RequestError,
    ShelfwiseError,
    UnknownProduct,
    Variant,
    read_feed,
)
from .fusion import FusionWeights
from .hooks import hookimpl
from .request import Request
from .results import Hit, Results
from .shop import Shop

__all__ = [
    "Context",
    "FusionWeights",
    "Hit",
    "ImportOptions",
    "ImportReport",
    "MissingExtra",
    "Offer",
    "Product",
    "Progress",
    "Request",
    "RequestError",
    "Results",
    "ShelfwiseError",
    "Shop",
    "UnknownProduct",
    "Variant",
    "hookimpl",
    "read_feed",
]
