"""A whole run: from a shop's files to a model that serves, or does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
for needed in ("accelerate", "datasets", "matplotlib"):
    pytest.importorskip(needed)

from shelfwise.finetune.bundle import Bundle  # noqa: E402
from shelfwise.finetune.errors import TrainingError  # noqa: E402
from shelfwise.finetune.knobs import Knobs  # noqa: E402
from shelfwise.finetune.train import run  # noqa: E402
from shelfwise.finetune.training import load_model, save_model  # noqa: E402
from shelfwise.plugin import Shop, read_feed  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
QUERY = "small purple couch"  # no product says "purple" or "couch"
WANTED = "sofa-violet-small"


@pytest.fixture
def knobs(tiny_model: Path, catalogue: tuple[Path, Path], tmp_path: Path) -> Knobs:
    products, judgements = catalogue
    return Knobs(
        products=products,
        judgements=judgements,
        out=tmp_path / "trained",
        encoder=str(tiny_model),
        epochs=20,
        batch_size=16,
        learning_rate=5e-3,
        held_out=0.3,
    )


@pytest.fixture
def store(tiny_model: Path, catalogue: tuple[Path, Path], tmp_path: Path) -> Path:
    path = tmp_path / "shop"
    with Shop.open(path, encoder=str(tiny_model)) as shop:
        shop.upsert(read_feed(catalogue[0]))
    return path


def of_store(knobs: Knobs, store: Path) -> Knobs:
    fields = {name: getattr(knobs, name) for name in knobs.__dataclass_fields__}
    return Knobs(**{**fields, "store": str(store), "products": None, "encoder": None})


def first(store: Path) -> str:
    with Shop.open(store, maintain=False) as shop:
        return shop.search(QUERY, k=1)[0].product.id


def test_a_shops_own_words_are_learned_and_go_live(knobs: Knobs, store: Path) -> None:
    assert first(store) != WANTED
    assert run(of_store(knobs, store)) == 0
    assert first(store) == WANTED
    out = knobs.folder
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["verdict"]["outcome"] == "accepted"
    assert figures["after"]["nDCG@10"]["mean"] > 0.9 > 0.2 > figures["before"]["nDCG@10"]["mean"]
    card = (out / "README.md").read_text()
    assert "## Limits" in card and f"{figures['after']['nDCG@10']['mean']:.4f}" in card
    for picture in ("learning.png", "before_after.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")
    with Shop.open(store) as shop:
        shop.rollback()
    assert first(store) != WANTED


def test_a_run_that_is_done_is_not_done_again(knobs: Knobs, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(knobs) == 0
    made = {path: path.stat().st_mtime_ns for path in (knobs.folder / "encoder").rglob("*.safetensors")}
    capsys.readouterr()
    assert run(knobs) == 0
    assert {path: path.stat().st_mtime_ns for path in (knobs.folder / "encoder").rglob("*.safetensors")} == made
    said = capsys.readouterr().out
    assert "Going on with the run that was begun here." in said and "step" not in said


def test_a_folder_of_another_run_is_left_alone(knobs: Knobs) -> None:
    run(knobs)
    before = (knobs.folder / "bundle.json").read_bytes()
    fields = {name: getattr(knobs, name) for name in knobs.__dataclass_fields__}
    with pytest.raises(TrainingError) as error:
        run(Knobs(**{**fields, "seed": 1}))
    assert str(error.value) == (
        f"train: {knobs.folder} holds another run (of other files, or with other settings); name another --out, or "
        "delete it"
    )
    assert (knobs.folder / "bundle.json").read_bytes() == before


def test_a_spoiled_model_is_refused_and_the_old_one_stays(knobs: Knobs, store: Path, tmp_path: Path) -> None:
    import torch

    assert run(of_store(knobs, store)) == 0
    spoiled = load_model(str(knobs.folder / "encoder"))
    with torch.no_grad():
        for each in spoiled.parameters():
            each.add_(torch.randn_like(each))
    folder = tmp_path / "spoiled"
    folder.mkdir()
    save_model(spoiled, folder / "encoder")
    good = Bundle.load(knobs.folder)
    Bundle(folder, good.weights, None, good.base, {}).save()
    command = [
        sys.executable,
        "-c",
        "from shelfwise.plugin.commands import main; main()",
        "publish",
        str(folder),
        str(store),
    ]
    done = subprocess.run(
        [*command, "--judgements", str(knobs.judgements), "--json"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 1, done.stderr
    verdict = json.loads(done.stdout)["verdict"]
    assert verdict["outcome"] == "refused" and verdict["overall"]["gain"] < -0.1
    assert first(store) == WANTED
    with Shop.open(store, maintain=False) as shop:
        assert shop.status().encoder is not None and not shop.search(QUERY, k=1).degraded


def test_too_few_judgements_are_counted(knobs: Knobs, store: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.csv"
    lines = knobs.judgements.read_text().splitlines() if knobs.judgements else []
    few.write_text("\n".join(lines[:320]) + "\n")
    fields = {name: getattr(of_store(knobs, store), name) for name in knobs.__dataclass_fields__}
    assert run(Knobs(**{**fields, "judgements": few})) == 2
    said = (knobs.folder / "log.txt").read_text()
    assert "Wanted at least 100 judged queries to tell which is better, got" in said and "are missing." in said
    assert first(store) != WANTED


def test_two_processes_learn_what_one_learns(knobs: Knobs, tmp_path: Path) -> None:
    # The same global batch, and the negatives of both processes for each query.
    assert run(knobs) == 0
    command = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--cpu",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
    ]
    command += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    command += [str(ROOT / "finetune" / "train.py"), "--products", str(knobs.products)]
    command += ["--judgements", str(knobs.judgements), "--encoder", str(knobs.encoder), "--epochs", "20"]
    command += ["--batch-size", "16", "--learning-rate", "5e-3", "--held-out", "0.3", "--out", str(tmp_path / "two")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=500, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr[-2_000:] + done.stdout[-2_000:]
    one, two = (json.loads((path / "metrics.json").read_text()) for path in (knobs.folder, tmp_path / "two"))
    assert two["training"]["batch_size"] == one["training"]["batch_size"] == 16
    assert two["after"]["nDCG@10"]["mean"] == pytest.approx(one["after"]["nDCG@10"]["mean"], abs=0.005)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"products": None, "out": None}, "train: wanted either --store or --products, got neither; a store holds the"),
        ({"out": None}, "train: wanted --out, a folder for the result, got none"),
        ({"judgements": Path("no.csv")}, "train: --judgements no.csv: there is no such file"),
        ({"epochs": 0.0}, "train: wanted --epochs above 0, got 0.0"),
        ({"held_out": 1.0}, "train: wanted --held-out between 0 and 1, got 1.0"),
        ({"encoder": "/no/such/model"}, "encoder /no/such/model: there is no such folder; name a model folder"),
    ],
)
def test_bad_input_is_said_before_the_long_work(knobs: Knobs, given: dict[str, object], sentence: str) -> None:
    from shelfwise.index import ShelfwiseError

    fields = {name: getattr(knobs, name) for name in knobs.__dataclass_fields__}
    with pytest.raises(ShelfwiseError) as error:
        run(Knobs(**{**fields, **given}))
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (["red couch,no-such,3", "blue couch,none,1"], "judgements: wanted products of this catalogue, got 2"),
        (["red couch,sofa-crimson-small,3"] * 3, "wanted"),
        (["red couch,sofa-crimson-small,3", "red couch,sofa-azure-small,1"], "judgements: wanted queries to train on"),
    ],
)
def test_judgements_that_teach_nothing_are_said(knobs: Knobs, tmp_path: Path, rows: list[str], sentence: str) -> None:
    from shelfwise.index import ShelfwiseError

    file = tmp_path / "judged.csv"
    file.write_text("\n".join(["query,product_id,grade", *rows]) + "\n")
    fields = {name: getattr(knobs, name) for name in knobs.__dataclass_fields__}
    with pytest.raises(ShelfwiseError) as error:
        run(Knobs(**{**fields, "judgements": file}))
    assert sentence in str(error.value)


def test_one_run_works_in_a_folder(knobs: Knobs) -> None:
    from shelfwise.finetune.workplace import Workplace

    with Workplace(knobs.folder).alone(), pytest.raises(TrainingError) as error:
        run(knobs)
    assert str(error.value) == f"train: another run works in {knobs.folder}; wait for it, or name another --out"


def test_a_full_disk_is_said_before_training(knobs: Knobs, monkeypatch: pytest.MonkeyPatch) -> None:
    from shelfwise.finetune import workplace

    class Usage:
        free = 10

    monkeypatch.setattr(workplace.shutil, "disk_usage", lambda path: Usage)
    with pytest.raises(TrainingError, match=r"train: wanted 0\.0 GB for checkpoints and results on the disk of"):
        run(knobs)
