"""Sessions and their ends, and wrong tokens counted, without any server."""

import stat
from pathlib import Path

import pytest

from benchrace.api.session import Right
from benchrace.web.auth import login_rate_limit as attempts_module
from benchrace.web.auth.login_rate_limit import Attempts
from benchrace.web.auth.session import LIFE_S, MAX_SESSIONS, Sessions
from benchrace.web.token import Tokens, sha256_of

RIGHTS = {"o": Right.OPERATE, "w": Right.WATCH, "l": Right.LINK}
TOKENS = Tokens(entries=lambda: [(sha256_of(token), right) for token, right in RIGHTS.items()])


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Hands:
    return Hands()


def test_each_token_has_its_right() -> None:
    rights = {token: TOKENS.right_of(token) for token in ("o", "w", "l", "", "O", "o" * 600)}
    assert rights == {
        "o": Right.OPERATE,
        "w": Right.WATCH,
        "l": Right.LINK,
        "": None,
        "O": None,
        "o" * 600: None,
    }
    alone = Tokens(entries=lambda: ((sha256_of("o"), Right.OPERATE),))
    assert (alone.right_of("o"), alone.right_of(""), alone.right_of("w")) == (
        Right.OPERATE,
        None,
        None,
    )


def test_a_session_has_its_time(tmp_path: Path, clock: Hands) -> None:
    sessions = Sessions(tmp_path / "s.json", TOKENS, clock)
    session_id, session = sessions.open("w")
    assert session.expires_at == clock.now_s + LIFE_S
    assert sessions.find(session_id) == (Right.WATCH, session)
    assert stat.S_IMODE((tmp_path / "s.json").stat().st_mode) == 0o600
    clock.now_s += LIFE_S
    assert sessions.find(session_id) is None
    sessions.open("o")
    assert sha256_of(session_id) not in (tmp_path / "s.json").read_text()


def test_a_session_ends_by_itself_alone(tmp_path: Path, clock: Hands) -> None:
    sessions = Sessions(tmp_path / "s.json", TOKENS, clock)
    one, other = sessions.open("o")[0], sessions.open("o")[0]
    sessions.end("unknown")
    sessions.end(one)
    again = Sessions(tmp_path / "s.json", TOKENS, clock)
    assert again.cookie == sessions.cookie
    assert (again.find(one), again.find("")) == (None, None)
    assert again.find(other) is not None


def test_sessions_are_bounded(tmp_path: Path, clock: Hands) -> None:
    sessions = Sessions(tmp_path / "s.json", TOKENS, clock)
    first = last = sessions.open("o")[0]
    for _ in range(MAX_SESSIONS):
        clock.now_s += 1
        last = sessions.open("o")[0]
    assert sessions.find(first) is None
    assert sessions.find(last) is not None


@pytest.mark.parametrize("content", ["", "{", '{"cookie": 5}', "\0"])
def test_damaged_sessions_are_forgotten(tmp_path: Path, clock: Hands, content: str) -> None:
    (tmp_path / "s.json").write_text(content)
    sessions = Sessions(tmp_path / "s.json", TOKENS, clock)
    assert sessions.find(sessions.open("o")[0]) is not None


def test_a_disk_that_refuses_keeps_nobody_out(tmp_path: Path, clock: Hands) -> None:
    (tmp_path / "file").write_text("")
    sessions = Sessions(tmp_path / "file" / "s.json", TOKENS, clock)
    assert sessions.find(sessions.open("o")[0]) is not None


def test_wrong_tokens_are_counted_by_address(clock: Hands) -> None:
    attempts = Attempts(2, 60.0, clock)
    attempts.wrong("10.0.0.1")
    clock.now_s += 10
    attempts.wrong("10.0.0.1")
    assert (attempts.wait_s("10.0.0.1"), attempts.wait_s("10.0.0.2")) == (50.0, 0.0)
    clock.now_s += 50
    assert attempts.wait_s("10.0.0.1") == 0.0
    attempts.wrong("10.0.0.1")
    assert attempts.wait_s("10.0.0.1") == 10.0


def test_the_same_wrong_token_is_one_guess_and_a_limit_of_its_own_bounds_it(clock: Hands) -> None:
    attempts = Attempts(3, 60.0, clock, repeated=20)

    def judge(secret: str, *, right: bool = False, exempt: bool = False) -> float:
        return attempts.judge("10.0.0.1", secret, right=right, exempt=exempt)

    assert [judge("old") for _ in range(10)] == [0.0] * 10
    assert [judge("a"), judge("old"), judge("b"), judge("c")] == [0.0, 0.0, 0.0, 60.0]
    # A right one is no way to find out which it is, and none to be allowed more guesses.
    assert judge("right", right=True) == 60.0
    assert judge("right", right=True, exempt=True) == 0.0
    assert judge("c") == 60.0
    clock.now_s += 60
    assert judge("right", right=True) == 0.0
    assert [judge("old") for _ in range(21)] == [0.0] * 20 + [60.0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("unknown", "unknown", True),
    ],
)
def test_a_network_is_one_address(clock: Hands, one: str, other: str, same: bool) -> None:
    attempts = Attempts(1, 60.0, clock)
    attempts.wrong(one)
    assert (attempts.wait_s(other) > 0) == same


def test_counting_is_bounded(clock: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts_module, "MAX_ADDRESSES", 3)
    attempts = Attempts(1, 60.0, clock)
    for last in range(5):
        attempts.wrong(f"10.0.0.{last}")
    waits = [attempts.wait_s(f"10.0.0.{last}") > 0 for last in range(5)]
    assert waits == [False, False, True, True, True]
