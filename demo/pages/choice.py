"""What a visitor has chosen on the page, and how each of the page's events changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from .wording import LANGUAGES, wording

PAGE = 24  # cards that are shown at first, and added by "show more"
MOST_SHOWN = 960
SORTS = ("relevance", "price", "-price", "newest")

Price = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True)
class Choice:
    """All inputs of the page."""

    query: str = ""
    language: str = "en"
    category: str = ""  # the code of a path; blank: all departments
    picked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # brand or attribute -> codes, any of them
    price: Price = (None, None)  # in the language's currency, both ends included
    in_stock: bool = False
    sort: str = "relevance"
    shown: int = PAGE
    remark: str = ""  # a sentence about an input that was left out

    @property
    def filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.category or self.picked or self.in_stock or self.price != (None, None))


def asked(choice: Choice, query: str | None) -> Choice:
    """Another query, under the same filters."""
    return replace(choice, query=query or "", shown=PAGE, remark="")


def spoken(choice: Choice, language: str) -> Choice:
    """Another language. The price range goes, because its currency does; codes of filters are the same in both."""
    if language not in LANGUAGES:
        return choice
    return replace(choice, language=language, price=(None, None), shown=PAGE, remark="")


def sorted_by(choice: Choice, sort: str) -> Choice:
    """Another order."""
    return replace(choice, sort=sort if sort in SORTS else "relevance", shown=PAGE)


def more(choice: Choice) -> Choice:
    """A page more of the same."""
    return replace(choice, shown=min(choice.shown + PAGE, MOST_SHOWN))


def without_filters(choice: Choice) -> Choice:
    """The same query without any filter."""
    return replace(choice, category="", picked={}, price=(None, None), in_stock=False, shown=PAGE, remark="")


def filtered(choice: Choice, event: Mapping[str, Any]) -> Choice:
    """A filter set or taken away. An event that makes no sense changes nothing.

    `event` is what the filter panel sends: `{"field": …}` with `code` and `on`, or `low` and `high` for the price.
    """
    name, code = str(event.get("field") or "")[:200], str(event.get("code") or "")[:500]
    changed = replace(choice, shown=PAGE, remark="")
    if name == "clear":
        return without_filters(choice)
    if name == "category":
        return replace(changed, category=code)
    if name == "in_stock":
        return replace(changed, in_stock=bool(event.get("on")))
    if name == "price":
        return _priced(changed, str(event.get("low") or ""), str(event.get("high") or ""))
    if name and code:
        return replace(changed, picked=_toggled(choice.picked, name, code, on=bool(event.get("on"))))
    return choice


def _toggled(picked: Mapping[str, tuple[str, ...]], name: str, code: str, *, on: bool) -> Mapping[str, tuple[str, ...]]:
    others = tuple(each for each in picked.get(name, ()) if each != code)
    codes = (*others, code) if on else others
    rest = {key: value for key, value in picked.items() if key != name}
    return {**rest, name: codes} if codes else rest


def _priced(choice: Choice, low: str, high: str) -> Choice:
    """A range from what was typed; ends the wrong way round are meant the right way round."""
    ends: list[Decimal | None] = []
    remark = ""
    for typed in (low, high):
        amount = price_from(typed)
        if amount is None and typed.strip():
            remark = wording(choice.language).not_a_price.format(value=typed.strip()[:40])
        ends.append(amount)
    first, second = ends
    if first is not None and second is not None and first > second:
        first, second = second, first
    return replace(choice, price=(first, second), remark=remark)


def price_from(typed: str) -> Decimal | None:
    """An amount as people type it (`15`, `$ 15.50`, `1,299`, `15,5`); None when it is none."""
    bare = "".join(char for char in typed if char not in "$¥￥€£ \u00a0")
    head, comma, tail = bare.rpartition(",")
    if comma and "." not in bare and len(tail) != 3:
        bare = f"{head}.{tail}"
    bare = bare.replace(",", "")
    if not bare.isascii() or not bare.replace(".", "", 1).isdigit():
        return None
    try:
        return min(round(Decimal(bare), 2), Decimal(10) ** 9)
    except InvalidOperation:
        return Decimal(10) ** 9  # more digits than a Decimal rounds: above every price
