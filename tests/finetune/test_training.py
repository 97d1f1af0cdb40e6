"""Training itself: it goes on where it was killed, and says what stops it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("datasets")

from sentence_transformers import SentenceTransformer  # noqa: E402
from shelfwise.finetune.errors import TrainingError  # noqa: E402
from shelfwise.finetune.examples import TrainingData, make_examples  # noqa: E402
from shelfwise.finetune.losses import RankingLoss  # noqa: E402
from shelfwise.finetune.signals.reading import read_judgements  # noqa: E402
from shelfwise.finetune.training import last_checkpoint, load_model, save_model, train  # noqa: E402
from shelfwise.finetune.training_options import TrainingOptions  # noqa: E402
from shelfwise.index import load_encoder  # noqa: E402

pytestmark = pytest.mark.torch

OPTIONS = TrainingOptions(epochs=4, batch_size=16, learning_rate=5e-3, evaluations=4, patience=10)


@pytest.fixture(scope="module")
def data(catalogue: tuple[Path, Path]) -> TrainingData:
    products, judgements = catalogue
    lines = products.read_text().splitlines()[1:]
    texts = dict(line.split(",", 1) for line in lines)
    return make_examples(read_judgements(judgements).judgements[:300], {}, texts)


def weights(model: SentenceTransformer) -> torch.Tensor:
    return torch.cat([each.detach().flatten() for each in model.parameters()])


def silent(sentence: str) -> None:
    pass


def growing() -> Callable[[SentenceTransformer], float]:
    """A figure that is better each time, so that the last checkpoint is kept."""
    asked = iter(range(1, 1_000))
    return lambda model: next(asked) / 1_000


class Killed(Exception):
    """Stands for a power cut in the middle of a step."""


def test_a_run_that_was_cut_off_ends_with_the_weights_of_one_that_was_not(
    tiny_model: Path, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_model(str(tiny_model))
    learned = train(whole, data, tmp_path / "whole", OPTIONS, growing(), silent)
    calls = 0
    forward = RankingLoss.forward

    def dies(self: RankingLoss, *given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == learned.steps * 2 // 3:
            raise Killed
        return forward(self, *given)

    cut, better_each_time = load_model(str(tiny_model)), growing()
    with monkeypatch.context() as patched:
        patched.setattr(RankingLoss, "forward", dies)
        with pytest.raises(Killed):
            train(cut, data, tmp_path / "cut", OPTIONS, better_each_time, silent)
    said: list[str] = []
    again = load_model(str(tiny_model))
    train(again, data, tmp_path / "cut", OPTIONS, better_each_time, said.append)
    assert said[0].startswith("Going on from step ")
    assert torch.allclose(weights(whole), weights(again), atol=1e-5)
    assert not torch.allclose(weights(whole), weights(load_model(str(tiny_model))), atol=1e-3)


def test_a_checkpoint_that_is_half_written_is_not_gone_on_from(
    tiny_model: Path, data: TrainingData, tmp_path: Path
) -> None:
    train(load_model(str(tiny_model)), data, tmp_path, OPTIONS, growing(), silent)
    older, newest = sorted(tmp_path.glob("checkpoint-*"), key=lambda each: int(each.name[11:]))
    (newest / "trainer_state.json").unlink()
    assert last_checkpoint(tmp_path) == str(older) and not newest.exists()
    (older / "trainer_state.json").write_text("{")
    assert last_checkpoint(tmp_path) is None and not older.exists()


def test_the_weights_that_scored_best_are_kept(tiny_model: Path, data: TrainingData, tmp_path: Path) -> None:
    seen: list[torch.Tensor] = []

    def best_at_first(model: SentenceTransformer) -> float:
        seen.append(weights(model).clone())
        return 1 / len(seen)

    model = load_model(str(tiny_model))
    learned = train(model, data, tmp_path, OPTIONS, best_at_first, silent)
    assert learned.best == 1.0 and len(seen) >= 3
    assert torch.allclose(weights(model), seen[0], atol=1e-6)


def test_training_ends_when_nothing_is_gained_any_more(tiny_model: Path, data: TrainingData, tmp_path: Path) -> None:
    options = replace(OPTIONS, evaluations=8, patience=2)
    learned = train(load_model(str(tiny_model)), data, tmp_path, options, lambda model: 0.5, silent)
    assert len([each for each in learned.curve if "held_out" in each]) == 3, "the first, and two without a gain"


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence(
    tiny_model: Path, data: TrainingData, tmp_path: Path
) -> None:
    model = load_model(str(tiny_model))
    with torch.no_grad():
        next(iter(model.parameters())).fill_(float("nan"))
    with pytest.raises(TrainingError) as error:
        train(model, data, tmp_path, OPTIONS, growing(), silent)
    assert "the loss is nan at step" in str(error.value) and "lower --learning-rate (0.005)" in str(error.value)


def test_a_batch_that_does_not_fit_is_halved_and_that_is_said(
    tiny_model: Path, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = RankingLoss.forward

    def small_device(self: RankingLoss, features: Any, labels: torch.Tensor) -> Any:
        if len(labels) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, features, labels)

    monkeypatch.setattr(RankingLoss, "forward", small_device)
    said: list[str] = []
    learned = train(load_model(str(tiny_model)), data, tmp_path / "a", OPTIONS, growing(), said.append)
    assert said[0] == "The device's memory was too small, so the batch is halved to 8."
    assert learned.batch_size == 8
    monkeypatch.setattr(RankingLoss, "forward", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError()))
    with pytest.raises(TrainingError) as error:
        train(load_model(str(tiny_model)), data, tmp_path / "b", OPTIONS, growing(), silent)
    assert str(error.value) == (
        "train: the device's memory does not hold a batch of 8; train on the processor (CUDA_VISIBLE_DEVICES=) or "
        "take a smaller model"
    )


def test_a_saved_model_is_whole_and_gives_the_same_vectors(tiny_model: Path, tmp_path: Path) -> None:
    model = load_model(str(tiny_model))
    (tmp_path / "encoder-half").mkdir()
    (tmp_path / "encoder-half" / "left.safetensors").touch()
    save_model(model, tmp_path / "encoder")
    save_model(model, tmp_path / "encoder")
    assert not (tmp_path / "encoder-half").exists() and not list(tmp_path.rglob("left.safetensors"))
    assert not list((tmp_path / "encoder").rglob("*.bin")), "nothing that unpickles"
    again = load_model(str(tmp_path / "encoder"))
    assert (model.encode(["red sofa"]) == again.encode(["red sofa"])).all()
    shutil.rmtree(tmp_path / "encoder")


def test_a_saved_model_remembers_its_languages(tiny_model: Path, tmp_path: Path) -> None:
    model = load_model(str(tiny_model))
    save_model(model, tmp_path / "english", ["en"])
    save_model(model, tmp_path / "unknown")
    english, unknown = (load_encoder(str(tmp_path / name)) for name in ("english", "unknown"))
    assert english.languages == {"en"} and unknown.languages is None
    assert english.knows(["warm lamp", "保温杯"]).tolist() == [True, False]
    assert english.hash == unknown.hash


def test_the_trainer_takes_the_seed(tiny_model: Path, data: TrainingData, tmp_path: Path) -> None:
    def trained(name: str, seed: int) -> torch.Tensor:
        model = load_model(str(tiny_model))
        train(model, data, tmp_path / name, replace(OPTIONS, epochs=1, seed=seed), growing(), silent)
        return weights(model)

    first = trained("a", 0)
    assert torch.equal(first, trained("b", 0)) and not torch.equal(first, trained("c", 1))
