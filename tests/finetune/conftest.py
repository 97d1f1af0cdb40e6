"""A model that trains in seconds and a catalogue that it can learn, made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from shelfwise.plugin import Shop

from .tiny import make_tiny_model, write_catalogue


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of two layers."""
    for needed in ("torch", "accelerate", "datasets"):
        pytest.importorskip(needed)
    return make_tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Files with products and with judgements."""
    return write_catalogue(tmp_path_factory.mktemp("catalogue"))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """An empty shop whose encoder needs no model."""
    with Shop.open(tmp_path / "shop", encoder="hashing", maintain=False) as made:
        yield made
