"""What a shop sells, made findable."""

from .columns.facets import Facet, FacetValue, facet
from .columns.filter_parsing import parse_filters, range_in_text
from .columns.filter_query import filters_from_query, filters_to_query
from .columns.filter_text import filters_from_text, filters_to_text
from .columns.filters import (
    AnyOf,
    DateRange,
    Filter,
    Filters,
    InStock,
    Not,
    PriceRange,
    Range,
    Under,
    field_of,
    unwrapped,
)
from .columns.found import FoundProducts
from .columns.matching import Matching, match
from .columns.shown import Asking, shown_variants
from .columns.sorting import OWN_SORTS, check_sort, sort_keys
from .context import Context, best_locale, check_locale
from .device import torch_device
from .encoder import Encoder, EncoderSettings, check_vectors, load_encoder, package_folder
from .encoders.cross_encoder import FOLDER as READER_FOLDER
from .encoders.cross_encoder import Reader
from .errors import (
    EncoderError,
    FeedError,
    FieldError,
    FilterError,
    ImportRefused,
    MissingExtra,
    PluginError,
    RequestError,
    ShelfwiseError,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreMissing,
    UnknownProduct,
)
from .feeds import BadRow, Feed, FeedRow, read_feed
from .money import Money, from_units, price_of
from .product import Product
from .product_parts import Offer, Text, Value, Variant, path_code
from .store.about import ProductFacts, product_facts
from .store.checking import check_store
from .store.database import LOCK_SECONDS
from .store.documents import change_documents
from .store.dumping import Dumped, dump_store
from .store.forking import watch as watch_forks
from .store.importing import ImportOptions, Progress, import_products
from .store.imports import last_imports
from .store.locking import file_lock
from .store.maintenance import Maintained, maintain, maintain_for_ever
from .store.marked import count_holding, mask_marked, rows_marked, rows_starting
from .store.offer_updates import KEEP, OffersReport, OfferUpdate, update_offers
from .store.problem import Problem
from .store.publishing import forget_previous, publish, rollback, set_cutoff
from .store.reconciling import ReconcileReport, reconcile
from .store.repairing import repair_store
from .store.report import ImportReport
from .store.restoring import Restored, restore_store
from .store.settings import StoreSettings
from .store.status import Status, store_status
from .store.store import Store
from .store.undoing import UndoReport, undo_import
from .store.upgrading import Upgraded, upgrade_store
from .store.view import View, WeighedWords, WordMatches
from .store.writing import Written
from .text import encoder_text
from .threads import bulk_threads, set_threads
from .vectors.index import Mask, Rows, Vectors
from .words import Wanted, tokens
from .words.dictionary import load_dictionary
from .words.identifiers import candidates as identifier_candidates
from .words.marks import ANY_BRAND, brand_term
from .words.measures import Measure, measures_in

__all__ = [
    "ANY_BRAND",
    "KEEP",
    "LOCK_SECONDS",
    "OWN_SORTS",
    "READER_FOLDER",
    "AnyOf",
    "Asking",
    "BadRow",
    "Context",
    "DateRange",
    "Dumped",
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
    "FoundProducts",
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
    "PluginError",
    "PriceRange",
    "Problem",
    "Product",
    "ProductFacts",
    "Progress",
    "Range",
    "Reader",
    "ReconcileReport",
    "RequestError",
    "Restored",
    "Rows",
    "ShelfwiseError",
    "Status",
    "Store",
    "StoreBusy",
    "StoreClosed",
    "StoreError",
    "StoreMissing",
    "StoreSettings",
    "Text",
    "Under",
    "UndoReport",
    "UnknownProduct",
    "Upgraded",
    "Value",
    "Variant",
    "Vectors",
    "View",
    "Wanted",
    "WeighedWords",
    "WordMatches",
    "Written",
    "best_locale",
    "brand_term",
    "bulk_threads",
    "change_documents",
    "check_locale",
    "check_sort",
    "check_store",
    "check_vectors",
    "count_holding",
    "dump_store",
    "encoder_text",
    "facet",
    "field_of",
    "file_lock",
    "filters_from_query",
    "filters_from_text",
    "filters_to_query",
    "filters_to_text",
    "forget_previous",
    "from_units",
    "identifier_candidates",
    "import_products",
    "last_imports",
    "load_dictionary",
    "load_encoder",
    "maintain",
    "maintain_for_ever",
    "mask_marked",
    "match",
    "measures_in",
    "package_folder",
    "parse_filters",
    "path_code",
    "price_of",
    "product_facts",
    "publish",
    "range_in_text",
    "read_feed",
    "reconcile",
    "repair_store",
    "restore_store",
    "rollback",
    "rows_marked",
    "rows_starting",
    "set_cutoff",
    "set_threads",
    "shown_variants",
    "sort_keys",
    "store_status",
    "tokens",
    "torch_device",
    "undo_import",
    "unwrapped",
    "update_offers",
    "upgrade_store",
    "watch_forks",
]
