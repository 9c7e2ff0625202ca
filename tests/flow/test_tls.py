"""A fleet over TLS whose central requires client certificates, as processes of its own."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchrace.tls.authority import Issued
from benchrace.tls.certificate import describe_file
from tests.flow.conftest import Shell
from tests.tls.certificates import NOW, Certificates
from tests.tls.conftest import certificates

__all__ = ["certificates"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

OPERATOR = "the-operators-token"


@dataclass
class Secured:
    """A running central; `shell` has the agent token, the CA and an operator's certificate."""

    shell: Shell
    url: str
    certificates: Certificates

    def curl(self, *options: str, url: str = "") -> subprocess.CompletedProcess[str]:
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", *options]
        return subprocess.run(
            [*command, f"{url or self.url}/api/machines"],
            check=False,
            capture_output=True,
            text=True,
        )

    def client(self, issued: Issued) -> list[str]:
        return ["--cert", str(issued.certificate), "--key", str(issued.key)]

    def agent(self, machine_id: str, issued: Issued) -> subprocess.CompletedProcess[str]:
        files = ("--client-cert", str(issued.certificate), "--client-key", str(issued.key))
        options = ("--machine-id", machine_id, "--share-host", *files)
        return self.shell.call("agent", "start", "--port", "0", "--central", self.url, *options)


@pytest.fixture(scope="module")
def secured(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Secured]:
    shell = Shell(tmp_path_factory.mktemp("secured"), token="the-agents-token")
    files = certificates.server
    (shell.root / "config" / "central.yaml").write_text(
        f"tls_cert: {files.certificate}\ntls_key: {files.key}\ntls_client_ca: {certificates.ca}\n"
        f"require_token: true\noperator_token: {OPERATOR}\n"
    )
    started = shell.call("central", "start", "--port", "0", "--json")
    assert started.returncode == 0, started.stderr
    url = str(json.loads(started.stdout)["info"]["url"])
    assert url.startswith("https://127.0.0.1:")
    shell.env["BENCHRACE_CA"] = str(certificates.ca)
    yield Secured(shell, url, certificates)
    shell.stop("m1", "m2")


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_curl_needs_the_ca_a_certificate_and_a_token(secured: Secured) -> None:
    ca = ["--cacert", str(secured.certificates.ca)]
    client = secured.client(secured.certificates.agent)
    bearer = ["--header", f"Authorization: Bearer {OPERATOR}"]
    assert "certificate" in secured.curl(*client, *bearer).stderr
    assert "certificate required" in secured.curl(*ca, *bearer).stderr
    foreign = secured.client(secured.certificates.foreign)
    assert "unknown ca" in secured.curl(*ca, *foreign, *bearer).stderr.lower()
    expired = secured.client(secured.certificates.expired)
    assert "expired" in secured.curl(*ca, *expired, *bearer).stderr
    elsewhere = secured.url.replace("127.0.0.1", "127.0.0.2")
    wrong_name = secured.curl(
        *ca, *client, "--connect-to", f"127.0.0.2:{secured.url[-5:]}:127.0.0.1:", url=elsewhere
    )
    assert "target host name '127.0.0.2'" in wrong_name.stderr
    # The certificate is in addition to the token.
    assert "401" in secured.curl(*ca, *client, "--fail").stderr
    assert '"machines"' in secured.curl(*ca, *client, *bearer).stdout


def test_agents_and_commands_present_their_certificates(secured: Secured, tmp_path: Path) -> None:
    own, shell = secured.certificates.agent, secured.shell
    wrong = secured.agent("m2", own)
    assert wrong.returncode == 1
    assert "the client certificate is for m1, and the agent is m2" in wrong.stdout
    assert shell.call("agent", "stop", "--machine-id", "m2").returncode == 0
    linked = secured.agent("m1", own)
    assert (linked.returncode, linked.stderr) == (0, "")
    assert "central: linked" in linked.stdout
    ca = ("--cacert", str(secured.certificates.ca), "--header", f"Authorization: Bearer {OPERATOR}")
    listed = json.loads(secured.curl(*secured.client(own), *ca).stdout)["machines"]
    (link,) = (machine["link"] for machine in listed if machine["machine_id"] == "m1")
    expiry = describe_file(own.certificate).not_after.timestamp()
    assert link == {"tls": True, "local": True, "certificate_expires_at": expiry}
    shell.env["BENCHRACE_TOKEN"] = OPERATOR
    client = ("--client-cert", str(own.certificate), "--client-key", str(own.key))
    options = ("--workload", "compute", "-p", "n=10000", "--rounds", "1", "--warmup", "0")
    refused = shell.call("run", *options)
    assert refused.returncode == 1
    assert "requires a client certificate" in refused.stderr
    # Requests and the stream of events alike.
    done = shell.call("run", *options, *client)
    assert done.returncode == 0, done.stderr
    assert "m1" in done.stdout


def test_an_invitation_names_the_ca_that_the_joining_machine_trusts(
    secured: Secured, tmp_path: Path
) -> None:
    own = secured.certificates.authority.issue_agent("m3", NOW)
    files = ("--client-cert", str(own.certificate), "--client-key", str(own.key))
    secured.shell.env["BENCHRACE_CLIENT_CERT"] = str(own.certificate)
    secured.shell.env["BENCHRACE_CLIENT_KEY"] = str(own.key)
    invited = secured.shell.call("central", "invite")
    assert "Central requires client certificates" in invited.stderr
    words = invited.stdout.split()[1:]
    machine = Shell(tmp_path)
    options = ("--machine-id", "m3", "--port", "0", "--share-host")
    bare = machine.call(*words, *options)
    assert (bare.returncode, "requires a client certificate" in bare.stderr) == (1, True)
    try:
        joined = machine.call(*words, *options, *files)
        assert (joined.returncode, joined.stderr) == (0, "")
        assert "is of the CA that the invitation names" in joined.stdout
        assert "central can use m3" in joined.stdout
        # Nothing but the stored file says whom to trust.
        left = machine.call("agent", "leave", "--json")
        assert json.loads(left.stdout)["revoked"], left.stdout
    finally:
        for process in machine.processes():
            process.kill()
