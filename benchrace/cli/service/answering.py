"""Whether a service that runs also answers, as a health check asks."""

from benchrace.cli.service.service import Record, Service, agent_service
from benchrace.store.journal import is_held

# A health check has a limit of its own, often 30 s, and says nothing once that is over.
_ANSWER_S = 5.0


def why_silent(record: Record) -> str | None:
    """Ask a service for its health; return why there was no answer, None if there was one."""
    from benchrace.cli.connect.client import Client
    from benchrace.cli.connect.http import TransportError
    from benchrace.errors import BenchraceError

    try:
        with Client(record.url, certificate=record.certificate, limit_s=_ANSWER_S) as client:
            client.get("/health")
    except BenchraceError as error:
        cause = error.__cause__
        if not isinstance(cause, TransportError):
            return error.message
        # One that refuses the handshake, since it requires a client certificate, has answered.
        return None if cause.remedy is not None else str(cause)
    return None


def only_running(service: Service) -> Service:
    """Return the one agent that runs in the data folder, else `service` as it is.

    The health check of a container does not know with which --machine-id its agent was started.
    """
    running = running_ids(service)
    return agent_service(service.data, running[0]) if len(running) == 1 else service


def running_ids(service: Service) -> list[str]:
    """Return the machine IDs of the agents that run in the data folder, if `service` does not."""
    if service.component != "agent" or is_held(service.lock):
        return []
    return sorted(lock.stem for lock in service.lock.parent.glob("*.lock") if is_held(lock))
