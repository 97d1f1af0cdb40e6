"""What a shop talks to."""

from ..index import Context, Product
from .fusion import FusionWeights
from .request import Request
from .results import Hit, Results
from .shop import Shop

__all__ = ["Context", "FusionWeights", "Hit", "Product", "Request", "Results", "Shop"]
