"""What rules hide, as filters that hold whatever is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...index import Context, Filters, RequestError, View
from ..request import Request
from ..understanding import understand
from .book import PREVIEWED, Situation, Window, rules_now
from .masks import hiding
from .rule import Rule

if TYPE_CHECKING:
    from ...index import Store

_ALWAYS = "hides"  # among what a window keeps


def hide_filters(store: Store, request: Request) -> Filters:
    """The filters of the hides that hold for a request; see `masks.hiding`.

    Raises `RequestError` where a rule that hides cannot be read: then nobody knows what may be shown.
    """
    view, context = PREVIEWED.get() or store.view, request.context.filled(store.context)
    window = rules_now(view)
    if window.unread_hides:
        raise RequestError(f"rule {window.unread_hides[0]!r}: it hides, and cannot be read; delete it, or upgrade")
    always = window.kept.get(_ALWAYS)
    if not isinstance(always, tuple):
        always = window.kept[_ALWAYS] = hiding(view, window.hides_always, context)
    others = hiding(view, _applying(window, view, request, context), context)
    return (*always, *others) if others else always


def hide_rules(view: View, request: Request, context: Context) -> list[Rule]:
    """The hides that hold for a request; for one with a query also those for what it was read as."""
    window = rules_now(view)
    return [*window.hides_always, *_applying(window, view, request, context)]


def _applying(window: Window, view: View, request: Request, context: Context) -> list[Rule]:
    corrected = None
    if window.hides_by_query and request.query:
        corrected = understand(request.query, context.locale or "", view, request.correct).corrected
    return [rule for rule in window.applying(Situation.of(request, context, corrected)) if rule.kind == "hide"]
