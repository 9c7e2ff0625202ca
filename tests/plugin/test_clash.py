"""Names that two plugins both want."""

from benchrace.plugin.clash import Offer, clashes
from benchrace.plugin.entry_points import PluginRef


def offer(name: str, backends: tuple[str, ...] = (), kinds: tuple[str, ...] = ()) -> Offer:
    ref = PluginRef(name=name, module=f"{name}_module", distribution=f"d-{name}", version="1")
    return Offer(ref, backends, kinds)


def test_names_of_their_own_are_fine() -> None:
    offers = [offer("a", ("x",), ("k",)), offer("b", ("y",), ("l",)), offer("c")]
    assert clashes(offers) == (None, None, None)


def test_only_those_that_share_are_refused() -> None:
    first, second, third = clashes([offer("a", ("x",)), offer("b", ("y",)), offer("c", ("x",))])
    assert second is None
    assert first is not None
    assert first == third
    assert "backend 'x'" in first
    assert "d-a 1 (a_module)" in first
    assert "d-c 1 (c_module)" in first


def test_kinds_clash_too() -> None:
    assert all(clashes([offer("a", kinds=("k",)), offer("b", kinds=("k",))]))
