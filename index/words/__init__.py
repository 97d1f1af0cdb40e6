"""Rows by their words."""

from .analysis import ANALYSIS_VERSION, fold, tokens
from .postings import FIELD_WEIGHTS, Postings, best_possible, rarity, term_weights
from .quiet import word_weights

__all__ = [
    "ANALYSIS_VERSION",
    "FIELD_WEIGHTS",
    "Postings",
    "best_possible",
    "fold",
    "rarity",
    "term_weights",
    "tokens",
    "word_weights",
]
