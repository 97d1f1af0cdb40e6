"""Where and for whom a request is answered: it chooses the text that is searched and the price that counts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import FieldError, RequestError
from .money import currency_of

LONGEST_LOCALE = 35  # characters, as the store keeps them
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Context:
    """The shopper's place in the shop. What is None is the shop's own setting.

    `locale` is a BCP 47 tag ("en", "zh-CN"); `market`, `groups` and `location` are the shop's own codes; an offer
    without market, group or location holds for all.
    """

    locale: str | None = None
    market: str | None = None
    currency: str | None = None
    groups: tuple[str, ...] = ()
    location: str | None = None

    def __post_init__(self) -> None:
        if self.locale is not None:
            check_locale(self.locale)
        if self.currency is not None:
            try:
                object.__setattr__(self, "currency", currency_of(self.currency))
            except FieldError as error:
                raise RequestError(f"context {error}; name one that the shop's offers use") from None
        for name in ("market", "location"):
            code = getattr(self, name)
            if code is not None and not isinstance(code, str):
                raise RequestError(f"context.{name}: wanted the shop's code as a text, or None, got {code!r:.80}")
        if isinstance(self.groups, str):
            raise RequestError(
                f"context.groups: wanted a tuple of group codes, got the text {self.groups!r}; write ({self.groups!r},)"
            )
        groups = tuple(self.groups) if isinstance(self.groups, Iterable) else (self.groups,)
        if not all(isinstance(code, str) for code in groups):
            raise RequestError(f"context.groups: wanted a tuple of group codes, got {self.groups!r:.80}")
        object.__setattr__(self, "groups", tuple(sorted(groups)))

    def filled(self, other: Context) -> Context:
        """This context with what it leaves open taken from `other` (the shop's settings)."""
        return Context(
            locale=self.locale or other.locale,
            market=self.market if self.market is not None else other.market,
            currency=self.currency or other.currency,
            groups=self.groups or other.groups,
            location=self.location if self.location is not None else other.location,
        )


def check_locale(locale: str) -> str:
    """The locale itself if it looks like a BCP 47 tag; else `RequestError`."""
    if not isinstance(locale, str) or not LOCALE.fullmatch(locale) or len(locale) > LONGEST_LOCALE:
        raise RequestError(f"locale: wanted a language tag such as 'en' or 'zh-CN', got {locale!r}")
    return locale


def best_locale(wanted: str | None, available: Iterable[str]) -> str | None:
    """The available locale nearest to `wanted`: itself, else its language's, else the first there is.

    >>> best_locale("zh-TW", ["en", "zh"]), best_locale("fr", ["en", "zh"]), best_locale("zh", ["en", "zh-CN"])
    ('zh', 'en', 'zh-CN')
    """
    locales = list(available)
    if wanted in locales:
        return wanted
    language = (wanted or "").split("-")[0]
    same = [locale for locale in locales if locale.split("-")[0] == language]
    return next(iter(same or locales), None)
