"""Finding plugins, and what is said of those that do not fit."""

from __future__ import annotations

import logging
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from shelfwise.index import PluginError, RequestError
from shelfwise.plugin import Shop, hookimpl, hookspecs
from shelfwise.plugin.hooks import Plugins, call_each

Opens = Callable[..., Shop]

SOURCE = """
from __future__ import annotations
from dataclasses import dataclass, replace
from shelfwise.plugin import hookimpl

@dataclass
class Kept:
    word: str = "lamp"

@hookimpl
def prepare_query(request):
    return replace(request, query=Kept().word)
"""


class Rewrites:
    name = "rewrites"

    @hookimpl
    def prepare_query(self, request: Any) -> None: ...

    @hookimpl
    def on_results(self) -> None: ...


def foreign(shop: Shop) -> list[tuple[str, str, tuple[str, ...]]]:
    active = [(each.name, each.source, each.hooks) for each in shop.plugins.active()]
    own = ("shelfwise.", "entry point shelfwise.")  # the parts of the library, and of the distribution
    return [each for each in active if not each[0].startswith(own[0]) and not each[1].startswith(own[1])]


@pytest.fixture
def module_file(tmp_path: Path) -> Path:
    made = tmp_path / "queries_of_ours.py"
    made.write_text(SOURCE)
    return made


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """`package(name, value)` installs a package with one module `NAME_module` and an entry point."""
    site = tmp_path / "site"

    def made(name: str, value: str | None = None, source: str = SOURCE) -> Path:
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[shelfwise]\n{name} = {value or f'{name}_module'}\n")
        (site / f"{name}_module.py").write_text(source)
        return site

    monkeypatch.syspath_prepend(site)
    yield made
    for each in [each for each in sys.modules if each.endswith("_module")]:
        del sys.modules[each]


# ---- where they come from ----------------------------------------------------------------------------------------


def test_an_object_takes_part_by_its_name(open_shop: Opens) -> None:
    hooks = ("on_results", "prepare_query")
    assert foreign(open_shop(plugins=[Rewrites()])) == [("rewrites", "given to Shop.open (Rewrites)", hooks)]


def test_a_module_takes_part(open_shop: Opens) -> None:
    module = plugin("@hookimpl\ndef prepare_query(request): ...", "ours")
    assert foreign(open_shop(plugins=[module])) == [("ours", "given to Shop.open (module)", ("prepare_query",))]


@pytest.mark.parametrize("as_given", [Path, str])
def test_a_file_takes_part_and_its_dataclasses_work(
    as_given: Callable[[Path], Any], open_shop: Opens, module_file: Path
) -> None:
    shop = open_shop(plugins=[as_given(module_file)])
    assert foreign(shop) == [("queries_of_ours", str(module_file), ("prepare_query",))]
    assert shop.search("anything").request.query == "lamp"


def test_a_module_is_imported_by_name(open_shop: Opens, module_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(module_file.parent)
    try:
        shop = open_shop(plugins=["queries_of_ours"])
        assert foreign(shop) == [("queries_of_ours", "module queries_of_ours", ("prepare_query",))]
    finally:
        sys.modules.pop("queries_of_ours", None)


def test_an_installed_package_takes_part(open_shop: Opens, package: Callable[..., Path]) -> None:
    package("margins")
    assert foreign(open_shop()) == [("margins", "entry point margins_module", ("prepare_query",))]


def test_an_installed_package_that_is_named_as_well_takes_part_once(
    open_shop: Opens, package: Callable[..., Path]
) -> None:
    package("margins")
    assert [name for name, _, _ in foreign(open_shop(plugins=["margins_module"]))] == ["margins"]


@pytest.mark.parametrize(
    ("value", "source", "said"),
    [
        ("absent_module", SOURCE, "it fails with ModuleNotFoundError: No module named 'absent_module'"),
        (None, "raise SystemExit(3)", "it fails with SystemExit: 3"),
        (None, "1 / 0", "it fails with ZeroDivisionError: division by zero"),
        (None, "x = 1", "it has no function that is marked with @hookimpl"),
    ],
)
def test_an_installed_package_that_is_broken_is_left_out_with_a_sentence(
    value: str | None, source: str, said: str, package: Callable[..., Path]
) -> None:
    package("broken", value, source)
    plugins, told = Plugins(), list[str]()
    plugins.add_installed(told.append)
    assert len(told) <= 1 and all(said in each for each in told)
    assert "broken" not in [each.name for each in plugins.active()]


def test_the_variable_names_modules_and_files(
    open_shop: Opens, module_file: Path, package: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    package("margins", "something_else")
    monkeypatch.setenv("SHELFWISE_PLUGINS", f" margins_module, ,{module_file} ")
    names = [name for name, _, _ in foreign(open_shop(plugins=[module_file, "margins_module"]))]
    assert names == ["margins_module", "queries_of_ours"]


def test_what_the_variable_names_must_be_there(open_shop: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFWISE_PLUGINS", "not_there_at_all")
    with pytest.raises(PluginError) as caught:
        open_shop()
    assert str(caught.value) == (
        "plugin not_there_at_all: it cannot be imported (No module named 'not_there_at_all'); install it"
    )


@pytest.mark.parametrize("link", [False, True])
def test_no_code_is_loaded_from_inside_a_store(link: bool, open_shop: Opens, tmp_path: Path) -> None:
    store = Path(open_shop().store.name)
    inside = store / "plugin.py"
    inside.write_text("raise RuntimeError('it was loaded')")
    given = inside
    if link:
        given = tmp_path / "link.py"
        given.symlink_to(inside)
    with pytest.raises(PluginError) as caught:
        open_shop(plugins=[given])
    assert str(caught.value) == (
        f"plugin {inside.resolve()}: it lies in the store, from which no code is loaded; move it"
    )


# ---- what does not fit -------------------------------------------------------------------------------------------


def plugin(source: str, name: str = "mine") -> ModuleType:
    made = ModuleType(name)
    exec("from shelfwise.plugin import hookimpl\n" + textwrap.dedent(source), made.__dict__)
    return made


KNOWN = [each for each in dir(hookspecs) if hasattr(getattr(hookspecs, each), "shelfwise_spec")]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "@hookimpl\ndef prepare_query(request, user): ...",
            "plugin mine: its hook prepare_query takes the argument 'user'; wanted some of request",
        ),
        (
            "@hookimpl\ndef live_offers(ids): ...",
            "plugin mine: its hook live_offers takes the argument 'ids'; wanted some of shop, request, product_ids",
        ),
        (
            "@hookimpl\ndef prepare_query(**request): return 1\n@hookimpl\ndef on_event(**all): ...",
            "plugin mine: its hook on_event takes the argument 'all'; wanted some of shop, event",
        ),
        (
            "@hookimpl\ndef on_event(*, event): ...",
            "plugin mine: its hook on_event takes the argument 'event' by name alone; leave out the *",
        ),
        (
            "@hookimpl\ndef on_results(self, results): ...",
            "plugin mine: its hook on_results takes the argument 'self'; wanted some of shop, request, results",
        ),
        (
            "@hookimpl\nasync def on_results(results): ...",
            "plugin mine: its hook on_results is async, and nobody awaits it; write it without async",
        ),
        (
            "@hookimpl\ndef prepare_querry(request): ...",
            "plugin mine: there is no hook 'prepare_querry'; is prepare_query meant?",
        ),
        ("@hookimpl\ndef zzz(): ...", f"plugin mine: there is no hook 'zzz'; there are {', '.join(KNOWN)}"),
        (
            "def prepare_query(request): ...",
            "plugin mine: it has no function that is marked with @hookimpl; mark what it implements",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_plugin_hook_and_argument(source: str, said: str) -> None:
    with pytest.raises(PluginError) as caught:
        Plugins().add_named([plugin(source)])
    assert str(caught.value) == said


def test_an_argument_with_a_default_is_the_plugins_own() -> None:
    plugins = Plugins()
    plugins.add_named([plugin("@hookimpl\ndef prepare_query(request, depth=3): return depth")])
    (each,) = plugins.implementations("prepare_query")
    assert each.call({"request": None}) == 3


def test_two_of_one_name_are_one_too_many() -> None:
    plugins = Plugins()
    with pytest.raises(PluginError) as caught:
        plugins.add_named([Rewrites(), Rewrites()])
    assert str(caught.value) == (
        "plugin rewrites: there are two of this name, from given to Shop.open (Rewrites) and given to Shop.open "
        "(Rewrites)"
    )


def test_nobody_else_may_be_called_as_our_own_parts_are() -> None:
    plugins = Plugins()
    with pytest.raises(PluginError) as caught:
        plugins.add_named([plugin("@hookimpl\ndef on_event(): ...", "shelfwise.mine")])
    assert str(caught.value) == (
        "plugin shelfwise.mine: names that begin with 'shelfwise.' are our own; call it otherwise"
    )


@pytest.mark.parametrize("given", ["mine.py", Path("mine.py"), 7])
def test_plugins_are_a_list(given: Any) -> None:
    with pytest.raises(PluginError) as caught:
        Plugins().add_named(given)
    assert str(caught.value) == f"plugins: wanted a list, got {given!r}; write plugins=[…]"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "it cannot be loaded (ZeroDivisionError: division by zero)"),
        ("raise SystemExit(1)", "it cannot be loaded (SystemExit: 1)"),
        ("def", "it cannot be loaded (SyntaxError: "),
        (None, "wanted a Python file, got none; check the path"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_named(source: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    if source is not None:
        path.write_text(source)
    before = set(sys.modules)
    with pytest.raises(PluginError) as caught:
        Plugins().add_named([path])
    assert str(caught.value).startswith(f"plugin {path}: {said}")
    assert set(sys.modules) == before


def test_a_module_that_fails_when_it_is_imported_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fails_at_once.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError) as caught:
        Plugins().add_named(["fails_at_once"])
    assert str(caught.value) == (
        "plugin fails_at_once: it cannot be imported (ZeroDivisionError: division by zero); mend it"
    )


def test_own_parts_are_called_first_then_the_others_by_name() -> None:
    plugins = Plugins()
    plugins.add_named([plugin("@hookimpl\ndef register_stages(): ...", name) for name in ("zebra", "ape")])
    plugins.add_own()
    called = [each.plugin for each in plugins.implementations("register_stages")]
    assert called[-2:] == ["ape", "zebra"] and "shelfwise.stages" in called[:-2]
    assert [each.name for each in plugins.active()][-2:] == ["ape", "zebra"]


@pytest.mark.parametrize("failing", ["1 / 0", "raise SystemExit"])
def test_one_that_fails_when_it_registers_does_not_stop_the_others(failing: str) -> None:
    plugins, told = Plugins(), list[str]()
    plugins.add_named(
        [
            plugin(f"@hookimpl\ndef extra_metrics(): {failing}", "a"),
            plugin("@hookimpl\ndef extra_metrics(): return {'b': 1}", "b"),
        ]
    )
    assert call_each(plugins, "extra_metrics", told.append) == [("b", {"b": 1})]
    assert len(told) == 1 and told[0].startswith("Plugin a is left out: it fails with ")


# ---- what a store expects ----------------------------------------------------------------------------------------


def test_a_store_warns_of_plugins_that_it_was_made_for(open_shop: Opens, caplog: pytest.LogCaptureFixture) -> None:
    with open_shop(plugins=[Rewrites()]) as first:
        first.expect_plugins()
    with caplog.at_level(logging.WARNING, "shelfwise"):
        open_shop(plugins=[Rewrites()])
        assert caplog.messages == []
        shop = open_shop()
    assert caplog.messages == [
        f"store {shop.store.name}: it was made for the plugins rewrites, which are not there; answers may differ, and "
        "texts be encoded otherwise; install or name them"
    ]


def test_expected_plugins_can_be_named_and_forgotten(open_shop: Opens, caplog: pytest.LogCaptureFixture) -> None:
    shop = open_shop()
    shop.expect_plugins(["b", "a"])
    open_shop()
    assert [each for each in caplog.messages if "made for the plugins a, b" in each]
    caplog.clear()
    shop.expect_plugins([])
    open_shop()
    assert caplog.messages == []
    with pytest.raises(RequestError):
        shop.expect_plugins("a")
