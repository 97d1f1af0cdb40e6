"""Who takes part in the hooks: our own modules, what installed packages name, and what a shop names itself."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import blake2b
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar, overload

import pluggy

from . import hookspecs

ENTRY_POINTS = "shelfwise"  # the group in which a package names its plugin module
SETTING = "SHELFWISE_PLUGINS"  # modules and paths of .py files, with commas between
OWN = "shelfwise."  # begins the names of our own plugins
OWN_SOURCE = "shelfwise"
OWN_MODULES = ("sources", "stages", "feeds", "rules")

_TOLD: set[str] = set()

Tell = Callable[[str], None]
Function = TypeVar("Function", bound=Callable[..., Any])
_marker = pluggy.HookimplMarker(hookspecs.PROJECT)


@overload
def hookimpl(function: Function) -> Function: ...
@overload
def hookimpl(*, isolated: bool = False, seconds: float | None = None) -> Callable[[Function], Function]: ...
def hookimpl(function: Any = None, *, isolated: bool = False, seconds: float | None = None) -> Any:
    """Marks a plugin's function as the implementation of the hook of the same name.

    `isolated`: it runs in a thread of the plugin's own pool, and is left behind when its time is over. `seconds`: its
    time, in place of the shop's limit for a hook.
    """

    def mark(function: Any) -> Any:
        function.shelfwise_isolated, function.shelfwise_seconds = isolated, seconds
        return _marker(function)

    return mark if function is None else mark(function)


@dataclass(frozen=True)
class PluginInfo:
    """One plugin that takes part."""

    name: str
    source: str  # where it comes from
    hooks: tuple[str, ...]  # those it implements


class Plugins:
    """The plugins of one shop or command line, in their order: our own, installed ones, those that were named."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self._sources: dict[str, str] = {}

    def add(self, plugin: object, name: str, source: str) -> None:
        """Takes a plugin in; raises `PluginError` where it does not fit."""
        if self.manager.is_registered(plugin):
            return  # an installed package that is also named
        if name in self._sources:
            raise _refused(f"plugin {name}: there are two of this name, from {self._sources[name]} and {source}")
        if name.startswith(OWN) and source != OWN_SOURCE:
            raise _refused(f"plugin {name}: names that begin with {OWN!r} are our own; call it otherwise")
        _check(plugin, name)
        try:
            self.manager.register(plugin, name)
        except Exception as error:
            if self.manager.get_plugin(name) is plugin:
                self.manager.unregister(plugin)
            raise _refused(f"plugin {name}: it cannot take part ({' '.join(str(error).split())[:300]})") from error
        self._sources[name] = source

    def add_own(self) -> None:
        """Takes in what Shelfwise brings itself, by the same door as everybody."""
        for name in OWN_MODULES:
            self.add(importlib.import_module(f".{name}", __package__), f"{OWN}{name}", OWN_SOURCE)

    def add_installed(self, tell: Tell) -> None:
        """Imports and takes in what installed packages name; of one that is broken `tell` hears a sentence."""
        # One package can be seen twice on the path (a wheel and its source): it is one plugin all the same.
        named = {(point.name, point.value): point for point in entry_points(group=ENTRY_POINTS)}
        for point in named.values():
            try:
                self.add(point.load(), point.name, f"entry point {point.value}")
            except (Exception, SystemExit) as error:
                sentence = left_out(f"{point.name} ({point.value})", error)
                if sentence not in _TOLD:  # once a process, not with each shop that it opens
                    _TOLD.add(sentence)
                    tell(sentence)

    def add_named(self, plugins: Iterable[object], inside: Path | None = None) -> None:
        """Takes in modules, objects, and modules by name or path; raises `PluginError`. `inside`: a store's folder,
        from which no code is loaded.
        """
        if isinstance(plugins, (str, Path)) or not isinstance(plugins, Iterable):
            raise _refused(f"plugins: wanted a list, got {plugins!r:.80}; write plugins=[…]")
        for each in plugins:
            if isinstance(each, Path) or (isinstance(each, str) and (each.endswith(".py") or os.sep in each)):
                path = Path(each).expanduser().resolve()
                if inside is not None and path.is_relative_to(inside.resolve()):
                    raise _refused(f"plugin {path}: it lies in the store, from which no code is loaded; move it")
                if self._sources.get(path.stem) != str(path):  # else it is named twice
                    self.add(_load(path), path.stem, str(path))
            elif isinstance(each, str):
                try:
                    module = importlib.import_module(each)
                except ImportError as error:
                    raise _refused(f"plugin {each}: it cannot be imported ({error}); install it") from error
                except (Exception, SystemExit) as error:
                    raise _refused(
                        f"plugin {each}: it cannot be imported ({type(error).__name__}: {error}); mend it"
                    ) from error
                self.add(module, each, f"module {each}")
            else:
                name = getattr(each, "name", None) or getattr(each, "__name__", None) or type(each).__name__
                self.add(each, str(name), f"given to Shop.open ({type(each).__name__})")

    def add_from_setting(self, inside: Path | None = None) -> None:
        """Takes in what the variable SHELFWISE_PLUGINS names."""
        self.add_named([each.strip() for each in os.environ.get(SETTING, "").split(",") if each.strip()], inside)

    def implementations(self, hook: str) -> list[Implementation]:
        """Those of one hook: our own first, then by the plugins' names."""
        found = getattr(self.manager.hook, hook).get_hookimpls()
        made = [Implementation(hook, each.plugin_name, each.function, tuple(each.argnames)) for each in found]
        return sorted(made, key=lambda each: (not each.plugin.startswith(OWN), each.plugin))

    def active(self) -> list[PluginInfo]:
        """All plugins, in the order in which they are called."""
        made = []
        for name, plugin in self.manager.list_name_plugin():
            callers = self.manager.get_hookcallers(plugin) or []
            made.append(PluginInfo(name, self._sources[name], tuple(sorted(caller.name for caller in callers))))
        return sorted(made, key=lambda each: (not each.name.startswith(OWN), each.name))


@dataclass(frozen=True)
class Implementation:
    """One plugin's function for one hook."""

    hook: str
    plugin: str
    function: Callable[..., Any]
    takes: tuple[str, ...]

    @property
    def isolated(self) -> bool:
        """Whether it runs in a thread of its plugin's own pool."""
        return bool(getattr(self.function, "shelfwise_isolated", False))

    @property
    def seconds(self) -> float | None:
        """The time that it asks for."""
        return getattr(self.function, "shelfwise_seconds", None)

    def call(self, arguments: dict[str, Any]) -> Any:
        """Calls it with those arguments that it takes."""
        return self.function(*(arguments[name] for name in self.takes))


def call_each(plugins: Plugins, hook: str, tell: Tell, **arguments: Any) -> list[tuple[str, Any]]:
    """Calls one hook plugin by plugin: names and values. One that fails does not stop the others, and `tell` hears."""
    made = []
    for each in plugins.implementations(hook):
        try:
            made.append((each.plugin, each.call(arguments)))
        except (Exception, SystemExit) as error:
            tell(left_out(each.plugin, error))
    return made


def left_out(name: str, error: BaseException) -> str:
    """What is said of a plugin that fails."""
    said = " ".join(str(error).split())[:200] or "no reason given"
    return f"Plugin {name} is left out: it fails with {type(error).__name__}: {said}; mend or uninstall it"


def _refused(sentence: str) -> Exception:
    # Imported here: `shelfwise --help` is not to wait for all of `index`.
    from ..index import PluginError

    return PluginError(sentence)


def _load(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(
        f"shelfwise_plugin_{path.stem}_{blake2b(str(path).encode(), digest_size=4).hexdigest()}", path
    )
    if spec is None or spec.loader is None or not path.is_file():
        raise _refused(f"plugin {path}: wanted a Python file, got none; check the path")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickle look there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        raise _refused(f"plugin {path}: it cannot be loaded ({type(error).__name__}: {error})") from error
    return module


def _check(plugin: object, name: str) -> None:
    """Raises `PluginError` for hooks that there are not, and for arguments that a hook has not."""
    marked = [each for each in dir(plugin) if hasattr(getattr(plugin, each, None), f"{hookspecs.PROJECT}_impl")]
    if not marked:
        raise _refused(f"plugin {name}: it has no function that is marked with @hookimpl; mark what it implements")
    known = [each for each in dir(hookspecs) if hasattr(getattr(hookspecs, each), f"{hookspecs.PROJECT}_spec")]
    for each in marked:
        if each not in known:
            near = get_close_matches(each, known, 1)
            hint = f"; is {near[0]} meant?" if near else f"; there are {', '.join(known)}"
            raise _refused(f"plugin {name}: there is no hook {each!r}{hint}")
        if inspect.iscoroutinefunction(getattr(plugin, each)):
            raise _refused(f"plugin {name}: its hook {each} is async, and nobody awaits it; write it without async")
        wanted = list(inspect.signature(getattr(hookspecs, each)).parameters)
        taken: Sequence[inspect.Parameter] = list(inspect.signature(getattr(plugin, each)).parameters.values())
        for parameter in taken:
            # As pluggy has it: what has a default is the plugin's own.
            if parameter.default is not parameter.empty:
                continue
            if parameter.kind is parameter.KEYWORD_ONLY:
                raise _refused(
                    f"plugin {name}: its hook {each} takes the argument {parameter.name!r} by name alone; "
                    "leave out the *"
                )
            if parameter.name not in wanted:
                raise _refused(
                    f"plugin {name}: its hook {each} takes the argument {parameter.name!r}; wanted some of "
                    f"{', '.join(wanted)}"
                )
