"""`shelfwise plugins`."""

from __future__ import annotations

from pathlib import Path

import pytest

SOURCE = """
from shelfwise.plugin import hookimpl

@hookimpl
def prepare_query(request): ...

@hookimpl
def on_event(event): ...
"""


@pytest.fixture
def wishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "wishes.py"
    made.write_text(SOURCE)
    monkeypatch.setenv("SHELFWISE_PLUGINS", str(made))
    return made


def test_plugins_as_json_have_name_source_and_hooks_in_the_order_of_their_calls(run, store: Path, wishes: Path) -> None:
    listed = run("plugins", store, "--json").json["plugins"]
    assert {"name": "wishes", "source": str(wishes), "hooks": ["on_event", "prepare_query"]} in listed
    names = [each["name"] for each in listed]
    own = [name for name in names if name.startswith("shelfwise.")]
    assert names[: len(own)] == own and names[len(own) :] == sorted(names[len(own) :])
    assert {"name": "shelfwise.sources", "source": "shelfwise", "hooks": ["register_sources"]} in listed


def test_plugins_are_listed_for_a_person(run, store: Path, wishes: Path) -> None:
    said = run("plugins", store)
    (line,) = [each for each in said.out.splitlines() if each.startswith("wishes")]
    assert said.code == 0 and line.split() == ["wishes", str(wishes), "on_event,", "prepare_query"]


def test_where_there_is_no_store_nothing_is_listed_and_none_is_made(run, tmp_path: Path) -> None:
    said = run("plugins", tmp_path / "none")
    assert said.code != 0 and said.out == "" and not (tmp_path / "none").exists()
