"""The way of every request: prepared, proposed by sources, fused, staged, ordered, and cut to a page."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..index import Context, Filters, Matching, Rows, Vectors, View, WordMatches
from .agreement import Agreement
from .arranging import Arrangement, Because
from .candidates import Candidates, Part
from .hook_calls import Budget, HookCalls
from .hooks import OWN
from .request import Request
from .understanding import Understood

if TYPE_CHECKING:
    from .rules.rule import Rule

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
    given: Request | None = None  # as it was asked, before plugins rewrote it
    mandatory: Filters = ()  # filters that hold whatever is asked
    history: tuple[str, ...] = ()  # ids that this shopper looked at or bought, the latest last
    budget: Budget = field(default_factory=lambda: Budget(None))  # what is left for hooks
    rules: tuple[Rule, ...] = ()  # of merchandising, that hold for this request
    rules_until: float = float("inf")  # Unix seconds, when the next rule starts or ends
    boosted: Mapping[int, list[Because]] = field(default_factory=dict)  # rows, and the rules that changed their scores
    arrangements: tuple[Arrangement, ...] = ()  # of what is ordered by relevance, one after another
    redirect: str | None = None
    banners: tuple[str, ...] = ()
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

    def __init__(
        self, sources: Sequence[Source], stages: Sequence[Stage] = (), owners: Mapping[int, str] | None = None
    ) -> None:
        """`owners`: by `id` of a source or stage, the plugin that brought it; others are our own."""
        self.sources = sorted(sources, key=lambda source: source.name)
        self.stages = sorted(stages, key=lambda stage: (stage.phase, stage.order, stage.name))
        self._owners = owners or {}

    def run(self, batch: Sequence[Asked], calls: HookCalls | None = None) -> list[Found]:
        """The match set of each request. With `calls` what fails is left out, and `degraded` says so."""
        proposals = [self._propose(source, batch, calls) for source in self.sources]
        return [self._stage(asked, [each[at] for each in proposals], calls)[-1][1] for at, asked in enumerate(batch)]

    def trace(
        self, asked: Asked, calls: HookCalls | None = None
    ) -> tuple[dict[str, Proposal | None], list[tuple[str, Found]]]:
        """What each source proposed, and the candidates after fusing and after each stage, by name."""
        proposals = {source.name: self._propose(source, [asked], calls)[0] for source in self.sources}
        return proposals, self._stage(asked, list(proposals.values()), calls)

    def _propose(self, source: Source, batch: Sequence[Asked], calls: HookCalls | None) -> list[Proposal | None]:
        if calls is None or not batch:
            return source.propose(batch)
        plugin, n_rows = self._owner(source), batch[0].view.n_rows

        def proposed() -> list[Proposal | None]:
            found = source.propose(batch)
            return list(found) if plugin.startswith(OWN) else _checked(found, batch, n_rows)

        answer = calls.guard(plugin, f"source {source.name}", batch[0].budget, proposed)
        if answer.failure is None:
            return list(answer.value)
        for each in batch:
            each.degraded.append(source.name)
        return [None] * len(batch)

    def _stage(
        self, asked: Asked, proposals: Sequence[Proposal | None], calls: HookCalls | None
    ) -> list[tuple[str, Found]]:
        fused = self._fuse(asked, proposals, calls)
        steps = [("fusion", fused)]
        for stage in self.stages:
            before = steps[-1][1].candidates
            if asked.nearest is not None and _is_required(stage):  # what it hides is not offered instead either
                asked.nearest = _allowed(asked, self._staged(stage, asked, asked.nearest, calls))
            after = _allowed(asked, self._staged(stage, asked, before, calls))
            steps.append((stage.name, Found(after, fused.cut)))
        return steps

    def _staged(self, stage: Stage, asked: Asked, before: Candidates, calls: HookCalls | None) -> Candidates:
        if calls is None:
            return stage(asked, before)
        plugin, required = self._owner(stage), _is_required(stage)

        def staged() -> Candidates:
            after = stage(asked, before)
            return after if plugin.startswith(OWN) else _checked_candidates(after, asked.view.n_rows)

        answer = calls.guard(plugin, f"stage {stage.name}", asked.budget, staged, required=required)
        if answer.failure is None:
            made: Candidates = answer.value
            return made
        asked.degraded.append(stage.name)
        # What a stage that hides would have judged is not shown.
        return before.keep(np.zeros(len(before.rows), bool)) if required else before

    def _owner(self, part: Source | Stage) -> str:
        return self._owners.get(id(part), OWN)

    def _fuse(self, asked: Asked, proposals: Sequence[Proposal | None], calls: HookCalls | None) -> Found:
        """The union of the proposals; every source scores every row, so the sum does not depend on who proposed it."""
        given = [each for each in proposals if each is not None]
        if not given:
            rows = np.flatnonzero(asked.matching.mask)
            return Found(Candidates(rows, {}), cut=False)
        rows = np.unique(np.concatenate([each for proposal in given for each in (proposal.rows, proposal.also)]))
        candidates = _allowed(asked, Candidates(rows.astype(np.int64), {}))
        for source, proposal in zip(self.sources, proposals, strict=True):
            if proposal is not None:
                part = self._complete(asked, source, proposal, candidates.rows, calls)
                weight = asked.used_weights[source.name] = asked.weights.get(source.name, source.weight)
                candidates = candidates.with_part(source.name, weight * part)
        return Found(candidates, cut=any(proposal.cut for proposal in given))

    def _complete(self, asked: Asked, source: Source, proposal: Proposal, rows: Rows, calls: HookCalls | None) -> Part:
        """The source's scores of all rows: its own where it proposed them, asked for where not."""
        part = np.full(len(rows), np.nan, np.float32)
        at = np.minimum(np.searchsorted(rows, proposal.rows), max(len(rows) - 1, 0))
        if len(rows):
            own = rows[at] == proposal.rows
            part[at[own]] = proposal.scores[own]
        missing = np.flatnonzero(np.isnan(part))
        if len(missing):
            part[missing] = self.scored(asked, source, rows[missing], calls)
        return part

    def scored(self, asked: Asked, source: Source, rows: Rows, calls: HookCalls | None) -> Part:
        """What a source gives these rows; 0 where it fails."""
        if calls is None:
            return source.score(asked, rows)
        # Counted apart from proposing: that the one goes well does not mend the other.
        answer = calls.guard(
            self._owner(source),
            f"scores of source {source.name}",
            asked.budget,
            lambda: _numbers(source.score(asked, rows), len(rows), "scores"),
        )
        if answer.failure is None:
            made: Part = answer.value
            return made
        asked.degraded.append(source.name)
        return np.zeros(len(rows), np.float32)


def _is_required(stage: Stage) -> bool:
    """Whether nothing is shown that it could not judge."""
    return bool(getattr(stage, "required", False))


def _checked(proposals: object, batch: Sequence[Asked], n_rows: int) -> list[Proposal | None]:
    """What a plugin's source proposed, cut to the best; raises `TypeError` or `ValueError` for what is no proposal."""
    if not isinstance(proposals, Sequence) or len(proposals) != len(batch):
        got = len(proposals) if isinstance(proposals, Sequence) else type(proposals).__name__
        raise TypeError(f"wanted a list with a proposal for each of {len(batch)} requests, got {got}")
    made: list[Proposal | None] = []
    for each in proposals:
        if each is None:
            made.append(None)
            continue
        if not isinstance(each, Proposal):
            raise TypeError(f"wanted proposals, got {type(each).__name__}")
        rows, also = _row_numbers(each.rows, n_rows), _row_numbers(each.also, n_rows)
        scores = _numbers(each.scores, len(rows), "scores")
        cut = bool(each.cut) or len(rows) > PER_SOURCE
        made.append(Proposal(rows[:PER_SOURCE], scores[:PER_SOURCE], also, cut))
    return made


def _checked_candidates(found: object, n_rows: int) -> Candidates:
    if not isinstance(found, Candidates):
        raise TypeError(f"wanted candidates, got {type(found).__name__}")
    rows = _row_numbers(found.rows, n_rows)
    parts = {str(name): _numbers(part, len(rows), f"the part {name!r}") for name, part in found.parts.items()}
    return Candidates(rows, parts)


def _row_numbers(given: object, n_rows: int) -> Rows:
    rows = np.asarray(given)
    if rows.ndim != 1 or (len(rows) and rows.dtype.kind not in "iu"):
        raise TypeError(f"wanted row numbers, got an array of {rows.dtype} with {rows.ndim} dimensions")
    made: Rows = rows.astype(np.int64)
    if len(made) and (made.min() < 0 or made.max() >= n_rows or len(np.unique(made)) < len(made)):
        raise ValueError(f"wanted different rows from 0 to {n_rows - 1}, got others")
    return made


def _numbers(given: object, count: int, what: str) -> Part:
    made = np.asarray(given, np.float32)
    if made.shape != (count,) or not np.isfinite(made).all():
        raise ValueError(f"wanted {count} finite numbers as {what}, got something else")
    return made


def _allowed(asked: Asked, candidates: Candidates) -> Candidates:
    """Without what the filters forbid, whoever let it in."""
    mask = asked.matching.mask[candidates.rows]
    return candidates if mask.all() else candidates.keep(mask)
