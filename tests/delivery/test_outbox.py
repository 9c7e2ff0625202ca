"""The outbox keeps what was queued, in order, through restarts and damage."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from benchrace.delivery.outbox import DeliveryState, NewDelivery, Outbox
from benchrace.errors import BenchraceError, Category

ONE = NewDelivery(
    key="j1-completed",
    subject="j1",
    event="job.completed",
    url="http://a.example/done",
    destination="http://a.example:80",
    body=b"{}",
)


def like(key: str, **changes: str) -> NewDelivery:
    return msgspec.structs.replace(ONE, key=key, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "callbacks" / "m1.sqlite"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    outbox = Outbox(path)
    yield outbox
    outbox.close()


def test_a_key_is_queued_once(outbox: Outbox) -> None:
    assert outbox.add([ONE, like("other")], 1.0) == 2
    assert outbox.add([ONE], 2.0) == 0
    assert [delivery.sequence for delivery in outbox.of("j1")] == [1, 2]


def test_each_destination_has_its_own_order(outbox: Outbox) -> None:
    elsewhere = "http://b.example:80"
    outbox.add([ONE, like("b", destination=elsewhere), like("c")], 1.0)
    heads = {head.destination: (head.key, head.sequence) for head in outbox.heads()}
    assert heads == {ONE.destination: ("j1-completed", 1), elsewhere: ("b", 1)}
    first = next(head for head in outbox.heads() if head.key == ONE.key)
    outbox.tried(first, DeliveryState.PENDING, 2.0, status=500, reason="it answered 500")
    assert ONE.key in {head.key for head in outbox.heads()}
    outbox.tried(first, DeliveryState.DELIVERED, 3.0, status=200, reason=None)
    assert ("c", 2) in {(head.key, head.sequence) for head in outbox.heads()}


def test_a_new_process_finds_all_of_it(path: Path) -> None:
    first = Outbox(path)
    first.add([ONE, like("second")], 1.0)
    first.tried(
        first.heads()[0], DeliveryState.PENDING, 2.0, status=None, reason="refused", next_at=9.0
    )
    first.close()
    assert path.stat().st_mode & 0o777 == 0o600
    again = Outbox(path)
    head = again.heads()[0]
    assert (head.key, head.attempts, head.next_at, head.reason) == (ONE.key, 1, 9.0, "refused")
    again.add([like("third")], 3.0)
    assert [delivery.sequence for delivery in again.of("j1")] == [1, 2, 3]
    again.close()


def test_what_did_not_arrive_is_tried_again_when_asked_for(outbox: Outbox) -> None:
    outbox.add([ONE, like("b", subject="j2"), like("c", subject="j2")], 1.0)
    for delivery, state in zip(
        (*outbox.of("j1"), *outbox.of("j2")),
        (DeliveryState.DELIVERED, DeliveryState.GIVEN_UP, DeliveryState.REFUSED),
        strict=True,
    ):
        outbox.tried(delivery, state, 2.0, status=None, reason="why")
    assert outbox.heads() == ()
    assert outbox.retry(5.0, subject="j1") == 0
    assert outbox.retry(5.0, ids=[outbox.of("j2")[1].id]) == 1
    assert [(head.key, head.since, head.attempts) for head in outbox.heads()] == [("c", 5.0, 0)]
    assert outbox.retry(6.0) == 2
    assert [head.key for head in outbox.heads()] == ["b"]


def test_only_what_is_over_is_forgotten(outbox: Outbox) -> None:
    outbox.add([ONE, like("b", subject="j2"), like("c", subject="j3")], 1.0)
    for subject in ("j1", "j2"):
        outbox.tried(outbox.of(subject)[0], DeliveryState.DELIVERED, 2.0, status=200, reason=None)
    outbox.forget({"j2"})
    assert [len(outbox.of(subject)) for subject in ("j1", "j2", "j3")] == [0, 1, 1]
    assert [outbox.is_pending(subject) for subject in ("j2", "j3")] == [False, True]
    assert [outbox.has(keys) for keys in (["b"], ["b", ONE.key])] == [True, False]


def test_a_destination_that_nothing_goes_to_any_more_is_forgotten(outbox: Outbox) -> None:
    outbox.add([ONE], 1.0)
    outbox.tried(outbox.of("j1")[0], DeliveryState.DELIVERED, 2.0, status=200, reason=None)
    outbox.forget(())
    outbox.add([like("again")], 3.0)
    assert outbox.heads()[0].sequence == 1


def test_a_damaged_file_is_kept_beside_a_new_one(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 100)
    outbox = Outbox(path)
    assert outbox.add([ONE], 1.0) == 1
    outbox.close()
    assert path.with_name("m1.sqlite.bad").read_bytes().startswith(b"not a database")


def test_damage_in_the_middle_is_found_when_it_is_opened(path: Path) -> None:
    outbox = Outbox(path)
    outbox.add(
        [like(str(number), url="http://a.example/" + "x" * 900) for number in range(50)], 1.0
    )
    outbox.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 9000] = bytes(9000)
    path.write_bytes(data)
    outbox = Outbox(path)
    assert outbox.add([ONE], 1.0) == 1
    outbox.close()
    assert path.with_name("m1.sqlite.bad").read_bytes() == data


def test_a_full_disk_is_a_failure_that_says_so(outbox: Outbox) -> None:
    outbox._base.execute("PRAGMA max_page_count = 8")
    with pytest.raises(BenchraceError) as caught:
        outbox.add([like("big", url="http://a.example/" + "x" * 100_000)], 1.0)
    assert caught.value.category is Category.DISK_FULL
    assert outbox.of("j1") == ()


def test_a_folder_that_cannot_be_used_is_a_failure_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "callbacks").write_text("a file")
    with pytest.raises(BenchraceError, match="callbacks"):
        Outbox(tmp_path / "callbacks" / "m1.sqlite")


def test_a_file_of_a_later_version_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    base = sqlite3.connect(path)
    base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(BenchraceError, match="version 99"):
        Outbox(path)
