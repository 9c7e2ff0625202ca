"""Who was sent away is kept for a minute, with why and what to do."""

from benchrace.central.fleet.rejections import Rejections
from benchrace.errors import BenchraceError, Category
from benchrace.testing.clock import FakeClock

TOKEN = BenchraceError(Category.VALIDATION, "the token is not ours", "Give it ours.")
TWICE = BenchraceError(Category.BUSY, "box is there already", "Stop one of them.")


def test_each_reason_of_an_address_is_said_once_and_counted() -> None:
    refusals = Rejections(FakeClock())
    for error in (TOKEN, TWICE, TOKEN):
        refusals.note("10.0.0.7", error)
    reasons = [
        (rejection.reason, rejection.remedy, rejection.times) for rejection in refusals.recent()
    ]
    assert reasons == [
        ("box is there already", "Stop one of them.", 1),
        ("the token is not ours", "Give it ours.", 2),
    ]


def test_one_that_was_let_in_and_one_that_gave_up_are_said_no_more() -> None:
    clock = FakeClock()
    refusals = Rejections(clock)
    refusals.note("10.0.0.7", TOKEN)
    refusals.note("10.0.0.8", TOKEN)
    refusals.forget("10.0.0.7")
    assert [rejection.address for rejection in refusals.recent()] == ["10.0.0.8"]
    clock.pass_s(61)
    assert refusals.recent() == ()
    refusals.note("10.0.0.8", TOKEN)
    assert [rejection.times for rejection in refusals.recent()] == [1]


def test_a_crowd_does_not_fill_the_memory() -> None:
    refusals = Rejections(FakeClock())
    for number in range(40):
        refusals.note(f"10.0.0.{number}", TOKEN)
    assert [rejection.address for rejection in refusals.recent()] == [
        f"10.0.0.{n}" for n in range(24, 40)
    ]
