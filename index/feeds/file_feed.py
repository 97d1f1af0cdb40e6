"""What all feed readers share: what they are told, and counting what they leave out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .feed import BadRow, FeedRow


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller says about a feed; blank means the shop's own, or to be detected."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    locale: str = ""
    currency: str = ""
    encoding: str = ""
    partial: bool = False


class FileFeed(ABC):
    """A feed in a file: readable any number of times.

    `unpublished` counts what the last iteration left out because the shop does not show it (drafts, hidden products):
    nothing is wrong with those rows, so they are no `BadRow`.
    """

    format: str = ""

    def __init__(self, path: Path, settings: Settings, encoding: str = "") -> None:
        self.path = path
        self.encoding = encoding
        self.mapping: Mapping[str, str] = {}
        self.complete = True
        self.unpublished = 0
        self._settings = settings

    def __iter__(self) -> Iterator[FeedRow | BadRow]:
        self.complete = True
        self.unpublished = 0
        locale = self._settings.locale
        for row in self._rows():
            if row is None:
                self.unpublished += 1
            elif locale and isinstance(row, FeedRow):
                yield FeedRow(row.row, spoken(row.fields, locale))
            else:
                yield row

    @abstractmethod
    def _rows(self) -> Iterator[FeedRow | BadRow | None]:
        """The rows in the file's order; None for a product that is not published."""

    @abstractmethod
    def size_hint(self) -> int | None:
        """About how many products there are."""


def spoken(fields: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """The same fields with their texts in `locale`, where the feed does not name one."""
    made = dict(fields)
    for name in ("title", "description", "slug"):
        if isinstance(made.get(name), str):
            made[name] = {locale: made[name]}
        elif isinstance(made.get(name), dict) and "" in made[name]:
            made[name] = {(code or locale): text for code, text in made[name].items()}
    if "category" in made:
        each = made["category"] if isinstance(made["category"], list) else [made["category"]]
        made["category"] = [{locale: path} if isinstance(path, str) else path for path in each]
    if isinstance(made.get("attributes"), Mapping):
        made["attributes"] = _labelled(made["attributes"], locale)
    if isinstance(made.get("variants"), list):
        made["variants"] = [_variant(each, locale) for each in made["variants"]]
    return made


def _variant(variant: Any, locale: str) -> Any:
    if isinstance(variant, Mapping) and isinstance(variant.get("options"), Mapping):
        return {**variant, "options": _labelled(variant["options"], locale)}
    return variant


def _labelled(attributes: Mapping[str, Any], locale: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in attributes.items():
        each = value if isinstance(value, list) else [value]
        made[name] = [
            {"code": one, "label": {locale: one}} if isinstance(one, str) and one.strip() else one for one in each
        ]
    return made
