"""Product feeds: Shopify, WooCommerce, Google Merchant, JSON Lines, Parquet and plain CSV, read row by row."""

from .feed import BadRow, Feed, FeedRow
from .prices import parse_price
from .reader import read_feed

__all__ = ["BadRow", "Feed", "FeedRow", "parse_price", "read_feed"]
