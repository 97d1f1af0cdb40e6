"""Where candidates come from."""

from .identifiers import IdentifiersSource
from .meaning import MeaningSource
from .words import WordsSource

__all__ = ["IdentifiersSource", "MeaningSource", "WordsSource"]
