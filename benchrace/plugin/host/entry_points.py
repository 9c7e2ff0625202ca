"""The installed plugins, read from their metadata without importing them."""

import msgspec

GROUP = "benchrace"
# Read by the agents of simulated machines alone: no other agent can offer what is in it.
SIMULATED_GROUP = "benchrace.simulated"


class PluginRef(msgspec.Struct, frozen=True, kw_only=True):
    """One installed entry point; `identity` changes whenever its description may have."""

    name: str
    module: str
    distribution: str | None
    version: str | None

    @property
    def identity(self) -> str:
        return f"{self.name}={self.module}@{self.distribution}-{self.version}"


def discover(group: str = GROUP) -> tuple[PluginRef, ...]:
    """List the entry points of a group, sorted by name, then by distribution."""
    # Workers never call this: the import would take a tenth of their startup time.
    from importlib import metadata

    refs = [
        PluginRef(
            name=entry_point.name,
            module=entry_point.value,
            distribution=entry_point.dist.name if entry_point.dist else None,
            version=entry_point.dist.version if entry_point.dist else None,
        )
        for entry_point in metadata.entry_points(group=group)
    ]
    return tuple(sorted(refs, key=lambda ref: (ref.name, ref.distribution or "", ref.module)))
