"""What a store knows of itself: its format, the shop's own locale, currency and market, and its encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from ..context import Context, check_locale
from ..errors import StoreError
from ..money import currency_of
from . import schema

DEFAULT_LOCALE = "en"
DEFAULT_CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Chosen when a store is made; None takes the store's own, or the default for a new one."""

    locale: str | None = None  # of texts that name none, and of requests that name none
    currency: str | None = None  # likewise of prices
    market: str | None = None  # of requests that name none; blank: only offers that hold everywhere


@dataclass(frozen=True, slots=True)
class EncoderFacts:
    """The encoder whose vectors the store holds."""

    reference: str
    hash: str
    dimension: int
    settings: str = "{}"  # prompts and the like, as JSON: with others, the same model gives other vectors


def check_new(settings: StoreSettings) -> None:
    """Raises `RequestError` or `FieldError` for settings that no store can be made with."""
    check_locale(settings.locale or DEFAULT_LOCALE)
    currency_of(settings.currency or DEFAULT_CURRENCY)


def create(connection: Connection, settings: StoreSettings) -> None:
    """Writes the facts of a new store."""
    facts = {
        "format": str(schema.FORMAT),
        "change": "0",
        "generation": "0",
        "locale": check_locale(settings.locale or DEFAULT_LOCALE),
        "currency": currency_of(settings.currency or DEFAULT_CURRENCY),
        "market": settings.market or "",
    }
    connection.execute(insert(schema.facts), [{"name": name, "value": value} for name, value in facts.items()])


def read(connection: Connection) -> dict[str, str]:
    """All facts by name."""
    rows = connection.execute(select(schema.facts.c.name, schema.facts.c.value))
    return {row.name: row.value for row in rows}


def check(facts: Mapping[str, str], settings: StoreSettings, where: str) -> Context:
    """The shop's own context; raises `StoreError` when format or settings do not fit what was asked for."""
    found = int(facts["format"])
    if found > schema.FORMAT:
        raise StoreError(
            f"store {where}: it has format {found}, this version reads up to {schema.FORMAT}; install a newer shelfwise"
        )
    for name in ("locale", "currency", "market"):
        wanted = getattr(settings, name)
        if wanted is not None and wanted.lower() != facts[name].lower():
            raise StoreError(
                f"store {where}: it was made with {name}={facts[name]!r}, got {wanted!r}; leave {name} out, or "
                "make another store"
            )
    return Context(locale=facts["locale"], currency=facts["currency"], market=facts["market"] or None)


def encoder_facts(facts: Mapping[str, str]) -> EncoderFacts | None:
    """The store's encoder; None before the first text was encoded."""
    if "encoder_hash" not in facts:
        return None
    return EncoderFacts(
        facts["encoder_reference"], facts["encoder_hash"], int(facts["encoder_dimension"]), facts["encoder_settings"]
    )


def set_encoder(connection: Connection, encoder: EncoderFacts) -> None:
    """Writes which encoder made the store's vectors."""
    values = {
        "encoder_reference": encoder.reference,
        "encoder_hash": encoder.hash,
        "encoder_dimension": str(encoder.dimension),
        "encoder_settings": encoder.settings,
    }
    connection.execute(insert(schema.facts), [{"name": name, "value": value} for name, value in values.items()])


def set_generation(connection: Connection, number: int) -> None:
    """Tells the other processes that another generation is live."""
    connection.execute(update(schema.facts).where(schema.facts.c.name == "generation").values(value=str(number)))
