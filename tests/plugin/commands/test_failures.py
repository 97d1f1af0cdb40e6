"""How the command line ends when something is in its way: a sentence, a code, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shelfwise.plugin import Shop

CALL = "from shelfwise.plugin.commands import main; main()"


def test_a_reader_that_goes_away_is_no_error(start, store: Path, tmp_path: Path, run) -> None:
    feed = tmp_path / "large.csv"
    feed.write_text("id,title\n" + "".join(f"p{n},Product {n} {'with a long title ' * 20}\n" for n in range(900)))
    assert run("import", store, feed).code == 0
    with start("search", store, "", "-k", "900", "--json") as process:
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read().replace("\n", "") == ""
    assert process.returncode in {0, 1, 141}  # 0: all was handed to the pipe before it broke
    with start("search", store, "product", "-k", "900") as process:
        process.stdout.read(1)
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
    assert process.returncode in {0, 1, 141}  # 0: all was handed to the pipe before it broke


def test_ctrl_c_in_any_command_ends_with_130(run, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def search(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Shop, "search", search)
    said = run("search", store, "boot")
    assert said.code == 130
    assert said.err.startswith("Stopped.")


def test_what_nobody_foresaw_keeps_its_traceback(run, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def search(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero\nand more")

    monkeypatch.setattr(Shop, "search", search)
    said = run("search", store, "boot")
    assert said.code == 2
    assert "Traceback" in said.err
    assert said.err.splitlines()[-1].startswith("Error: ZeroDivisionError: by zero; nobody foresaw this")
    assert run("search", store, "boot", "--json").json["error"]["type"] == "ZeroDivisionError"


def test_a_file_that_cannot_be_written_is_a_sentence(run, tmp_path: Path) -> None:
    feed = tmp_path / "bad.csv"
    feed.write_text("id,title\n1,\n2,Hat\n")
    said = run("import", tmp_path / "new", feed, "--encoder", "hashing", "--report", tmp_path)
    assert said.code == 2
    assert said.err.splitlines()[-1].startswith(f"Error: {tmp_path}")
    assert "Traceback" not in said.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_full_disk_behind_stdout_is_a_sentence(store: Path, json: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        said = subprocess.run(
            [sys.executable, "-c", CALL, "search", store, "boot", *json], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (said.returncode, said.stderr) == (2, "Error: output: No space left on device\n")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "xterm"}])
def test_nothing_is_coloured_without_a_terminal(run_alone, store: Path, env: dict[str, str]) -> None:
    for arguments in (("search", store, "boot"), ("search", store / "none", "boot")):
        said = run_alone(*arguments, env=env)
        assert "\x1b" not in said.out + said.err


def test_text_that_the_terminal_cannot_show_does_not_stop_the_answer(
    run_alone, store: Path, tmp_path: Path, run
) -> None:
    feed = tmp_path / "zh.csv"
    feed.write_text("id,title\nz1,羊毛帽子\n", "utf-8")
    assert run("import", store, feed).code == 0
    env = {"PYTHONIOENCODING": "ascii"}
    said = run_alone("search", store, "帽子", "-k", "1", env=env)
    assert (said.code, "????" in said.out) == (0, True)
    said = run_alone("search", store, "帽子", "-k", "1", "--json", env=env)
    assert json.loads(said.out)["hits"][0]["title"] == "羊毛帽子"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_feed_that_may_not_be_read_is_a_sentence(run, feed: Path, tmp_path: Path) -> None:
    feed.chmod(0)
    said = run("import", tmp_path / "new", feed)
    assert said.code == 2
    assert "Traceback" not in said.err
