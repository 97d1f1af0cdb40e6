"""Rules in the store: written with all that was ever done to them, so that the last of it can be undone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...index import RequestError, View
from ...index.columns.wanted import check_fields
from ...index.store.documents import Documents, change_kinds
from .book import KIND, rules_in
from .rule import Rule

if TYPE_CHECKING:
    from ...index import Store

HISTORY = "rule-history"
Kinds = Mapping[str, Documents]


@dataclass(frozen=True)
class RuleChange:
    """One version of a rule: what was done, by whom and when, and what the rule was then; None: deleted."""

    rule_id: str
    version: int  # from 1
    done: str  # "saved", "deleted" or "undone"
    author: str
    time: datetime
    rule: Rule | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "rule": self.rule_id,
            "version": self.version,
            "done": self.done,
            "author": self.author,
            "time": self.time.isoformat(),
            "is": None if self.rule is None else self.rule.to_dict(),
        }


def all_rules(view: View) -> list[Rule]:
    """All rules, active or not, by id."""
    return rules_in(view.documents.get(KIND, {}))


def rule_history(view: View, rule_id: str | None = None) -> list[RuleChange]:
    """What was done to one rule, or to all, the latest last."""
    return sorted(_history(view.documents, rule_id), key=lambda each: (each.time, each.rule_id, each.version))


def _history(documents: Kinds, rule_id: str | None) -> list[RuleChange]:
    """The versions of one rule, or of all; of one in their order."""
    return [
        _change(document)
        for key, document in documents.get(HISTORY, {}).items()
        if rule_id in (None, key.rpartition("\n")[0])
    ]


def save_rules(store: Store, rules: Iterable[Rule]) -> int:
    """Writes rules, each in place of the one with its id; how many are other than they were. All of them, or none.

    Raises `RequestError`, and `FilterError` for fields that no product has.
    """
    given = {rule.id: rule for rule in _checked(rules)}
    for rule in given.values():
        check_fields(store.view, rule.filters)

    def kept(now: Kinds) -> dict[str, Rule | None]:
        there = now.get(KIND, {})
        return {key: _kept(rule, there.get(key)) for key, rule in given.items()}

    return _write(store, kept, "saved")


def delete_rule(store: Store, rule_id: str, author: str = "") -> int:
    """Deletes a rule; how many there were. Its history stays, so `undo_rule` brings it back."""
    return _write(store, lambda now: {rule_id: None} if rule_id in now.get(KIND, {}) else {}, "deleted", author)


def undo_rule(store: Store, rule_id: str, author: str = "") -> Rule | None:
    """Makes a rule what it was before it was changed last; None: there is none now. To undo again restores the change.

    Raises `RequestError` for a rule that never was.
    """
    made: list[Rule | None] = []

    def before(now: Kinds) -> dict[str, Rule | None]:
        history = _history(now, rule_id)
        if not history:
            raise RequestError(
                f"rule {rule_id!r:.80}: there never was one; `shelfwise rules` lists those that there are"
            )
        made.append(history[-2].rule if len(history) > 1 else None)
        return {rule_id: made[0]}

    _write(store, before, "undone", author)
    return made[0]


def with_rules(view: View, rules: Iterable[Rule]) -> View:
    """A view in which rules are as if they were saved."""
    now = view.documents.get(KIND, {})
    given = {rule.id: _document(_kept(rule, now.get(rule.id))) for rule in _checked(rules)}
    for rule in _checked(rules):
        check_fields(view, rule.filters)
    return replace(view, documents={**view.documents, KIND: {**now, **given}})


def _write(store: Store, change: Callable[[Kinds], Mapping[str, Rule | None]], done: str, author: str = "") -> int:
    """Writes rules and what was done to them, in one step."""
    written: list[str] = []

    def both(now: Kinds) -> dict[str, dict[str, str | None]]:
        rules: dict[str, str | None] = {}
        history: dict[str, str | None] = {}
        latest = _latest(now.get(HISTORY, {}))
        for key, rule in change(now).items():
            document = None if rule is None else _document(rule)
            if document != now.get(KIND, {}).get(key):
                rules[key] = document
                version, by = latest.get(key, 0) + 1, author or (rule.author if rule else "")
                made = RuleChange(key, version, done, by, datetime.now(UTC), rule)
                history[f"{key}\n{version:06}"] = json.dumps(made.to_dict(), ensure_ascii=False)
        written.extend(rules)
        return {KIND: rules, HISTORY: history}

    change_kinds(store, both)
    return len(written)


def _latest(history: Documents) -> dict[str, int]:
    """The latest version of each rule, by id."""
    made: dict[str, int] = {}
    for key in history:
        rule_id, _, version = key.rpartition("\n")
        made[rule_id] = max(made.get(rule_id, 0), int(version))
    return made


def _checked(rules: Iterable[Rule]) -> list[Rule]:
    made = list(rules)
    for each in made:
        if not isinstance(each, Rule):
            raise RequestError(f"rules: wanted Rule objects, got {type(each).__name__}; write Rule(id=…, kind=…)")
    return made


def _kept(rule: Rule, document: str | None) -> Rule:
    """A rule that keeps the moment when it was made first."""
    if rule.created is None and document is not None:
        (before,) = rules_in({"": document}) or (None,)
        if before is not None and before.created is not None:
            return replace(rule, created=before.created)
    return rule.made_at(datetime.now(UTC).replace(microsecond=0))


def _document(rule: Rule) -> str:
    return json.dumps(rule.to_dict(), ensure_ascii=False)


def _change(document: str) -> RuleChange:
    values: Mapping[str, Any] = json.loads(document)
    rule = values["is"]
    return RuleChange(
        values["rule"],
        values["version"],
        values["done"],
        values["author"],
        datetime.fromisoformat(values["time"]),
        None if rule is None else Rule.from_dict(rule),
    )
