"""`shelfwise import`: what it says before, while and after, and how it ends."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from shelfwise.index import ImportReport
from shelfwise.plugin import Shop

BAD = "id,title,price\n1,Red [bold]boot[/bold],49\n2,,5\n3,Blue boot,abc\n1,Red boot again,39\n"


def test_the_guessed_columns_are_shown_before_and_the_counts_after(run, feed: Path, tmp_path: Path) -> None:
    said = run("import", tmp_path / "new", feed, "--encoder", "hashing")
    assert said.code == 0
    assert "plain table, utf-8, about 4 products" in said.err
    assert any(line.split() == ["colour", "attributes.colour"] for line in said.err.splitlines())
    assert "4 added, 0 changed, 0 unchanged, 0 deleted, 0 bad." in said.out
    assert "4 texts encoded" in said.out


def test_the_same_feed_again_changes_and_encodes_nothing(run, feed: Path, store: Path) -> None:
    said = run("import", store, feed, "--json")
    assert said.code == 0
    counts = {name: said.json[name] for name in ("added", "changed", "unchanged", "encoded")}
    assert counts == {"added": 0, "changed": 0, "unchanged": 4, "encoded": 0}


def test_json_is_one_object_with_the_report_and_what_the_file_was_taken_for(run, feed: Path, tmp_path: Path) -> None:
    said = run("import", tmp_path / "new", feed, "--encoder", "hashing", "--json")
    assert said.json["added"] == 4
    assert said.json["dry_run"] is False
    assert said.json["feed"]["format"] == "csv"
    assert said.json["feed"]["mapping"]["colour"] == "attributes.colour"
    assert said.err == ""


def test_bad_rows_are_shown_and_written_and_the_import_still_ends_with_0(run, tmp_path: Path) -> None:
    feed, file = tmp_path / "bad.csv", tmp_path / "wrong.jsonl"
    feed.write_text(BAD)
    said = run("import", tmp_path / "new", feed, "--encoder", "hashing", "--report", file)
    assert said.code == 0
    assert "2 bad rows were left out" in said.out
    assert "a title that is not empty" in said.out
    assert "The ids that came again; the last row won:" in said.out
    assert str(file) in said.out
    assert [json.loads(line)["row"] for line in file.read_text().splitlines()] == [3, 4, 5]


def test_strict_is_refused_with_1_when_a_row_is_bad(run, tmp_path: Path, store: Path) -> None:
    feed = tmp_path / "bad.csv"
    feed.write_text(BAD)
    said = run("import", store, feed, "--strict")
    assert said.code == 1
    assert said.err.count("Error: ") == 1
    assert "strict was asked for" in said.err
    said = run("import", store, feed, "--strict", "--json")
    assert (said.code, said.json["error"]["type"]) == (1, "ImportRefused")
    assert run("search", store, "", "--json").json["total"] == 4


def test_replace_that_would_take_too_much_away_is_refused_unless_allowed(run, tmp_path: Path, store: Path) -> None:
    feed = tmp_path / "small.csv"
    feed.write_text("id,title,price\nh1,Wool hat,25\n")
    refused = run("import", store, feed, "--mode", "replace")
    assert refused.code == 1
    assert "--allow-shrink" in refused.err
    allowed = run("import", store, feed, "--mode", "replace", "--allow-shrink")
    assert allowed.code == 0
    assert "3 deleted" in allowed.out


def test_patch_takes_a_feed_that_names_only_prices(run, tmp_path: Path, store: Path) -> None:
    feed = tmp_path / "prices.csv"
    feed.write_text("id,price\nh1,19.50\n")
    assert run("import", store, feed, "--mode", "patch").code == 0
    assert run("search", store, "wool hat", "-k", "1", "--json").json["hits"][0]["price"]["amount"] == "19.50"


def test_a_dry_run_changes_nothing_and_makes_no_store(run, feed: Path, tmp_path: Path, store: Path) -> None:
    new = tmp_path / "new"
    said = run("import", new, feed, "--dry-run", "--encoder", "hashing")
    assert said.code == 0
    assert "Dry run: 4 products read" in said.out
    assert "4 added" in said.out
    assert not new.exists()
    assert run("import", store, feed, "--dry-run", "--json").json["unchanged"] == 4


def test_a_dry_run_says_that_a_folder_in_use_is_no_place_for_a_store(run, feed: Path, tmp_path: Path) -> None:
    said = run("import", tmp_path, feed, "--dry-run", "--json")
    assert (said.code, said.json["error"]["type"]) == (2, "StoreError")


def test_a_mapping_corrects_the_guess(run, feed: Path, tmp_path: Path) -> None:
    arguments = ("--mapping", "colour=tags", "--mapping", "brand=", "--encoder", "hashing", "--json")
    mapping = run("import", tmp_path / "new", feed, *arguments).json["feed"]["mapping"]
    assert (mapping["colour"], mapping["brand"]) == ("tags", "")


@pytest.mark.parametrize("text", ["colour", "=tags", ""])
def test_a_mapping_that_is_none_is_a_usage_error(run, feed: Path, tmp_path: Path, text: str) -> None:
    said = run("import", tmp_path / "new", feed, "--mapping", text)
    assert said.code == 2
    assert "wanted COLUMN=FIELD" in said.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--mode", "mirror"), "mode: wanted one of merge, replace, patch, got 'mirror'"),
        (("--format", "odt"), "format 'odt' is unknown"),
        (("--currency", "gold"), "currency code"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_leaves_no_store(
    run, feed: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    said = run("import", tmp_path / "new", feed, *arguments)
    assert said.code == 2
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "new").exists()


@pytest.mark.torch
def test_an_encoder_that_is_missing_is_one_sentence_and_leaves_no_store(run, feed: Path, tmp_path: Path) -> None:
    said = run("import", tmp_path / "new", feed, "--encoder", "/no/such/folder")
    assert said.code == 2
    assert "Error: encoder /no/such/folder: there is no such folder" in said.err
    assert not (tmp_path / "new").exists()


def test_a_feed_in_another_language_and_currency_goes_into_a_store_that_is_there(
    run, tmp_path: Path, store: Path
) -> None:
    feed = tmp_path / "zh.csv"
    feed.write_text("id,title,price\nz1,羊毛帽子,199\n", "utf-8")
    assert run("import", store, feed, "--locale", "zh-CN", "--currency", "CNY").code == 0
    found = run("search", store, "帽子", "--locale", "zh-CN", "--currency", "CNY", "-k", "1", "--json").json["hits"]
    assert (found[0]["id"], found[0]["price"]) == ("z1", {"amount": "199.00", "currency": "CNY"})


def test_an_encoder_folder_is_remembered_whole_wherever_the_command_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shelfwise.plugin.commands.options import encoder_settings

    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    settings = encoder_settings("model", None, None)
    assert settings and settings.reference == str((tmp_path / "model").resolve())
    assert encoder_settings(None, None, None) is None


def test_ctrl_c_says_what_is_kept_and_ends_with_130(
    run, feed: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upsert(self: Shop, products: object, *, options: object, progress) -> ImportReport:
        progress.begins(4)
        progress.batch(ImportReport(rows=3))
        raise KeyboardInterrupt

    monkeypatch.setattr(Shop, "upsert", upsert)
    said = run("import", store, feed)
    assert said.code == 130
    assert "Stopped. 3 products of the feed are in; run the same command again" in said.err


@pytest.mark.slow
def test_an_import_that_is_stopped_keeps_whole_batches_and_the_same_command_completes_it(
    start, run, tmp_path: Path
) -> None:
    feed, store = tmp_path / "large.csv", tmp_path / "store"
    rows = [f"p{n},Product number {n} of many,{n % 90 + 1}\n" for n in range(20_000)]
    feed.write_text("id,title,price\n" + "".join(rows))
    with start("import", store, feed, "--encoder", "hashing") as process:
        for line in process.stderr:
            if line.startswith("Wrong?"):
                break
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped." in err
    assert "Traceback" not in err
    kept = run("search", store, "", "-k", "1", "--json").json["total"]
    assert kept < 20_000
    report = run("import", store, feed, "--json").json
    assert (report["unchanged"], report["added"]) == (kept, 20_000 - kept)


def test_what_the_import_says_while_it_runs_is_printed_plainly_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from shelfwise.plugin.commands.import_progress import ImportProgress

    with ImportProgress("feed.csv") as progress:
        progress.begins(10)
        progress.batch(ImportReport(rows=4))
        progress.says("About 10 texts are to be encoded.")
    assert capsys.readouterr().err == "About 10 texts are to be encoded.\n"


@pytest.mark.parametrize(
    "name", ["feeds/shopify/apparel.csv", "feeds/woocommerce/sample_products.csv", "zh_litemall/litemall_goods.parquet"]
)
def test_real_feeds_are_imported_and_searched(run, shared_data, tmp_path: Path, name: str) -> None:
    feed = shared_data(name)
    report = run("import", tmp_path / "store", feed, "--encoder", "hashing", "--json").json
    assert report["added"] > 0
    assert run("search", tmp_path / "store", "", "--json").json["total"] == report["added"]
