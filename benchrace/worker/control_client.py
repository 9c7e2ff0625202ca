"""The HTTP client for control calls, created when it is first used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

_LIMIT_S = 10.0


class ControlClient:
    """Keeps one client, so that no call pays for making it.

    With `transport`, a function of a test can serve as the engine.
    """

    def __init__(self, transport: "httpx.AsyncBaseTransport | None" = None) -> None:
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    def get(self) -> "httpx.AsyncClient":
        """Return the client: no redirects, identity encoding, limits of 10 s, no proxy."""
        if self._client is None:
            # Imported here alone: it costs a third of a second that most jobs need not pay.
            import httpx

            from benchrace.worker.control_transport import ControlTransport

            self._client = httpx.AsyncClient(
                follow_redirects=False,
                timeout=_LIMIT_S,
                transport=self._transport or ControlTransport(),
                trust_env=False,
                headers={"Accept-Encoding": "identity"},
            )
        return self._client

    async def close(self) -> None:
        """Close it, if it was made."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None
