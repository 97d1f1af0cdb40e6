"""How many rows a second training takes, beside the trainer it is built on, on the same batches.

python benchmarks/training.py --products P.parquet --judgements J.parquet --json OUT

Blocks of each take turns, and what counts is the median of the ratios of neighbouring blocks. `bare` is
sentence-transformers' trainer with its own loss; `ours` is what `python finetune/train.py` runs, in the same precision;
`bfloat16` is ours where the processor multiplies such numbers by itself.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from judged import BenchmarkError, Titles, read_judgements
from machine import facts, in_a_line
from shelfwise.index import ShelfwiseError

BLOCKS = 5
STEPS = 4  # of a block, after one that is not counted
BATCH = 128


def data_of(products: Path, judgements: Path) -> Any:
    """Rows with one other product each, for all blocks the same."""
    from shelfwise.finetune.examples import make_examples
    from shelfwise.finetune.judgement import Judgement

    texts = {row.fields["id"]: row.fields["title"] for row in Titles(products) if hasattr(row, "fields")}
    judged = [
        Judgement(query, product, (relevance - 1) / 2)
        for query, gains in read_judgements(judgements, 30, 99).items()
        for product, relevance in gains.items()
    ]
    return make_examples(judged, {}, texts, most=BATCH * (STEPS + 1))


def block(data: Any, ours: bool, bfloat16: bool, folder: Path) -> float:
    """Rows a second of one block, from the second step on."""
    import time

    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from shelfwise.finetune.losses import RankingLoss
    from shelfwise.finetune.training import load_model, no_bars
    from shelfwise.index.encoder import PACKAGED
    from transformers import PrinterCallback, TrainerCallback

    class Watch(TrainerCallback):
        started = 0.0
        took = 0.0

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 1:
                self.started = time.perf_counter()
            self.took = time.perf_counter() - self.started

    with no_bars():
        model = load_model(PACKAGED)
        columns = data.columns()
        if not ours:
            columns.pop("label")
        watch = Watch()
        trainer = SentenceTransformerTrainer(
            model=model,
            args=SentenceTransformerTrainingArguments(
                output_dir=str(folder),
                max_steps=STEPS + 1,
                per_device_train_batch_size=BATCH,
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                use_cpu=True,
                bf16=bfloat16,
                dataloader_pin_memory=False,
            ),
            train_dataset=Dataset.from_dict(columns),
            loss=RankingLoss(model, data.answer_numbers()) if ours else MultipleNegativesRankingLoss(model),
            callbacks=[watch],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return STEPS * BATCH / watch.took


def measure(data: Any, folder: Path) -> dict[str, Any]:
    """Each kind in turn, BLOCKS times."""
    import torch

    kinds: dict[str, Callable[[], float]] = {
        "bare": lambda: block(data, False, False, folder),
        "ours": lambda: block(data, True, False, folder),
    }
    if getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)():
        kinds["bfloat16"] = lambda: block(data, True, True, folder)
    rows: dict[str, list[float]] = {name: [] for name in kinds}
    for at in range(BLOCKS):
        for name, run in kinds.items():
            rows[name].append(run())
        print(f"block {at + 1}: " + ", ".join(f"{name} {each[-1]:.1f}" for name, each in rows.items()), file=sys.stderr)
    ratios = {name: [a / b for a, b in zip(each, rows["bare"], strict=True)] for name, each in rows.items()}
    return {
        name: {
            "rows_per_second": statistics.median(each),
            "ratio": statistics.median(ratios[name]),
            "lowest": min(ratios[name]),
            "highest": max(ratios[name]),
        }
        for name, each in rows.items()
    }


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--products", type=Path, required=True)
    parser.add_argument("--judgements", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    known = facts()
    try:
        with tempfile.TemporaryDirectory(prefix="shelfwise-") as folder:
            found = measure(data_of(options.products, options.judgements), Path(folder))
    except (BenchmarkError, ShelfwiseError, OSError) as error:
        sys.exit(f"training benchmark: {error}")
    result = {"kinds": found, "batch": BATCH, "steps": STEPS, "blocks": BLOCKS, **known}
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for name, each in found.items():
        print(
            f"{name:10} {each['rows_per_second']:6.1f} rows a second, {each['ratio']:.2f} times the bare trainer "
            f"({each['lowest']:.2f} to {each['highest']:.2f})"
        )
    print(in_a_line(result))


if __name__ == "__main__":
    main()
