"""One-time codes: each works once, for a while, and is kept as a hash."""

import pytest

from benchrace.api.session import Right
from benchrace.web.auth.login_code import Grant, LoginCodes, fragment
from benchrace.web.auth.one_time_codes import LIFE_S, MAX_CODES, CodeEnd, OneTimeCodes

OPERATE, WATCH = Grant(Right.OPERATE), Grant(Right.WATCH)


def test_a_code_works_once() -> None:
    codes = LoginCodes()
    one, other = codes.make(OPERATE), codes.make(WATCH)
    assert one != other
    assert codes.take("a guess") is None
    assert (codes.take(other), codes.take(one)) == (WATCH, OPERATE)
    assert (codes.take(other), codes.take(one)) == (None, None)


def test_a_code_is_over_after_its_life() -> None:
    now = [0.0]
    codes = LoginCodes(lambda: now[0])
    early, late = codes.make(OPERATE), codes.make(OPERATE)
    now[0] = LIFE_S - 1
    assert codes.take(early) == OPERATE
    now[0] = LIFE_S
    assert codes.take(late) is None


def test_many_codes_take_no_room() -> None:
    codes = LoginCodes()
    created = [codes.make(WATCH) for _ in range(MAX_CODES + 1)]
    assert [codes.take(code) for code in created] == [None, *[WATCH] * MAX_CODES]


def test_no_code_can_be_read_from_memory_or_a_request() -> None:
    codes = LoginCodes()
    code = codes.make(OPERATE)
    assert code not in repr(vars(codes))
    assert fragment(code).startswith("/#")


def test_a_code_that_has_ended_says_how() -> None:
    now = [0.0]
    codes = OneTimeCodes[str](lambda: now[0])
    used, cancelled, expired = (codes.make(name) for name in ("used", "cancelled", "expired"))
    assert codes.pending() == ("used", "cancelled", "expired")
    assert codes.end_of(used) is None
    codes.take(used)
    assert (codes.cancel("cancelled"), codes.cancel("used")) == (True, False)
    now[0] = LIFE_S
    assert codes.pending() == ()
    ends = [codes.end_of(code) for code in (used, cancelled, expired, "a guess")]
    assert ends == [CodeEnd.USED, CodeEnd.CANCELLED, CodeEnd.EXPIRED, None]


def test_a_code_is_used_up_unless_what_it_is_used_for_fails() -> None:
    now = [0.0]
    codes = OneTimeCodes[str](lambda: now[0])
    code = codes.make("one")

    def fail(ends_s: float) -> None:
        with codes.using(code) as value:
            assert value == "one"
            with codes.using(code) as again:
                assert again is None
            now[0] = ends_s
            raise OSError("full")

    for ends_s in (0.0, LIFE_S):
        with pytest.raises(OSError, match="full"):
            fail(ends_s)
        assert codes.end_of(code) is (CodeEnd.EXPIRED if ends_s else None)
    code = codes.make("two")
    with pytest.raises(OSError, match="full"):
        fail_once_cancelled(codes, code)
    assert codes.end_of(code) is CodeEnd.CANCELLED
    code = codes.make("two")
    with codes.using(code) as value:
        assert value == "two"
    assert codes.end_of(code) is CodeEnd.USED


def fail_once_cancelled(codes: OneTimeCodes[str], code: str) -> None:
    with codes.using(code):
        with codes.using(code) as again:
            assert again is None
        assert codes.cancel("two") is False
        raise OSError("full")
