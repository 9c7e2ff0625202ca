"""What the fleet tells the backends of one machine."""

from typing import Annotated

from benchrace.plugin import Config, Meta


class SimulatedConfig(Config, frozen=True, kw_only=True):
    """The machine's own engine, the key of its profile, and the seed of all that is invented."""

    base_url: str = "http://127.0.0.1:7079"
    profile: str = "macbook-air"
    machine: str = "simulated"
    seed: int = 0


class ProcessorConfig(Config, frozen=True, kw_only=True):
    """The key of the machine's profile, the seed, and the share of rounds that fail."""

    profile: str = "macbook-air"
    machine: str = "simulated"
    seed: int = 0
    failures: Annotated[float, Meta(ge=0, le=1)] = 0.0
