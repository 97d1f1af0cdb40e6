"""What rules would do to a request, before anybody else sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..request import Request
from ..results import Results
from .book import PREVIEWED
from .keeping import with_rules
from .rule import Rule

if TYPE_CHECKING:
    from ...index import View
    from ..answering import Answering


class Preview(NamedTuple):
    """One request, answered twice."""

    before: Results
    after: Results


def preview_rules(answering: Answering, view: View, rules: Sequence[Rule], request: Request) -> Preview:
    """A request answered without these rules and with them; nothing is saved."""
    made = []
    for each in (view, with_rules(view, rules)):
        token = PREVIEWED.set(each)
        try:
            made += answering.answer_many([request], previewed=each)
        finally:
            PREVIEWED.reset(token)
    return Preview(*made)
