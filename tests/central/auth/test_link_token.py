"""The agent token is shown once, and only its hash is kept."""

import stat
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.central.auth.link_token import LinkToken, load
from benchrace.errors import BenchraceError


def test_a_token_is_made_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "central" / "token.sha256"
    token, shown = load(path, None)
    assert shown is not None
    assert len(shown) >= 43
    assert path.read_text().strip() == sha256(shown.encode()).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token.accepts(shown)
    again, hidden = load(path, None)
    assert hidden is None
    assert again.accepts(shown)


def test_a_given_token_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "token.sha256"
    token, shown = load(path, "given")
    assert shown is None
    assert not path.exists()
    assert token.accepts("given")


@given(st.text(), st.none() | st.text())
def test_nothing_else_is_accepted(token: str, shown: str | None) -> None:
    assert LinkToken.of(token).accepts(shown) == (shown == token)


def test_what_is_too_long_is_not_even_considered() -> None:
    assert not LinkToken.of("x" * 513).accepts("x" * 513)


@pytest.mark.parametrize("content", ["", "not hex", "abcd"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "token.sha256"
    path.write_text(content)
    with pytest.raises(BenchraceError, match=r"token\.sha256 does not hold a SHA-256"):
        load(path, None)


def test_an_agent_beside_central_gets_a_token_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "central" / "token.sha256"
    token, _ = load(path, "given")
    first, other = token.make("one"), token.make("other")
    again, _ = load(path, "given")
    for token_store in (token, again):
        assert [token_store.accepts(token) for token in (first, other, "given")] == [
            True,
            True,
            True,
        ]
        assert not token_store.accepts("")
    assert first not in (tmp_path / "central" / "agents.json").read_text()
    token.make("one")
    assert (token.accepts(first), token.accepts(other)) == (False, True)


@pytest.mark.parametrize("content", ["", "[]", '{"one": "no digest"}'])
def test_damaged_tokens_of_agents_are_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "agents.json").write_text(content)
    with pytest.raises(BenchraceError, match=r"agents\.json is damaged"):
        load(tmp_path / "token.sha256", "given")


def test_a_forgotten_machine_has_no_token_any_more(tmp_path: Path) -> None:
    path = tmp_path / "central" / "token.sha256"
    token, _ = load(path, "given")
    first, other = token.make("one"), token.make("other")
    token.forget("one")
    token.forget("never known")
    for token_store in (token, load(path, "given")[0]):
        assert (
            token_store.accepts(first),
            token_store.accepts(other),
            token_store.accepts("given"),
        ) == (
            False,
            True,
            True,
        )
