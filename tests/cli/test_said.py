"""What a person is told where a file is wrong, or a service did not start."""

from pathlib import Path

import pytest

from benchrace.cli.service import central_service
from tests.cli.conftest import Call


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("central.yaml", "watch: perhaps\n", "watch: expected nobody or token or everybody"),
        ("model_policy.yaml", "requird: {}\n", "requird: unknown key; did you mean required?"),
    ],
)
def test_the_doctor_reads_every_file(
    call: Call, tmp_path: Path, name: str, text: str, words: str
) -> None:
    path = tmp_path / "config" / name
    path.parent.mkdir()
    path.write_text(text)
    said = call("doctor")
    assert said.exit_code == 1
    assert f"{path}:1: {words}" in said.output
    path.write_text("{}\n")
    assert f"{path} is good" in call("doctor").output


def test_a_log_is_said_as_sentences(tmp_path: Path) -> None:
    service = central_service(tmp_path)
    service.log.parent.mkdir()
    service.log.write_text(
        "12:00 INFO a link is closed.\nbenchrace: the port is in use\n  Stop that program.\n"
    )
    assert service.died(1).message == (
        "central ended with code 1: the port is in use. Stop that program"
    )
