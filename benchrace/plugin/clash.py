"""Names that two plugins both want: neither gets it, and both are named."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from benchrace.plugin.description import PluginDescription
from benchrace.plugin.entry_points import PluginRef


class Offer(NamedTuple):
    """The names that a plugin claims."""

    ref: PluginRef
    backends: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def clashes(offers: Sequence[Offer]) -> tuple[str | None, ...]:
    """Tell for each offer why it is refused, None where it is alone with all its names."""
    return tuple(_clash(offer, offers) for offer in offers)


def refuse_clashes(described: Sequence[PluginDescription]) -> tuple[PluginDescription, ...]:
    """Turn descriptions that claim one name into broken ones."""
    offers = [
        Offer(
            PluginRef(
                name=each.name,
                module=each.module,
                distribution=each.distribution,
                version=each.version,
            ),
            tuple(backend.name for backend in each.backends),
            each.kinds,
        )
        for each in described
    ]
    return tuple(
        each
        if error is None or not each.ok
        else msgspec.structs.replace(each, backends=(), kinds=(), error=error)
        for each, error in zip(described, clashes(offers), strict=True)
    )


def _clash(offer: Offer, offers: Sequence[Offer]) -> str | None:
    named: tuple[tuple[str, Callable[[Offer], tuple[str, ...]]], ...] = (
        ("plugin", lambda each: (each.ref.name,)),
        ("backend", lambda each: each.backends),
        ("kind", lambda each: each.kinds),
    )
    for what, names in named:
        for name in names(offer):
            sharing = [each for each in offers if name in names(each)]
            if len(sharing) > 1:
                listed = " and ".join(_origin(each.ref) for each in sharing)
                return (
                    f"two of one name: {what} {name!r} comes from {listed}; uninstall all but one"
                )
    return None


def _origin(ref: PluginRef) -> str:
    where = f"{ref.distribution} {ref.version}" if ref.distribution else "an unknown distribution"
    return f"{where} ({ref.module})"
