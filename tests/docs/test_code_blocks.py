"""Every Python block in the README and in docs/ runs, as a reader would type it.

Blocks of one page share a namespace and an empty folder. A fence that names a file (```csv products.csv) puts its text
into that folder; a Python block that cannot run is fenced as something else (```text).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(
    page.relative_to(ROOT).as_posix() for pattern in ("README*.md", "docs/**/*.md") for page in ROOT.glob(pattern)
)
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w+)(?: +(?P<file>[\w.-]+))? *$")


@dataclass(frozen=True)
class Block:
    """One fenced block: `line` is that of its first line of text, from 1."""

    language: str
    file: str | None
    line: int
    text: str


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a Markdown text that state a language."""
    found: list[Block] = []
    lines = iter(enumerate(page.splitlines(), start=1))
    for number, line in lines:
        fence = FENCE.match(line)
        if fence is None:
            if line.lstrip().startswith("```"):  # a block without a language: go past it
                next((n for n, inside in lines if inside.strip() == "```"), None)
            continue
        body = []
        for _, inside in lines:
            if inside.strip() == "```":
                break
            body.append(inside.removeprefix(fence["indent"]))
        found.append(Block(fence["language"], fence["file"], number + 1, "\n".join(body) + "\n"))
    return found


def run(page: str, source: str) -> None:
    """Run the blocks of one page in the current folder; a traceback names the page and its line."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(source):
        if block.file:
            Path(block.file).write_text(block.text, "utf-8")
        elif block.language == "python":
            padded = "\n" * (block.line - 1) + block.text
            exec(compile(padded, page, "exec"), namespace)


def test_there_is_a_readme() -> None:
    assert (ROOT / "README.md").is_file()


@pytest.mark.torch
@pytest.mark.parametrize("page", PAGES)
def test_the_python_blocks_of_a_page_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(page, (ROOT / page).read_text("utf-8"))


def test_blocks_share_a_namespace_and_see_the_files_that_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = "```csv shop.csv\nid,title\n```\n```python\nfrom pathlib import Path\n```\n"
    page += "```\n```python looks like a fence\n```\n"
    page += "- a list\n\n  ```python\n  Path('out').write_text(Path('shop.csv').read_text())\n  ```\n"
    run("page.md", page)
    assert (tmp_path / "out").read_text() == "id,title\n"


def test_a_failing_block_is_named_by_page_and_line() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run("page.md", "# Title\n\n```python\nx = 1\nx / 0\n```\n")
    last = caught.traceback[-1]
    assert (str(last.path).rpartition("/")[2], last.lineno + 1) == ("page.md", 5)
