"""Judgements that can be trusted: each query and product once, of products that exist, by people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass

from ..judgement import Judgement
from .errors import SignalError
from .queries import is_machine_text, normalized, tidy

FAR = 0.5  # two gains of one query and product that lie further apart contradict each other
ENOUGH = 3  # from so many on their mean is an opinion, however far apart they lie

DUPLICATE = "said the same of the same query and product again"
MERGED = "were merged into the mean of what was said of the same query and product"
OVERRULED = "were less trusted than another one of the same query and product"
CONTRADICTORY = f"contradicted each other by more than {FAR:g} with no third to decide, so neither counts"
UNKNOWN = "were of products that the catalogue does not have"
MACHINE = "were of queries that no shopper typed (addresses, code, keys, overlong texts)"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What is left, each query and product once; `dropped` counts by reason, `report` says so in sentences."""

    judgements: list[Judgement]
    dropped: dict[str, int]
    report: list[str]


def clean(judgements: Iterable[Judgement], known: Container[str] | None = None) -> Cleaned:
    """Cleaned judgements, in the order of their first appearance.

    Queries that differ in case, spaces or Unicode forms are one, spelled as most of its judgements spell it. Of several
    judgements of one query and product the most trusted ones (by weight) count, and of these the mean; two that
    contradict each other are dropped. `known`: the ids of the catalogue. Raises `SignalError` where nothing is left.
    """
    given = list(judgements)
    dropped: Counter[str] = Counter()
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    groups: dict[tuple[str, str], list[Judgement]] = defaultdict(list)
    strangers: list[str] = []
    machine: dict[str, bool] = {}
    for each in given:
        key = normalized(each.query)
        if key not in machine:
            machine[key] = is_machine_text(each.query)
        if machine[key]:
            dropped[MACHINE] += 1
        elif known is not None and each.product_id not in known:
            dropped[UNKNOWN] += 1
            strangers.append(each.product_id)
        else:
            spellings[key][tidy(each.query)] += 1
            groups[key, each.product_id].append(each)
    if given and dropped[UNKNOWN] == len(given):
        raise SignalError(
            f"judgements: wanted products of this catalogue, got {len(given):,} judgements and none of their products"
            f" is known (the first is {strangers[0]!r}); check that both name products by the same ids"
        )
    spelled = {key: min(counts, key=lambda text: (-counts[text], text)) for key, counts in spellings.items()}
    kept = [
        Judgement(spelled[key], product, one.gain, one.weight)
        for (key, product), group in groups.items()
        if (one := _one(group, dropped)) is not None
    ]
    if not kept:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items()) or "there were none"
        raise SignalError(f"judgements: wanted some that can be trusted, and none is left: {reasons}")
    return Cleaned(kept, dict(dropped), _report(given, kept, dropped))


def _one(group: list[Judgement], dropped: Counter[str]) -> Judgement | None:
    if len(group) == 1:
        return group[0]
    trust = max(each.weight for each in group)
    trusted = [each for each in group if each.weight == trust]
    if overruled := len(group) - len(trusted):
        dropped[OVERRULED] += overruled
    gains = [each.gain for each in trusted]
    distinct = set(gains)
    if len(distinct) == 1:
        if len(trusted) > 1:
            dropped[DUPLICATE] += len(trusted) - 1
        return trusted[0]
    if max(gains) - min(gains) > FAR and len(trusted) < ENOUGH:
        dropped[CONTRADICTORY] += len(trusted)
        return None
    dropped[MERGED] += len(trusted) - 1
    return Judgement(trusted[0].query, trusted[0].product_id, sum(gains) / len(gains), trust)


def _report(given: list[Judgement], kept: list[Judgement], dropped: Counter[str]) -> list[str]:
    queries = len({each.query for each in kept})
    report = [f"{len(kept):,} of {len(given):,} judgements are kept, of {queries:,} queries."]
    return report + [f"{count:,} {reason}." for reason, count in dropped.items()]
