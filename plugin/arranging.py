"""Moves: what changes places after products were ordered by their scores, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from ..index import Rows
from .candidates import Part

if TYPE_CHECKING:
    from .pipeline import Asked


@dataclass(frozen=True, slots=True)
class Move:
    """What one rule did to the place of a product; ranks count from 1 through all pages."""

    from_rank: int
    to_rank: int
    rule: str  # its id; "first" for a position that the request names, "diversity" for diversity
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"from": self.from_rank, "to": self.to_rank, "rule": self.rule, "reason": self.reason}


class Because(NamedTuple):
    """Who moves a product, and why."""

    rule: str
    reason: str


@dataclass(frozen=True)
class Arranged:
    """Another order, as positions in the one before, and who moved which row."""

    order: Rows
    why: Mapping[int, Sequence[Because]]


class Arrangement(Protocol):
    """Another order of what is ordered by relevance; nothing is added or lost. A stage puts it on `asked`."""

    def __call__(self, asked: Asked, rows: Rows, scores: Part) -> Arranged:
        """Rows and their scores come in the order that there is."""
        ...


Moves = dict[int, tuple[Move, ...]]  # by row


def add_moves(moves: Moves, before: Rows, after: Rows, why: Mapping[int, Sequence[Because]]) -> None:
    """Notes for the rows in `why` from where to where they went; `before` and `after` hold all rows in order."""
    if not why:
        return
    old = {row: rank for rank, row in enumerate(before.tolist(), 1) if row in why}
    for rank, row in enumerate(after.tolist(), 1):
        if row in why:
            made = (Move(old[row], rank, each.rule, each.reason) for each in why[row])
            moves[row] = (*moves.get(row, ()), *made)


def arranged(asked: Asked, rows: Rows, scores: Part, moves: Moves) -> Rows:
    """The positions of ordered rows after all arrangements."""
    order: Rows = np.arange(len(rows))
    for each in asked.arrangements:
        done = each(asked, rows[order], scores[order])
        after = order[done.order]
        add_moves(moves, rows[order], rows[after], done.why)
        order = after
    return order
