"""What a user can do about a server's errors, in terms of the settings of its backend."""

from typing import Self

import msgspec


class Remedies(msgspec.Struct, frozen=True):
    """Remedies of a required key, of an unknown route, and of a redirect."""

    key: str
    route: str
    redirect: str

    @classmethod
    def of_table(cls, table: str) -> Self:
        """Return those of a backend whose table in agent.yaml sets address and key."""
        return cls(
            key=f"Set `api_key` or `api_key_env` in the table `{table}` of agent.yaml.",
            route=f"Correct `base_url` in the table `{table}` of agent.yaml.",
            redirect=f"Set `base_url` in the table `{table}` of agent.yaml to the engine's own "
            "address.",
        )
