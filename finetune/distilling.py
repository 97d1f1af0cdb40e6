"""Distillation: a model that reads query and product together teaches the encoder, which must judge them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..index import Reader
from .examples import Example, TrainingData
from .reading import train_reader
from .training import load_model, save_model
from .training_options import TrainingOptions

SAID_EACH = 4_000  # rows


def taught(
    data: TrainingData,
    share: float,
    base: str,
    rows: Mapping[str, Sequence[object]],
    folder: Path,
    options: TrainingOptions,
    says: Callable[[str], None],
) -> TrainingData:
    """The same rows, with gains that are `share` what the teacher thinks and for the rest what was judged.

    The teacher begins with the layers of `base`, is trained on `rows` (see `reader_rows`) and stays in `folder`; one
    that is there already is taken.
    """
    model = folder / "teacher"
    if Reader.beside(str(model)) is None:
        save_model(load_model(base), model)
        train_reader(model, rows, folder / "checkpoints", options, says)
    teacher = Reader.beside(str(model))
    if teacher is None:
        raise RuntimeError(f"{model}: the teacher is gone")
    made: list[Example] = []
    for at, each in enumerate(data.examples):
        thought = teacher.scores(each.query, [data.texts[key] for key in each.products])
        gains = tuple((1 - share) * gain + share * float(own) for gain, own in zip(each.gains, thought, strict=True))
        made.append(replace(each, gains=gains))
        if at and at % SAID_EACH == 0:
            says(f"The teacher has read {at:,} of {len(data.examples):,} rows.")
    return replace(data, examples=made)
