"""Waking the tasks that wait for a change."""

from benchrace.notifier import Notifier


async def test_what_a_narrow_one_counts_is_counted_by_the_wider_one_too() -> None:
    wider = Notifier()
    narrow = Notifier(wider=wider)
    wider.notify()
    assert (narrow.count, wider.count) == (0, 1)
    narrow.notify()
    assert await wider.wait(1) == 2
    assert narrow.count == 1
