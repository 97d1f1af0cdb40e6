"""Rules in the store: written with all that was ever done to them, so that the last of it can be undone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ...index import RequestError, View
from ...index.columns.wanted import check_fields
from ...index.product_parts import clean
from ...index.store.documents import Documents, Read, change_kinds, documents_of
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


def rule_history(store: Store, rule_id: str | None = None) -> list[RuleChange]:
    """What was done to one rule, or to all, the latest last; read from the database."""
    found = _versions(partial(documents_of, store), rule_id)
    return sorted(map(_change, found.values()), key=lambda each: (each.time, each.rule_id, each.version))


def _versions(read: Read, rule_id: str | None) -> Documents:
    """The versions of one rule, or of all; of one in their order."""
    if rule_id is None:
        return read(HISTORY, "")
    # With others, such as one with a NUL in it, a database cannot be asked.
    return read(HISTORY, f"{rule_id}\n") if clean(rule_id) == rule_id else {}


def save_rules(store: Store, rules: Iterable[Rule]) -> int:
    """Writes rules, each in place of the one with its id; how many are other than they were. All of them, or none.

    Raises `RequestError`, and `FilterError` for fields that no product has.
    """
    given = {rule.id: rule for rule in _checked(rules)}
    for rule in given.values():
        check_fields(store.view, rule.filters)

    def kept(now: Kinds, read: Read) -> dict[str, Rule | None]:
        there = now.get(KIND, {})
        return {key: _kept(rule, there.get(key)) for key, rule in given.items()}

    return _write(store, kept, "saved")


def delete_rule(store: Store, rule_id: str, author: str = "") -> int:
    """Deletes a rule; how many there were. Its history stays, so `undo_rule` brings it back."""
    return _write(store, lambda now, read: {rule_id: None} if rule_id in now.get(KIND, {}) else {}, "deleted", author)


def undo_rule(store: Store, rule_id: str, author: str = "") -> Rule | None:
    """Makes a rule what it was before it was changed last; None: there is none now. To undo again restores the change.

    Raises `RequestError` for a rule that never was.
    """
    made: list[Rule | None] = []

    def before(now: Kinds, read: Read) -> dict[str, Rule | None]:
        history = list(_versions(read, rule_id).values())
        if not history:
            raise RequestError(
                f"rule {rule_id!r:.80}: there never was one; `shelfwise rules` lists those that there are"
            )
        made.append(_change(history[-2]).rule if len(history) > 1 else None)
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


def _write(
    store: Store, change: Callable[[Kinds, Read], Mapping[str, Rule | None]], done: str, author: str = ""
) -> int:
    """Writes rules and what was done to them, in one step."""
    written: list[str] = []

    def both(now: Kinds, read: Read) -> dict[str, dict[str, str | None]]:
        rules: dict[str, str | None] = {}
        history: dict[str, str | None] = {}
        for key, rule in change(now, read).items():
            document = None if rule is None else _document(rule)
            if document != now.get(KIND, {}).get(key):
                rules[key] = document
                version, by = _latest(_versions(read, key)) + 1, author or (rule.author if rule else "")
                made = RuleChange(key, version, done, by, datetime.now(UTC), rule)
                history[f"{key}\n{version:06}"] = json.dumps(made.to_dict(), ensure_ascii=False)
        written.extend(rules)
        return {KIND: rules, HISTORY: history}

    change_kinds(store, both)
    return len(written)


def _latest(versions: Documents) -> int:
    """The number of a rule's latest version; 0 where it never was."""
    return max((int(key.rpartition("\n")[2]) for key in versions), default=0)


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
