"""Our own stages: what a product must agree with, what is not wanted, where relevance ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cutoff import CutoffStage
from ..hooks import hookimpl
from ..negation import NegationStage
from .agreement import AgreementStage
from .diversity import DiversityStage
from .reading import ReadingStage

if TYPE_CHECKING:
    from ..pipeline import Stage
    from ..shop import Shop


@hookimpl
def register_stages(shop: Shop) -> list[Stage]:
    """In the order in which they run."""
    return [
        AgreementStage(shop.weights.agreement),
        ReadingStage(shop),
        NegationStage(),
        CutoffStage(),
        DiversityStage(),
    ]
