"""Register the ComfyUI backend, which is imported only on request."""

from typing import TYPE_CHECKING

from benchrace.plugin import hookimpl

if TYPE_CHECKING:
    from benchrace.plugin import Backend


@hookimpl
def benchrace_backends() -> "list[type[Backend]]":
    """Return the backend of this distribution."""
    from benchrace_comfyui.backend import Comfy

    return [Comfy]
