"""Where candidates come from."""

from .meaning import MeaningSource
from .words import WordsSource

__all__ = ["MeaningSource", "WordsSource"]
