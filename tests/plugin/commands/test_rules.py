"""`shelfwise rules`."""

from __future__ import annotations

from pathlib import Path

import pytest

RULES = """\
[[rule]]
id = "boots first"
kind = "pin"
query = "boot"
products = ["s1"]
author = "Ann"
reason = "autumn"

[[rule]]
id = "no hats"
kind = "hide"
filters = "category:'Clothes > Hats'"
start = 2026-01-01
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules.toml").write_text(RULES)
    return tmp_path / "rules.toml"


def test_a_file_is_tried_saved_listed_and_written_again(run, store: Path, rules: Path, tmp_path: Path) -> None:
    tried = run("rules", store, "--import", rules, "--preview", "boot")
    assert tried.code == 0 and "boots first (from 3)" in tried.out
    assert tried.out.rstrip().endswith("4 products before, 3 after; nothing was saved.")
    assert run("rules", store, "--json").json == {"rules": []}
    said = run("rules", store, "--import", rules)
    assert said.err == "Saved 2 rules; 0 stood there already.\n"
    assert "What wins: permission, stock, hide, pin, boost, diversity." in said.out
    assert said.out.rstrip().endswith("2 rules")
    assert run("rules", store, "--export", tmp_path / "again.toml").err.startswith("Wrote 2 rules to ")
    assert run("rules", store, "--import", tmp_path / "again.toml").err == "Saved 0 rules; 2 stood there already.\n"
    found = run("search", store, "boot", "--json").json
    assert found["hits"][0]["moves"] == [{"from": 3, "to": 1, "rule": "boots first", "reason": "autumn"}]
    assert found["total"] == 3 and run("why", store, "h1", "boot").code == 0


def test_a_change_is_undone_and_stands_in_the_history(run, store: Path, rules: Path) -> None:
    run("rules", store, "--import", rules)
    assert run("rules", store, "--delete", "no hats", "--author", "Bo").err == "Deleted 1 rule.\n"
    assert run("rules", store, "--undo", "no hats").err == "Undone: the rule 'no hats' is as it was before.\n"
    assert run("rules", store, "--undo", "boots first").err == "Undone: the rule 'boots first' is gone.\n"
    said = run("rules", store, "--history", "--json").json
    assert [each["id"] for each in said["rules"]] == ["no hats"]
    assert [(each["rule"], each["done"], each["author"]) for each in said["history"]] == [
        ("boots first", "saved", "Ann"), ("no hats", "saved", ""), ("no hats", "deleted", "Bo"),
        ("no hats", "undone", ""), ("boots first", "undone", ""),
    ]  # fmt: skip


def test_a_file_that_is_wrong_changes_nothing(run, store: Path, rules: Path) -> None:
    rules.write_text(RULES + '\n[[rule]]\nid = "x"\nkind = "redirect"\nurl = "javascript:x"\n')
    said = run("rules", store, "--import", rules)
    assert said.code == 2 and said.err.startswith("Error: rule 'x': wanted a path such as '/sale'")
    assert run("rules", store, "--json").json == {"rules": []}
