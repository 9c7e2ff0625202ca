"""Names of languages, as manifests and servers write them."""

import pytest

from benchrace_whisper.languages import LANGUAGES, code_of


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("en", "en"),
        ("English", "en"),
        ("swedish", "sv"),
        ("haitian creole", "ht"),
        ("Cantonese", "yue"),
        ("nb", "no"),
        ("castilian", "es"),
        ("klingon", None),
        ("", None),
    ],
)
def test_a_language_has_one_code(name: str, code: str | None) -> None:
    assert code_of(name) == code


def test_all_languages_of_the_tokenizer_are_known() -> None:
    tokenizer = pytest.importorskip("faster_whisper.tokenizer")
    assert set(tokenizer._LANGUAGE_CODES) == LANGUAGES
