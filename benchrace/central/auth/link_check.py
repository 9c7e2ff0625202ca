"""The check of the token with which an agent links."""

from benchrace.central.auth.tokens import CentralTokens
from benchrace.errors import BenchraceError, Category
from benchrace.web.auth.login_rate_limit import Attempts


class LinkCheck:
    """Checks the tokens of links, within the limit that all tokens share."""

    def __init__(self, tokens: CentralTokens, attempts: Attempts) -> None:
        self._tokens = tokens
        self._attempts = attempts

    def check(self, shown: str | None, machine_id: str, address: str, *, local: bool) -> str:
        """Return the digest of the token that an agent shows for its machine.

        Raises `validation` for a wrong token or another machine's, `busy` after too many of them.
        An agent on this machine is always admitted with the right one: others that guess here must
        not lock it out.
        """
        digest = self._tokens.agent_digest(shown)
        right = digest is not None
        wait_s = self._attempts.judge(address, shown or "", right=right, exempt=local)
        if wait_s:
            raise BenchraceError(
                Category.BUSY,
                "too many wrong tokens from the agent's address",
                f"Wait {int(wait_s) + 1} s: the agent retries automatically.",
            )
        if digest is None:
            raise BenchraceError(
                Category.VALIDATION,
                "wrong or revoked agent token",
                "Run `benchrace central invite` on central's machine, and the command that it "
                "prints on this one; or set `central_token` in agent.yaml, or BENCHRACE_TOKEN, to "
                "a valid agent token.",
            )
        check_machine(self._tokens, digest, machine_id)
        return digest

    def is_valid(self, digest: str) -> bool:
        """Check whether a token that was accepted is still valid."""
        return self._tokens.is_agent(digest)


def check_machine(tokens: CentralTokens, digest: str, machine_id: str) -> None:
    """Raise `validation` for a machine's own token that another machine shows."""
    token = tokens.own(digest)
    if token is not None and token.machine_id != machine_id:
        raise BenchraceError(
            Category.VALIDATION,
            f"this agent token belongs to the machine {token.machine_id}, not to {machine_id}",
            f"Start the agent with --machine-id {token.machine_id}, or invite {machine_id} with "
            "`benchrace central invite`.",
        )
