"""What is wrong with parameters, in the words that files' errors have."""

from typing import Annotated

import pytest
from msgspec import Meta

from benchrace.errors import InvalidInput
from benchrace.kinds import Params
from benchrace.web.body import convert
from benchrace.worker.params import bad_fields


class Given(Params, frozen=True, kw_only=True):
    n: Annotated[int, Meta(ge=1)] = 1
    share: float = 0.0
    words: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("n", "abc", "n: expected a whole number, got text; it is 'abc'"),
        ("n", 0, "n: expected a whole number >= 1; it is 0"),
        ("share", [], "share: expected a number, got a list; it is []"),
        ("words", [1], "words: expected text, got a whole number; it is [1]"),
        ("m", 1, "m: there is no such parameter; there are n, share, words"),
    ],
)
def test_a_parameter_is_told_in_plain_words(name: str, value: object, said: str) -> None:
    assert [str(each) for each in bad_fields({name: value}, Given)] == [said]


def test_so_is_a_body() -> None:
    with pytest.raises(InvalidInput) as refused:
        convert({"n": "abc"}, Given)
    assert refused.value.message == "n: expected a whole number, got text"
