"""One request: its headers, the address that it goes to, and what its answer means."""

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import anyio

from benchrace import __version__
from benchrace.delivery.outbox import Delivery, DeliveryState
from benchrace.delivery.signature import signed
from benchrace.delivery.url_policy import Target, UrlPolicy, UrlRefused

if TYPE_CHECKING:
    import httpx

# What a receiver may answer differently later; other statuses from 300 to 499 are final.
_PASSING = frozenset({408, 425, 429})
_MAX_WAIT_S = 3600.0
_MAX_ADDRESSES = 3


class Outcome(NamedTuple):
    """How a try ended; `retry_after_s` is what the receiver asks for."""

    state: DeliveryState
    status: int | None = None
    reason: str | None = None
    retry_after_s: float | None = None


class Poster:
    """Makes requests: to the address that was checked, without redirects, proxies or cookies."""

    def __init__(
        self,
        policy: UrlPolicy,
        *,
        secret: str | None,
        context: Callable[[], ssl.SSLContext],
        timeout_s: float,
        wall_s: Callable[[], float],
    ) -> None:
        self._policy = policy
        self._secret = secret
        self._context = context
        self._timeout_s = timeout_s
        self._wall_s = wall_s
        self._client: httpx.AsyncClient | None = None
        self._preparing = anyio.Lock()

    async def prepare(self) -> None:
        """Import and load what the first request needs, while nothing measures."""
        async with self._preparing:
            if self._client is None:
                self._client = await anyio.to_thread.run_sync(self._make)

    async def post(self, delivery: Delivery) -> Outcome:
        """Make the request once; raises BenchraceError for a CA file that cannot be used."""
        await self.prepare()
        try:
            target = self._policy.target(delivery.url)
            with anyio.fail_after(self._timeout_s):
                return await self._to_one_of(await self._resolved(target), target, delivery)
        except UrlRefused as error:
            return Outcome(DeliveryState.REFUSED, reason=error.message)
        except TimeoutError:
            why = f"no answer within {self._timeout_s:g} s"
        except OSError as error:
            why = str(error)
        return Outcome(DeliveryState.PENDING, reason=why)

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _resolved(self, target: Target) -> tuple[str, ...]:
        try:
            return (await self._policy.addresses(target))[:_MAX_ADDRESSES]
        except OSError as error:
            raise OSError(f"{target.host} cannot be resolved: {error.strerror or error}") from error

    async def _to_one_of(
        self, addresses: tuple[str, ...], target: Target, delivery: Delivery
    ) -> Outcome:
        """Make the request to the first address that takes the connection."""
        import httpx

        why = ""
        connect_s = self._timeout_s / len(addresses)
        for address in addresses:
            try:
                return await self._to(address, target, delivery, connect_s)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                why = _words(error)
            except (httpx.InvalidURL, httpx.LocalProtocolError, ValueError) as error:
                # It would be the same the next time.
                why = f"the request cannot be made: {_words(error)}"
                return Outcome(DeliveryState.REFUSED, reason=why)
            except (httpx.HTTPError, OSError) as error:
                why = _words(error)
                break
        return Outcome(DeliveryState.PENDING, reason=why)

    async def _to(
        self, address: str, target: Target, delivery: Delivery, connect_s: float
    ) -> Outcome:
        import httpx

        client = self._client
        if client is None:
            raise RuntimeError("a request is made before it is prepared")
        url = httpx.URL(target.url)
        # Not by its name: that could lead elsewhere than when it was checked.
        async with client.stream(
            "POST",
            url.copy_with(host=address.partition("%")[0]),
            content=delivery.body,
            headers={**self._headers(delivery), "host": url.netloc.decode("ascii")},
            timeout=httpx.Timeout(self._timeout_s, connect=connect_s),
            extensions={"sni_hostname": target.host},
        ) as answer:
            return _outcome(answer)

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        headers = {
            "accept-encoding": "identity",
            "content-type": "application/json",
            "user-agent": f"benchrace/{__version__}",
            "idempotency-key": delivery.key,
            "benchrace-event": delivery.event,
            "benchrace-sequence": str(delivery.sequence),
        }
        if self._secret is not None:
            now_s = int(self._wall_s())
            headers |= signed(self._secret, delivery.key, now_s, delivery.body)
        return headers

    def _make(self) -> "httpx.AsyncClient":
        import httpx

        limits = httpx.Limits(max_keepalive_connections=0)
        transport = httpx.AsyncHTTPTransport(verify=self._context(), trust_env=False, limits=limits)
        return httpx.AsyncClient(
            transport=transport, timeout=self._timeout_s, follow_redirects=False, trust_env=False
        )


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _outcome(answer: "httpx.Response") -> Outcome:
    status = answer.status_code
    if 200 <= status < 300:
        return Outcome(DeliveryState.DELIVERED, status)
    if 300 <= status < 400:
        reason = f"the receiver redirects ({status}), and redirects are not followed"
        return Outcome(DeliveryState.REFUSED, status, reason)
    reason = f"the receiver answered {status} {answer.reason_phrase}".rstrip()
    if status < 500 and status not in _PASSING:
        return Outcome(DeliveryState.REFUSED, status, reason)
    return Outcome(DeliveryState.PENDING, status, reason, _retry_after(answer))


def _retry_after(answer: "httpx.Response") -> float | None:
    text = answer.headers.get("retry-after", "")
    return min(float(text), _MAX_WAIT_S) if text.isascii() and text.isdigit() else None
