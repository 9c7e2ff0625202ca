"""Lending this agent to the central of a command on the same machine."""

from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.agent.agent import Agent
from benchrace.api.agents import LoanRequest
from benchrace.web import body
from benchrace.web.answer import answer


def install(app: Quart, agent: Agent) -> None:
    """Add the route."""

    @app.post("/api/v1/loan", endpoint="begin_loan")
    @document_request(LoanRequest)
    @document_response(LoanRequest, 202)
    async def begin_loan() -> Response:
        """Work for a central of this machine until it ends; 409 while linked to another one."""
        loan = await body.read(request, LoanRequest)
        agent.loans.request(loan, agent.link_state)
        return answer(LoanRequest(central=loan.central), 202)
