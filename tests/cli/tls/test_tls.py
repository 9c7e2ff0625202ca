"""`benchrace tls`: certificates from nothing, and what is printed about them."""

import datetime
import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from benchrace.tls import renewal
from benchrace.tls.certificate import describe_file
from tests.cli.conftest import Call


@pytest.fixture
def folder(data: Path) -> Path:
    return data.parent / "config" / "tls"


def test_init_makes_a_ca_and_a_certificate_and_says_what_is_next(call: Call, folder: Path) -> None:
    done = call("tls", "init", "--name", "bench.example", "--name", "192.0.2.7")
    assert done.exit_code == 0, done.output
    certificate = describe_file(folder / "central.pem")
    assert certificate.names == ("bench.example", "192.0.2.7", "localhost", "127.0.0.1", "::1")
    assert certificate.dns_names == ("bench.example", "localhost")
    assert (certificate.not_after - certificate.not_before).days == 397
    authority = describe_file(folder / "ca.pem")
    assert (authority.not_after - authority.not_before).days == 3650
    assert certificate.issuer == authority.common_name
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    _, *steps = done.stdout.splitlines()
    assert [step[:3] for step in steps] == ["1. ", "2. ", "3. "]
    assert f"--tls-cert {folder / 'central.pem'}" in steps[0]
    assert "https://bench.example:8080 --ca ca.pem" in steps[1]


def test_nothing_is_overwritten(call: Call, folder: Path) -> None:
    assert call("tls", "init", "--name", "one.example").exit_code == 0
    before = (folder / "ca-key.pem").read_bytes()
    again = call("tls", "init")
    assert again.exit_code == 2
    assert "already exists" in again.stderr
    # Other names for central, of the same CA.
    (folder / "central.pem").unlink()
    (folder / "central-key.pem").unlink()
    assert call("tls", "init", "--name", "two.example").exit_code == 0
    assert (folder / "ca-key.pem").read_bytes() == before
    assert describe_file(folder / "central.pem").dns_names == ("two.example", "localhost")


@pytest.mark.parametrize("name", ["*.example", "https://bench.example", "a b", ""])
def test_a_name_that_no_certificate_can_have_is_refused(
    call: Call, folder: Path, name: str
) -> None:
    done = call("tls", "init", "--name", name)
    assert done.exit_code == 2
    assert "--name: invalid host" in done.stderr
    assert not folder.exists()


def test_without_names_it_is_for_all_of_this_machines(call: Call, folder: Path) -> None:
    assert call("tls", "init").exit_code == 0
    hosts = describe_file(folder / "central.pem").hosts
    assert {"localhost", "127.0.0.1", "::1"} <= set(hosts)
    assert len(hosts) > 3


def test_clients_get_certificates_of_their_own(call: Call, folder: Path) -> None:
    call("tls", "init", "--name", "bench.example")
    agent = call("tls", "agent", "gpu1")
    assert agent.exit_code == 0, agent.output
    assert f"scp -r {folder / 'agents/gpu1'} gpu1:" in agent.stdout
    assert describe_file(folder / "agents/gpu1/agent.pem").names == ("urn:benchrace:machine:gpu1",)
    assert call("tls", "agent", "gpu1").exit_code == 2
    assert "MACHINE_ID: expected" in call("tls", "agent", "../gpu1").stderr
    operator = call("tls", "operator", "anna", stdin="secret words\nsecret words\n")
    assert operator.exit_code == 0, operator.output
    stored = (folder / "operators/anna/anna.p12").read_bytes()
    key, certificate, others = pkcs12.load_key_and_certificates(stored, b"secret words")
    assert key is not None
    assert certificate is not None
    assert len(others) == 1
    assert "secret words" not in operator.output


def test_without_a_ca_the_remedy_is_init(call: Call, folder: Path) -> None:
    done = call("tls", "agent", "gpu1")
    assert done.exit_code == 2
    assert f"no certificate authority (CA) in {folder}" in done.stderr
    assert "benchrace tls init" in done.stderr


def test_renewal_keeps_names_and_keys(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("tls", "init", "--name", "bench.example")
    call("tls", "agent", "gpu1")
    before = describe_file(folder / "central.pem")
    assert call("tls", "renew").stdout == "no certificate is due yet\n"
    later = renewal.utc_now() + datetime.timedelta(days=300)
    monkeypatch.setattr(renewal, "utc_now", lambda: later)
    done = call("tls", "renew")
    assert done.stdout.count("renewed ") == 2
    assert "agent.pem until" in done.stdout
    after = describe_file(folder / "central.pem")
    assert after.names == before.names
    assert after.not_after > before.not_after


def test_status_lists_what_is_used_and_issued(call: Call, folder: Path) -> None:
    assert "benchrace tls init" in call("tls", "status").stdout
    call("tls", "init", "--name", "bench.example")
    (folder.parent / "central.yaml").write_text(
        "tls_cert: tls/central.pem\ntls_key: tls/central-key.pem\ntls_client_ca: missing.pem\n"
    )
    listed = json.loads(call("tls", "status", "--json").stdout)["certificates"]
    assert [entry["role"] for entry in listed] == ["CA", "central", "CA of clients of central"]
    central = listed[1]
    assert central["certificate"]["names"][0] == "bench.example"
    assert central["certificate"]["issuer"].startswith("benchrace CA of ")
    assert central["days_left"] == 396
    assert listed[2]["certificate"] is None
    assert "missing.pem" in listed[2]["problem"]
    shown = call("tls", "status").stdout
    assert "names    bench.example, localhost" in shown
    assert "(in 396 days)" in shown


def test_doctor_warns_before_a_certificate_expires(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchrace.cli.tls import expiry

    call("tls", "init", "--name", "bench.example")
    now = renewal.utc_now()

    def warnings(days: int) -> dict[str, tuple[str, str | None]]:
        later = now + datetime.timedelta(days=days)
        monkeypatch.setattr(expiry, "utc_now", lambda: later)
        return {check.name: (check.value, check.remedy) for check in expiry.expiry_checks(None)}

    assert warnings(300)["certificate of central"][0].startswith("valid until ")
    assert "only" not in warnings(300)["certificate of central"][0]
    soon, remedy = warnings(380)["certificate of central"]
    assert "(only 16 more days). Renew it: `benchrace tls renew`" in soon
    assert remedy is None
    late, remedy = warnings(400)["certificate of central"]
    assert late.startswith("expired on ")
    assert remedy is not None
