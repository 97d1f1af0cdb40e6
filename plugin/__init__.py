"""What a shop talks to.

The names are imported when they are first used: `shelfwise --help` answers in 0.1 s and not in one.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..index import (
        Context,
        ImportOptions,
        ImportReport,
        MissingExtra,
        Offer,
        OfferUpdate,
        PluginError,
        Product,
        Progress,
        RequestError,
        ShelfwiseError,
        UnknownProduct,
        Variant,
    )
    from .events import Event
    from .feeds import read_feed
    from .fusion import FusionWeights
    from .hook_calls import NO_LIMITS, HookLimits
    from .hooks import hookimpl
    from .landing import LandingPage
    from .request import Request
    from .results import Hit, Results
    from .rules.rule import Rule
    from .shop import Shop

__all__ = [
    "NO_LIMITS",
    "Context",
    "Event",
    "FusionWeights",
    "Hit",
    "HookLimits",
    "ImportOptions",
    "ImportReport",
    "LandingPage",
    "MissingExtra",
    "Offer",
    "OfferUpdate",
    "PluginError",
    "Product",
    "Progress",
    "Request",
    "RequestError",
    "Results",
    "Rule",
    "ShelfwiseError",
    "Shop",
    "UnknownProduct",
    "Variant",
    "hookimpl",
    "read_feed",
]

_OURS = {
    "Event": ".events",
    "FusionWeights": ".fusion",
    "HookLimits": ".hook_calls",
    "NO_LIMITS": ".hook_calls",
    "Hit": ".results",
    "LandingPage": ".landing",
    "Request": ".request",
    "Results": ".results",
    "Rule": ".rules.rule",
    "Shop": ".shop",
    "hookimpl": ".hooks",
    "read_feed": ".feeds",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_OURS.get(name, "..index"), __name__), name)
    globals()[name] = value
    return value
