"""Serving the central that an agent is lent to, for as long as that central runs."""

import anyio

from benchrace.agent.agent import Agent
from benchrace.agent.link.connector import Connector
from benchrace.api.agents import LoanRequest


async def serve_loans(agent: Agent) -> None:
    """Serve one loan after the other, until cancelled."""
    while True:
        loan = await agent.loans.next()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_serve, agent, loan)
            # Another one may take its place while its central is away.
            await agent.loans.over(loan)
            tasks.cancel_scope.cancel()
        if agent.loans.current is None:
            agent.link_state = agent.unlinked_state


async def _serve(agent: Agent, loan: LoanRequest) -> None:
    try:
        await Connector(agent, loan.central, loan.token, loan).run_while_served()
    finally:
        agent.loans.end(loan)
