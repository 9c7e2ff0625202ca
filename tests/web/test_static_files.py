"""Files of a built page, and what its build compressed beside them."""

import gzip
from pathlib import Path

import pytest

from benchrace.web.static_files import StaticFile, read_files

SCRIPT = b"export const race = 'many words';" * 100
# Brotli is not in the standard library: what is sent is what lies there.
BROTLI = b"as the build wrote it"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, StaticFile]:
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "page.js").write_bytes(SCRIPT)
    (folder / "page.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "page.js.br").write_bytes(BROTLI)
    (folder / "alone.gz").write_bytes(b"a file of its own")
    (tmp_path / "index.html").write_bytes(b"<!doctype html>")
    return read_files(tmp_path)


async def answer(file: StaticFile, accept: str) -> tuple[bytes, dict[str, str]]:
    scope = {"headers": [(b"accept-encoding", accept.encode())]}
    response = file.answer(scope, "text/javascript", {"Cache-Control": "immutable"})
    return await response.get_data(as_text=False), dict(response.headers)


def test_compressed_files_are_forms_of_others_and_no_files(files: dict[str, StaticFile]) -> None:
    assert files.keys() == {"assets/page.js", "assets/alone.gz", "index.html"}


@pytest.mark.anyio
async def test_a_client_gets_the_form_that_it_accepts(files: dict[str, StaticFile]) -> None:
    file = files["assets/page.js"]
    tags = set()
    for accept, body, coding in (
        ("gzip, deflate, br, zstd", BROTLI, "br"),
        ("gzip", gzip.compress(SCRIPT), "gzip"),
        ("", SCRIPT, None),
    ):
        data, headers = await answer(file, accept)
        assert data[10:] == body[10:]  # gzip's head has the time
        assert headers.get("Content-Encoding") == coding
        assert headers["Content-Length"] == str(len(data))
        assert (headers["Vary"], headers["Cache-Control"]) == ("Accept-Encoding", "immutable")
        tags.add(headers["ETag"])
    assert len(tags) == 3


@pytest.mark.anyio
async def test_a_short_file_has_one_form(files: dict[str, StaticFile]) -> None:
    data, headers = await answer(files["index.html"], "gzip, br")
    assert data == b"<!doctype html>"
    assert not {"Content-Encoding", "Vary"} & headers.keys()
