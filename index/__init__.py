"""What a shop sells, made findable."""

from .columns.facets import Facet, FacetValue, facet, lowest_prices
from .columns.filters import AnyOf, Filter, Filters, InStock, Not, PriceRange, Range, Under, parse_filters
from .columns.matching import Matching, match
from .context import Context, best_locale
from .encoder import Encoder, EncoderSettings, check_vectors, load_encoder
from .errors import (
    EncoderError,
    FeedError,
    FieldError,
    FilterError,
    ImportRefused,
    MissingExtra,
    RequestError,
    ShelfwiseError,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreMissing,
    UnknownProduct,
)
from .feeds import BadRow, Feed, FeedRow, read_feed
from .money import Money, from_units
from .product import Product
from .product_parts import Offer, Text, Value, Variant
from .store.database import LOCK_SECONDS
from .store.forking import watch as watch_forks
from .store.importing import ImportOptions, Progress, import_products
from .store.maintenance import Maintained, maintain, maintain_for_ever
from .store.marked import count_holding, mask_marked, rows_marked, rows_starting
from .store.offer_updates import KEEP, OffersReport, OfferUpdate, update_offers
from .store.publishing import forget_previous, publish, rollback
from .store.report import ImportReport
from .store.settings import StoreSettings
from .store.store import Store
from .store.view import View, WordMatches
from .store.writing import Written
from .threads import bulk_threads, set_threads
from .vectors.index import Mask, Rows, Vectors
from .words import tokens
from .words.identifiers import candidates as identifier_candidates
from .words.marks import ANY_BRAND, brand_term
from .words.measures import Measure, measures_in

__all__ = [
    "ANY_BRAND",
    "KEEP",
    "LOCK_SECONDS",
    "AnyOf",
    "BadRow",
    "Context",
    "Encoder",
    "EncoderError",
    "EncoderSettings",
    "Facet",
    "FacetValue",
    "Feed",
    "FeedError",
    "FeedRow",
    "FieldError",
    "Filter",
    "FilterError",
    "Filters",
    "ImportOptions",
    "ImportRefused",
    "ImportReport",
    "InStock",
    "Maintained",
    "Mask",
    "Matching",
    "Measure",
    "MissingExtra",
    "Money",
    "Not",
    "Offer",
    "OfferUpdate",
    "OffersReport",
    "PriceRange",
    "Product",
    "Progress",
    "Range",
    "RequestError",
    "Rows",
    "ShelfwiseError",
    "Store",
    "StoreBusy",
    "StoreClosed",
    "StoreError",
    "StoreMissing",
    "StoreSettings",
    "Text",
    "Under",
    "UnknownProduct",
    "Value",
    "Variant",
    "Vectors",
    "View",
    "WordMatches",
    "Written",
    "best_locale",
    "brand_term",
    "bulk_threads",
    "check_vectors",
    "count_holding",
    "facet",
    "forget_previous",
    "from_units",
    "identifier_candidates",
    "import_products",
    "load_encoder",
    "lowest_prices",
    "maintain",
    "maintain_for_ever",
    "mask_marked",
    "match",
    "measures_in",
    "parse_filters",
    "publish",
    "read_feed",
    "rollback",
    "rows_marked",
    "rows_starting",
    "set_threads",
    "tokens",
    "update_offers",
    "watch_forks",
]
