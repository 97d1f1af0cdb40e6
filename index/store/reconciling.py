"""Comparing a store with the shop's own products, and repairing what a missed write left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .importing import ImportOptions, Progress, import_products
from .report import ImportReport, bad_to_dict
from .spooling import replayable

if TYPE_CHECKING:
    from ..feeds import BadRow
    from .store import Store


@dataclass
class ReconcileReport:
    """How a store differs from the shop's own products."""

    import_id: int | None = None  # of the repair, by which it can be undone; None: there was none
    missing: int = 0  # the shop has them, the store did not
    differing: int = 0
    surplus: int = 0  # the store had them, the shop does not
    equal: int = 0
    bad: int = 0  # rows that could not be read; the store's products of these ids stay as they are
    repaired: bool = False
    missing_ids: list[str] = field(default_factory=list)  # the first 20
    differing_ids: list[str] = field(default_factory=list)  # likewise
    surplus_ids: list[str] = field(default_factory=list)  # likewise
    bad_rows: list[BadRow] = field(default_factory=list)  # likewise

    @property
    def differences(self) -> int:
        """How many products differ."""
        return self.missing + self.differing + self.surplus

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "bad_rows": [bad_to_dict(row) for row in self.bad_rows]}


def reconcile(
    store: Store,
    products: Iterable[Any],
    dry_run: bool = False,
    allow_shrink: bool = False,
    progress: Progress | None = None,
) -> ReconcileReport:
    """Makes the store hold just these products: missing and differing ones are stored, surplus ones deleted.

    `products`: the shop's own, as an iterable of `Product`, or a feed; one that can be read once is kept in a temporary
    file. They are compared by id and content, texts and offers. `dry_run` compares alone. The report counts what was
    found before the repair. Raises `ImportRefused`, and changes nothing, where more than a tenth would vanish or lose
    price or stock, unless `allow_shrink` says so, and where a feed's end is torn off.
    """
    with replayable(products) as source:
        look = ImportOptions("replace", dry_run=True, allow_shrink=dry_run or allow_shrink)
        report = _report_of(import_products(store, source, look))
        if report.differences and not dry_run:
            made = import_products(store, source, ImportOptions("replace", allow_shrink=allow_shrink), progress)
            report.import_id, report.repaired = made.import_id, True
    return report


def _report_of(looked: ImportReport) -> ReconcileReport:
    return ReconcileReport(
        missing=looked.added,
        differing=looked.changed,
        surplus=looked.deleted,
        equal=looked.unchanged,
        bad=looked.bad,
        missing_ids=looked.first_ids["added"],
        differing_ids=looked.first_ids["changed"],
        surplus_ids=looked.first_ids["deleted"],
        bad_rows=looked.bad_rows,
    )
