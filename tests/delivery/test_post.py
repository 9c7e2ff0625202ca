"""One request over real HTTP: its headers, and what each answer means."""

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import anyio
import httpx
import pytest

from benchrace.delivery.outbox import Delivery, DeliveryState
from benchrace.delivery.post import Outcome, Poster, _outcome
from benchrace.delivery.signature import signed
from benchrace.delivery.url_policy import UrlPolicy
from tests.receiver import Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def delivery(url: str, key: str = "j1-completed") -> Delivery:
    return Delivery(
        key=key,
        subject="j1",
        event="job.completed",
        url=url,
        destination="",
        body=b'{"state":"done"}',
        id=1,
        sequence=7,
        queued_at=0.0,
        since=0.0,
        state=DeliveryState.PENDING,
        attempts=0,
        next_at=0.0,
        tried_at=None,
        status=None,
        reason=None,
    )


def poster_for(
    policy: UrlPolicy | None, timeout_s: float = 20.0, secret: str | None = SECRET
) -> Poster:
    return Poster(
        policy or UrlPolicy(["127.0.0.1"]),
        secret=secret,
        # Without the system's certificates, which take a while to load.
        context=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        timeout_s=timeout_s,
        wall_s=time.time,
    )


async def posted(
    url: str, policy: UrlPolicy | None = None, key: str = "j1-completed", **options: Any
) -> Outcome:
    poster = poster_for(policy, **options)
    outcome = await poster.post(delivery(url, key))
    await poster.close()
    return outcome


async def test_a_receiver_can_check_who_sent_it_and_when(receiver: Receiver) -> None:
    outcome = await posted(f"{receiver.url}/done?token=1")
    assert outcome == Outcome(DeliveryState.DELIVERED, 200)
    (got,) = receiver.got
    assert (got.path, got.body) == ("/done?token=1", b'{"state":"done"}')
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["content-type"] == "application/json"
    assert (got.key, got.headers["benchrace-sequence"]) == ("j1-completed", "7")
    assert got.headers["benchrace-event"] == "job.completed"
    stamp = int(got.headers["webhook-timestamp"])
    assert abs(stamp - time.time()) < 300
    expected = signed(SECRET, "j1-completed", stamp, got.body)
    assert {name: got.headers[name] for name in expected} == expected


async def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    await posted(receiver.url, secret=None)
    assert not [name for name in receiver.got[0].headers if name.startswith("webhook-")]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (204, DeliveryState.DELIVERED),
        (302, DeliveryState.REFUSED),
        (308, DeliveryState.REFUSED),
        (400, DeliveryState.REFUSED),
        (410, DeliveryState.REFUSED),
        (408, DeliveryState.PENDING),
        (429, DeliveryState.PENDING),
        (500, DeliveryState.PENDING),
        (503, DeliveryState.PENDING),
    ],
)
def test_what_an_answer_means(status: int, state: DeliveryState) -> None:
    outcome = _outcome(httpx.Response(status))
    assert (outcome.state, outcome.status) == (state, status)
    assert (outcome.reason is None) == (state is DeliveryState.DELIVERED)


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers.append(307)
    assert (await posted(receiver.url)).state is DeliveryState.REFUSED
    assert [got.path for got in receiver.got] == ["/"]


@pytest.mark.parametrize("key", ["job é", "job\r\nX: y"])
async def test_what_no_header_can_carry_is_refused_for_good(receiver: Receiver, key: str) -> None:
    outcome = await posted(receiver.url, key=key)
    assert outcome.state is DeliveryState.REFUSED
    assert "the request cannot be made" in str(outcome.reason)
    assert receiver.got == []


async def test_another_address_is_tried_only_where_none_answers(receiver: Receiver) -> None:
    hosts: list[str] = []

    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            hosts.append(request.url.host)
            raise errors.pop(0)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return [f"127.0.0.{number}" for number in range(1, 9)]

    poster = poster_for(UrlPolicy(["hooks.invalid"], resolve=resolve))
    poster._client = httpx.AsyncClient(transport=Transport())
    errors: list[Exception] = [httpx.ConnectError("no"), httpx.ReadTimeout("slow")]
    assert (await poster.post(delivery("http://hooks.invalid/"))).state is DeliveryState.PENDING
    assert hosts == ["127.0.0.1", "127.0.0.2"]
    errors = [httpx.ConnectError("no") for _ in range(9)]
    await poster.post(delivery("http://hooks.invalid/"))
    assert len(hosts) == 2 + 3


async def test_a_name_that_is_not_resolved_in_time_is_tried_again() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await anyio.sleep_forever()
        raise AssertionError

    outcome = await posted("http://a.invalid/", UrlPolicy(resolve=resolve), timeout_s=0.01)
    assert outcome == Outcome(DeliveryState.PENDING, reason="no answer within 0.01 s")


async def test_a_name_is_resolved_again_before_each_request(receiver: Receiver) -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]

    async def rebound(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    policy = UrlPolicy(resolve=rebound)
    url = f"http://hooks.example:{receiver.port}/"
    await policy.addresses(policy.target(url))
    outcome = await posted(url, policy)
    assert outcome.state is DeliveryState.REFUSED
    assert "127.0.0.1) is not a public address" in str(outcome.reason)
    assert receiver.got == []


async def test_the_request_goes_to_the_address_that_was_checked(receiver: Receiver) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        # The first does not answer: the next one is tried.
        return ["127.0.0.2", "127.0.0.1"]

    outcome = await posted(
        f"http://hooks.invalid:{receiver.port}/", UrlPolicy(["hooks.invalid"], resolve=resolve)
    )
    assert outcome.state is DeliveryState.DELIVERED
    assert receiver.got[0].headers["host"] == f"hooks.invalid:{receiver.port}"


async def test_a_name_that_is_unknown_now_may_be_known_later() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    outcome = await posted("http://hooks.invalid/", UrlPolicy(resolve=unknown))
    assert outcome.state is DeliveryState.PENDING
    assert "hooks.invalid cannot be resolved" in str(outcome.reason)


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


async def test_silence_ends_after_the_limit(silent: str) -> None:
    outcome = await posted(silent, timeout_s=0.05)
    assert (outcome.state, outcome.status) == (DeliveryState.PENDING, None)
    assert "0.05 s" in str(outcome.reason) or "Timeout" in str(outcome.reason)


async def test_a_closed_port_is_tried_again(receiver: Receiver) -> None:
    receiver.die()
    outcome = await posted(receiver.url)
    assert outcome.state is DeliveryState.PENDING
    assert "ConnectError" in str(outcome.reason)
