"""Where relevance ends: how likely a product is what was asked for, and when nothing is.

Evidence is a log-odds: of the words of the query that a product holds, weighed by how rare they are, and of its cosine.
It does not depend on filters or on the other products found, so a filter can only bring products in. Its coefficients
are constants; where an encoder's cosines lie, and where a shop's own queries end, is read from queries that are known
to be answered (`calibrate`). Without them nobody can tell, and nothing is cut.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .candidates import Candidates, Part
from .pipeline import Asked, Phase

# Fitted on the tuning half of the labelled queries (benchmarks/sets): 1,200 that shops answer and 240 that they do not.
WORDS, COSINE, LENGTH, IDENTIFIED, ALONE = 13.3, 12.4, 3.7, 4.9, -14.7
# The same of words alone, where the encoder does not read the query.
UNREAD_WORDS, UNREAD_LENGTH, UNREAD_IDENTIFIED, UNREAD_ALONE = 17.1, 2.5, 4.3, -9.2
USUAL_COSINE, USUAL_SPREAD = 0.63, 0.09  # of the best product of an answered query, by the encoder it was fitted with
USUAL_LIMIT = -0.7  # two or three in a hundred of the answered queries of all shops lie below
STRONG = 0.58  # a usual cosine that says by itself that a product fits
ENOUGH_TO_COMPARE, COMPARED = 100, 512  # texts
NEAREST = 8  # products that are offered where nothing fits


@dataclass(frozen=True)
class Cutoff:
    """What calibrating found, for the answers of one encoder."""

    limit: float  # evidence below which a product is not what was asked for
    cosine: float  # of the best product, in the middle of the known queries
    spread: float  # as a standard deviation
    queries: int  # that were known

    @classmethod
    def of(cls, fields: Mapping[str, float] | None) -> Cutoff | None:
        """What a store holds."""
        if fields is None:
            return None
        return cls(fields["limit"], fields["cosine"], fields["spread"], int(fields["queries"]))


class CutoffStage:
    """Ends the list where relevance ends, and says whether anything fits."""

    name = "cutoff"
    phase = Phase.SCORE
    order = 90

    def __call__(self, asked: Asked, candidates: Candidates) -> Candidates:
        """See `Stage`."""
        if not asked.request.query or not candidates.parts:
            return candidates
        if _is_nonsense(asked):
            asked.confident = False
            asked.notes.append("No product holds any of the words, and none is near in meaning, so nothing fits.")
            return candidates.keep(np.zeros(len(candidates.rows), bool))
        cutoff = Cutoff.of(asked.view.cutoff)
        if cutoff is None:
            return candidates
        found = without_cosine(asked, candidates)
        if asked.vector is not None:
            found = with_cosine(found, cosines(asked, candidates), cutoff.cosine, cutoff.spread)
        # A number that the product bears was typed: there is nothing to doubt.
        fits = (found >= cutoff.limit) | np.isin(candidates.rows, asked.agreement.identified)
        asked.relevance = dict(zip(candidates.rows.tolist(), _probability(found).tolist(), strict=True))
        asked.confident = bool(fits.any())
        named = np.isin(candidates.rows, asked.word_matches.holding_all) if asked.word_matches else fits & False
        kept = fits | named
        if not kept.any():
            what = "passes the filters" if asked.request.filters or asked.mandatory else "the shop has"
            asked.notes.append(f"Nothing that {what} fits the query well.")
            kept = candidates.parts["words"] > 0 if "words" in candidates.parts else kept
            if not kept.any():
                best = np.argsort(-candidates.scores, kind="stable")[:NEAREST]
                asked.nearest = candidates.keep(np.isin(np.arange(len(candidates.rows)), best))
        elif not asked.confident:
            asked.notes.append("These products hold the words of the query, and hardly fit it.")
        return candidates.keep(kept)


def word_shares(asked: Asked, candidates: Candidates) -> Part:
    """BM25 of each candidate as a share of the best that any product could have."""
    found = asked.word_matches
    if found is None or not found.weighed.possible:
        return np.zeros(len(candidates.rows), np.float32)
    scores = asked.view.word_scores(found, candidates.rows, asked.locale)
    shares: Part = (scores / np.float32(found.weighed.possible)).astype(np.float32)
    return shares


def cosines(asked: Asked, candidates: Candidates) -> Part:
    """The similarity of each candidate to the query."""
    weight = asked.used_weights.get("meaning", 0.0)
    if weight and "meaning" in candidates.parts:
        shown: Part = candidates.parts["meaning"] / np.float32(weight)
        return shown
    if asked.vector is None:
        return np.zeros(len(candidates.rows), np.float32)
    return asked.view.similarities(asked.vector, candidates.rows, asked.locale)


def without_cosine(asked: Asked, candidates: Candidates) -> Part:
    """The evidence of each candidate but for what its cosine says; of a query that was not encoded, all of it."""
    words, length, identified, alone = (
        (WORDS, LENGTH, IDENTIFIED, ALONE)
        if asked.vector is not None
        else (UNREAD_WORDS, UNREAD_LENGTH, UNREAD_IDENTIFIED, UNREAD_ALONE)
    )
    bearing = np.isin(candidates.rows, asked.agreement.identified)
    made = words * word_shares(asked, candidates) + identified * bearing
    found: Part = (made + (alone + length * math.log1p(len(asked.words)))).astype(np.float32)
    return found


def with_cosine(other: Part, cosine: Part, middle: float, spread: float) -> Part:
    """The evidence of candidates. `middle` and `spread`: of the best cosines of known queries, by the same encoder."""
    usual = (cosine - middle) / spread * USUAL_SPREAD + USUAL_COSINE
    # "Earphones" finds headphones that no text calls so: a high cosine is enough.
    found: Part = np.maximum(other + COSINE * usual, USUAL_LIMIT + COSINE * (usual - STRONG)).astype(np.float32)
    return found


def _is_nonsense(asked: Asked) -> bool:
    """Whether no product holds any of the words, and their meaning is no nearer to any than chance would be."""
    view, terms = asked.view, [each for word in asked.understood.words for each in word.terms]
    if not terms or len(asked.agreement.identified) or int(view.occurrences(list(dict.fromkeys(terms)))[1].sum()):
        return False
    if asked.vector is None:
        return True
    if view.n_texts < ENOUGH_TO_COMPARE:
        return False
    everything = np.ones(view.n_rows, bool)
    for live, span in view.parts():
        if live.alive is not None:
            everything[span] = live.alive
    rows = np.flatnonzero(everything)
    sample = rows[:: max(1, len(rows) // COMPARED)]
    usual = view.similarities(asked.vector, sample, asked.locale)
    best = view.nearest(asked.vector[None], 1, everything, asked.locale)[0][1]
    # The best of n by chance lies so far above the mean, in standard deviations.
    by_chance = math.sqrt(2 * math.log(view.n_texts)) + 0.2
    return not len(best) or float(best[0] - usual.mean()) < by_chance * float(usual.std())


def _probability(evidence: Part) -> Part:
    made: Part = (1 / (1 + np.exp(-np.clip(evidence, -30, 30)))).astype(np.float32)
    return made
