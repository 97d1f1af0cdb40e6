"""A model that reads a query and a product's text together; the only file that imports it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..device import torch_device
from ..errors import EncoderError, MissingExtra

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

FOLDER = "reader"  # inside an encoder's own folder: they are published, kept and gone back to together
MOST_TOKENS = 96


class Reader:
    """Says how well texts answer a query; may be called from several threads."""

    def __init__(self, model: CrossEncoder) -> None:
        self._model = model

    @classmethod
    def beside(cls, encoder: str) -> Reader | None:
        """The one that lies in the folder of an encoder; None where there is none. Raises `EncoderError`."""
        folder = Path(encoder) / FOLDER
        if not folder.is_dir():
            return None
        try:
            from sentence_transformers import CrossEncoder
        except ImportError:
            raise MissingExtra(
                "a reader needs sentence-transformers, which is not installed; pip install 'shelfwise[cpu]'"
            ) from None
        if not list(folder.glob("*.safetensors")):
            raise EncoderError(f"reader {folder}: wanted weights as .safetensors, found none; train again")
        try:
            return cls(
                CrossEncoder(
                    str(folder),
                    device=torch_device(),
                    max_length=MOST_TOKENS,
                    trust_remote_code=False,
                    model_kwargs={"use_safetensors": True},
                )
            )
        except Exception as error:  # the library raises whatever its parts do
            raise EncoderError(f"reader {folder}: it cannot be loaded ({error}); train again") from error

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """How likely each text answers the query, 0 to 1; shape (n_texts,)."""
        if not texts:
            return np.zeros(0, np.float32)
        # Long ones last: a batch is as wide as its longest text.
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        found = np.asarray(
            self._model.predict([(query, texts[at]) for at in order], batch_size=32, show_progress_bar=False),
            np.float32,
        )
        made = np.empty(len(texts), np.float32)
        made[order] = found
        return made
