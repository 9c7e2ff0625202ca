"""What people may set over HTTP: which models the machines must have."""

from pathlib import Path

import msgspec
from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.central.policy_file import policy_path, write_policy
from benchrace.central.site import Site, answer
from benchrace.config.model_policy import Group, ModelPolicy, read_policy
from benchrace.web import body


class PolicyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is the file; `backup` the copy that was made of the one before, if there was one."""

    required: Group
    optional: Group
    path: str
    backup: str | None = None


def install(app: Quart, site: Site) -> None:
    """Add the routes."""

    @app.get("/api/settings/model_policy")
    @document_response(PolicyAnswer)
    async def model_policy() -> Response:
        """Say which models the machines must have, and which they may."""
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
