"""Plugins that claim the same name."""

from benchrace.plugin.host.entry_points import PluginRef
from benchrace.plugin.host.name_conflicts import PluginNames, find_conflicts


def names(name: str, backends: tuple[str, ...] = (), kinds: tuple[str, ...] = ()) -> PluginNames:
    ref = PluginRef(name=name, module=f"{name}_module", distribution=f"d-{name}", version="1")
    return PluginNames(ref, backends, kinds)


def test_unique_names_do_not_conflict() -> None:
    plugins = [names("a", ("x",), ("k",)), names("b", ("y",), ("l",)), names("c")]
    assert find_conflicts(plugins) == (None, None, None)


def test_only_plugins_that_share_a_name_conflict() -> None:
    plugins = [names("a", ("x",)), names("b", ("y",)), names("c", ("x",))]
    first, second, third = find_conflicts(plugins)
    assert second is None
    assert first is not None
    assert first == third
    assert "backend 'x'" in first
    assert "d-a 1 (a_module)" in first
    assert "d-c 1 (c_module)" in first


def test_kinds_conflict_too() -> None:
    assert all(find_conflicts([names("a", kinds=("k",)), names("b", kinds=("k",))]))
