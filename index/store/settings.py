"""What a store knows of itself: its format, the shop's own locale, currency and market, and what is published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from ..context import Context, check_locale
from ..errors import StoreError
from ..money import currency_of
from . import schema
from .database import Database

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


@dataclass(frozen=True, slots=True)
class Published:
    """What a store answers with: the unit that is published, and gone back to, as a whole."""

    encoder: EncoderFacts | None = None  # None before the first text was encoded
    weights: Mapping[str, float] | None = None  # of the sources; None: the defaults
    cutoff: Mapping[str, float] | None = None  # where relevance ends, by this encoder; None: not calibrated

    @property
    def hash(self) -> str:
        """The encoder's; "" without one."""
        return self.encoder.hash if self.encoder else ""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Published:
        """What `to_json` gave."""
        fields = json.loads(text)
        encoder = EncoderFacts(**fields["encoder"]) if fields.get("encoder") else None
        return cls(encoder, fields.get("weights"), fields.get("cutoff"))


def check_new(settings: StoreSettings) -> None:
    """Raises `RequestError` or `FieldError` for settings that no store can be made with."""
    check_locale(settings.locale or DEFAULT_LOCALE)
    currency_of(settings.currency or DEFAULT_CURRENCY)


def create(connection: Connection, settings: StoreSettings) -> None:
    """Writes the facts of a new store."""
    facts = {
        "format": str(schema.FORMAT),
        "store": uuid4().hex,
        "change": "0",
        "removed_vectors": "0",
        "locale": check_locale(settings.locale or DEFAULT_LOCALE),
        "currency": currency_of(settings.currency or DEFAULT_CURRENCY),
        "market": settings.market or "",
    }
    connection.execute(insert(schema.facts), [{"name": name, "value": value} for name, value in facts.items()])


def create_once(database: Database, settings: StoreSettings) -> dict[str, str]:
    """The facts of a store, written if they are not there; of processes that do so at once each gets the same."""
    with database.write() as connection:
        if not (facts := read(connection)):
            create(connection, settings)
            facts = read(connection)
        return facts


def read(connection: Connection) -> dict[str, str]:
    """All facts by name."""
    rows = connection.execute(select(schema.facts.c.name, schema.facts.c.value))
    return {row.name: row.value for row in rows}


def check(facts: Mapping[str, str], settings: StoreSettings, where: str) -> Context:
    """The shop's own context; raises `StoreError` when format or settings do not fit what was asked for."""
    check_format(facts, where)
    try:
        context = Context(locale=facts["locale"], currency=facts["currency"], market=facts["market"] or None)
    except (LookupError, ValueError) as error:
        raise DamagedFacts(where, error) from None
    for name in ("locale", "currency", "market"):
        wanted = getattr(settings, name)
        if wanted is not None and wanted.lower() != facts[name].lower():
            raise StoreError(
                f"store {where}: it was made with {name}={facts[name]!r}, got {wanted!r}; leave {name} out, or "
                "make another store"
            )
    return context


def check_format(facts: Mapping[str, str], where: str) -> int:
    """The store's format; raises `StoreError` for one that this version cannot read, and for damaged facts."""
    try:
        found, _ = int(facts["format"]), int(facts["change"])
        published(facts)
        previous(facts)
        if wrong := [name for name, value in facts.items() if not isinstance(value, str)]:
            raise TypeError(f"{wrong[0]} is no text")
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise DamagedFacts(where, error) from None
    if found > schema.FORMAT:
        raise StoreError(
            f"store {where}: it has format {found}, this version reads up to {schema.FORMAT}; install a newer shelfwise"
        )
    if found not in schema.READS:
        raise StoreError(
            f"store {where}: it has format {found}, this version reads {schema.READS[0]} and {schema.READS[1]}; "
            "upgrade it with an older shelfwise first"
        )
    return found


class DamagedFacts(StoreError):
    """Facts that no store has; `reason` says which and why."""

    def __init__(self, where: str, reason: Exception) -> None:
        super().__init__(f"store {where}: its facts are damaged ({reason}); restore a dump (`shelfwise restore`)")
        self.reason = str(reason)


def check_writable(connection: Connection, where: str) -> None:
    """Raises `StoreError` in a store that was upgraded since it was opened here; one that is being made passes."""
    if facts := read(connection):
        check_format(facts, where)


def published(facts: Mapping[str, str]) -> Published:
    """What the store answers with."""
    weights = json.loads(facts["weights"]) if facts.get("weights") else None
    if "encoder_hash" not in facts:
        return Published(None, weights)
    cutoff = json.loads(facts["cutoff"]) if facts.get("cutoff") else None
    encoder = EncoderFacts(
        facts["encoder_reference"],
        facts["encoder_hash"],
        int(facts["encoder_dimension"]),
        facts.get("encoder_settings", "{}"),
    )
    return Published(encoder, weights, cutoff)


def previous(facts: Mapping[str, str]) -> Published | None:
    """What it answered with before, while there is a way back."""
    return Published.from_json(facts["previous"]) if facts.get("previous") else None


def dimension_of(facts: Mapping[str, str], encoder: str) -> int | None:
    """The dimension of a kept encoder, by its hash; None for one that is not published yet."""
    units = (published(facts), previous(facts))
    return next((unit.encoder.dimension for unit in units if unit and unit.encoder and unit.hash == encoder), None)


def set_published(connection: Connection, new: Published) -> None:
    """Writes what the store answers with."""
    values = {
        "weights": json.dumps(dict(new.weights)) if new.weights else "",
        "cutoff": json.dumps(dict(new.cutoff)) if new.cutoff else "",
    }
    if new.encoder is not None:
        values |= {
            "encoder_reference": new.encoder.reference,
            "encoder_hash": new.encoder.hash,
            "encoder_dimension": str(new.encoder.dimension),
            "encoder_settings": new.encoder.settings,
        }
    for name, value in values.items():
        set_fact(connection, name, value)


def set_previous(connection: Connection, old: Published | None) -> None:
    """Writes what can be gone back to; None ends the way back."""
    set_fact(connection, "previous", old.to_json() if old else "")
    set_fact(connection, "previous_lacks", "")


def note_incomplete(connection: Connection, facts: Mapping[str, str], change: int) -> None:
    """Writes down that since this change texts may have no vector by the encoder that can be gone back to."""
    if not facts.get("previous_lacks"):
        set_fact(connection, "previous_lacks", str(change))


def previous_lacks(facts: Mapping[str, str]) -> int | None:
    """Since which change texts may have no vector by the encoder that can be gone back to; None: all have."""
    return int(facts["previous_lacks"]) if facts.get("previous_lacks") else None


def set_fact(connection: Connection, name: str, value: str) -> None:
    """Writes one fact, new or not."""
    row = schema.facts.c.name == name
    if not connection.execute(update(schema.facts).where(row).values(value=value)).rowcount:
        connection.execute(insert(schema.facts), [{"name": name, "value": value}])
