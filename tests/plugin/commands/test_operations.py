"""A store in operation: looked at, checked, maintained, taken back, given another encoder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shelfwise.index import Product
from shelfwise.plugin import Shop

Run = Callable[..., Any]


def lines(text: str) -> dict[str, str]:
    """The rows of a table with two columns."""
    return {line[:14].strip(): line[14:].strip() for line in text.splitlines() if line.strip()}


def titles(store: Path) -> dict[str, str]:
    with Shop.open(store, maintain=False) as shop:
        return {key: product.title for key, product in shop.store.products(sorted(shop.store.ids())).items()}


def damage(store: Path) -> None:
    """A generation with a flipped bit."""
    with Shop.open(store, maintain=False) as shop:
        assert shop.store.build_generation() == 1
    file = store / "generations" / "000001" / "keys.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))


# ---- status ------------------------------------------------------------------------------------------------------


def test_status_says_what_the_store_is(run: Run, store: Path, feed: Path) -> None:
    said = run("status", store)
    found = lines(said.out)
    assert said.code == 0 and said.err == ""
    assert found["store"] == str(store)
    assert found["format"] == "2; en, USD"
    assert found["products"] == "4 with 4 variants"
    assert found["texts"] == "4 with a vector; 0 products wait to be encoded"
    assert found["encoder"] == "hashing, dimension 64"
    assert (found["last change"], found["generation"], found["tail"]) == ("1", "none yet", "4 products")
    assert found["last import"].startswith(f"1: merge, {feed}, 20")
    assert found[""] == "4 added, 0 changed, 0 unchanged, 0 deleted, 0 bad"
    assert "No other process of this host has it open." in said.out


def test_status_shows_generation_way_back_and_the_processes(run: Run, store: Path) -> None:
    with Shop.open(store) as other:
        other.publish("hashing-32")
        other.store.follow()
        said = run("status", store)
        found = lines(said.out)
        assert found["encoder"] == "hashing-32, dimension 32; back to hashing by `shelfwise rollback`"
        assert found["generation"].startswith("1: 4 products up to change 1, ")
        assert f"{os.getpid()}" not in said.out, "it does not name itself"


def test_status_as_json_holds_everything(run: Run, store: Path) -> None:
    found = run("status", store, "--json").json
    assert (found["products"], found["waiting"], found["tail"]) == (4, 0, 4)
    assert found["encoder"] == {"reference": "hashing", "hash": "hashing-1", "dimension": 64}
    assert found["last_import"]["added"] == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("check",),
        ("maintain", "--once"),
        ("publish", "--encoder", "hashing-32"),
        ("rollback",),
        ("undo", "1"),
    ],
)
def test_a_store_that_is_not_there_is_a_sentence_and_is_not_made(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    command, *rest = arguments
    options = [each for each in rest if each != "1"]
    said = run(command, tmp_path / "none", *(each for each in rest if each == "1"), *options)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"Error: store {tmp_path / 'none'}: there is none")
    assert not (tmp_path / "none").exists()


# ---- check -------------------------------------------------------------------------------------------------------


def test_check_of_a_healthy_store_ends_with_0(run: Run, store: Path) -> None:
    said = run("check", store)
    assert (said.code, said.out, said.err) == (0, "Nothing is wrong.\n", "")
    assert run("check", store, "--json").json == {"problems": [], "done": []}


def test_check_says_what_is_wrong_and_what_to_do_and_ends_with_1(run: Run, store: Path) -> None:
    damage(store)
    said = run("check", store)
    assert said.code == 1
    assert "generation 000001: the file keys.npy is damaged" in said.out
    assert "delete generations/000001, it is built again; `shelfwise check --repair` does both" in said.out
    assert said.out.endswith("1 problem.\n")
    said = run("check", store, "--json")
    assert said.code == 1
    (problem,) = said.json["problems"]
    assert problem["kind"] == "cache" and problem["path"] == str(store / "generations" / "000001")


def test_check_repairs_what_can_be_built_again(run: Run, store: Path) -> None:
    damage(store)
    said = run("check", store, "--repair")
    assert (said.code, said.out) == (0, "Nothing is wrong.\n")
    assert "Generation 2 was built and is searched now. 1 damaged ones were deleted." in said.err
    assert run("check", store).code == 0
    assert run("check", store, "--repair", "--json").json == {"problems": [], "done": []}


def test_check_with_repair_ends_with_1_where_the_truth_itself_is_wrong(run: Run, store: Path) -> None:
    from shelfwise.index.store import schema
    from sqlalchemy import update

    with Shop.open(store, maintain=False) as shop, shop.store.database.write() as connection:
        connection.execute(update(schema.products).where(schema.products.c.id == "h1").values(hash="0" * 32))
    said = run("check", store, "--repair", "--json")
    assert said.code == 1
    assert [problem["kind"] for problem in said.json["problems"]] == ["database"]


# ---- maintain ----------------------------------------------------------------------------------------------------


def waits(store: Path) -> None:
    with Shop.open(store, maintain=False) as shop:
        shop.upsert(Product("late", "Vase of glass"), wait=False)


def test_maintain_once_does_what_is_due_and_says_so(run: Run, store: Path) -> None:
    waits(store)
    assert (run("maintain", store, "--once").out, run("maintain", store, "--once").out) == (
        "1 products encoded.\n",
        "Nothing was due.\n",
    )
    waits(store)
    assert run("maintain", store, "--once", "--json").json == {
        "encoded": 0,
        "generation": 0,
        "removed_generations": 0,
        "removed_vectors": 0,
    }
    assert run("search", store, "vase", "-k", "1", "--json").json["hits"][0]["id"] == "late"


def test_maintain_says_that_another_process_does_it(run: Run, store: Path) -> None:
    with Shop.open(store, maintain=False) as shop, shop.store.database.alone("maintain"):
        said = run("maintain", store, "--once")
    assert (said.code, said.out) == (0, "")
    assert said.err == "Another process maintains this store now; nothing was done here.\n"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_maintain_runs_until_it_is_ended(
    start: Callable[..., subprocess.Popen[str]], store: Path, end: signal.Signals
) -> None:
    with start("maintain", store, "--every", "0.1") as process:
        assert process.stderr and process.stdout
        assert process.stderr.readline() == f"Maintaining {store}; Ctrl-C ends it.\n"
        waits(store)
        assert process.stdout.readline() == "1 products encoded.\n"
        process.send_signal(end)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
    assert not list((store / "processes").iterdir()), "it closed the store"


# ---- undo and reconcile ------------------------------------------------------------------------------------------


def test_undo_restores_what_an_import_changed(run: Run, store: Path, tmp_path: Path) -> None:
    before = titles(store)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("id,title,price\nh1,Silk hat,25\nx1,Odd one,3\nb1,Red boat,1\n")
    assert run("import", store, wrong).code == 0
    with Shop.open(store, maintain=False) as shop:
        shop.upsert(Product("b1", "Red boot at last", price=120))
    said = run("undo", store, 2)
    assert said.code == 0
    assert said.out == (
        "Import 2 is undone by import 4: 1 changed back, 0 are there again, 1 deleted, 0 as they were.\n"
    )
    assert said.err == "1 were changed by others since, and left as they are: 'b1'.\n"
    assert titles(store) == {**before, "b1": "Red boot at last"}
    again = run("undo", store, 4, "--json").json
    assert (again["undone"], again["changed"], again["added"]) == (4, 1, 1)
    assert titles(store)["h1"] == "Silk hat"


def test_undo_of_an_import_that_there_never_was_is_a_sentence(run: Run, store: Path) -> None:
    said = run("undo", store, 99)
    assert said.code == 2
    assert said.err.startswith("Error: undo: wanted the id of an import, got 99, and there was none")
    assert run("undo", store, "first").code == 2


OWN = """\
id,title,brand,category,price,stock,colour
b1,Red winter boot,Fell,Shoes > Boots,120,3,red
b2,Blue rain boot,Fell,Shoes > Boots,66,0,blue
h1,Wool hat,Ostra,Clothes > Hats,25,7,grey
g1,Wool gloves,Ostra,Clothes > Gloves,15,2,grey
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The shop's own products: b2 costs more, s1 is gone, g1 is new."""
    path = tmp_path / "own.csv"
    path.write_text(OWN)
    return path


def test_reconcile_with_a_dry_run_says_what_differs(run: Run, store: Path, own: Path) -> None:
    before = titles(store)
    said = run("reconcile", store, own, "--dry-run")
    assert said.code == 0
    rows = [line.split() for line in said.out.splitlines()]
    assert rows[2:6] == [["missing", "1", "g1"], ["differing", "1", "b2"], ["surplus", "1", "s1"], ["equal", "2"]]
    assert said.out.endswith("Nothing was changed.\n") and titles(store) == before
    found = run("reconcile", store, own, "--dry-run", "--json").json
    assert (found["missing"], found["surplus_ids"], found["repaired"], found["dry_run"]) == (1, ["s1"], False, True)


def test_reconcile_repairs_and_can_be_undone(run: Run, store: Path, own: Path) -> None:
    before = titles(store)
    refused = run("reconcile", store, own)
    assert refused.code == 1 and "--allow-shrink" in refused.err and titles(store) == before
    said = run("reconcile", store, own, "--allow-shrink")
    assert said.code == 0 and said.out.endswith("Repaired; `shelfwise undo STORE 2` takes it back.\n")
    assert set(titles(store)) == {"b1", "b2", "h1", "g1"}
    assert run("reconcile", store, own).out.endswith("The store is as the feed says.\n")
    assert run("undo", store, 2).code == 0 and titles(store) == before


def test_reconcile_shows_rows_that_cannot_be_read(run: Run, store: Path, own: Path) -> None:
    own.write_text(OWN + "s1,Red running shoe,Vent,Shoes > Running,a lot,5,red\n")
    said = run("reconcile", store, own, "--dry-run", "--mapping", "colour=attributes.colour")
    assert said.code == 0 and "row 6, price: wanted" in said.err
    assert ["surplus", "0"] in [line.split() for line in said.out.splitlines()], "a bad row takes nothing away"


# ---- publish and rollback ----------------------------------------------------------------------------------------


def test_publish_and_rollback(run: Run, store: Path) -> None:
    said = run("publish", store, "--encoder", "hashing-32")
    assert said.code == 0 and said.err == ""
    assert said.out.splitlines()[0] == "hashing-32 is live, with 4 products in generation 1."
    assert run("search", store, "wool hat", "-k", "1", "--json").json["hits"][0]["id"] == "h1"
    said = run("rollback", store)
    assert (said.code, said.out) == (0, "hashing is live again; the same command goes forward.\n")
    assert run("status", store, "--json").json["encoder"]["reference"] == "hashing"
    assert run("rollback", store, "--json").json == {"encoder": "hashing-32", "forgotten": False}
    said = run("rollback", store, "--forget")
    assert (said.code, said.out) == (0, "There is no way back any more; hashing-32 stays live.\n")
    said = run("rollback", store)
    assert said.code == 2 and "nothing was live before this" in said.err


def test_publish_as_json(run: Run, store: Path) -> None:
    said = run("publish", store, "--encoder", "hashing-32", "--json")
    assert json.loads(said.out) == {"generation": 1, "encoder": "hashing-32", "products": 4}


def test_publish_of_what_is_live_or_without_a_name_is_a_sentence(run: Run, store: Path) -> None:
    said = run("publish", store, "--encoder", "hashing")
    assert said.code == 2 and "than are live, got hashing and the same weights; nothing was changed" in said.err
    said = run("publish", store)
    assert said.code == 2 and "--encoder" in said.err


@pytest.mark.torch
def test_publish_of_an_encoder_that_cannot_be_had_changes_nothing(run: Run, store: Path) -> None:
    said = run("publish", store, "--encoder", "/no/such/folder")
    assert said.code == 2 and "encoder /no/such/folder: there is no such folder" in said.err
    assert run("status", store, "--json").json["encoder"]["reference"] == "hashing"


def test_publishing_shows_nothing_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from shelfwise.plugin.commands.publish_progress import PublishProgress

    with PublishProgress() as progress:
        progress(1, 2)
        progress(2, 2)
    assert capsys.readouterr() == ("", "")
