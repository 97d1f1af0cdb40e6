"""How much of the bare encoder's rate is left when texts are imported, stored and indexed too."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from real_texts import products as made_of
from real_texts import titles
from shelfwise.index import Encoder, EncoderSettings, load_encoder
from shelfwise.index.device import torch_device
from shelfwise.index.encoder import HASHING, package_folder
from shelfwise.plugin import Shop

BLOCKS = 5
SETTINGS = EncoderSettings()


def import_rate(reference: str | None, products: int, folder: Path) -> dict[str, object]:
    """Five blocks of `products` distinct titles each; in every block both sides do the same texts, taking turns at
    going first. The bare side is one call of `SentenceTransformer.encode`; ours goes from products to a store that
    can be searched.
    """
    encoder = load_encoder(EncoderSettings(reference=reference))
    bare = _bare(encoder)
    known = titles(products * BLOCKS + 64)
    warm, known = known[:64], known[64:]
    _encode(bare, warm)
    encoder.encode_passages(warm)
    blocks = []
    for number in range(BLOCKS):
        texts = known[number * products : (number + 1) * products]
        place = folder / f"rate{number}"
        if number % 2:
            ours, alone = _import(encoder, texts, place), _encode(bare, texts)
        else:
            alone, ours = _encode(bare, texts), _import(encoder, texts, place)
        blocks.append(
            {
                "bare": products / alone.seconds,
                "import": products / ours.seconds,
                "ratio": alone.seconds / ours.seconds,
                "processor_ratio": alone.processor / ours.processor,
            }
        )
    ratios = [block["ratio"] for block in blocks]
    return {
        "products_a_block": products,
        "bare_a_second": median(block["bare"] for block in blocks),
        "import_a_second": median(block["import"] for block in blocks),
        "ratio": median(ratios),
        "ratio_spread": [min(ratios), max(ratios)],
        "processor_ratio": median(block["processor_ratio"] for block in blocks),
        "blocks": blocks,
    }


def _bare(encoder: Encoder) -> Callable[[Sequence[str]], object]:
    """The model without anything of ours around it; an encoder that has no model stands for itself."""
    if HASHING.fullmatch(encoder.reference):
        return encoder.encode_passages
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(package_folder(encoder.reference) or encoder.reference), device=torch_device())
    model.max_seq_length = min(model.max_seq_length or SETTINGS.max_tokens, SETTINGS.max_tokens)

    def encode(texts: Sequence[str]) -> object:
        return model.encode(
            list(texts), batch_size=SETTINGS.batch_size, normalize_embeddings=True, show_progress_bar=False
        )

    return encode


@dataclass(frozen=True)
class Taken:
    """How long something took, and how long processors worked for it: steadier where others use them too."""

    seconds: float
    processor: float  # seconds of all threads


@contextmanager
def _timed() -> Iterator[Callable[[], Taken]]:
    """Gives a function that says what was taken so far."""
    gc.collect()
    started, worked = time.perf_counter(), time.process_time()
    yield lambda: Taken(time.perf_counter() - started, time.process_time() - worked)


def _encode(encode: Callable[[Sequence[str]], object], texts: Sequence[str]) -> Taken:
    with _timed() as taken:
        encode(texts)
        return taken()


def _import(encoder: Encoder, texts: Sequence[str], folder: Path) -> Taken:
    """From products to a store that can be searched."""
    with Shop.open(folder, encoder=encoder) as shop, _timed() as taken:
        report = shop.upsert(made_of(texts))
        done = taken()
        if report.encoded != len(texts):
            raise ValueError(
                f"import: wanted {len(texts):,} texts encoded, got {report.encoded:,}; they are not distinct"
            )
        return done
