"""What waits for central's disk: how it is reported, tried again, and given up."""

import errno
from pathlib import Path

import anyio
import pytest

from benchrace.central.disk import Disk
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic
from benchrace.store.run_log import Gap
from benchrace.testing.limits import HANG_S

FULL = BenchraceError(Category.DISK_FULL, "events.ndjson: No space left on device")


class Shown:
    """Counts how often people would see a change."""

    def __init__(self, retry_s: float = 0.0) -> None:
        self.changes = 0
        self.disk = Disk(Path("unused"), self._changed, retry_s)

    def _changed(self) -> None:
        self.changes += 1


class Refusing:
    """Refuses with each of `errors` in turn, then writes."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.attempts = 0

    async def write(self) -> int:
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        return 7


async def test_what_the_disk_takes_at_once_is_reported_by_nobody() -> None:
    shown, refusing = Shown(), Refusing()
    assert await shown.disk.retry(refusing.write) == 7
    assert (refusing.attempts, shown.changes, shown.disk.trouble) == (1, 0, None)


async def test_a_refusal_is_shown_once_and_tried_again_until_it_ends() -> None:
    shown, refusing = Shown(), Refusing(FULL, FULL, FULL)
    steps: list[str] = []
    assert (
        await shown.disk.retry(
            refusing.write,
            refused=lambda: steps.append("refused"),
            waited=lambda: steps.append("waited"),
        )
        == 7
    )
    assert steps == ["refused", "waited"] * 3
    assert refusing.attempts == 4
    assert shown.changes == 1
    # Only a batch of lines, or the probe, shows that the disk has room again.
    assert shown.disk.trouble is FULL
    shown.disk.healed()
    assert shown.disk.banner is None
    assert shown.changes == 2


@pytest.mark.parametrize(
    ("number", "category"),
    [
        (errno.ENOSPC, Category.DISK_FULL),
        (errno.EDQUOT, Category.DISK_FULL),
        (errno.EIO, Category.SYSTEM),
        (errno.EROFS, Category.SYSTEM),
        (errno.EACCES, Category.SYSTEM),
    ],
)
async def test_every_failure_of_a_file_is_waited_for(number: int, category: Category) -> None:
    shown = Shown()
    refusal = atomic.failure(Path("events.ndjson"), OSError(number, "refused"))
    refusing = Refusing(refusal)
    assert await shown.disk.retry(refusing.write) == 7
    assert shown.disk.trouble is refusal
    assert refusal.category is category


@pytest.mark.parametrize("error", [BenchraceError(Category.BAD_OUTPUT, "x"), Gap(3), KeyError()])
async def test_what_is_no_refusal_ends_it(error: Exception) -> None:
    shown, refusing = Shown(), Refusing(FULL, error)
    with pytest.raises(type(error)) as raised:
        await shown.disk.retry(refusing.write)
    assert raised.value is error
    assert shown.disk.trouble is FULL


async def test_a_cancel_ends_the_wait() -> None:
    shown, refusing = Shown(retry_s=3600), Refusing(FULL)
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as group:
            refused = anyio.Event()

            async def wait() -> None:
                await shown.disk.retry(refusing.write, refused=refused.set)

            group.start_soon(wait)
            await refused.wait()
            group.cancel_scope.cancel()
    assert refusing.attempts == 1


async def test_a_refusal_that_is_only_noted_is_checked_as_well() -> None:
    shown = Shown()
    with pytest.raises(BenchraceError, match="too long"):
        shown.disk.refused(BenchraceError(Category.BAD_OUTPUT, "too long"))
    assert shown.disk.trouble is None
