"""What can be wrong with what a model is to learn from."""

from __future__ import annotations

from ...index import ShelfwiseError


class SignalError(ShelfwiseError, ValueError):
    """Judgements, events or a catalogue cannot be learned from; the sentence says what was wanted and what came."""
