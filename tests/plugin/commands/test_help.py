"""The command line as a whole: fast, helpful, and open to plugins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "faiss", "sentence_transformers", "transformers", "gradio", "numpy", "scipy", "sqlalchemy", "pyarrow")
LOOK = """
import sys
from shelfwise.plugin.commands import main
try:
    main()
except SystemExit as end:
    assert end.code == 0, end.code
print("loaded:", *(name for name in {heavy!r} if name in sys.modules))
"""


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("import", "--help"), ("models", "fetch", "--help")]
)
def test_help_imports_no_heavy_library(arguments: tuple[str, ...]) -> None:
    look = subprocess.run(
        [sys.executable, "-c", LOOK.format(heavy=HEAVY), *arguments], capture_output=True, text=True, check=True
    )
    assert look.stdout.splitlines()[-1] == "loaded:"


def test_help_names_every_command_with_a_whole_sentence(run) -> None:
    said = run("--help")
    assert said.code == 0
    for command in ("import", "search", "similar", "get", "delete", "models"):
        assert f"  {command} " in said.out
    own = said.out.partition("Commands:")[2].partition("demo")[0]
    assert "..." not in own


def test_without_arguments_it_shows_the_help(run) -> None:
    said = run()
    assert said.code == 2
    assert "Commands:" in said.out + said.err


def test_the_version_is_said(run) -> None:
    said = run("--version")
    assert (said.code, said.out.split()[0].rstrip(",")) == (0, "shelfwise")


def test_a_mistyped_command_is_one_sentence_that_says_where_help_is(run) -> None:
    said = run("serch", "store", "boot")
    assert said.code == 2
    assert said.err.startswith("Error: No such command 'serch'.")
    assert said.err.endswith("See `shelfwise --help`.\n")


# ---- plugins -----------------------------------------------------------------------------------------------------


@pytest.fixture
def with_plugin(tmp_path: Path):
    """Installs a plugin of this source beside the others; gives the environment that sees it."""

    def install(source: str, name: str = "loyalty") -> dict[str, str]:
        site = tmp_path / "site"
        facts = site / f"{name}-1.0.dist-info"
        facts.mkdir(parents=True)
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(f"[shelfwise]\n{name} = {name}_plugin\n")
        (site / f"{name}_plugin.py").write_text(source)
        return {"PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}

    return install


GOOD = """
from shelfwise.plugin.hooks import hookimpl

@hookimpl
def register_commands(cli):
    @cli.command("loyalty")
    def loyalty():
        "Say who is loyal."
        print("nobody")
"""


def test_register_commands_of_an_installed_package_adds_a_command(with_plugin, run_alone) -> None:
    env = with_plugin(GOOD)
    assert "Say who is loyal." in run_alone("--help", env=env).out
    assert run_alone("loyalty", env=env).out == "nobody\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        (
            GOOD.replace("(cli):", "(cli, shop):"),
            "its hook register_commands takes the argument 'shop'; wanted some of cli",
        ),
        (
            GOOD.replace("register_commands", "register_comands"),
            "there is no hook 'register_comands'; is register_commands meant?",
        ),
        (GOOD.replace('    @cli.command("loyalty")', "    raise KeyError('gone')"), "KeyError: 'gone'"),
    ],
)
def test_a_broken_plugin_is_named_in_one_sentence_and_the_rest_works(
    with_plugin, run_alone, store: Path, source: str, reason: str
) -> None:
    said = run_alone("search", store, "hat", "--json", env=with_plugin(source))
    assert said.code == 0
    assert said.json["hits"][0]["id"] == "h1"
    (line,) = said.err.splitlines()
    assert line.startswith("Plugin loyalty")
    assert reason in line


def test_every_hook_has_one_sentence_named_arguments_and_a_heading_in_the_docs(root: Path) -> None:
    import inspect

    from shelfwise.plugin import hookspecs

    hooks = [each for each in vars(hookspecs).values() if hasattr(each, "shelfwise_spec")]
    assert len(hooks) > 10
    page = (root / "docs" / "plugins.md").read_text("utf-8")
    for hook in hooks:
        assert hook.__doc__ and hook.__doc__.strip().count("\n") == 0
        assert all(
            each.kind is each.POSITIONAL_OR_KEYWORD and each.default is each.empty
            for each in inspect.signature(hook).parameters.values()
        )
        assert f"### `{hook.__name__}({', '.join(inspect.signature(hook).parameters)})`" in page
