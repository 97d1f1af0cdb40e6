"""A trained encoder goes where its store goes: moved, dumped, restored, killed while it is copied, cleared up later."""

from __future__ import annotations

import json
import logging
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shelfwise.index import (
    EncoderError,
    EncoderSettings,
    Product,
    RequestError,
    Store,
    StoreError,
    StoreMissing,
    check_store,
    dump_store,
    forget_previous,
    load_encoder,
    maintain,
    match,
    publish,
    restore_store,
    rollback,
    store_status,
)
from shelfwise.index.models import check_model
from shelfwise.index.store import kept_models, maintenance, settings
from shelfwise.index.store.leftovers import leftovers
from shelfwise.plugin import Shop

from .contents import comparable, everything, forge, members
from .folder_encoder import FILES, make_model, use_folder_encoders
from .test_publishing import by_meaning, nearest

Opens = Callable[..., Store]
Lamps = Callable[..., list[Product]]

LAMP = "Lamp model 7 with shade"
ALL = {f"p{at}" for at in range(9)}


@pytest.fixture(autouse=True)
def folder_encoders(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("torch") is None:
        use_folder_encoders(monkeypatch)


@pytest.fixture
def store(open_store: Opens, lamps: Lamps) -> Store:
    """Nine lamps, by the hashing encoder."""
    store = open_store(maintain=False)
    store.put(lamps(9))
    store.build_generation()
    return store


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The folder of a model."""
    return make_model(tmp_path / "bundle" / "encoder", 1)


def facts(store: Store) -> dict[str, str]:
    with store.database.read() as connection:
        return settings.read(connection)


def kept(store: Store) -> list[str]:
    """The names in the folder of kept models."""
    return sorted(each.name for each in store.folder.models.iterdir()) if store.folder.models.exists() else []


def hash_of(folder: Path) -> str:
    return load_encoder(str(folder)).hash


def missing(store: Store, hash_: str) -> str:
    """What is said where a model is not on this host."""
    return (
        f"its encoder is the model models/{hash_}, which is not in {store.folder.path}; copy models/{hash_} from the "
        "folder (or cache) of the host that published it, or from a store that a dump was restored to, or publish the "
        "model again"
    )


# ---- kept --------------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_the_store_needs_the_folder_no_more_that_its_encoder_came_from(
    store: Store, model: Path, open_store: Opens
) -> None:
    hash_ = hash_of(model)
    publish(store, str(model), keep=True)
    assert facts(store)["encoder_reference"] == f"models/{hash_}" and kept(store) == [hash_]
    assert store.encoder.reference == str(store.folder.models.resolve() / hash_)
    shutil.rmtree(model.parent)
    again = open_store(EncoderSettings(), maintain=False)
    assert again.encoder.hash == hash_ and again.encoder.languages == {"en"}
    assert by_meaning(again) == ALL and nearest(again, LAMP) == "p7"
    again.put([Product("new", "Vase of glass")])
    again.refresh()
    assert nearest(again, "Vase of glass") == "new"
    assert check_store(again) == []
    status = store_status(again).encoder
    assert status is not None and status.reference == f"models/{hash_}"


def test_a_store_that_was_moved_finds_its_encoder(store: Store, model: Path, path: Path, open_store: Opens) -> None:
    publish(store, EncoderSettings(str(model), max_tokens=32), keep=True)
    shutil.rmtree(model.parent)
    hash_ = facts(store)["encoder_hash"]
    store.close()
    moved = path.with_name("moved")
    path.rename(moved)
    for wanted in (EncoderSettings(), f"models/{hash_}", str(moved / "models" / hash_)):
        wanted = EncoderSettings(wanted, max_tokens=32) if isinstance(wanted, str) else wanted
        again = open_store(wanted, path=moved, maintain=False)
        assert nearest(again, LAMP) == "p7" and again.encoder.hash == hash_
        assert again.encoder.reference == str((moved / "models" / hash_).resolve())


@pytest.mark.both_databases
def test_what_the_folders_name_told_of_its_languages_is_kept(store: Store, tmp_path: Path, open_store: Opens) -> None:
    model = make_model(tmp_path / "all-MiniLM-mine")
    (model / "README.md").unlink()
    publish(store, str(model), keep=True)
    assert open_store(EncoderSettings(), maintain=False).encoder.languages == {"en"}


def test_only_the_files_of_a_model_are_taken_and_their_sums_are_written(store: Store, model: Path) -> None:
    (model / "pytorch_model.bin").write_bytes(b"pickle")
    (model / "modeling.py").write_text("import os")
    (model / ".cache").mkdir()
    (model / ".cache" / "notes.txt").write_text("x")
    (model / "onnx").mkdir()
    (model / "onnx" / "model.onnx").write_bytes(b"onnx")
    (model / "shelfwise.json").write_text("{}")
    (model / "linked.txt").symlink_to("vocab.txt")
    publish(store, str(model), keep=True)
    made = check_model(store.folder.models / hash_of(model))
    assert set(made.files) == {*FILES, "model.safetensors", "onnx/model.onnx", "linked.txt"}
    assert made.name == str(model.resolve()) and not (made.folder / "linked.txt").is_symlink()
    assert (made.folder / "linked.txt").read_text() == "lamp\n"


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_leads_out_of_the_model_is_refused(what: str, store: Store, model: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "config.json").write_text("secret")
    name = "secret.json" if what == "file" else "2_Normalize"
    (model / name).symlink_to(tmp_path / "secret" / ("config.json" if what == "file" else ""))
    with pytest.raises(EncoderError) as error:
        publish(store, str(model), keep=True)
    assert str(error.value) == (
        f"encoder {model.resolve()}: wanted a folder that holds the whole model, got one where {name} is a link to "
        "elsewhere; make a whole one by `shelfwise models fetch`"
    )
    assert kept(store) == [] and store.view.encoder == "hashing-1"


def test_an_encoder_that_lies_in_no_folder_is_published_as_ever(store: Store) -> None:
    publish(store, "hashing-32", keep=True)
    assert facts(store)["encoder_reference"] == "hashing-32" and not store.folder.models.exists()


def test_without_keep_the_store_points_to_the_folder(store: Store, model: Path) -> None:
    publish(store, str(model))
    assert facts(store)["encoder_reference"] == str(model.resolve()) and kept(store) == []
    publish(store, str(model), keep=True)
    assert facts(store)["encoder_reference"] == f"models/{hash_of(model)}"
    assert rollback(store).encoder.reference == str(model.resolve())


def test_an_encoder_whose_hash_is_no_name_is_refused(store: Store, model: Path, fake_encoder: Any) -> None:
    with pytest.raises(EncoderError) as error:
        publish(store, fake_encoder(str(model), hash="../../x"), keep=True)
    assert str(error.value) == (
        f"encoder {model}: wanted a hash of 32 hexadecimal digits to keep its model by, got '../../x'; publish it "
        "without keeping it"
    )
    assert facts(store)["encoder_hash"] == "hashing-1" and kept(store) == []


def test_a_copy_that_would_be_another_encoder_is_not_published(store: Store, model: Path) -> None:
    # It counts for the hash, and is no file that is taken.
    (model / ".hidden").mkdir()
    (model / ".hidden" / "model.safetensors").write_bytes(b"more weights")
    wanted = hash_of(model)
    with pytest.raises(EncoderError) as error:
        publish(store, str(model), keep=True)
    got = hash_of(store.folder.models / wanted)
    assert str(error.value) == (
        f"store {store.name}: the model models/{wanted} is not what was published (hash {wanted[:8]}, got {got[:8]}); "
        f"copy models/{wanted} from the folder (or cache) of the host that published it, or from a store that a dump "
        "was restored to, or publish the model again"
    )
    assert facts(store)["encoder_hash"] == "hashing-1" and store.view.encoder == "hashing-1"
    maintain(store)
    assert kept(store) == [] and check_store(store) == []


# ---- missing and damaged -----------------------------------------------------------------------------------------


def test_a_host_without_the_model_answers_by_words_and_says_what_to_copy(
    postgres_url: str, tmp_path: Path, model: Path, lamps: Lamps, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shelfwise.index.store import encoders

    monkeypatch.setattr(encoders, "RETRY_SECONDS", 0.0)
    hash_ = hash_of(model)
    with Shop.open(postgres_url, cache=tmp_path / "one", encoder="hashing", maintain=False) as one:
        one.upsert(lamps(9))
        one.publish(str(model), keep=True)
        assert one.search("lamp model 7").degraded == ()
    with Shop.open(postgres_url, cache=tmp_path / "two", maintain=False) as two:
        found = two.search("lamp model 7")
        assert found.ids[0] == "p7" and found.degraded == ("meaning",)
        sentence = missing(two.store, hash_)
        assert found.notes == (f"Words alone answered: store {two.store.name}: {sentence}",)
        assert [str(each) for each in two.check()] == [sentence]
        (tmp_path / "two" / "models").mkdir()
        shutil.copytree(tmp_path / "one" / "models" / hash_, tmp_path / "two" / "models" / hash_)
        assert two.search("lamp model 7").degraded == () and two.check() == []


@pytest.mark.both_databases
def test_publishing_it_again_puts_a_missing_or_damaged_model_back(store: Store, model: Path, open_store: Opens) -> None:
    hash_ = hash_of(model)
    publish(store, str(model), keep=True)
    with pytest.raises(RequestError) as error:
        publish(store, str(model), keep=True)
    assert f"got models/{hash_} and the same weights; nothing was changed" in str(error.value)
    damages: list[Callable[[Path], object]] = [
        shutil.rmtree,
        lambda place: (place / "model.safetensors").write_bytes(b"x"),
        lambda place: (place / "SHA256SUMS").unlink(),
    ]
    before = facts(store)
    for damage in damages:
        damage(store.folder.models / hash_)
        assert [each.kind for each in check_store(store)] == ["model"]
        publish(store, str(model), keep=True)
        assert check_store(store) == [] and kept(store) == [hash_] and facts(store) == before
        assert nearest(open_store(EncoderSettings(), maintain=False), LAMP) == "p7"


def test_damage_is_found_and_a_model_with_other_weights_never_answers(
    store: Store, model: Path, open_store: Opens
) -> None:
    publish(store, str(model), keep=True)
    hash_ = hash_of(model)
    place = store.folder.models / hash_
    (place / "model.safetensors").write_bytes(b"other weights")
    (place / "1_Pooling" / "config.json").unlink()
    (problem,) = check_store(store)
    assert str(problem) == (
        f"model folder {place}: wanted the files as fetched, got missing: 1_Pooling/config.json; changed: "
        f"model.safetensors; {kept_models.remedy(f'models/{hash_}')}"
    )
    with pytest.raises(EncoderError) as error:
        _ = open_store(EncoderSettings(), maintain=False).encoder
    assert str(error.value).startswith(f"store {store.name}: the model models/{hash_} is not what was published (hash ")


# ---- cleared up --------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_models_that_neither_answer_nor_can_be_gone_back_to_are_removed(
    store: Store, tmp_path: Path, open_store: Opens
) -> None:
    folders = [make_model(tmp_path / str(seed), seed) for seed in range(3)]
    first, second, third = map(hash_of, folders)
    for folder in folders[:2]:
        publish(store, str(folder), keep=True)
        maintain(store)
        shutil.rmtree(folder)
    assert kept(store) == sorted([first, second])
    for hash_ in (first, second, first):
        assert rollback(store).hash == hash_
        again = open_store(EncoderSettings(), maintain=False)
        assert again.encoder.hash == hash_ and by_meaning(again) == ALL and nearest(again, LAMP) == "p7"
        again.put([Product("more", f"Vase {hash_}")])
        again.refresh()
        assert nearest(again, f"Vase {hash_}") == "more"
        again.remove(["more"])
        again.close()
    publish(store, str(folders[2]), keep=True)
    store.follow()
    maintain(store)
    assert kept(store) == sorted([first, third])
    forget_previous(store)
    maintain(store)
    assert kept(store) == [third] and check_store(store) == []


def test_what_a_live_process_searches_and_what_is_being_dumped_or_published_stays(
    store: Store, tmp_path: Path, path: Path, children: Any
) -> None:
    folders = [make_model(tmp_path / str(seed), seed) for seed in range(3)]
    publish(store, str(folders[0]), keep=True)
    reader = children.start("search", path, follow=False)
    reader.says("generation 2")
    for folder in folders[1:]:
        publish(store, str(folder), keep=True)
    store.follow()
    three = sorted(map(hash_of, folders))
    maintain(store)
    assert kept(store) == three
    reader.kill()
    with kept_models.reading(store.folder):
        maintain(store)
        assert kept(store) == three
    with store.database.alone(maintenance.PUBLISH):
        maintain(store)
        assert kept(store) == three
    maintain(store)
    assert kept(store) == sorted(map(hash_of, folders[1:]))


def test_a_copy_that_is_under_way_is_no_leftover_and_one_that_was_given_up_is(store: Store) -> None:
    with kept_models.placing(store.folder, "0" * 32, 0) as new:
        assert leftovers(store.folder, remove=True) == [] and new.is_dir()
    dead = store.folder.models / ".new-01234567"
    dead.mkdir()
    (dead / "model.safetensors").write_bytes(b"half")
    assert [each.path for each in check_store(store)] == [dead]
    maintain(store)
    assert kept(store) == [] and check_store(store) == []


# ---- killed, and no room -----------------------------------------------------------------------------------------


def child_publishes(order: dict[str, Any], says: Any) -> None:
    """Publishes a model that is kept."""
    with pytest.MonkeyPatch.context() as patch:
        use_folder_encoders(patch)
        store = Store.open(order["store"], encoder="hashing", maintain=False)
        publish(store, order["model"], keep=True)
        says("published")


def child_searches(order: dict[str, Any], says: Any) -> None:
    """Opens the store as it is, and says which encoder finds what."""
    with pytest.MonkeyPatch.context() as patch:
        use_folder_encoders(patch)
        store = Store.open(order["store"], create=False, maintain=False)
        says(f"found {nearest(store, LAMP)} of {len(by_meaning(store))} by {store.encoder.hash}")


# Seven files, the card and the sums, two folders; then the name.
COPY_STEPS = [
    *(f"fsync:{n}:{when}" for n in (1, 4, 9, 11) for when in ("before", "after")),
    *("rename:1:before", "rename:1:after", "fsync:12:before", "fsync:12:after", "commit:1:before"),
]


@pytest.mark.parametrize("step", COPY_STEPS)
def test_a_publisher_that_is_killed_while_it_copies_leaves_the_old_encoder_live_and_nothing_half_written(
    step: str, store: Store, model: Path, path: Path, children: Any, open_store: Opens
) -> None:
    child = children.start("call", path, file=__file__, name="child_publishes", model=model, die=step)
    assert child.ends() == [], "it died"
    for name in (each for each in kept(store) if not each.startswith(".")):
        check_model(store.folder.models / name)
    again = open_store(maintain=False)
    assert again.view.encoder == "hashing-1" and nearest(again, LAMP) == "p7"
    assert {each.kind for each in check_store(again)} <= {"leftover"}
    maintain(again)
    assert kept(again) == [] and check_store(again) == []
    publish(again, str(model), keep=True)
    shutil.rmtree(model.parent)
    child = children.start("call", path, file=__file__, name="child_searches")
    child.says(f"found p7 of 9 by {again.view.encoder}")


def test_a_disk_that_takes_no_more_is_said_and_nothing_is_changed(store: Store, model: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
        with pytest.raises(StoreError) as error:
            publish(store, str(model), keep=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert str(error.value) == (
        f"store {store.folder.path}: the model could not be copied to {store.folder.models / hash_of(model)} ('File "
        "too large'); check the disk's space and permissions"
    )
    assert kept(store) == [] and store.view.encoder == "hashing-1"


def test_a_model_that_is_larger_than_the_disks_room_is_refused_before_it_is_copied(store: Store) -> None:
    with (
        pytest.raises(
            StoreError, match=r"a model of 1,000,000,000 MB is to be kept there, and the disk has [\d,]+ left"
        ),
        kept_models.placing(store.folder, "0" * 32, 10**15),
    ):
        raise AssertionError
    assert kept(store) == []


# ---- dumps -------------------------------------------------------------------------------------------------------


@pytest.fixture
def dump(store: Store, model: Path, tmp_path: Path) -> Path:
    """A dump of a store with two kept models, of which neither is anywhere else."""
    publish(store, str(make_model(tmp_path / "old", 2)), keep=True)
    publish(store, str(model), keep=True)
    dump_store(store, tmp_path / "dump.zip")
    shutil.rmtree(model.parent)
    shutil.rmtree(tmp_path / "old")
    return tmp_path / "dump.zip"


@pytest.mark.both_databases
def test_a_restored_store_has_its_models_and_can_go_back(
    dump: Path, store: Store, tmp_path: Path, open_store: Opens
) -> None:
    old, new = store.view.encoder, facts(store)["previous"]
    store.close()
    restore_store(dump, tmp_path / "copy")
    copy = open_store(EncoderSettings(), path=tmp_path / "copy", maintain=False)
    assert copy.encoder.hash == old and nearest(copy, LAMP) == "p7" and check_store(copy) == []
    assert rollback(copy).hash == json.loads(new)["encoder"]["hash"]
    assert copy.encoder.hash != old and nearest(copy, LAMP) == "p7"
    assert copy.encoder.reference.startswith(str((tmp_path / "copy" / "models").resolve()))
    rollback(copy)
    dump_store(copy, tmp_path / "again.zip")
    first, second = comparable(dump), comparable(tmp_path / "again.zip")
    for each in (first, second):
        del each["dump.json"]["facts"]["change"]
    assert first == second


def test_models_come_into_the_cache_of_a_restored_database(
    dump: Path, store: Store, postgres_url: str, tmp_path: Path
) -> None:
    restore_store(dump, postgres_url, tmp_path / "cache")
    copy = Store.open(postgres_url, cache=tmp_path / "cache", maintain=False)
    try:
        assert kept(copy) == kept(store) and nearest(copy, LAMP) == "p7" and check_store(copy) == []
    finally:
        copy.close()


def test_the_models_of_a_dump_are_members_with_numbers_and_their_names_stand_in_dump_json(
    dump: Path, store: Store
) -> None:
    parts = members(dump)
    about = json.loads(parts["dump.json"])
    assert about["archive"] == 2 and [each["encoder"] for each in about["models"]] == kept(store)
    names = [f"models/{at}/{number}" for at in range(2) for number in range(9)]
    assert list(parts)[-19:] == [*names, "checksums.json"]
    for at, each in enumerate(about["models"]):
        assert {name for name, _ in each["files"]} == {
            *FILES,
            *("model.safetensors", "shelfwise.json", "SHA256SUMS"),
        }
        for number, (name, size) in enumerate(each["files"]):
            data = (store.folder.models / each["encoder"] / name).read_bytes()
            assert parts[f"models/{at}/{number}"] == data and len(data) == size


def test_a_dump_without_models_is_one_that_older_versions_read_and_theirs_are_still_read(
    store: Store, tmp_path: Path
) -> None:
    dump_store(store, tmp_path / "plain.zip")
    parts = members(tmp_path / "plain.zip")
    del parts["checksums.json"]
    about = json.loads(parts["dump.json"])
    assert about["archive"] == 1
    del about["models"]  # as it was
    forge(tmp_path / "old.zip", {**parts, "dump.json": json.dumps(about).encode()})
    restore_store(tmp_path / "old.zip", tmp_path / "copy")
    dump_store(tmp_path / "copy", tmp_path / "again.zip")
    assert comparable(tmp_path / "again.zip") == comparable(tmp_path / "plain.zip")


def test_a_model_that_is_damaged_does_not_keep_a_store_from_being_saved(
    store: Store, model: Path, tmp_path: Path, open_store: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    publish(store, str(model), keep=True)
    hash_ = hash_of(model)
    shutil.rmtree(store.folder.models / hash_)
    with caplog.at_level(logging.WARNING, "shelfwise.store"):
        dump_store(store, tmp_path / "dump.zip")
    sentence = f"its encoder is the model models/{hash_}, which is not in {store.folder.path}"
    assert [each.getMessage() for each in caplog.records] == [
        f"store {store.folder.path}: the dump lacks a model: {sentence}"
    ]
    restore_store(tmp_path / "dump.zip", tmp_path / "copy")
    copy = open_store(EncoderSettings(), path=tmp_path / "copy", maintain=False)
    assert everything(copy.database) == everything(store.database)
    with pytest.raises(EncoderError) as error:
        _ = copy.encoder
    assert str(error.value) == f"store {copy.name}: {missing(copy, hash_)}"


RESTORE_STEPS = ["fsync:1:before", "fsync:9:after", "rename:1:before", "rename:1:after", "rename:2:after"]


@pytest.mark.parametrize("step", [*RESTORE_STEPS, "commit:1:before"])
def test_a_restore_that_is_killed_while_it_copies_models_leaves_no_store_and_can_be_run_again(
    step: str, dump: Path, path: Path, children: Any, open_store: Opens
) -> None:
    copy = path.parent / "copy"
    assert children.start("restore", copy, archive=dump, die=step).ends() == ["start"], "the step was reached"
    with pytest.raises(StoreMissing):
        Store.open(copy, create=False)
    restore_store(dump, copy)
    restored = open_store(EncoderSettings(), path=copy, maintain=False)
    assert nearest(restored, LAMP) == "p7"
    maintain(restored)
    assert len(kept(restored)) == 2 and check_store(restored) == []


def with_models(parts: dict[str, bytes], change: Callable[[list[dict[str, Any]]], object]) -> dict[str, bytes]:
    """The members with something else in dump.json of the models."""
    about = json.loads(parts["dump.json"])
    change(about["models"])
    return {**parts, "dump.json": json.dumps(about).encode()}


def rename_file(name: str) -> Callable[[list[dict[str, Any]]], object]:
    return lambda models: models[0]["files"][0].__setitem__(0, name)


DAMAGED = "wanted a dump of a store, got something else or a damaged one ({}); take another copy"
FORGED = {
    "up": (rename_file("../../evil.json"), DAMAGED.format("'../../evil.json' is no file of a model")),
    "root": (rename_file("/tmp/evil.json"), DAMAGED.format("'/tmp/evil.json' is no file of a model")),
    "in between": (rename_file("a/../../evil"), DAMAGED.format("'a/../../evil' is no file of a model")),
    "hidden": (rename_file(".evil/x.json"), DAMAGED.format("'.evil/x.json' is no file of a model")),
    "windows": (rename_file("..\\evil.json"), DAMAGED.format("'..\\\\evil.json' is no file of a model")),
    "twice": (rename_file("vocab.txt"), DAMAGED.format("a file of a model is there twice")),
    "hash": (
        lambda models: models[0].update(encoder="../../evil"),
        DAMAGED.format("it has a foreign model"),
    ),
    "both": (lambda models: models[0].update(encoder=models[1]["encoder"]), DAMAGED.format("it has a foreign model")),
    "more": (lambda models: models[0]["files"].append(["more.json", 5]), DAMAGED.format("models/0/9 is missing")),
    "smaller": (
        lambda models: models[0]["files"][0].__setitem__(1, 5),
        DAMAGED.format("models/0/0 is too large for its rows"),
    ),
    "larger": (
        lambda models: models[0]["files"][0].__setitem__(1, 50_000),
        "its part models/0/0 is damaged (it is cut off); take another copy",
    ),
    "negative": (lambda models: models[0]["files"][0].__setitem__(1, -5), DAMAGED.format("a size is no size")),
    "vast": (
        lambda models: models[0]["files"].extend([["x", 1]] * 10_000),
        DAMAGED.format("a file of a model is there twice"),
    ),
}


@pytest.mark.parametrize("what", FORGED)
def test_archives_with_other_models_than_a_dump_has_are_refused_and_write_nothing_elsewhere(
    what: str, dump: Path, tmp_path: Path
) -> None:
    change, why = FORGED[what]
    parts = members(dump)
    del parts["checksums.json"]
    forge(dump, with_models(parts, change))
    with pytest.raises(StoreError) as error:
        restore_store(dump, tmp_path / "copy")
    assert str(error.value) == f"archive {dump}: {why}"
    with pytest.raises(StoreMissing):
        Store.open(tmp_path / "copy", create=False)
    assert not [each for each in tmp_path.rglob("*") if "evil" in each.name]
    assert not (tmp_path / "copy" / "models").exists() or not any((tmp_path / "copy" / "models").iterdir())


def test_a_model_that_was_exchanged_in_an_archive_is_refused(dump: Path, tmp_path: Path) -> None:
    parts = members(dump)
    del parts["checksums.json"]
    about = json.loads(parts["dump.json"])
    number = [name for name, _ in about["models"][0]["files"]].index("model.safetensors")
    data = parts[f"models/0/{number}"]
    forge(dump, {**parts, f"models/0/{number}": data[::-1]})
    with pytest.raises(StoreError) as error:
        restore_store(dump, tmp_path / "copy")
    assert str(error.value) == (
        f"archive {dump}: its model {about['models'][0]['encoder']} is not whole; it was not made by `shelfwise dump`"
    )
    assert not any((tmp_path / "copy" / "models").iterdir())


# ---- a real one --------------------------------------------------------------------------------------------------


def child_asks(order: dict[str, Any], says: Any) -> None:
    """Searches by meaning in a process of its own."""
    with Shop.open(order["store"], create=False, maintain=False) as shop:
        found = shop.search("lamp model 7 with shade")
        reference = Path(shop.store.encoder.reference).relative_to(shop.store.folder.path.resolve())
        says(f"found {found.ids[0]} degraded {found.degraded} by {reference} {shop.store.encoder.hash}")


@pytest.mark.torch
@pytest.mark.slow
def test_a_real_model_serves_without_its_bundle_from_wherever_the_store_is(
    path: Path, tmp_path: Path, lamps: Lamps, children: Any
) -> None:
    from ...finetune.tiny import make_tiny_model

    model = make_tiny_model(tmp_path)
    with Shop.open(path, encoder="hashing", maintain=False) as shop:
        shop.upsert(lamps(30))
        shop.publish(str(model), keep=True)
        hash_ = shop.store.encoder.hash
        vector = shop.store.encoder.encode_queries([LAMP])
        shutil.rmtree(tmp_path / "tiny")
        shop.upsert(Product("late", "Vase of glass"))
        shop.rollback()
        assert shop.search("lamp model 7").ids[0] == "p7" and "late" in shop.search("vase of glass").ids
        shop.rollback()
        assert by_meaning(shop.store) == {"late", *(f"p{at}" for at in range(30))} and shop.check() == []
        shop.dump(tmp_path / "dump.zip")
    said = f"found p7 degraded () by models/{hash_} {hash_}"
    moved = path.with_name("moved")
    path.rename(moved)
    children.start("call", moved, file=__file__, name="child_asks").says(said, 120)
    shutil.rmtree(moved)
    restore_store(tmp_path / "dump.zip", tmp_path / "copy")
    with Shop.open(tmp_path / "copy", maintain=False) as copy:
        found = copy.search("lamp model 7 with shade")
        assert (found[0].product.id, found.degraded) == ("p7", ())
        assert copy.store.encoder.reference == str((tmp_path / "copy" / "models" / hash_).resolve())
        assert np.allclose(copy.store.encoder.encode_queries([LAMP]), vector, atol=1e-6)
        assert match(copy.store.view, (), copy.store.context).mask.sum() == 31 and copy.check() == []
