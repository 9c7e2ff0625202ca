"""The files themselves: `agent.yaml`, `central.yaml`, `machines.yaml`, and what beats them."""

from pathlib import Path

import pytest

from benchrace.config.agent import AgentConfig, read_agent, unknown_tables
from benchrace.config.central import read_central
from benchrace.config.document import BadDocument, read
from benchrace.config.machines import read_machines
from benchrace.errors import InvalidInput
from benchrace.run.spec import RunSpec


def agent(tmp_path: Path, text: str, **environ: str) -> AgentConfig:
    path = tmp_path / "agent.yaml"
    path.write_text(text)
    return read_agent(path, environ).config


def test_known_keys_and_tables(tmp_path: Path) -> None:
    config = agent(
        tmp_path,
        "machine_id: m1\nlabel: Desk\nbind_port: 9002\nsampling_s: 0\n"
        "compute:\n  fast: true\nother_engine:\n  base_url: http://x\n",
    )
    assert (config.machine_id, config.label, config.bind_port) == ("m1", "Desk", 9002)
    assert config.tables == {"compute": {"fast": True}, "other_engine": {"base_url": "http://x"}}
    assert unknown_tables(config, frozenset({"compute"})) == (
        (
            "other_engine: no installed backend has this name; "
            "install it with: pip install benchrace-other-engine"
        ),
    )


def test_a_list_of_tables_is_the_servers_of_one(tmp_path: Path) -> None:
    config = agent(tmp_path, "engine:\n  - name: a\n  - {name: b, port: 2}\n")
    assert config.tables == {"engine": {"servers": [{"name": "a"}, {"name": "b", "port": 2}]}}


def test_no_file_is_no_configuration(tmp_path: Path) -> None:
    assert read_agent(tmp_path / "agent.yaml", {}).config == AgentConfig()


def test_the_environment_wins(tmp_path: Path) -> None:
    config = agent(
        tmp_path, "bind_host: 10.0.0.1\nbind_port: 1\n", AGENT_HOST="0.0.0.0", AGENT_PORT="9009"
    )
    assert (config.bind_host, config.bind_port) == ("0.0.0.0", 9009)
    assert agent(tmp_path, "bind_port: 1\n", AGENT_PORT="").bind_port == 1


@pytest.mark.parametrize("port", ["x", "-1", "65536", "8 0", "٣"])
def test_a_bad_port_in_the_environment_is_named(tmp_path: Path, port: str) -> None:
    with pytest.raises(InvalidInput, match="AGENT_PORT: expected a port"):
        agent(tmp_path, "", AGENT_PORT=port)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "label: x\nbind_prot: 3\n",
            "agent.yaml:2: bind_prot: unknown key; did you mean bind_port",
        ),
        (
            "label: x\nbind_port: 70000\n",
            "agent.yaml:2: bind_port: expected a whole number <= 65535",
        ),
        ("machine_id: a/b\n", "agent.yaml:1: machine_id: expected 1 to 64"),
        ("a b:\n  x: 1\n", "agent.yaml:1: a b: no backend can have this name"),
        ("- a\n", "agent.yaml:1: expected a table of keys"),
        ("engine:\n  - name: a\n  - 3\n", "agent.yaml:3: engine[1]: expected a table"),
        ("bind_prot: [3]\n", "agent.yaml:1: bind_prot: unknown key; did you mean bind_port"),
        ("tables:\n  a: {}\nlabel: 3\n", "agent.yaml:3: label: expected text"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadDocument) as raised:
        agent(tmp_path, text)
    assert words in str(raised.value)


def test_central(tmp_path: Path) -> None:
    path = tmp_path / "central.yaml"
    assert read_central(path, {}).bind_port is None
    path.write_text("bind_port: 8081\nallowed_hosts: [bench.lan]\n")
    config = read_central(path, {"CENTRAL_HOST": "0.0.0.0"})
    assert (config.bind_host, config.bind_port) == ("0.0.0.0", 8081)
    assert config.allowed_hosts == ("bench.lan",)
    assert read_central(path, {"CENTRAL_PORT": "0"}).bind_port == 0


def test_machines(tmp_path: Path) -> None:
    path = tmp_path / "machines.yaml"
    assert read_machines(path) == ()
    path.write_text(
        "machines:\n  - machine_id: a\n    gpu: {vram_bytes: 1}\n  - machine_id: b\n"
        "    excluded: true\n"
    )
    first, second = read_machines(path)
    assert (first.gpu, second.excluded) == ({"vram_bytes": 1}, True)
    path.write_text("machines:\n  - machine_id: a\n  - machine_id: a\n")
    with pytest.raises(BadDocument, match=r"machines.yaml:3: machines\[1\].machine_id: a stands"):
        read_machines(path)
    path.write_text("machines:\n  - machine_id: ../a\n")
    with pytest.raises(BadDocument, match=r"machines.yaml:2: .*expected 1 to 64"):
        read_machines(path)


def test_a_run_specification_is_read_like_any_file(tmp_path: Path) -> None:
    path = tmp_path / "race.toml"
    path.write_text('kind = "compute"\n[params]\nn = 10\n[[lanes]]\n[lanes.params]\nthreads = 1\n')
    spec = read(path, RunSpec)
    assert (spec.params, spec.lanes[0].params) == ({"n": 10}, {"threads": 1})
    path.write_text('kind = "compute"\nrounds = 0\n')
    with pytest.raises(BadDocument, match=r"race.toml:2: rounds: expected a whole number >= 1"):
        read(path, RunSpec)
