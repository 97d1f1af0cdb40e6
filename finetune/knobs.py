"""What can be set of a training run, with a default and a reason each."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from .errors import TrainingError
from .training_options import TrainingOptions

# A run's result depends on these files by what is in them, not by where they lie.
FILES = ("products", "judgements", "searches", "test")


@dataclass(frozen=True, slots=True)
class Knobs:
    """A run of `python finetune/train.py`. `store`, or `products` and `out`, must be named; the rest may stay."""

    store: str | None = None  # whose catalogue is learned, and where the winner is published
    products: Path | None = None  # a feed, where there is no store
    judgements: Path | None = None  # query, product, grade
    searches: Path | None = None  # query, product, event, position: what was clicked and bought
    test: Path | None = None  # judgements that only measure: their queries, and near ones, are not trained on
    out: Path | None = None  # where everything of the run lies; STORE/training if a store is named
    encoder: str | None = None  # to begin with; the store's own, else the default

    epochs: float = 1.0  # a second one gained nothing on 30,000 pairs; with fewer than 5,000 take 2 or 3
    batch_size: int = 128  # more see more negatives; memory and the number of steps set the limit
    mini_batch: int | None = None  # a large batch in the memory of a small one, a third slower
    learning_rate: float = 1e-4  # for encoders of 20 to 40 million numbers; a tenth of it for large ones
    scale: float = 20.0  # of cosines in the softmax
    rows: int = 40_000  # of training data at most, by chance: about fifteen minutes on two cores
    others: int = 1  # hard negatives a row; each costs half as much again
    graded: bool = True  # whether a worse product keeps its grade, or counts as wrong
    dimensions: tuple[int, ...] = ()  # 384,128: the first 128 numbers serve by themselves
    synthetic: int = 4  # queries made up for each product, where nothing else is known of it
    held_out: float = 0.1  # share of the queries that judge the result and are not trained on
    distil: float = 0.0  # share of the gains that a model says which reads both together, instead of the judges
    reader: bool = False  # also a model that reads the first products with the query: better, and 30 times slower
    patience: int = 2  # looks at held-out queries without a gain until training ends
    seed: int = 0

    metric: str = "nDCG@10"  # that decides
    non_inferior: bool = False  # publish also what is as good: a smaller encoder, say
    publish: bool = True  # in the store, if it wins

    def fingerprint(self) -> str:
        """Changes whenever the run would."""
        fields = {name: value for name, value in asdict(self).items() if name not in {"out", "publish", *FILES}}
        whole = sha256(json.dumps(fields, default=str, sort_keys=True).encode())
        for name in FILES:
            path = getattr(self, name)
            if path is not None:
                with Path(path).open("rb") as file:
                    while block := file.read(1 << 20):
                        whole.update(block)
            whole.update(name.encode())
        return whole.hexdigest()[:16]

    def as_facts(self) -> dict[str, Any]:
        """As they are written down beside the result."""
        return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}

    def training(self) -> TrainingOptions:
        """What the trainer wants to know of them."""
        return TrainingOptions(
            epochs=self.epochs,
            batch_size=self.batch_size,
            mini_batch=self.mini_batch,
            learning_rate=self.learning_rate,
            scale=self.scale,
            dimensions=self.dimensions,
            patience=self.patience,
            seed=self.seed,
        )

    @property
    def folder(self) -> Path:
        """Where everything of the run lies."""
        return self.out or Path(str(self.store)) / "training"

    def checked(self) -> Knobs:
        """The same. Raises `TrainingError` for what is missing, out of range, or does not go together."""
        if (self.store is None) == (self.products is None):
            raise TrainingError(
                "train: wanted either --store or --products, got "
                f"{'both' if self.store else 'neither'}; a store holds the products already"
            )
        if self.products is not None and self.out is None:
            raise TrainingError("train: wanted --out, a folder for the result, got none")
        for name in FILES:
            path = getattr(self, name)
            if path is not None and not path.is_file():
                raise TrainingError(f"train: --{name} {path}: there is no such file")
        for name, low in (("epochs", 0.0), ("learning_rate", 0.0), ("batch_size", 1), ("scale", 0.0)):
            if not getattr(self, name) > low:
                raise TrainingError(
                    f"train: wanted --{name.replace('_', '-')} above {low:g}, got {getattr(self, name)}"
                )
        if not 0 <= self.distil <= 1:
            raise TrainingError(f"train: wanted --distil from 0 to 1, got {self.distil}")
        if not 0 < self.held_out < 1:
            raise TrainingError(f"train: wanted --held-out between 0 and 1, got {self.held_out}")
        return self


def from_command_line(arguments: Sequence[str] | None = None, program: str | None = None) -> Knobs:
    """The knobs that a command line sets; ends the program with a sentence for what is none."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Train the encoder on the shop's own data, and publish it only when it wins.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    for each in fields(Knobs):
        option, kind = f"--{each.name.replace('_', '-')}", str(each.type)
        said = HELP[each.name]
        if kind == "bool":
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=each.default, help=said)
        elif each.name == "dimensions":
            parser.add_argument(option, type=_numbers, default=each.default, metavar="N,N", help=said)
        else:
            made = next(kinds for name, kinds in KINDS.items() if kind.startswith(name))
            parser.add_argument(option, type=made, default=each.default, help=said)
    return Knobs(**vars(parser.parse_args(arguments)))


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(each) for each in text.split(",")}, reverse=True))
    except ValueError:
        raise argparse.ArgumentTypeError(f"wanted whole numbers such as 384,128, got {text!r}") from None


KINDS: dict[str, Callable[[str], object]] = {"str": str, "Path": Path, "int": int, "float": float}
HELP = {
    "store": "a store, or a dump of one: its catalogue is learned, and the winner is published in it",
    "products": "a feed, where there is no store",
    "judgements": "query, product and grade: CSV, JSON Lines, Parquet, TREC qrels, ratings as JSON",
    "searches": "what was shown, clicked, put into the cart and bought after which query",
    "test": "judgements that are not trained on, nor is any query near to theirs",
    "out": "a new folder for everything of the run (else `training` in the store's folder)",
    "encoder": "the model to begin with (else the store's own)",
    "epochs": "how often each row is seen",
    "batch_size": "rows at once, of all processes together: more see more negatives",
    "mini_batch": "rows in memory at once, where a large batch does not fit",
    "learning_rate": "1e-4 is for encoders of 20 to 40 million numbers",
    "scale": "of cosines in the softmax",
    "rows": "of training data at most, by chance",
    "others": "hard negatives a row",
    "graded": "whether a worse product keeps its grade, or counts as wrong",
    "dimensions": "so many numbers of a vector rank by themselves: 384,128",
    "synthetic": "queries made up for each product, where nothing else is known",
    "held_out": "share of the queries that judge, and again of the rest that tune",
    "distil": "share of what is learned from a model that reads query and product together",
    "reader": "train a model too that reads the first 30 products together with the query",
    "patience": "looks at held-out queries without a gain until training ends",
    "seed": "of all chance",
    "metric": "that decides",
    "non_inferior": "publish also what is as good: a smaller encoder, say",
    "publish": "in the store, if it wins",
}
