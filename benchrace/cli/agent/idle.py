"""Whether this machine's agent may be stopped now."""

from benchrace.cli.agent.health import agent_health
from benchrace.cli.service.service import Service
from benchrace.errors import BenchraceError, Category


def check_idle(service: Service) -> None:
    """Raise `busy` for an agent that measures, which stopping it would end."""
    record = service.running()
    if record is not None and agent_health(record, service.log).busy:
        raise BenchraceError(
            Category.BUSY,
            "the agent of this machine is measuring",
            "Wait for the job's end, or stop it: `benchrace agent jobs stop`.",
        )
