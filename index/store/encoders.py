"""The encoders of a store: the one whose vectors answer, and the one before it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, replace

from ..encoder import Encoder, EncoderSettings, load_encoder
from ..errors import EncoderError, ShelfwiseError
from ..threads import apply_threads
from . import kept_models
from .folder import StoreFolder
from .settings import EncoderFacts

RETRY_SECONDS = 60.0  # after a model could not be loaded; a hub that does not answer must not hold up every search

Wanted = EncoderSettings | Encoder


class Encoders:
    """Loads each encoder once for this process. Safe to call from several threads."""

    def __init__(self, store: str, folder: StoreFolder, wanted: Wanted | str | None) -> None:
        self._store, self._folder = store, folder
        self._wanted: Wanted = EncoderSettings(wanted) if isinstance(wanted, str) or wanted is None else wanted
        self._loaded: dict[str, Encoder] = {}
        self._first: Encoder | None = None  # what was asked for, once it is loaded
        self.kept: tuple[EncoderFacts, ...] = ()  # the store's, as far as this process knows
        self._errors: dict[str, tuple[ShelfwiseError, float]] = {}
        # A lock of its own: while a model loads, or a hub does not answer, prices can still be written.
        self._lock = threading.Lock()

    def get(self, known: EncoderFacts | None) -> Encoder:
        """The encoder of these vectors; where a store has none yet, the one that was asked for. Raises `EncoderError`.

        A failure is remembered for a minute, and raised again at once.
        """
        name = known.hash if known else ""
        with self._lock:
            if name in self._loaded:
                return self._loaded[name]
            error, retry = self._errors.get(name, (None, 0.0))
            if error is not None and time.monotonic() < retry:
                raise error
            try:
                encoder = self._load(known)
            except ShelfwiseError as failure:
                self._errors[name] = failure, time.monotonic() + RETRY_SECONDS
                raise
            self._loaded[encoder.hash] = encoder
            apply_threads()
            return encoder

    def load(self, wanted: Wanted) -> Encoder:
        """Loads what this names, which may be a model that the store keeps, and forgets it. Raises `EncoderError`."""
        if isinstance(wanted, EncoderSettings) and wanted.reference and kept_models.kept_hash(wanted.reference):
            wanted = replace(wanted, reference=str(kept_models.place_of(self._folder, wanted.reference, self._store)))
        return load_encoder(wanted)

    def load_known(self, known: EncoderFacts) -> Encoder:
        """Loads the encoder of these facts, if that is still what is there; see `load`."""
        encoder = self.load(EncoderSettings(known.reference, **json.loads(known.settings)))
        if encoder.hash != known.hash:
            raise self.wrong(known, encoder)
        return encoder

    def add(self, encoder: Encoder) -> None:
        """Knows one more that is loaded."""
        with self._lock:
            self._loaded[encoder.hash] = encoder

    def loaded(self, hash_: str) -> Encoder | None:
        """The encoder with this hash, if this process has loaded it."""
        return self._loaded.get(hash_)

    def has(self, hash_: str) -> bool:
        """Whether this one is loaded."""
        return hash_ in self._loaded

    @property
    def any_loaded(self) -> bool:
        """Whether this process loaded any."""
        return bool(self._loaded)

    def _load(self, known: EncoderFacts | None) -> Encoder:
        if known is None:
            return self._wanted_one(None)
        kept = [known, *(each for each in self.kept if each != known)]
        if not any(map(self._names, kept)) and (first := self._wanted_one(known)).hash not in {k.hash for k in kept}:
            raise self.wrong(known, first)
        if self._first is not None and self._first.hash == known.hash:
            return self._first
        if self._names(known) and (first := self._wanted_one(known)).hash == known.hash:
            return first
        return self.load_known(known)

    def _names(self, known: EncoderFacts) -> bool:
        """Whether the settings that were asked for name this one, as far as can be said without loading it."""
        if not isinstance(self._wanted, EncoderSettings):
            return False
        plain, kept = asdict(EncoderSettings()), json.loads(known.settings)
        said = {name: value for name, value in asdict(self._wanted).items() if value != plain[name]}
        named = said.pop("reference", known.reference) == known.reference
        return named and all(kept.get(name) == value for name, value in said.items())

    def _wanted_one(self, known: EncoderFacts | None) -> Encoder:
        if self._first is None:
            chosen = self._wanted
            if isinstance(chosen, EncoderSettings) and chosen.reference is None and known is not None:
                # What is not said now is as it was when the vectors were made.
                kept = EncoderSettings(known.reference, **json.loads(known.settings))
                plain = asdict(EncoderSettings())
                chosen = replace(kept, **{name: v for name, v in asdict(chosen).items() if v != plain[name]})
            self._first = self.load(chosen)
        return self._first

    def wrong(self, known: EncoderFacts, encoder: Encoder) -> EncoderError:
        """The store's vectors are another's."""
        here = kept_models.in_store(self._folder, encoder.reference)
        if kept_models.kept_hash(here) and here == known.reference:
            return EncoderError(
                f"store {self._store}: the model {known.reference} is not what was published (hash {known.hash[:8]}, "
                f"got {encoder.hash[:8]}); {kept_models.remedy(known.reference)}"
            )
        return EncoderError(
            f"store {self._store}: its vectors are from {known.reference} (dimension "
            f"{known.dimension}, hash {known.hash[:8]}), "
            f"got {encoder.reference} (dimension {encoder.dimension}, hash {encoder.hash[:8]}; prompts and "
            "max_tokens count too); open it with the former, publish the latter (`shelfwise publish`), or import into "
            "a new store"
        )

    def facts(self) -> EncoderFacts | None:
        """The one that was asked for, and how to load it again; None while it is not loaded."""
        return None if self._first is None else self.facts_of(self._first, self._wanted)

    def facts_of(self, encoder: Encoder, settings: Wanted) -> EncoderFacts:
        """An encoder, and how to load it again."""
        own = settings if isinstance(settings, EncoderSettings) else getattr(encoder, "settings", None)
        fields = asdict(own) if isinstance(own, EncoderSettings) else {}
        fields.pop("reference", None)
        if fields.get("dimension") is None:
            fields.pop("dimension", None)  # an older version would not know it
        reference = kept_models.in_store(self._folder, encoder.reference)
        return EncoderFacts(reference, encoder.hash, encoder.dimension, json.dumps(fields))

    def after_fork(self) -> None:
        """In a forked child: a lock that another thread held stays with the parent."""
        self._lock = threading.Lock()
