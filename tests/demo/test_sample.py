"""The sample shop as a store: whole, reused, and never anybody else's."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from shelfwise.demo.catalogue import rules_text
from shelfwise.demo.sample import build_sample_shop, default_folder
from shelfwise.plugin import Product, Rule, Shop
from shelfwise.plugin.rules.text_file import rules_from_text, rules_to_text

RULES = rules_from_text(rules_text())


def test_the_store_holds_the_whole_catalogue(shop: Shop) -> None:
    assert len(shop) == 386
    assert shop.get("clo-001").title.startswith("Ostrelle Roll-Neck Jumper")


def test_progress_ends_with_all_products(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []

    build_sample_shop(tmp_path / "shop", encoder="hashing", told=lambda *at: heard.append(at)).close()

    assert heard[0] == (64, 386)
    assert heard[-1] == (386, 386)
    assert heard == sorted(heard)


def test_a_second_build_changes_nothing(folder: Path, shop: Shop) -> None:
    before = shop.search("tea", k=1).change

    with build_sample_shop(folder, encoder="hashing") as again:
        assert again.search("tea", k=1).change == before
        assert len(again) == 386


def test_what_is_not_in_the_catalogue_leaves_and_what_was_deleted_returns(tmp_path: Path) -> None:
    with build_sample_shop(tmp_path / "shop", encoder="hashing") as made:
        made.upsert(Product(id="old", title="An old lamp", price=5))
        made.delete("clo-001")

    with build_sample_shop(tmp_path / "shop", encoder="hashing") as made:
        assert len(made) == 386
        assert made.get("clo-001").brand == "Ostrelle"


def test_a_folder_with_another_shop_is_left_alone(tmp_path: Path) -> None:
    with Shop.open(tmp_path / "mine", encoder="hashing") as mine:
        mine.upsert(Product(id="p1", title="Red boot", price=49))

    with pytest.raises(FileExistsError) as caught:
        build_sample_shop(tmp_path / "mine", encoder="hashing")

    assert caught.value.filename == str(tmp_path / "mine")
    assert "wanted an empty folder, or one that holds the sample shop" in caught.value.strerror
    with Shop.open(tmp_path / "mine", create=False) as mine:
        assert len(mine) == 1


def test_the_rules_of_the_catalogue_are_saved_once_and_what_was_done_to_them_stays(tmp_path: Path) -> None:
    with build_sample_shop(tmp_path / "shop", encoder="hashing") as made:
        assert made.rules() == [replace(rule, created=made.rules()[at].created) for at, rule in enumerate(RULES)]
        assert {rule.kind for rule in RULES} == {"banner", "boost", "hide", "pin", "synonym"}
        made.undo_rule("coffee gifts")
        made.save_rules(Rule(id="sneakers", kind="synonym", words=["sneakers", "trainers"]))

    with build_sample_shop(tmp_path / "shop", encoder="hashing") as made:
        assert [rule.id for rule in made.rules()] == ["clothing sale", "no knives by post", "rain shoes", "sneakers"]
        assert made.rules()[-1].means == ()


def test_the_rules_of_the_catalogue_stand_as_the_export_writes_them() -> None:
    assert rules_to_text(RULES) == rules_text()


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without `.shelfwise`, and no settings that name another folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CACHE_HOME", "HOME", "SHELFWISE_ENCODER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    return tmp_path


def test_the_default_folder_is_the_working_directorys_own_where_there_is_one(nowhere: Path) -> None:
    (nowhere / ".shelfwise").mkdir()

    assert default_folder().resolve() == nowhere / ".shelfwise" / "fernhill"


def test_the_default_folder_is_a_cache_of_the_user(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(nowhere))
    monkeypatch.setattr("sys.platform", "linux")
    assert default_folder() == nowhere / ".cache" / "shelfwise" / "fernhill"

    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere / "cache"))
    assert default_folder() == nowhere / "cache" / "shelfwise" / "fernhill"


@pytest.mark.parametrize("home", ["", "/there/is/no/such/home"])
def test_without_a_home_the_default_folder_is_among_the_temporary_files(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("HOME", home)

    assert default_folder() == nowhere / "tmp" / f"shelfwise-{os.getuid()}" / "fernhill"
    assert default_folder() == default_folder()


def test_a_temporary_folder_that_others_can_write_is_not_used(nowhere: Path) -> None:
    trap = nowhere / "tmp" / f"shelfwise-{os.getuid()}"
    trap.mkdir()
    trap.chmod(0o777)

    assert trap not in default_folder().parents


def test_each_encoder_has_a_default_folder_of_its_own(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFWISE_ENCODER", "/models/multilingual-e5-small")

    assert default_folder().name == "fernhill-models-multilingual-e5-small"
