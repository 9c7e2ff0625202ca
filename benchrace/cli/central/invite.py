"""`benchrace central invite`: a command with which one other machine joins."""

import shlex

import click
import msgspec

from benchrace.cli import options
from benchrace.cli.central.connection import operator_client, shared_options
from benchrace.cli.service.advertised_address import advertised_urls

_CERTIFICATE = (
    "Central requires client certificates: issue one with `benchrace tls agent MACHINE_ID`, copy "
    "its folder to that machine, and add `--client-cert agent.pem --client-key agent-key.pem`."
)


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints. `other_urls` are further addresses of the same central.

    After a dot, `code` has the pin of central's CA, where it has one.
    """

    invitation_id: str
    command: str
    url: str
    other_urls: tuple[str, ...]
    code: str
    expires_at: float
    client_certificates: bool


@click.command(short_help="Print a command that joins one machine.")
@click.option("--label", metavar="TEXT", help="Name of the machine's token in lists.")
@shared_options
def invite(
    label: str | None, central: str | None, token: str | None, data_dir: str | None, as_json: bool
) -> None:
    """Print a command with which one other machine joins, within ten minutes.

    The command works once. The machine gets a token of its own, which can be revoked alone.
    """
    invitation = _make(label, central, token, data_dir)
    if as_json:
        options.print_json(invitation)
        return
    click.echo("Run this on the other machine within ten minutes; it works once:", err=True)
    click.echo(invitation.command)
    if invitation.client_certificates:
        click.echo(_CERTIFICATE, err=True)
    if invitation.other_urls:
        others = ", ".join(invitation.other_urls)
        click.echo(f"If that address is unreachable, try: {others}", err=True)


def _make(
    label: str | None, central: str | None, token: str | None, data_dir: str | None
) -> Invitation:
    from benchrace.api.joining import InvitationRequest, NewInvitation

    with operator_client(central, token, options.path(data_dir)) as client:
        body = msgspec.to_builtins(InvitationRequest(label=label))
        answer = client.convert(client.post("/api/invitations", body), NewInvitation)
        urls = (
            (client.url,)
            if central is not None
            else advertised_urls(client.url, answer.host, answer.hosts)
        )
    if _is_local(answer.host) and central is None:
        click.echo(
            f"benchrace: warning: central listens on {answer.host}, which no other machine can "
            "reach. Restart it with `--host 0.0.0.0`.",
            err=True,
        )
    code = answer.code if answer.pin is None else f"{answer.code}.{answer.pin}"
    return Invitation(
        invitation_id=answer.entry.invitation_id,
        command=shlex.join(["benchrace", "agent", "join", urls[0], code]),
        url=urls[0],
        other_urls=urls[1:],
        code=code,
        expires_at=answer.entry.expires_at,
        client_certificates=answer.client_certificates,
    )


def _is_local(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
