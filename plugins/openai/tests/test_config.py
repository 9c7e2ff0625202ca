"""The table of agent.yaml: one server or several, the environment, and what is wrong with them."""

from typing import Any

import msgspec
import pytest

from benchrace.plugin import InvalidInput
from benchrace_openai.config import Engine, OpenAIConfig, Server, servers


def config(**table: Any) -> OpenAIConfig:
    return msgspec.convert(table, OpenAIConfig)


@pytest.mark.parametrize(
    "url", ["http://host:8080", "http://host:8080/", "http://host:8080/v1", "http://host:8080/v1/"]
)
def test_an_address_may_end_with_the_version(url: str) -> None:
    assert Server(base_url=url).root == "http://host:8080"


def test_one_server_or_several() -> None:
    (only,) = servers(config(base_url="http://a", engine="vllm"))
    assert (only.root, only.engine) == ("http://a", Engine.VLLM)
    two = [{"name": "x", "base_url": "http://a"}, {"name": "y", "base_url": "http://b"}]
    assert [server.name for server in servers(config(servers=two))] == ["x", "y"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"base_url": "localhost:8080"}, "invalid base_url"),
        ({"base_url": "file:///etc/passwd"}, "invalid base_url"),
        ({"base_url": "http://host:99999"}, "invalid base_url"),
        ({"base_url": "http://host:x"}, "invalid base_url"),
        ({"name": "x"}, "base_url is missing"),
        ({"base_url": "http://a", "servers": [{"base_url": "http://b"}]}, "not both"),
        (
            {"servers": [{"base_url": "http://a"}, {"base_url": "http://b"}]},
            "need a unique `name` each",
        ),
        ({"base_url": "http://a", "engine": "llamacpp"}, "llamacpp"),
        ({"base_url": "http://a", "modle": 1}, "modle"),
        ({"servers": [{"base_url": "http://a", "modle": 1}]}, r"modle.*servers"),
    ],
)
def test_what_is_wrong_is_said(table: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        config(**table).listed()


def test_the_environment_stands_in_for_a_table() -> None:
    environ = {"OPENAI_BASE_URL": "http://h:1/v1", "OPENAI_API_KEY": "k"}
    (server,) = servers(None, environ)
    assert (server.root, server.key(environ)) == ("http://h:1", "k")
    (configured,) = servers(config(base_url="http://a"), environ)
    assert (configured.root, configured.key(environ)) == ("http://a", None)
    assert servers(config(), {}) == ()


def test_a_bad_address_of_the_environment_is_named() -> None:
    with pytest.raises(InvalidInput, match="OPENAI_BASE_URL"):
        servers(None, {"OPENAI_BASE_URL": "nonsense"})


@pytest.mark.parametrize("url", ["http://u:hush@a", "ftp://u:hush@a", "http://hush@a:99999/v1"])
def test_an_address_with_a_password_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="use api_key") as server:
        config(base_url=url)
    assert "hush" not in str(server.value)
    with pytest.raises(InvalidInput, match="use api_key"):
        servers(None, {"OPENAI_BASE_URL": url})


def test_a_key_is_in_no_text() -> None:
    table = config(base_url="http://a", api_key="sk-1")
    assert "sk-1" not in f"{table!r} {table.listed()!r} {[table]}"
    assert table.listed()[0].key({}) == "sk-1"
