"""Rows by their words."""

from .analysis import ANALYSIS_VERSION, fold, tokens
from .postings import FIELD_WEIGHTS, Postings, best_possible, rarity, term_weights
from .quiet import word_weights
from .wanted import Wanted, as_wanted, rows_holding_all, score_rows

__all__ = [
    "ANALYSIS_VERSION",
    "FIELD_WEIGHTS",
    "Postings",
    "Wanted",
    "as_wanted",
    "best_possible",
    "fold",
    "rarity",
    "rows_holding_all",
    "score_rows",
    "term_weights",
    "tokens",
    "word_weights",
]
