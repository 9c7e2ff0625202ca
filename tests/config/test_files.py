"""`agent.yaml`, `central.yaml` and `machines.yaml`, and what overrides them."""

import json
from pathlib import Path

import pytest

from benchrace.config.agent import AgentConfig, read_agent, unknown_tables
from benchrace.config.central import read_central
from benchrace.config.document import BadDocument, read
from benchrace.config.machines import read_machines
from benchrace.errors import InvalidInput
from benchrace.run.spec import RunSpec
from benchrace.web.guard import is_allowed_host


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
    (warning,) = unknown_tables(config, frozenset({"compute"}))
    assert warning.message == "other_engine: no installed backend has this name"
    assert warning.remedy.startswith("benchrace has no")


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
    assert read_machines(path, {}) == ()
    path.write_text(
        "machines:\n  - machine_id: a\n    gpu: {vram_bytes: 1}\n  - machine_id: b\n"
        "    excluded: true\n"
    )
    first, second = read_machines(path, {})
    assert (first.gpu, second.excluded) == ({"vram_bytes": 1}, True)
    path.write_text("machines:\n  - machine_id: a\n  - machine_id: a\n")
    with pytest.raises(
        BadDocument, match=r"machines.yaml:3: machines\[1\].machine_id: a is listed"
    ):
        read_machines(path, {})
    path.write_text("machines:\n  - machine_id: ../a\n")
    with pytest.raises(BadDocument, match=r"machines.yaml:2: .*expected 1 to 64"):
        read_machines(path, {})


def test_a_run_specification_is_read_like_any_file(tmp_path: Path) -> None:
    path = tmp_path / "race.toml"
    path.write_text('kind = "compute"\n[params]\nn = 10\n[[lanes]]\n[lanes.params]\nthreads = 1\n')
    spec = read(path, RunSpec)
    assert (spec.params, spec.lanes[0].params) == ({"n": 10}, {"threads": 1})
    path.write_text('kind = "compute"\nrounds = 0\n')
    with pytest.raises(BadDocument, match=r"race.toml:2: rounds: expected a whole number >= 1"):
        read(path, RunSpec)


HOSTS = [
    ("http://bench.example", "write bench.example"),
    ("https://bench.example:8443/runs", "write bench.example"),
    ("bench.example:8080", "write bench.example"),
    ("bench.example/", "write bench.example"),
    ("user@bench.example", "write bench.example"),
    ("bench.example.", "write bench.example"),
    (" bench.example", "write bench.example"),
    ("bänch.example", "write xn--bnch-loa.example"),
    ("*.example", "wildcards are not supported"),
    ("*", "wildcards are not supported"),
    (".example", "wildcards are not supported"),
    ("", "expected a host name"),
    ("bench..example", "expected a host name"),
    ("bench example", "expected a host name"),
    ("-bench.example", "expected a host name"),
    ("2130706433", "expected a host name"),
    ("127.1", "expected a host name"),
    ("bench.0x7f", "expected a host name"),
    ("a" * 64 + ".example", "expected a host name"),
    ("http://", "expected a host name"),
    ("[::1", "expected a host name"),
]


@pytest.mark.parametrize(("host", "words"), HOSTS)
def test_a_host_that_no_request_can_have_is_refused(tmp_path: Path, host: str, words: str) -> None:
    text = json.dumps(["bench.lan", host], ensure_ascii=False)
    path = tmp_path / "central.yaml"
    path.write_text(f"bind_port: 1\nallowed_hosts: {text}\n")
    with pytest.raises(BadDocument) as raised:
        read_central(path, {})
    assert str(raised.value).startswith(f"{path}:2: allowed_hosts[1]: ")
    assert words in str(raised.value)
    with pytest.raises(BadDocument) as raised:
        agent(tmp_path, f"label: x\nallowed_hosts:\n  - bench.lan\n  - {json.dumps(host)}\n")
    assert str(raised.value).startswith(f"{tmp_path / 'agent.yaml'}:4: allowed_hosts[1]: ")


def test_names_match_in_any_case_and_addresses_may_stand_there(tmp_path: Path) -> None:
    config = agent(
        tmp_path,
        "allowed_hosts: [Bench.Example, bench, my_box.local, xn--bnch-loa.example, '[::1]', "
        "10.0.0.1]",
    )
    for host in config.allowed_hosts:
        shown = f"[{host}]" if host.count(":") > 1 and host[0] != "[" else host
        assert is_allowed_host(shown.upper(), frozenset(config.allowed_hosts)), host


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("0.0.0.0", "name one address of this machine (e.g. 192.168.1.20)"),
        ("::ffff:0.0.0.0", "name one address of this machine (e.g. 192.168.1.20)"),
        ("mac2.local", "expected an IP address (e.g. 192.168.1.20)"),
    ],
)
def test_a_machine_is_lent_at_one_address(tmp_path: Path, address: str, words: str) -> None:
    assert agent(tmp_path, "lend_address: 10.0.0.5").lend_address == "10.0.0.5"
    with pytest.raises(BadDocument) as raised:
        agent(tmp_path, f"label: x\nlend_address: '{address}'\n")
    where = f"{tmp_path / 'agent.yaml'}:2: lend_address"
    assert str(raised.value).startswith(f"{where}: invalid address {address!r}: {words}")
