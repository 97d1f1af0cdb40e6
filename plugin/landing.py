"""Landing pages: requests that the shop saved under a slug, by locale."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..index import (
    Filters,
    RequestError,
    View,
    best_locale,
    change_documents,
    check_locale,
    filters_from_text,
    filters_to_text,
    parse_filters,
)
from .request import Request

if TYPE_CHECKING:
    from ..index import Store

_KIND = "page"
_SLUG = re.compile(r"[\w\-./]{1,200}")
_FIELDS = ("slug", "locale", "title", "query", "filters", "sort", "first", "facets")


@dataclass(frozen=True)
class LandingPage:
    """A saved request, checked when it is made; raises `RequestError`.

    `slug` is its address: letters, digits, `-`, `_`, `.` and `/`. `locale` None: the page of every locale that has none
    of its own. The others are as in `Request`; `first` are the ids at the head of the page, placed by hand.
    """

    slug: str
    locale: str | None = None
    title: str = ""
    query: str | None = None
    filters: Filters = ()
    sort: str = "relevance"
    first: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()

    def __init__(
        self,
        slug: str,
        *,
        locale: str | None = None,
        title: str = "",
        query: str | None = None,
        filters: Mapping[str, Any] | Filters | str | None = None,
        sort: str = "relevance",
        first: Iterable[str] = (),
        facets: Iterable[str] = (),
    ) -> None:
        set_ = object.__setattr__
        if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
            raise RequestError(
                f"landing page: wanted a slug of up to 200 letters, digits, '-', '_', '.' and '/', got {slug!r:.80}"
            )
        if not isinstance(title, str) or len(title) > 1_000 or not (title == "" or title.isprintable()):
            raise RequestError(
                f"landing page {slug!r}: wanted a title of up to 1,000 printable characters, got {title!r:.80}"
            )
        parsed = filters_from_text(filters) if isinstance(filters, str) else parse_filters(filters)
        request = Request(query, filters=parsed, sort=sort, first=first, facets=facets)
        set_(self, "slug", slug)
        set_(self, "locale", None if locale is None else check_locale(locale))
        set_(self, "title", title)
        for name in ("query", "filters", "sort", "first", "facets"):
            set_(self, name, getattr(request, name))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, the filters as text; what is left out is as it is by default."""
        values = {name: getattr(self, name) for name in _FIELDS}
        values |= {"filters": filters_to_text(self.filters), "first": list(self.first), "facets": list(self.facets)}
        usual = {"sort": "relevance"}
        return {name: value for name, value in values.items() if value and value != usual.get(name)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LandingPage:
        """What `to_dict` gave; raises `RequestError`."""
        if not isinstance(values, Mapping) or "slug" not in values:
            raise RequestError(f"landing page: wanted an object with a slug, got {values!r:.80}")
        if unknown := [name for name in values if name not in _FIELDS]:
            raise RequestError(
                f"landing page {values['slug']!r:.80}: wanted {', '.join(_FIELDS)}, got {unknown[0]!r:.80} as well"
            )
        return cls(**values)


def save_pages(store: Store, pages: Iterable[LandingPage]) -> int:
    """Writes pages, each in place of the one with its slug and locale; how many. All of them, or none."""
    new: dict[str, str] = {}
    for page in pages:
        if not isinstance(page, LandingPage):
            raise RequestError(f"landing pages: wanted LandingPage objects, got {type(page).__name__}")
        if (key := _key(page.slug, page.locale)) in new:
            where = page.locale or "all locales"
            raise RequestError(f"landing page {page.slug!r}: wanted one for {where}, got two; leave one out")
        new[key] = json.dumps(page.to_dict(), ensure_ascii=False)
    return change_documents(store, _KIND, lambda now: new)


def delete_page(store: Store, slug: str, locale: str | None = None) -> int:
    """Deletes the pages of a slug, or that of one locale; how many there were."""
    if locale is not None:
        check_locale(locale)

    def gone(now: Mapping[str, str]) -> dict[str, None]:
        return {key: None for key in now if key.partition("\n")[0] == slug and locale in (None, _locale(key))}

    return change_documents(store, _KIND, gone)


def all_pages(view: View) -> list[LandingPage]:
    """All pages by slug and locale."""
    return [LandingPage.from_dict(json.loads(each)) for each in view.documents.get(_KIND, {}).values()]


def find_page(view: View, slug: str, locale: str) -> LandingPage:
    """The page of a slug in this locale, else in its language, else that of all locales, else any.

    Raises `RequestError`.
    """
    pages = view.documents.get(_KIND, {})
    own = {_locale(key): key for key in pages if key.partition("\n")[0] == slug}
    if not own:
        raise RequestError(f"landing page {slug!r:.80}: there is none; `shelfwise pages` lists those that there are")
    best = best_locale(locale, [each for each in own if each])
    same = best is not None and best.split("-")[0] == locale.split("-")[0]
    key = own[best] if best is not None and (same or "" not in own) else own[""]
    return LandingPage.from_dict(json.loads(pages[key]))


def _key(slug: str, locale: str | None) -> str:
    return f"{slug}\n{locale or ''}"


def _locale(key: str) -> str:
    return key.partition("\n")[2]
