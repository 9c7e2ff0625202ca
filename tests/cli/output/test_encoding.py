"""Numbers can be read where the output's encoding has no signs for them."""

import io

import pytest

from benchrace.cli.output.encoding import replace_unprintable


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("ascii", "850 us, 1.6-3.1x, -12 %, +-0 %, ?"),
        ("latin-1", "850 µs, 1.6-3.1x, -12 %, ±0 %, ?"),
        ("cp1252", "850 µs, 1.6\u20133.1x, -12 %, ±0 %, ?"),
        ("utf-8", "850 µs, 1.6\u20133.1x, \u221212 %, ±0 %, 数"),
    ],
)
def test_signs_that_an_encoding_lacks_are_written_plainly(encoding: str, text: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    replace_unprintable([stream])
    print("850 µs, 1.6\u20133.1x, \u221212 %, ±0 %, 数", end="", file=stream, flush=True)
    assert raw.getvalue().decode(encoding) == text


def test_a_stream_that_is_not_strict_stays_as_it_is() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="backslashreplace")
    replace_unprintable([stream])
    assert stream.errors == "backslashreplace"
