"""The way of every request: prepared, proposed by sources, fused, staged, ordered, and cut to a page."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

import numpy as np

from ..index import Context, Matching, Rows, Vectors, View, WordMatches
from .agreement import Agreement
from .candidates import Candidates, Part
from .request import Request
from .understanding import Understood

PER_SOURCE = 1_000  # the best of each source that belong to the match set


@dataclass
class Asked:
    """A request with all that the sources need to know of it; lives as long as the answer takes."""

    request: Request
    context: Context  # nothing left open
    view: View
    matching: Matching
    weights: Mapping[str, float] = field(default_factory=dict)  # of sources, where they differ from the sources' own
    words: tuple[str, ...] = ()  # distinct terms; of the query, or of the product that is looked at
    understood: Understood = field(default_factory=Understood)  # the query
    word_matches: WordMatches | None = None  # what the words source found, for the rows of other sources
    agreement: Agreement = field(default_factory=Agreement)  # with the numbers, measures and brands that were typed
    vector: Vectors | None = None  # shape (dimension,); None: nothing to go by, or unreadable for the encoder
    timings: dict[str, float] = field(default_factory=dict)  # milliseconds
    used_weights: dict[str, float] = field(default_factory=dict)  # what each source's scores were multiplied by
    confident: bool | None = None  # whether anything fits; None: nobody can tell
    relevance: Mapping[int, float] = field(default_factory=dict)  # of rows: the probability that they fit
    nearest: Candidates | None = None  # what is offered where nothing fits
    degraded: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def locale(self) -> str:
        """The locale whose text is searched."""
        return self.context.locale or ""

    def took(self, name: str, started: float) -> None:
        """Adds the time since `started` (of `perf_counter`) to a timing."""
        self.timings[name] = self.timings.get(name, 0.0) + (perf_counter() - started) * 1_000


@dataclass(frozen=True)
class Proposal:
    """What one source found for one request."""

    rows: Rows  # best first, at most PER_SOURCE
    scores: Part  # the source's part of each row, before its weight
    also: Rows = field(default_factory=lambda: np.zeros(0, np.int64))  # more rows of the match set, however many
    cut: bool = False  # whether there were more than PER_SOURCE


class Source(Protocol):
    """Proposes candidates. Honours `asked.matching.mask`; what it lets slip is dropped behind it."""

    @property
    def name(self) -> str:
        """Names the part of the score, "words" say."""
        ...

    @property
    def weight(self) -> float:
        """What its scores are multiplied by in the sum."""
        ...

    def propose(self, asked: Sequence[Asked]) -> list[Proposal | None]:
        """For each request what this source finds; None where it has nothing to go by. Batched."""
        ...

    def score(self, asked: Asked, rows: Rows) -> Part:
        """The part of rows that other sources proposed."""
        ...


class Phase(enum.IntEnum):
    """When a stage runs."""

    SCORE = 10
    PERSONALISE = 20
    MERCHANDISE = 30
    DIVERSIFY = 40
    PLACE = 50
    EXPLAIN = 60


class Stage(Protocol):
    """Maps candidates to candidates: scores, moves, removes or explains them."""

    @property
    def name(self) -> str:
        """Breaks ties between stages of the same phase and order."""
        ...

    @property
    def phase(self) -> Phase:
        """When it runs."""
        ...

    @property
    def order(self) -> int:
        """Its place within the phase."""
        ...

    def __call__(self, asked: Asked, candidates: Candidates) -> Candidates:
        """The candidates after this stage. It may not add rows that the mask forbids."""
        ...


@dataclass(frozen=True)
class Found:
    """The match set of a request, with scores."""

    candidates: Candidates
    cut: bool


class Pipeline:
    """Sources and stages, in an order that does not depend on who registered first."""

    def __init__(self, sources: Sequence[Source], stages: Sequence[Stage] = ()) -> None:
        self.sources = sorted(sources, key=lambda source: source.name)
        self.stages = sorted(stages, key=lambda stage: (stage.phase, stage.order, stage.name))

    def run(self, batch: Sequence[Asked]) -> list[Found]:
        """The match set of each request."""
        proposals = [source.propose(batch) for source in self.sources]
        return [self._stage(asked, [each[at] for each in proposals])[-1][1] for at, asked in enumerate(batch)]

    def trace(self, asked: Asked) -> tuple[dict[str, Proposal | None], list[tuple[str, Found]]]:
        """What each source proposed, and the candidates after fusing and after each stage, by name."""
        proposals = {source.name: source.propose([asked])[0] for source in self.sources}
        return proposals, self._stage(asked, list(proposals.values()))

    def _stage(self, asked: Asked, proposals: Sequence[Proposal | None]) -> list[tuple[str, Found]]:
        fused = self._fuse(asked, proposals)
        steps = [("fusion", fused)]
        for stage in self.stages:
            candidates = _allowed(asked, stage(asked, steps[-1][1].candidates))
            steps.append((stage.name, Found(candidates, fused.cut)))
        return steps

    def _fuse(self, asked: Asked, proposals: Sequence[Proposal | None]) -> Found:
        """The union of the proposals; every source scores every row, so the sum does not depend on who proposed it."""
        given = [each for each in proposals if each is not None]
        if not given:
            rows = np.flatnonzero(asked.matching.mask)
            return Found(Candidates(rows, {}), cut=False)
        rows = np.unique(np.concatenate([each for proposal in given for each in (proposal.rows, proposal.also)]))
        candidates = _allowed(asked, Candidates(rows.astype(np.int64), {}))
        for source, proposal in zip(self.sources, proposals, strict=True):
            if proposal is not None:
                part = self._complete(asked, source, proposal, candidates.rows)
                weight = asked.used_weights[source.name] = asked.weights.get(source.name, source.weight)
                candidates = candidates.with_part(source.name, weight * part)
        return Found(candidates, cut=any(proposal.cut for proposal in given))

    @staticmethod
    def _complete(asked: Asked, source: Source, proposal: Proposal, rows: Rows) -> Part:
        """The source's scores of all rows: its own where it proposed them, asked for where not."""
        part = np.full(len(rows), np.nan, np.float32)
        at = np.minimum(np.searchsorted(rows, proposal.rows), max(len(rows) - 1, 0))
        if len(rows):
            own = rows[at] == proposal.rows
            part[at[own]] = proposal.scores[own]
        missing = np.flatnonzero(np.isnan(part))
        if len(missing):
            part[missing] = source.score(asked, rows[missing])
        return part


def _allowed(asked: Asked, candidates: Candidates) -> Candidates:
    """Without what the filters forbid, whoever let it in."""
    mask = asked.matching.mask[candidates.rows]
    return candidates if mask.all() else candidates.keep(mask)
