"""The model policy over HTTP: which models the machines must have, and which they may have."""

from pathlib import Path

from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.api.models import PolicyAnswer
from benchrace.central.api.route_context import RouteContext
from benchrace.central.fleet.policy_file import policy_path, write_policy
from benchrace.config.model_policy import ModelPolicy, read_policy
from benchrace.web import body
from benchrace.web.answer import answer


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @app.get("/api/settings/model_policy")
    @document_response(PolicyAnswer)
    async def model_policy() -> Response:
        """Return the models that the machines must have, and those that they may have."""
        policy = await to_thread.run_sync(read_policy, path())
        return answer(_answer(policy))

    @app.post("/api/settings/model_policy")
    @document_request(ModelPolicy)
    @document_response(PolicyAnswer)
    async def change_model_policy() -> Response:
        """Replace the policy; 422 names each bad field. The old file stays beside the new one."""
        policy = await body.read(request, ModelPolicy)
        backup = await to_thread.run_sync(write_policy, path(), policy)
        return answer(_answer(policy, None if backup is None else str(backup)))

    def path() -> Path:
        return policy_path(site.central.settings)

    def _answer(policy: ModelPolicy, backup: str | None = None) -> PolicyAnswer:
        return PolicyAnswer(
            required=policy.required, optional=policy.optional, path=str(path()), backup=backup
        )
