"""`benchrace tls`: a small CA of one's own, and the certificates that it issues."""

import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from benchrace.cli import options

if TYPE_CHECKING:
    from benchrace.cli.tls.listing import CertificateFile
    from benchrace.tls.authority import Authority

_folder = options.all_of(
    click.option(
        "--dir",
        "folder",
        metavar="DIR",
        help="Folder of the CA [default: `tls` in the configuration folder].",
    ),
    options.config_dir,
)


@click.group()
def tls() -> None:
    """Create and renew certificates for HTTPS.

    The commands use a small certificate authority (CA) of your own. Keep its folder on central's
    machine, and its key secret.
    """


@tls.command(short_help="Create a CA and central's certificate.")
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="Host name or address of central; may be repeated [default: all of this machine's].",
)
@_folder
def init(names: tuple[str, ...], folder: str | None, config_dir: str | None) -> None:
    """Create a CA, and central's certificate; never overwrite existing ones.

    With an existing CA that has issued no certificate for central, only the certificate is issued.
    """
    from benchrace.cli.tls.names import certificate_hosts
    from benchrace.tls.authority import CA_KEY, Authority
    from benchrace.tls.renewal import utc_now

    hosts, path, now = certificate_hosts(names), _path(folder, config_dir), utc_now()
    files = Authority.files_in(path)
    has_authority = (path / CA_KEY).exists() and not files.certificate.exists()
    create = partial(Authority.create, path, f"benchrace CA of {socket.gethostname()}", now)
    authority = Authority(path) if has_authority else create()
    authority.issue_central(hosts, now)
    click.echo(f"issued central's certificate for {', '.join(hosts)} in {path}")
    start = f"--tls-cert {files.certificate} --tls-key {files.key}"
    click.echo(f"1. start central: benchrace central start --host 0.0.0.0 {start}")
    url = f"https://{f'[{hosts[0]}]' if ':' in hosts[0] else hosts[0]}:8080"
    copied = f"copy {path / 'ca.pem'} to each machine"
    click.echo(f"2. {copied}: benchrace agent start --central {url} --ca ca.pem")
    click.echo("3. import ca.pem into browsers as an authority for websites")


@tls.command()
@click.argument("machine_id")
@_folder
def agent(machine_id: str, folder: str | None, config_dir: str | None) -> None:
    """Issue a client certificate for the agent of a machine.

    Central requires client certificates if it is started with --tls-client-ca.
    """
    authority = _authority(folder, config_dir)
    from benchrace.tls.renewal import utc_now

    issued = authority.issue_agent(_name("MACHINE_ID", machine_id), utc_now())
    place = issued.certificate.parent
    click.echo(f"issued the client certificate of {machine_id} in {place}")
    click.echo(f"copy it: scp -r {place} {machine_id}:.config/benchrace/tls")
    keys = "central_ca: tls/ca.pem, client_cert: tls/agent.pem, client_key: tls/agent-key.pem"
    click.echo(f"then set in its agent.yaml: {keys}")


@tls.command(short_help="Issue a client certificate for a person.")
@click.argument("name")
@_folder
def operator(name: str, folder: str | None, config_dir: str | None) -> None:
    """Issue a client certificate for a person, for commands and for a browser (PKCS#12).

    The password protects the file for the browser; it is asked for twice.
    """
    authority = _authority(folder, config_dir)
    from benchrace.store import atomic
    from benchrace.tls.renewal import utc_now

    _name("NAME", name)
    authority.refuse_operator(name)
    password = click.prompt(
        "Password for the browser's file", hide_input=True, confirmation_prompt=True
    )
    issued = authority.issue_operator(name, utc_now())
    place = issued.certificate.parent
    browser = place / f"{name}.p12"
    atomic.write(browser, authority.pkcs12(issued, name, password))
    click.echo(f"issued the client certificate of {name} in {place}")
    click.echo(f"browser: import {browser}, and ca.pem as an authority for websites")
    variables = f"BENCHRACE_CA={issued.ca} BENCHRACE_CLIENT_CERT={issued.certificate}"
    click.echo(f"commands: {variables} BENCHRACE_CLIENT_KEY={issued.key}")


@tls.command()
@click.option(
    "--all", "everything", is_flag=True, help="Also renew certificates that are not due yet."
)
@_folder
def renew(everything: bool, folder: str | None, config_dir: str | None) -> None:
    """Renew the certificates that are in the last third of their life.

    Names and keys stay. A running central loads its certificate within a minute, and renews it
    without this command while the CA's key is in the same folder.
    """
    authority = _authority(folder, config_dir)
    from benchrace.tls.certificate import describe_file
    from benchrace.tls.renewal import utc_now

    now, renewed = utc_now(), 0
    for path in authority.issued_files():
        is_due = everything or describe_file(path).in_last_third(now)
        if is_due and authority.renew(path, now):
            renewed += 1
            again = "" if path.parent == authority.folder else "; copy it to where it is used"
            click.echo(f"renewed {path} until {describe_file(path).not_after.date()}{again}")
    if not renewed:
        click.echo("no certificate is due yet")


@tls.command(short_help="Show certificates and their expiry.")
@_folder
@options.as_json
def status(folder: str | None, config_dir: str | None, as_json: bool) -> None:
    """Show the names, issuer and expiry of every certificate that is used or issued here."""
    from benchrace.cli.tls.listing import certificate_files
    from benchrace.tls.renewal import utc_now

    certificates = tuple(certificate_files(_path(folder, config_dir), config_dir, utc_now()))
    if as_json:
        listed = msgspec.to_builtins(certificates, enc_hook=str)
        options.print_json({"certificates": listed})
        return
    if not certificates:
        click.echo("No certificates here. Create them with `benchrace tls init`.")
    for entry in certificates:
        _show(entry)


def _show(entry: "CertificateFile") -> None:
    click.echo(f"{entry.role}: {entry.path}")
    certificate = entry.certificate
    if certificate is None:
        click.echo(f"  {entry.problem}")
        return
    click.echo(f"  names    {', '.join(certificate.names) or certificate.common_name}")
    click.echo(f"  issuer   {certificate.issuer}")
    click.echo(f"  expires  {certificate.not_after.date()} (in {entry.days_left} days)")
    click.echo(f"  SHA-256  {certificate.sha256}")


def _path(folder: str | None, config_dir: str | None) -> Path:
    from benchrace.config import paths

    if folder:
        return Path(folder).expanduser().absolute()
    return paths.config_dir(config_dir) / "tls"


def _authority(folder: str | None, config_dir: str | None) -> "Authority":
    from benchrace.tls.authority import Authority

    return Authority(_path(folder, config_dir))


def _name(argument: str, text: str) -> str:
    from benchrace.errors import FieldError, InvalidInput
    from benchrace.ids import is_name

    if not is_name(text):
        raise InvalidInput(FieldError(argument, "expected 1 to 64 of A-Z a-z 0-9 . _ -"))
    return text
