"""Which plugins are installed, from their metadata alone: nothing of theirs is imported here."""

import msgspec

GROUP = "benchrace"


class PluginRef(msgspec.Struct, frozen=True, kw_only=True):
    """One installed entry point; `identity` changes whenever its description may have."""

    name: str
    module: str
    distribution: str | None
    version: str | None

    @property
    def identity(self) -> str:
        return f"{self.name}={self.module}@{self.distribution}-{self.version}"


def discover() -> tuple[PluginRef, ...]:
    """List the entry points of group `benchrace`, sorted by name, then by distribution."""
    # Workers never list: this import would be a tenth of their start.
    from importlib import metadata

    found = [
        PluginRef(
            name=each.name,
            module=each.value,
            distribution=each.dist.name if each.dist else None,
            version=each.dist.version if each.dist else None,
        )
        for each in metadata.entry_points(group=GROUP)
    ]
    return tuple(sorted(found, key=lambda ref: (ref.name, ref.distribution or "", ref.module)))
