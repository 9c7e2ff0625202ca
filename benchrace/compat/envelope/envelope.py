"""The older agent's envelope of an image job."""

import hashlib
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace.delivery.callbacks import Callbacks

_MODEL_FILES = (".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf")

Node = int | Annotated[str, Meta(min_length=1)]


class _Sent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Sender(_Sent, frozen=True, kw_only=True):
    id: str
    username: str = ""


class StoredFile(_Sent, frozen=True, kw_only=True):
    """A file in an object store; its name in the engine's folder is the last one that is set."""

    bucket: str = ""
    key: Annotated[str, Meta(min_length=1)]
    original_name: str | None = None
    display_name: str | None = None

    @property
    def name(self) -> str:
        """The name of the file as the engine lists it."""
        last = self.key.rpartition("/")[2]
        named = (self.display_name, self.original_name)
        files = (name for name in named if name and name.lower().endswith(_MODEL_FILES))
        return next(files, last)


class WorkflowSource(_Sent, frozen=True, kw_only=True):
    """The graph itself, a file of the agent's folder, or an object: the first that is set."""

    id: str
    inline: dict[str, Any] | None = None
    local_path: str | None = None
    minio_key: str | None = None
    bucket: str | None = None


class Resolution(_Sent, frozen=True, kw_only=True):
    width: int
    height: int


class ImageParameters(_Sent, frozen=True, kw_only=True):
    prompt: str
    negative_prompt: str | None = None
    seed: int | None = None
    cfg_scale: float | None = None
    steps: int | None = None
    sampler: str | None = None
    scheduler: str | None = None
    resolution: Resolution | None = None
    extra: dict[str, Any] = {}


class NodeOverride(_Sent, frozen=True, kw_only=True):
    node: Node
    path: str
    value: Any


class NodeBinding(_Sent, frozen=True, kw_only=True):
    parameter: str
    node: Node
    path: str


class OutputFolder(_Sent, frozen=True, kw_only=True):
    bucket: str
    prefix: str = ""


class Envelope(_Sent, frozen=True, kw_only=True):
    """The body of the older `POST /jobs`; what it has besides is ignored."""

    job_id: Annotated[str, Meta(min_length=1, max_length=200)]
    workflow: WorkflowSource
    parameters: ImageParameters
    user: Sender | None = None
    base_model: StoredFile | None = None
    loras: tuple[StoredFile, ...] = ()
    workflow_overrides: tuple[NodeOverride, ...] = ()
    workflow_parameters: tuple[NodeBinding, ...] = ()
    output: OutputFolder | None = None
    callbacks: Callbacks | None = None
    cancel_token: Annotated[str, Meta(min_length=1, max_length=500)] | None = None


def is_envelope(fields: dict[str, Any]) -> bool:
    """Check whether the body of `POST /jobs` is an envelope."""
    return "jobId" in fields


def digest(fields: dict[str, Any]) -> str:
    """Return the SHA-256 of an envelope, whatever the order of its keys."""
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()
