"""Folders, addresses and keys, from tables and from variables."""

from pathlib import Path

import pytest

from benchrace.plugin import InvalidInput
from benchrace_whisper.config import LocalConfig, audio_folders, models_folder
from benchrace_whisper.server.config import ServerConfig, api_key, base_url


def test_variables_come_first() -> None:
    config = LocalConfig(audio_folders=("/a",), models_folder="/m")
    assert audio_folders(config, {}) == [Path("/a")]
    assert audio_folders(config, {"WHISPER_AUDIO": "/b:~/c"}) == [
        Path("/b"),
        Path.home() / "c",
        Path("/a"),
    ]
    assert models_folder(config, {}) == Path("/m")
    assert models_folder(config, {"WHISPER_MODELS": "/n"}) == Path("/n")


def test_the_defaults_are_in_the_data_of_the_user() -> None:
    assert audio_folders(None, {})[0].parts[-2:] == ("whisper", "audio")
    assert models_folder(None, {}).parts[-2:] == ("whisper", "models")


def test_a_relative_folder_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not an absolute path"):
        models_folder(LocalConfig(models_folder="models"), {})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://h:8000", "http://h:8000/v1"),
        ("http://h:8000/", "http://h:8000/v1"),
        ("https://h/openai/v1/", "https://h/openai/v1"),
        ("", None),
    ],
)
def test_addresses(address: str, expected: str | None) -> None:
    assert base_url(ServerConfig(base_url=address), {}) == expected
    assert base_url(None, {"TRANSCRIPTION_BASE_URL": address}) == expected


@pytest.mark.parametrize("address", ["h:8000", "ftp://h", "http://", "http://h:0", "http://h:x"])
def test_invalid_addresses_are_refused(address: str) -> None:
    with pytest.raises(InvalidInput):
        base_url(ServerConfig(base_url=address), {})


def test_a_key_is_shown_nowhere() -> None:
    config = ServerConfig(base_url="http://h", api_key="sk-not-a-real-key")
    assert "sk-not" not in repr(config)
    assert api_key(config, {}) == "sk-not-a-real-key"
    assert api_key(ServerConfig(api_key_env="K"), {"K": " from-env-12345 "}) == "from-env-12345"
    assert api_key(None, {}) is None
    with pytest.raises(ValueError, match="api_key"):
        ServerConfig(base_url="http://me:secret@h")
