"""The central that commands use without being told."""

from pathlib import Path

import msgspec

from benchrace.cli.service.settings import configured_central
from benchrace.config.joined import Joined, joined_path


def test_the_joined_central_is_used_unless_agent_yaml_names_one(tmp_path: Path) -> None:
    assert configured_central(str(tmp_path)) is None
    joined = Joined(central="http://joined:8080", token="a token of this machine", machine_id="m1")
    joined_path(tmp_path).write_bytes(msgspec.json.encode(joined))
    assert configured_central(str(tmp_path)) == "http://joined:8080"
    (tmp_path / "agent.yaml").write_text("central_base_url: http://named:8080\n")
    assert configured_central(str(tmp_path)) == "http://named:8080"
