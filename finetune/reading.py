"""Training the model that reads the first products of an answer together with the query."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from datasets import Dataset
from sentence_transformers import CrossEncoder, CrossEncoderTrainer, CrossEncoderTrainingArguments
from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss
from transformers import PrinterCallback
from transformers.trainer_utils import set_seed

from ..index import READER_FOLDER, torch_device
from .judgement import Judgement, by_query
from .training import is_quick_in_bf16, last_checkpoint, no_bars, says_how_it_goes
from .training_options import TrainingOptions

MOST_TOKENS = 96


def train_reader(
    base: Path,
    rows: Mapping[str, Sequence[object]],
    folder: Path,
    options: TrainingOptions,
    says: Callable[[str], None],
) -> None:
    """Begins with the layers of the trained encoder in `base`, and leaves the model in its sub-folder.

    `rows`: see `reader_rows`. Checkpoints lie in `folder`; a run that was killed goes on.
    """
    batch_size, seed = options.batch_size, options.seed
    set_seed(seed)
    with no_bars():
        model = CrossEncoder(str(base), num_labels=1, max_length=MOST_TOKENS, device=torch_device())
        steps = -(-len(rows["label"]) // batch_size)
        trainer = CrossEncoderTrainer(
            model=model,
            args=CrossEncoderTrainingArguments(
                output_dir=str(folder),
                num_train_epochs=1,
                per_device_train_batch_size=batch_size,
                learning_rate=options.learning_rate,
                warmup_steps=steps // 10,
                bf16=is_quick_in_bf16(),
                use_cpu=torch_device() == "cpu",
                save_strategy="steps",
                save_steps=max(1, steps // 4),
                save_total_limit=1,
                logging_steps=max(1, min(20, steps // 10)),
                seed=seed,
                data_seed=seed,
                disable_tqdm=True,
                dataloader_pin_memory=False,
                report_to=[],
            ),
            train_dataset=Dataset.from_dict(dict(rows)),
            loss=BinaryCrossEntropyLoss(model),
            callbacks=[says_how_it_goes(steps, batch_size, says)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train(resume_from_checkpoint=last_checkpoint(folder))
        made = base / f"{READER_FOLDER}-half"
        shutil.rmtree(made, ignore_errors=True)
        model.save_pretrained(str(made))
        shutil.rmtree(base / READER_FOLDER, ignore_errors=True)
        made.rename(base / READER_FOLDER)


def reader_rows(
    judgements: Sequence[Judgement],
    negatives: Mapping[str, Sequence[str]],
    texts: Mapping[str, str],
    most: int,
    seed: int,
) -> dict[str, list[object]]:
    """Columns: query, product, label; each judged pair with its gain, and as many mined ones that gain nothing."""
    chance = np.random.default_rng(seed)
    rows: list[tuple[str, str, float]] = []
    for query, gains in by_query(judgements).items():
        known = {key: gain for key, gain in gains.items() if key in texts}
        mined = [key for key in negatives.get(query, ()) if key in texts and key not in known]
        drawn = chance.permutation(len(mined))[: len(known)]
        rows += [(query, texts[key], gain) for key, gain in known.items()]
        rows += [(query, texts[mined[at]], 0.0) for at in drawn]
    order = chance.permutation(len(rows))[:most]
    return {
        "query": [rows[at][0] for at in order],
        "product": [rows[at][1] for at in order],
        "label": [rows[at][2] for at in order],
    }
