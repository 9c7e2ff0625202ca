"""The table `murmur` of agent.yaml."""

from benchrace.plugin import Config


class MurmurConfig(Config, frozen=True, kw_only=True):
    """The table; every field has a default."""

    base_url: str = "http://127.0.0.1:7070"
