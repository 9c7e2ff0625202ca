"""Whether an operation can be requested of a backend as this machine has it."""

from benchrace.errors import FieldError, InvalidInput, NotFound
from benchrace.plugin.operations import Operation
from benchrace.protocol.capabilities import BackendStatus, Capabilities
from benchrace.protocol.operations import OperationRequest


def check_request(
    capabilities: Capabilities, name: str, operation: Operation, request: OperationRequest
) -> None:
    """Raise NotFound where the backend does not offer it, InvalidInput for what it lacks."""
    backends = capabilities.backends
    status = next((backend for backend in backends if backend.description.name == name), None)
    if status is None:
        installed = ", ".join(backend.description.name for backend in backends) or "none"
        raise NotFound(
            f"unknown backend {name[:64]!r}",
            f"Install its plugin, or use one of: {installed}.",
        )
    if operation not in status.description.operations:
        raise NotFound(
            f"backend {name} does not offer {operation.value}", _instead(status, backends)
        )
    if operation is Operation.PULL and not request.all_models():
        raise InvalidInput(FieldError("model", "name the model to pull"))
    if operation is Operation.WRITE and not (request.all_models() and request.write):
        raise InvalidInput(FieldError("write", "name the model and the instruction"))
    if operation is Operation.LEND and request.lending is None:
        raise InvalidInput(FieldError("lending", "name the run and the lane"))


def _instead(status: BackendStatus, backends: tuple[BackendStatus, ...]) -> str:
    offered = (
        ", ".join(operation.value for operation in status.description.operations) or "no operations"
    )
    return f"It offers {offered}. Another backend may offer it: {len(backends)} are installed here."
