"""Central's tokens: shown once, kept as hashes, rotated and revoked."""

import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from benchrace.api.session import Right
from benchrace.api.tokens import TokenOrigin, TokenRole
from benchrace.central.auth import named_tokens
from benchrace.central.auth.tokens import CentralTokens, load
from benchrace.central.settings import CentralSettings
from benchrace.config.central import Watching
from benchrace.errors import BenchraceError, InvalidInput, NotFound
from benchrace.web.token import Tokens

CONFIGURED = "a token that was given"


def tokens_of(data: Path, now_s: float = 1000.0, **settings: Any) -> CentralTokens:
    return load(CentralSettings(data=data, **settings), data / "central", lambda: now_s)


def rights(tokens: CentralTokens) -> dict[str, Right]:
    return dict(tokens.entries())


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def test_a_first_token_is_made_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "central" / "token.sha256"
    tokens = tokens_of(tmp_path)
    shown = tokens.new[TokenRole.AGENT]
    assert len(shown) >= 43
    assert path.read_text().strip() == digest(shown)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tokens.agent_digest(shown) == digest(shown)
    again = tokens_of(tmp_path)
    assert again.new == {}
    assert again.agent_digest(shown) is not None


def test_a_configured_token_leaves_no_file_and_is_changed_where_it_is_set(tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, token=CONFIGURED)
    assert not (tmp_path / "central").exists()
    assert tokens.agent_digest(CONFIGURED) is not None
    (entry,) = tokens.list()
    assert (entry.token_id, entry.origin) == ("first-agent", TokenOrigin.CONFIGURATION)
    assert (entry.created_at, entry.used_at) == (None, 1000.0)
    for change in (tokens.rotate, tokens.revoke):
        with pytest.raises(BenchraceError) as refused:
            change(entry.token_id)
        assert "BENCHRACE_TOKEN" in f"{refused.value.message} {refused.value.remedy}"


@pytest.mark.parametrize("shown", [None, "", "x", CONFIGURED.upper(), f"{CONFIGURED} ", "x" * 513])
def test_nothing_else_is_accepted(tmp_path: Path, shown: str | None) -> None:
    assert tokens_of(tmp_path, token=CONFIGURED).agent_digest(shown) is None


def test_what_is_too_long_is_not_even_considered(tmp_path: Path) -> None:
    assert tokens_of(tmp_path, token="x" * 513).agent_digest("x" * 513) is None


@pytest.mark.parametrize("content", ["", "not hex", "abcd"])
def test_a_damaged_first_token_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "central").mkdir()
    (tmp_path / "central" / "token.sha256").write_text(content)
    with pytest.raises(BenchraceError, match=r"token\.sha256 does not hold a SHA-256"):
        tokens_of(tmp_path)


@pytest.mark.parametrize("name", ["tokens.json", "agents.json"])
@pytest.mark.parametrize("content", ["", "[]", '{"one": "no digest", "tokens": 5}'])
def test_a_damaged_file_of_tokens_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "central").mkdir()
    (tmp_path / "central" / name).write_text(content)
    with pytest.raises(BenchraceError, match=rf"{name} is damaged"):
        tokens_of(tmp_path, token=CONFIGURED)


def test_each_role_has_named_tokens_that_outlive_central(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"require_token": True, "watch": Watching.TOKEN}
    tokens = tokens_of(tmp_path, **settings)
    created = {role: tokens.create(role, f"the {role}") for role in TokenRole}
    stored = tmp_path / "central" / "tokens.json"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    again = tokens_of(tmp_path, **settings)
    for role, (entry, token) in created.items():
        assert token not in stored.read_text()
        assert entry in again.list()
        right = {"agent": Right.LINK, "operator": Right.OPERATE, "watcher": Right.WATCH}[role]
        assert rights(again)[digest(token)] is right
    assert len(again.list()) == 6
    operator, _ = created[TokenRole.OPERATOR]
    again.revoke(operator.token_id)
    with pytest.raises(NotFound):
        again.revoke(operator.token_id)
    assert digest(created[TokenRole.OPERATOR][1]) not in rights(tokens_of(tmp_path, **settings))


def test_a_rotated_token_is_a_new_one_of_the_same_name(tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path)
    entry, old = tokens.create(TokenRole.AGENT, "shelf", "shelf-1")
    rotated, new = tokens.rotate(entry.token_id)
    assert (rotated.token_id, rotated.name, rotated.machine_id) == (
        entry.token_id,
        "shelf",
        "shelf-1",
    )
    assert tokens.agent_digest(old) is None
    own = tokens.own(digest(new))
    assert own is not None
    assert own.machine_id == "shelf-1"
    first = tokens.new[TokenRole.AGENT]
    _, replaced = tokens.rotate("first-agent")
    for store in (tokens, tokens_of(tmp_path)):
        assert store.agent_digest(first) is None
        assert store.agent_digest(replaced) is not None
    with pytest.raises(BenchraceError, match="cannot be revoked"):
        tokens.revoke("first-agent")
    with pytest.raises(NotFound):
        tokens.rotate("first-operator")


def test_a_machine_has_one_token_of_its_own(tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, token=CONFIGURED)
    first, other = tokens.make("one"), tokens.make("other")
    tokens.create(TokenRole.AGENT, "of any machine")
    second = tokens.make("one")
    assert tokens.agent_digest(first) is None
    tokens.revoke_machine("other")
    tokens.revoke_machine("never known")
    for store in (tokens, tokens_of(tmp_path, token=CONFIGURED)):
        accepted = [store.agent_digest(token) is not None for token in (second, other, CONFIGURED)]
        assert accepted == [True, False, True]
        assert len(store.list()) == 3


def test_tokens_of_an_older_central_are_taken_over(tmp_path: Path) -> None:
    older = tmp_path / "central" / "agents.json"
    older.parent.mkdir()
    older.write_text(f'{{"one": "{digest("of an older one")}"}}')
    for _ in range(2):
        own = tokens_of(tmp_path).own(digest("of an older one"))
        assert own is not None
        assert (own.machine_id, own.name) == ("one", "one")
        assert not older.exists()


def test_the_last_use_is_stored_now_and_then(tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, now_s=5000.0)
    entry, token = tokens.create(TokenRole.AGENT, "one")
    assert entry.used_at is None
    stored = tmp_path / "central" / "tokens.json"
    before = stored.read_bytes()
    assert tokens.agent_digest(token)
    assert stored.read_bytes() == before
    tokens.save_uses()
    (_, again) = tokens_of(tmp_path).list()
    assert again.used_at == 5000.0
    gone = tokens.rotate(entry.token_id)[0]
    tokens.save_uses()
    assert gone.used_at is None
    assert digest(token) not in stored.read_text()


def test_a_use_that_is_noted_while_others_are_stored_is_kept(tmp_path: Path) -> None:
    store = named_tokens.NamedTokens(tmp_path / "tokens.json", lambda: 5000.0)
    store.note_use("first")

    class Valid(frozenset[str]):
        def __or__(self, other: object) -> "Valid":
            return self

        def __contains__(self, key: object) -> bool:
            store.note_use("second")
            return True

    store.save_uses(Valid())
    assert store.used_at("second") == 5000.0
    store.save_uses(frozenset({"first", "second"}))
    assert "second" in (tmp_path / "tokens.json").read_text()


def test_a_token_that_nobody_could_use_is_not_created(tmp_path: Path) -> None:
    loopback = tokens_of(tmp_path / "loopback")
    asking = tokens_of(tmp_path / "asking", require_token=True)
    for tokens, role, remedy in (
        (loopback, TokenRole.OPERATOR, "--require-token"),
        (asking, TokenRole.WATCHER, "--watch token"),
    ):
        with pytest.raises(InvalidInput) as refused:
            tokens.create(role, "someone")
        assert remedy in refused.value.remedy
    with pytest.raises(InvalidInput, match="belongs to no machine"):
        asking.create(TokenRole.OPERATOR, "someone", "one")


def test_a_watchers_token_is_refused_while_nobody_may_watch(tmp_path: Path) -> None:
    watched: dict[str, Any] = {"require_token": True, "watch": Watching.TOKEN}
    _, token = tokens_of(tmp_path, **watched).create(TokenRole.WATCHER, "someone")
    unwatched = tokens_of(tmp_path, require_token=True)
    assert digest(token) not in rights(unwatched)
    (entry,) = (entry for entry in unwatched.list() if entry.role is TokenRole.WATCHER)
    assert entry.note is not None
    assert digest(token) in rights(tokens_of(tmp_path, **watched))


def test_tokens_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_tokens, "MAX_TOKENS", 2)
    tokens = tokens_of(tmp_path)
    tokens.make("one")
    tokens.make("two")
    with pytest.raises(BenchraceError, match="which is the limit"):
        tokens.make("three")
    tokens.make("two")


def test_one_token_has_one_role(tmp_path: Path) -> None:
    shown = tokens_of(tmp_path).new[TokenRole.AGENT]
    with pytest.raises(InvalidInput, match="are the same token"):
        tokens_of(tmp_path, require_token=True, operator_token=shown)
    with pytest.raises(InvalidInput, match="are the same token"):
        tokens_of(tmp_path, require_token=True, operator_token=CONFIGURED, token=CONFIGURED)
    both: dict[str, Any] = {"operator_token": CONFIGURED, "service_token": CONFIGURED}
    entries = tokens_of(tmp_path, require_token=True, **both).entries
    assert Tokens(entries=entries).right_of(CONFIGURED) is Right.OPERATE


def test_a_lent_token_is_stored_nowhere_and_can_be_revoked(tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path)
    lent = tokens.lend()
    assert tokens.agent_digest(lent) == digest(lent)
    # Its links show it over HTTP too, where a wrong one would count as a guess.
    assert rights(tokens)[digest(lent)] is Right.LINK
    assert tokens_of(tmp_path).agent_digest(lent) is None
    tokens.end_loan(lent)
    assert tokens.agent_digest(lent) is None
