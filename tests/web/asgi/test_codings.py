"""Which coding a request gets."""

import pytest

from benchrace.web.asgi.codings import BROTLI, GZIP, choose, is_compressible

CHROMIUM = "gzip, deflate, br, zstd"


def scope(accept: str | None, **more: str) -> dict[str, object]:
    headers = [(name.encode(), value.encode()) for name, value in more.items()]
    if accept is not None:
        headers.append((b"accept-encoding", accept.encode()))
    return {"type": "http", "headers": headers}


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (CHROMIUM, BROTLI),
        ("gzip", GZIP),
        ("GZIP", GZIP),
        ("gzip;q=1.0, br;q=0.5", GZIP),
        ("gzip; q=0.5, br ; q=0.8", BROTLI),
        ("*", BROTLI),
        ("br;q=0, *;q=0.3", GZIP),
        ("gzip;q=0, br;q=0", None),
        ("gzip;q=0.2, identity;q=0.9", None),
        ("gzip;q=0.9, identity;q=0.2", GZIP),
        ("identity", None),
        ("deflate, zstd", None),
        ("gzip;q=many", None),
        ("gzip;q=nan", None),
        ("gzip;q=2", None),
        ("", None),
        (None, None),
    ],
)
def test_the_preferred_coding_is_chosen(accept: str | None, coding: str | None) -> None:
    assert choose(scope(accept), (BROTLI, GZIP)) == coding


def test_a_range_counts_in_plain_bytes_and_nothing_is_chosen_of_nothing() -> None:
    assert choose(scope("gzip", range="bytes=0-9"), (GZIP,)) is None
    assert choose(scope("gzip"), ()) is None
    assert choose(scope(CHROMIUM), (GZIP,)) == GZIP


def test_text_is_compressible_and_streams_and_images_are_not() -> None:
    for kind in ("application/json", "text/html; charset=utf-8", "Text/CSV", "image/svg+xml"):
        assert is_compressible(kind)
    for kind in ("text/event-stream", "image/png", "application/octet-stream", ""):
        assert not is_compressible(kind)
