"""Packages that import a module of theirs when something of it is first used.

Whoever needs one Struct of a package does not pay for all the others.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any


def exports(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package: `modules` has a module's names, separated by spaces.

    A name that is called otherwise in its module is written `there:here`.
    """
    places: dict[str, tuple[str, str]] = {}
    for module, names in modules.items():
        for name in names.split():
            there, _, here = name.partition(":")
            places[here or there] = (module, there)

    def load(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, there = places[name]
        # As `from module import there` does it: `there` may be a module of a package.
        value = getattr(__import__(module, fromlist=(there,)), there)
        setattr(sys.modules[package], name, value)
        return value

    return load
