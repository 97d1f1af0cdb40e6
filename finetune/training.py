"""Training itself: sentence-transformers' trainer with our loss, from the last checkpoint where there is one."""

from __future__ import annotations

import json
import logging
import math
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.evaluation import BaseEvaluator
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_utils import set_seed
from transformers.utils import logging as bars

from ..index import load_encoder, package_folder, torch_device
from .errors import TrainingError
from .examples import TrainingData
from .losses import RankingLoss
from .training_options import TrainingOptions

logger = logging.getLogger("shelfwise.train")

HELD_OUT = "eval_held_out"  # what the trainer calls the figure that decides which checkpoint is kept


@dataclass
class Learned:
    """What training gave."""

    curve: list[dict[str, float]] = field(default_factory=list)  # step, loss, learning rate, texts a second, held out
    steps: int = 0
    rows: int = 0
    best: float = math.nan  # of the held-out figure
    seconds: float = 0.0
    batch_size: int = 0  # in the end: it is halved where memory ends

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)


Score = Callable[[SentenceTransformer], float]
Says = Callable[[str], None]


def train(
    model: SentenceTransformer, data: TrainingData, folder: Path, options: TrainingOptions, score: Score, says: Says
) -> Learned:
    """Trains `model` where it is, and leaves in it the weights that scored best.

    `score` is asked for the figure on held-out queries. Checkpoints lie in `folder`; of a run that was killed the last
    whole one is gone on with, if it was of the same data and options. A batch that does not fit into the memory of the
    device is halved, which `says` is told. Raises `TrainingError` where the loss is not a number.
    """
    batch = options.batch_size
    while True:
        try:
            return _train(model, data, folder, options, batch, score, says)
        except torch.OutOfMemoryError:
            if batch < 16:
                raise TrainingError(
                    f"train: the device's memory does not hold a batch of {batch}; train on the processor "
                    "(CUDA_VISIBLE_DEVICES=) or take a smaller model"
                ) from None
            batch //= 2
            torch.cuda.empty_cache()
            says(f"The device's memory was too small, so the batch is halved to {batch}.")


def _train(
    model: SentenceTransformer,
    data: TrainingData,
    folder: Path,
    options: TrainingOptions,
    batch: int,
    score: Score,
    says: Says,
) -> Learned:
    set_seed(options.seed)
    model.max_seq_length = min(model.max_seq_length or options.max_tokens, options.max_tokens)
    rows = Dataset.from_dict(data.columns())
    world = int(torch.distributed.get_world_size()) if torch.distributed.is_initialized() else _processes()
    per_process = max(1, batch // world)
    steps = max(1, math.ceil(math.ceil(len(rows) / (per_process * world)) * options.epochs))
    each = max(1, steps // options.evaluations)
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=options.epochs,
        per_device_train_batch_size=per_process,
        learning_rate=options.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(options.warm_up * steps),
        weight_decay=options.weight_decay,
        eval_strategy="steps",
        eval_steps=each,
        save_strategy="steps",
        save_steps=each,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model=HELD_OUT,
        greater_is_better=True,
        logging_steps=max(1, min(10, steps // 10)),
        logging_nan_inf_filter=False,
        use_cpu=torch_device() == "cpu",
        bf16=is_quick_in_bf16(),
        fp16=torch.cuda.is_available() and not torch.cuda.is_bf16_supported(),
        seed=options.seed,
        data_seed=options.seed,
        dataloader_drop_last=world > 1,
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        report_to=[],
        ddp_find_unused_parameters=True if world > 1 else None,
    )
    learned = Learned(batch_size=per_process * world, rows=len(rows))
    watch = _Watch(learned, steps, says, len(data.examples[0].products) + 1)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=rows,
        loss=RankingLoss(model, data.answer_numbers(), options.scale, options.dimensions, options.mini_batch),
        evaluator=_HeldOut(score),
        callbacks=[watch, EarlyStoppingCallback(options.patience)],
    )
    trainer.remove_callback(PrinterCallback)
    started = time.monotonic()
    with no_bars():
        trainer.train(resume_from_checkpoint=last_checkpoint(folder))
    learned.seconds = time.monotonic() - started
    learned.steps = trainer.state.global_step
    learned.best = float(trainer.state.best_metric if trainer.state.best_metric is not None else math.nan)
    return learned


@contextmanager
def no_bars() -> Iterator[None]:
    """Reading and writing weights takes a second; we say ourselves what takes longer."""
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()  # type: ignore[no-untyped-call]


def load_model(reference: str) -> SentenceTransformer:
    """The model to begin with: a folder, an installed package or a hub name, with the checks of every encoder."""
    load_encoder(reference)  # raises `EncoderError` for pickles, and for what is no model
    with no_bars():
        return SentenceTransformer(
            str(_folder(reference) or reference),
            device=torch_device(),
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )


def weight_of(reference: str) -> int:
    """The size of a model's weights, in bytes; 0 where it lies elsewhere."""
    folder = _folder(reference)
    return sum(each.stat().st_size for each in folder.rglob("*.safetensors")) if folder else 0


def _folder(reference: str) -> Path | None:
    return Path(reference) if Path(reference).is_dir() else package_folder(reference)


def save_model(model: SentenceTransformer, folder: Path, languages: Iterable[str] | None = None) -> None:
    """Writes the model as safetensors; the folder is whole or not there. `languages`: that it can read, if known."""
    half = folder.with_name(f"{folder.name}-half")
    shutil.rmtree(half, ignore_errors=True)
    with no_bars():
        model.save(str(half), create_model_card=False)
    if languages is not None:  # an encoder that knows English alone must stay silent for Chinese, wherever it lies
        card = "".join(f"- {each}\n" for each in sorted(languages))
        (half / "README.md").write_text(f"---\nlanguage:\n{card}---\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    half.rename(folder)


def last_checkpoint(folder: Path) -> str | None:
    """The newest whole checkpoint; what a killed process left half written is deleted."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda each: int(each.name.partition("-")[2]), reverse=True)
    for path in found:
        if (path / "trainer_state.json").is_file():  # is written last
            try:
                json.loads((path / "trainer_state.json").read_text())
                return str(path)
            except ValueError:
                pass
        shutil.rmtree(path)
    return None


def is_quick_in_bf16() -> bool:
    """Whether the device multiplies numbers of 16 bits by itself; weights are 32 bits all the same.

    A processor that has to pretend is slower so; one that can takes 2.6 times the rows a second.
    """
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def _processes() -> int:
    from accelerate import PartialState

    return int(PartialState().num_processes)


class _HeldOut(BaseEvaluator):
    """What the trainer asks for the figure on held-out queries."""

    def __init__(self, score: Score) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.primary_metric = "held_out"
        self._score = score

    def __call__(self, model: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        return {"held_out": self._score(model)}


def says_how_it_goes(steps: int, batch_size: int, says: Says) -> TrainerCallback:
    """For another trainer: a line now and then with loss and time left."""
    return _Watch(Learned(batch_size=batch_size), steps, says, 1)


class _Watch(TrainerCallback):
    """Says how it goes, keeps the curve, and ends what cannot end well."""

    def __init__(self, learned: Learned, steps: int, says: Says, texts: int) -> None:
        self._learned, self._steps, self._says, self._texts = learned, steps, says, texts
        self._started, self._first = time.monotonic(), 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._started, self._first = time.monotonic(), state.global_step
        if state.global_step:
            self._says(f"Going on from step {state.global_step} of {self._steps}.")
            self._learned.curve = [_point(each) for each in state.log_history]

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        logs = logs or {}
        if "loss" in logs and not math.isfinite(logs["loss"]):
            raise TrainingError(
                f"train: the loss is {logs['loss']} at step {state.global_step}; lower --learning-rate "
                f"({args.learning_rate:g}), or look for empty texts"
            )
        if not {"loss", HELD_OUT} & set(logs) or not state.is_world_process_zero:
            return
        done, took = state.global_step - self._first, time.monotonic() - self._started
        rate = done * self._learned.batch_size * self._texts / max(took, 1e-9)
        point = _point({**logs, "step": state.global_step}) | {"texts_per_second": rate}
        self._learned.curve.append(point)
        if "loss" in logs:
            left = (self._steps - state.global_step) * took / max(done, 1)
            self._says(
                f"step {state.global_step:,} of {self._steps:,}: loss {logs['loss']:.3f}, rate "
                f"{logs.get('learning_rate', 0):.1e}, {rate:,.0f} texts a second, about {_minutes(left)} left"
            )
        else:
            self._says(f"step {state.global_step:,}: {logs[HELD_OUT]:.4f} on held-out queries")


def _point(logs: Mapping[str, Any]) -> dict[str, float]:
    names = {"step": "step", "loss": "loss", "learning_rate": "learning_rate", HELD_OUT: "held_out"}
    return {ours: float(logs[name]) for name, ours in names.items() if name in logs}


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
