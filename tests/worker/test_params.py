"""Messages about invalid parameters."""

from typing import Annotated

import pytest
from msgspec import Meta

from benchrace.api.decoding import convert
from benchrace.errors import FieldError, InvalidInput
from benchrace.kinds import Params
from benchrace.worker.params import bad_fields


class Given(Params, frozen=True, kw_only=True):
    n: Annotated[int, Meta(ge=1)] = 1
    share: float = 0.0
    words: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("n", "abc", "n: expected a whole number, got 'abc' (e.g. 1e6, 100k, 10M)"),
        ("n", "100kk", "n: expected a whole number, got '100kk' (e.g. 1e6, 100k, 10M)"),
        (
            "share",
            "half",
            "share: expected a number, got 'half' (e.g. 0.5, 1e6, 100k)",
        ),
        ("words", "a", "words: expected a list, got 'a'"),
        ("n", 0, "n: expected a whole number >= 1, got 0"),
        ("share", [], "share: expected a number, got []"),
        ("words", [1], "words: expected text, got a whole number: [1]"),
        ("m", 1, "m: unknown parameter; expected one of n, share, words"),
    ],
)
def test_a_parameter_is_told_in_plain_words(name: str, value: object, message: str) -> None:
    assert [str(bad_field) for bad_field in bad_fields({name: value}, Given)] == [message]


def test_so_is_a_body() -> None:
    with pytest.raises(InvalidInput) as refused:
        convert({"n": "abc"}, Given)
    assert refused.value.message == "n: expected a whole number, got text"


def test_thousands_of_unknown_names_are_a_few_and_a_number() -> None:
    result = bad_fields({f"k{number}" * 50: 1 for number in range(5000)}, Given)
    assert len(result) == 11
    assert str(result[-1]) == "4990 more parameters are unknown"
    assert max(len(field.path) for field in result) == 64


def test_an_answer_names_no_more_fields_than_anybody_reads() -> None:
    refused = InvalidInput([FieldError(f"f{number}", "is bad") for number in range(6_000)])
    assert len(refused.fields) == 50
    assert len(refused.message) < 2000
