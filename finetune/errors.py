"""What goes wrong in training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..index import ShelfwiseError

if TYPE_CHECKING:
    from .gate import Verdict


class TrainingError(ShelfwiseError):
    """Training that cannot begin, or cannot go on; the message is a sentence for the person who started it."""


class Refused(ShelfwiseError):
    """The gate let nothing through; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"Not published: {verdict}")
        self.verdict = verdict
