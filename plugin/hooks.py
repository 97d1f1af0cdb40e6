"""Who takes part in the hooks: our own modules, and those that other packages name as entry points."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import Any

import pluggy

from . import hookspecs

ENTRY_POINTS = "shelfwise"  # the group in which a package names its plugin module

hookimpl = pluggy.HookimplMarker(hookspecs.PROJECT)
"""Marks a plugin's function as the implementation of the hook of the same name."""

Tell = Callable[[str], None]


def plugin_manager(own: Iterable[tuple[str, object]] = ()) -> pluggy.PluginManager:
    """A manager that knows the hooks and our own plugins, by name; nothing else is imported."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name, plugin in own:
        manager.register(plugin, name)
    return manager


def load_entry_points(manager: pluggy.PluginManager, tell: Tell) -> None:
    """Imports and registers what installed packages name; of one that is broken `tell` hears a sentence."""
    # One package can be seen twice on the path (a wheel and its source): it is one plugin all the same.
    named = {(point.name, point.value): point for point in entry_points(group=ENTRY_POINTS)}
    for point in named.values():
        plugin: object = None
        try:
            plugin = point.load()
            manager.register(plugin, point.name)
            manager.check_pending()
        except (Exception, SystemExit) as error:
            if plugin is not None and manager.is_registered(plugin) and manager.get_plugin(point.name) is plugin:
                manager.unregister(plugin)
            tell(_left_out(f"{point.name} ({point.value})", error))


def call_each(manager: pluggy.PluginManager, hook: str, tell: Tell, **arguments: Any) -> None:
    """Calls one hook plugin by plugin, in the order of registration; one that fails does not stop the others."""
    plugins = manager.list_name_plugin()
    for name, plugin in plugins:
        others = [other for _, other in plugins if other is not plugin]
        try:
            manager.subset_hook_caller(hook, others)(**arguments)
        except (Exception, SystemExit) as error:
            tell(_left_out(name, error))


def _left_out(name: str, error: BaseException) -> str:
    said = " ".join(str(error).split())[:200] or "no reason given"
    return f"Plugin {name} is left out: it fails with {type(error).__name__}: {said}; mend or uninstall it"
