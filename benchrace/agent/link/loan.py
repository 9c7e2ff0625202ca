"""A loan: an agent without a link works for the central of a command, until that has ended."""

import ipaddress
from urllib.parse import urlsplit

from benchrace.api.agents import LENT, LINKED, LoanRequest
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.notifier import Notifier


class Loans:
    """At most one loan at a time; a job of a loan concerns no other central."""

    def __init__(self) -> None:
        self.current: LoanRequest | None = None
        self._jobs: dict[str, LoanRequest] = {}
        self.changed = Notifier()

    def request(self, loan: LoanRequest, link_state: str) -> None:
        """Begin a loan in place of one whose central is away; raises `busy` or InvalidInput."""
        if link_state in (LINKED, LENT):
            raise BenchraceError(
                Category.BUSY,
                f"this agent is already {link_state}",
                "Use that central, or stop the agent first.",
            )
        if not _is_here(loan.central):
            message = f"{loan.central[:200]!r} is not an address of this machine's loopback"
            raise InvalidInput(FieldError("central", message))
        self.current = loan
        self.changed.notify()

    def own(self, job_id: str, loan: LoanRequest) -> None:
        """Note that a job was given by the central of `loan`."""
        self._jobs[job_id] = loan

    def owner(self, job_id: str) -> LoanRequest | None:
        """Return the loan whose central gave a job, None for the agent's own central."""
        return self._jobs.get(job_id)

    def end(self, loan: LoanRequest) -> None:
        """Note that a loan is over, unless another one has taken its place."""
        if self.current is loan:
            self.current = None
            self.changed.notify()

    async def next(self) -> LoanRequest:
        """Wait for a loan."""
        while self.current is None:
            await self.changed.wait()
        return self.current

    async def over(self, loan: LoanRequest | None = None) -> None:
        """Wait until `loan` is over, or until there is none at all."""
        while self.current is not None and loan in (None, self.current):
            await self.changed.wait()


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
