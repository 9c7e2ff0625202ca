"""Downloads over real HTTP: whole, resumed, changed, wrong, refused."""

import json
import os

import pytest

from benchrace.assets import partial
from benchrace.assets.sources.url_policy import UrlPolicy
from benchrace.errors import BenchraceError, Category, InvalidInput
from tests.assets.file_server import FileServer
from tests.assets.machine import DATA, DIGEST, Machine, asset

pytestmark = pytest.mark.anyio
CUT = 1_500_000


def content(machine: Machine, sha256: str = DIGEST) -> bytes:
    return machine.store.blob(sha256).read_bytes()


def interrupt() -> None:
    raise KeyboardInterrupt


async def failure(machine: Machine, server: FileServer, **fields: object) -> BenchraceError:
    try:
        await machine.library().fetch(asset(server, **fields))
    except BenchraceError as error:
        return error
    raise AssertionError("it was fetched")


async def test_a_file_comes_with_its_progress_and_is_not_fetched_twice(
    machine: Machine, server: FileServer
) -> None:
    stored = await machine.library().fetch(asset(server))
    assert (stored.sha256, stored.size, content(machine)) == (DIGEST, len(DATA), DATA)
    first, *between, last = machine.steps
    assert (first, last) == ((0, len(DATA)), (len(DATA), len(DATA)))
    assert len(between) > 1
    assert machine.partials == []
    again = await machine.library().fetch(asset(server, sha256=DIGEST.upper()))
    assert (again.sha256, len(server.requests)) == (DIGEST, 1)


async def test_a_cut_connection_is_resumed_by_range(machine: Machine, server: FileServer) -> None:
    server.cut_after = CUT
    await machine.library().fetch(asset(server))
    assert content(machine) == DATA
    first, second = server.requests
    assert "range" not in first
    assert second["range"] == f"bytes={CUT}-"
    assert second["if-range"] == '"v1"'


async def test_what_came_before_a_failure_is_there_for_the_next_download(
    machine: Machine, server: FileServer
) -> None:
    server.cut_after = CUT
    with pytest.raises(KeyboardInterrupt):
        await machine.library(on_retry=interrupt).fetch(asset(server))
    assert len(machine.partials) == 2
    await machine.library().fetch(asset(server))
    assert content(machine) == DATA
    assert "range" in server.requests[1]


async def test_bytes_that_a_power_loss_may_have_taken_come_again(
    machine: Machine, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial, "SYNC_BYTES", 1 << 20)
    server.cut_after = CUT
    with monkeypatch.context() as powerless:
        powerless.setattr(partial.Partial, "close", lambda self: os.close(self._fd))
        with pytest.raises(KeyboardInterrupt):
            await machine.library(on_retry=interrupt).fetch(asset(server))
    left, note = sorted(machine.store.partials.iterdir())
    synced = json.loads(note.read_bytes())["synced"]
    # As long as the whole, but never written: what was not synced reads as zeros.
    os.truncate(left, synced)
    os.truncate(left, len(DATA))
    await machine.library().fetch(asset(server))
    assert content(machine) == DATA
    assert server.requests[1]["range"] == f"bytes={synced}-"
    assert 0 < synced < CUT


async def test_bytes_of_another_address_are_used_where_the_digest_is_known(
    machine: Machine, server: FileServer
) -> None:
    server.cut_after = CUT
    with pytest.raises(KeyboardInterrupt):
        await machine.library(on_retry=interrupt).fetch(asset(server, sha256=DIGEST))
    await machine.library().fetch(asset(server, sha256=DIGEST, url=f"{server.url}?mirror"))
    assert content(machine) == DATA
    assert server.requests[1]["range"] == f"bytes={CUT}-"


async def test_the_same_file_from_a_second_address_is_adopted(
    machine: Machine, server: FileServer
) -> None:
    await machine.library().fetch(asset(server))
    inode = machine.store.blob(DIGEST).stat().st_ino
    await machine.library().fetch(asset(server, url=f"{server.url}?mirror"))
    assert machine.store.blob(DIGEST).stat().st_ino == inode
    assert (machine.partials, len(machine.store.all())) == ([], 1)


async def test_a_file_that_changed_meanwhile_comes_from_its_start(
    machine: Machine, server: FileServer
) -> None:
    server.cut_after = CUT
    new = DATA[::-1]

    def change() -> None:
        server.data, server.etag = new, '"v2"'

    library = machine.library(on_retry=change)
    stored = await library.fetch(asset(server))
    assert machine.store.blob(stored.sha256).read_bytes() == new


@pytest.mark.parametrize("broken", ["ranges", "lies", "other version", "gone beyond"])
async def test_a_server_that_cannot_resume_sends_it_all(
    machine: Machine, server: FileServer, broken: str
) -> None:
    server.cut_after = CUT

    def worsen() -> None:
        match broken:
            case "ranges":
                server.ranges = False
            case "lies":
                server.lies_about_range = 7
            case "other version":
                # It ignores the condition.
                server.data, server.extra = DATA[::-1], {"ETag": '"v3"'}
            case _:
                # Smaller than what has come: the range lies behind its end.
                server.data = DATA[:1000]

    library = machine.library(on_retry=worsen)
    stored = await library.fetch(asset(server))
    assert machine.store.blob(stored.sha256).read_bytes() == server.data


async def test_a_wrong_hash_leaves_nothing(machine: Machine, server: FileServer) -> None:
    error = await failure(machine, server, sha256="0" * 64)
    assert error.category is Category.BAD_OUTPUT
    assert "expected 0000000000000000" in error.message
    assert machine.partials == []
    assert machine.store.all() == ()


async def test_two_versions_glued_together_are_fetched_again_from_the_start(
    machine: Machine, server: FileServer
) -> None:
    # Without a tag nothing tells the versions apart, but the digest does.
    server.etag, server.cut_after, server.data = None, CUT, DATA[::-1]

    def change() -> None:
        server.data = DATA

    library = machine.library(on_retry=change)
    await library.fetch(asset(server, sha256=DIGEST))
    assert content(machine) == DATA
    assert len(server.requests) == 3


async def test_an_address_whose_file_changes_is_noticed(
    machine: Machine, server: FileServer
) -> None:
    stored = await machine.library().fetch(asset(server))
    machine.store.blob(stored.sha256).unlink()
    server.data, server.etag = DATA[:-1] + b"x", '"v2"'
    error = await failure(machine, server)
    assert error.category is Category.BAD_OUTPUT
    machine.store.remove(stored)
    assert (await machine.library().fetch(asset(server))).sha256 != DIGEST


@pytest.mark.parametrize(
    ("changes", "fields", "category", "text"),
    [
        ({"status": 404}, {}, Category.MISSING_ASSET, "answered 404"),
        ({"status": 403}, {}, Category.MISSING_ASSET, "refuses it (403)"),
        ({"status": 503}, {}, Category.UNREACHABLE, "answered 503"),
        ({"sends_length": False}, {}, Category.BAD_OUTPUT, "does not send the size"),
        ({"data": b""}, {}, Category.BAD_OUTPUT, "is empty"),
        ({}, {"size": 3}, Category.BAD_OUTPUT, "expected 3"),
        ({"extra": {"Content-Encoding": "gzip"}}, {}, Category.BAD_OUTPUT, "compressed"),
        ({}, {"name": "../x"}, Category.VALIDATION, "it names a folder"),
        ({}, {"sha256": "abc"}, Category.VALIDATION, "64 hexadecimal digits"),
    ],
)
async def test_what_cannot_be_fetched_is_said_in_words(
    machine: Machine,
    server: FileServer,
    changes: dict[str, object],
    fields: dict[str, object],
    category: Category,
    text: str,
) -> None:
    for name, value in changes.items():
        setattr(server, name, value)
    error = await failure(machine, server, **fields)
    assert (error.category, text in error.message) == (category, True), error.message
    assert (machine.store.all(), machine.store.unfinished()) == ((), ())


@pytest.mark.parametrize(("chunked", "fields"), [(True, {}), (False, {"sha256": DIGEST})])
async def test_a_file_of_unknown_size_is_whole_or_an_error(
    machine: Machine, server: FileServer, chunked: bool, fields: dict[str, object]
) -> None:
    server.chunked, server.sends_length = chunked, False
    await machine.library().fetch(asset(server, **fields))
    assert content(machine) == DATA


async def test_redirects_lead_only_to_listed_hosts(machine: Machine, server: FileServer) -> None:
    machine.tokens = {"127.0.0.1": "secret-token-1", "localhost": "secret-token-2"}
    server.location = f"http://127.0.0.1:{server.port}/moved?signature=abc"
    await machine.library().fetch(asset(server))
    assert content(machine) == DATA
    assert server.requests[0]["authorization"] == "Bearer secret-token-1"
    # The same server by another name, which is not on the list.
    server.location = f"http://localhost:{server.port}/moved"
    error = await failure(machine, server, url=server.url + "?second")
    assert isinstance(error, InvalidInput)
    assert "localhost is not on this machine's list of hosts" in error.message
    assert len(server.requests) == 3


async def test_a_token_stays_with_its_host(machine: Machine, server: FileServer) -> None:
    machine.policy = UrlPolicy(hosts=(), private_hosts=("127.0.0.1", "localhost"))
    machine.tokens = {"127.0.0.1": "secret-token-1"}
    server.location = f"http://localhost:{server.port}/moved"
    await machine.library().fetch(asset(server))
    assert ["authorization" in request for request in server.requests] == [True, False]


async def test_redirects_in_a_circle_end(machine: Machine, server: FileServer) -> None:
    server.location = server.url
    assert "redirects" in (await failure(machine, server)).message
    assert len(server.requests) == 6


async def test_a_listed_name_with_a_private_address_is_not_connected_to(
    machine: Machine, server: FileServer
) -> None:
    machine.policy = UrlPolicy(hosts=("localhost",))
    error = await failure(machine, server, url=f"https://localhost:{server.port}/files/x")
    # It is not tried again: nothing would change.
    assert (error.category, machine.lines[1:]) == (Category.VALIDATION, [])
    assert "localhost: its address is not public" in error.message
    assert server.requests == []


async def test_an_address_that_no_list_can_allow_is_said_in_words(
    machine: Machine, server: FileServer
) -> None:
    machine.policy = UrlPolicy(hosts=(), private_hosts=("169.254.169.254",))
    error = await failure(machine, server, url="http://169.254.169.254/latest")
    assert error.category is Category.VALIDATION
    assert "169.254.169.254: its address is link-local" in error.message


async def test_addresses_that_are_not_ascii_are_quoted(
    machine: Machine, server: FileServer
) -> None:
    server.location = "/moved/Größe 2".encode().decode("latin-1")
    await machine.library().fetch(asset(server, url=f"{server.url}/Größe%20ü.bin"))
    assert content(machine) == DATA
    assert [request[":path"] for request in server.requests] == [
        "/files/model.safetensors/Gr%C3%B6%C3%9Fe%20%C3%BC.bin",
        "/moved/Gr%C3%B6%C3%9Fe%202",
    ]


async def test_a_small_file_is_read_and_a_larger_one_is_not_downloaded(
    machine: Machine, server: FileServer
) -> None:
    library = machine.library()
    server.data = b"{}"
    assert await library.read(asset(server), 2) == b"{}"
    assert await library.read(asset(server), 2) == b"{}"
    assert len(server.requests) == 1
    with pytest.raises(InvalidInput, match=r"more than 1 B"):
        await library.read(asset(server), 1)
    server.data = DATA
    other = asset(server, url=f"{server.url}?other")
    with pytest.raises(InvalidInput, match=r"model\.safetensors has more than 1 MiB"):
        await library.read(other, 1 << 20)
    assert machine.partials == []
    assert [stored.size for stored in machine.store.all()] == [2]


async def test_a_larger_file_of_unknown_size_ends_at_the_limit(
    machine: Machine, server: FileServer
) -> None:
    server.chunked, server.sends_length = True, False
    with pytest.raises(InvalidInput, match=r"model\.safetensors has more than 1 MiB"):
        await machine.library().read(asset(server), 1 << 20)
    assert max(done for done, _ in machine.steps) <= 1 << 20
    assert (machine.partials, machine.store.all()) == ([], ())


async def test_what_came_before_counts_towards_the_limit(
    machine: Machine, server: FileServer
) -> None:
    server.cut_after = CUT
    with pytest.raises(KeyboardInterrupt):
        await machine.library(on_retry=interrupt).fetch(asset(server))
    # The rest alone would be small enough.
    with pytest.raises(InvalidInput, match="has more than"):
        await machine.library().read(asset(server), len(DATA) - 1)
    assert "range" in server.requests[1]
    assert machine.partials == []
