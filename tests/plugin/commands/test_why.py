"""`shelfwise why`."""

from __future__ import annotations

from pathlib import Path


def test_why_says_in_order_what_happened(run, store: Path) -> None:
    said = run("why", store, "red boot", "b1", "--filter", "price=..80")
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[0].startswith("It is in the store; written last with change 1 by import 1 of ")
    assert lines[-1] == "The filter price:..80 removed it: it has b1: 120 USD, 3 in stock."


def test_why_as_json_has_rank_parts_and_steps(run, store: Path) -> None:
    made = run("why", store, "red boot", "b1", "--json").json
    assert (made["found"], made["rank"]) == (True, 1)
    assert made["steps"][-1] == {"cause": "ranked", "sentence": "It is number 1 of 4 by relevance."}
    assert set(made["parts"]) >= {"words", "meaning"}


def test_a_filter_of_an_unknown_field_is_a_sentence(run, store: Path) -> None:
    said = run("why", store, "boot", "b1", "--filter", "size=9")
    assert said.code == 2 and said.err.startswith("Error: filter size: no product has such a field")
