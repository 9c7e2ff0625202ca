"""Codes of login links: each works once, for a while, and is kept as a hash."""

from benchrace.api.session import Right
from benchrace.web.auth.login_code import LIFE_S, MAX_CODES, LoginCodes, fragment


def test_a_code_works_once() -> None:
    codes = LoginCodes()
    one, other = codes.make(Right.OPERATE), codes.make(Right.WATCH)
    assert one != other
    assert codes.take("a guess") is None
    assert (codes.take(other), codes.take(one)) == (Right.WATCH, Right.OPERATE)
    assert (codes.take(other), codes.take(one)) == (None, None)


def test_a_code_is_over_after_its_life() -> None:
    now = [0.0]
    codes = LoginCodes(lambda: now[0])
    early, late = codes.make(Right.OPERATE), codes.make(Right.OPERATE)
    now[0] = LIFE_S - 1
    assert codes.take(early) is Right.OPERATE
    now[0] = LIFE_S
    assert codes.take(late) is None


def test_many_codes_take_no_room() -> None:
    codes = LoginCodes()
    created = [codes.make(Right.WATCH) for _ in range(MAX_CODES + 1)]
    assert [codes.take(code) for code in created] == [None, *[Right.WATCH] * MAX_CODES]


def test_no_code_can_be_read_from_memory_or_a_request() -> None:
    codes = LoginCodes()
    code = codes.make(Right.OPERATE)
    assert code not in repr(vars(codes))
    assert fragment(code).startswith("/#")
