"""`shelfwise page` and `shelfwise pages`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

BOOTS = {"slug": "boots", "title": "Boots", "filters": "category:'Shoes > Boots'", "first": ["b2"]}


@pytest.fixture
def saved(run, store: Path, tmp_path: Path) -> Path:
    """A store with a landing page."""
    (tmp_path / "pages.json").write_text(json.dumps([BOOTS]))
    said = run("pages", store, "--save", tmp_path / "pages.json")
    assert (said.code, said.err) == (0, "Saved 1 page.\n")
    return store


def test_a_page_is_shown_with_its_title(run, saved: Path) -> None:
    said = run("page", saved, "boots")
    assert said.code == 0 and said.out.startswith("Boots\n") and said.out.rstrip().endswith("1 to 2 of 2 products")
    assert [each["id"] for each in run("page", saved, "boots", "--json").json["hits"]] == ["b2", "b1"]
    assert [each["id"] for each in run("page", saved, "boots", "--sort", "-price", "--json").json["hits"]] == [
        "b1",
        "b2",
    ]


def test_what_json_prints_can_be_saved_again(run, saved: Path, tmp_path: Path) -> None:
    printed = run("pages", saved, "--json")
    assert printed.json == {"browse_by": "-sales,newest", "pages": [BOOTS]}
    (tmp_path / "again.json").write_text(printed.out)
    assert run("pages", saved, "--delete", "boots").err == "Deleted 1 page.\n"
    assert run("pages", saved, "--json").json["pages"] == []
    assert run("pages", saved, "--save", tmp_path / "again.json", "--json").json == printed.json


def test_the_list_says_in_which_order_products_stand(run, saved: Path) -> None:
    said = run("pages", saved, "--browse-by=-price")
    assert said.code == 0 and "category:'Shoes > Boots'" in said.out
    assert said.out.rstrip().endswith("1 landing page; without a query by -price")
    assert run("search", saved, "", "--json").json["hits"][0]["id"] == "b1"
    assert run("pages", saved, "--browse-by", "").out.rstrip().endswith("by -sales,newest")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "wanted JSON, got something else ("),
        ("5", "wanted a list of pages, or an object with one as 'pages', got 5"),
        ('[{"slug": "a"}, {"slug": "a b"}]', "landing page: wanted a slug of up to 200 letters"),
    ],
)
def test_a_file_that_holds_no_pages_is_refused_and_changes_nothing(
    run, saved: Path, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "bad.json").write_text(content)
    result = run("pages", saved, "--save", tmp_path / "bad.json")
    assert result.code == 2 and said in result.err
    assert run("pages", saved, "--json").json["pages"] == [BOOTS]


def test_an_unknown_slug_is_a_sentence(run, saved: Path) -> None:
    said = run("page", saved, "hats")
    assert said.code == 2 and said.err.startswith("Error: landing page 'hats': there is none")
