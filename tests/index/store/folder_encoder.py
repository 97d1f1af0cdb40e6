"""Encoders that lie in folders, without torch: what a folder holds decides the hash, as it does for real ones."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shelfwise.index import EncoderSettings
from shelfwise.index.encoders import sentence_transformers as real
from shelfwise.index.encoders.hashing import HashingEncoder

FILES = {
    "config.json": "{}",
    "modules.json": "[]",
    "tokenizer.json": '{"model": {}}',
    "vocab.txt": "lamp\n",
    "README.md": "---\nlanguage: en\n---\n",
    "1_Pooling/config.json": '{"pooling_mode_mean_tokens": true}',
}


def make_model(folder: Path, seed: int = 0) -> Path:
    """A folder with the files of a model; another seed is another model."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "model.safetensors").write_bytes(np.random.default_rng(seed).bytes(3_000))
    return folder


class FolderEncoder(HashingEncoder):
    """Hashed words, turned by the folder's hash, so that no two models agree."""

    def __init__(self, folder: Path, settings: EncoderSettings) -> None:
        self.settings = settings
        self.reference = str(folder.resolve())
        self.hash = sha256(f"{real._identity(folder, self.reference)}{settings.max_tokens}".encode()).hexdigest()[:32]
        self.languages = real._languages(folder, self.reference)

    @classmethod
    def load(cls, reference: str, settings: EncoderSettings) -> FolderEncoder:
        """As that of the real one."""
        folder = real._folder(reference)
        assert folder is not None, reference
        return cls(folder, settings)

    def encode_passages(self, texts: Sequence[str]) -> Any:
        return np.roll(super().encode_passages(texts), int(self.hash[:2], 16), axis=1)


def use_folder_encoders(patch: pytest.MonkeyPatch) -> None:
    """From here on a folder is loaded as such an encoder."""
    patch.setattr(real, "SentenceTransformersEncoder", FolderEncoder)
