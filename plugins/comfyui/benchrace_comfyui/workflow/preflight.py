"""Read the workflow of a lane, change it, and check it: what the lane prompts, or why it cannot."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from benchrace.plugin import Context, FieldError, Problem, Residence
from benchrace_comfyui.facts import Server
from benchrace_comfyui.graph.object_info import ObjectInfo
from benchrace_comfyui.graph.txt2img import LORA
from benchrace_comfyui.params import WorkflowOptions
from benchrace_comfyui.plan import Plan, Upload, planned
from benchrace_comfyui.workflow.apply import Application
from benchrace_comfyui.workflow.document import Document, InvalidWorkflow, parse, read
from benchrace_comfyui.workflow.loras import MODEL_ONLY
from benchrace_comfyui.workflow.source import Fetched, InvalidSource, Source, fetch, resolve
from benchrace_comfyui.workflow.template import template

_SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp", b"GIF8": ".gif"}


class Inputs(NamedTuple):
    """What a lane's parameters lead to: the workflow, its name, and images to upload."""

    document: Document
    name: str
    uploads: tuple[Upload, ...]


async def plan(
    server: Server,
    info: ObjectInfo,
    params: WorkflowOptions,
    folder: Path | None,
    context: Context,
) -> Plan:
    """Read a lane's workflow, and check everything in it; raises as the client does."""
    fetched = await fetch(_sources(params), context)
    inputs = await context.run_blocking(lambda: _load(params, folder, fetched))
    if isinstance(inputs, list):
        return planned(server, params, None, inputs, ())
    own = {part["class_type"] for part in inputs.document.values()}
    own |= {LORA, MODEL_ONLY} if params.loras else set()
    infos = {
        kind: own_info for kind in sorted(own) if (own_info := await info.node(kind)) is not None
    }
    if lacking := sorted(own - infos.keys()):
        return planned(server, params, None, (), [_no_node(lacking)])
    application = Application(params, inputs.document, infos)
    applied = application.run([upload.path for upload in inputs.uploads])
    if applied is None:
        return planned(server, params, None, application.errors, ())
    fields = [*_no_seed(params)] if not applied.seeds else ()
    own_template = template(params, applied, inputs.name)
    return planned(server, params, own_template, fields, ())._replace(uploads=inputs.uploads)


def _sources(params: WorkflowOptions) -> Iterator[str]:
    """Yield what a lane names that may be on another host."""
    if isinstance(params.workflow, str):
        yield params.workflow.strip()
    for image in params.images:
        yield image.source


def _load(
    params: WorkflowOptions, folder: Path | None, fetched: Fetched
) -> Inputs | list[FieldError]:
    fields: list[FieldError] = []
    document: Document = {}
    name = "inline"
    try:
        name, document = _workflow(params, folder, fetched)
    except (InvalidSource, InvalidWorkflow) as error:
        fields.append(FieldError("workflow", str(error)))
    uploads = []
    for at, image in enumerate(params.images):
        try:
            uploads.append(_upload(resolve(image.source, folder, fetched)))
        except InvalidSource as error:
            fields.append(FieldError(f"images[{at}].source", str(error)))
    return fields or Inputs(document, name, tuple(uploads))


def _workflow(
    params: WorkflowOptions, folder: Path | None, fetched: Fetched
) -> tuple[str, Document]:
    own = params.workflow
    if not isinstance(own, str):
        return "inline", read(own)
    text = own.strip()
    if not text:
        raise InvalidSource("name a file, or give the graph itself, in the API format")
    if text.startswith(("{", "[")):
        return "inline", parse(text.encode())
    source = resolve(text, folder, fetched)
    return source.name, parse(source.data)


def _upload(source: Source) -> Upload:
    """Name an image by its content, so that the server has it once; raises `InvalidSource`."""
    suffix = next((end for start, end in _SUFFIXES.items() if source.data.startswith(start)), None)
    if suffix is None:
        text = f"{PurePosixPath(source.name).name!r:.100} is not a PNG, JPEG, WebP or GIF image"
        raise InvalidSource(text)
    return Upload(f"{hashlib.sha256(source.data).hexdigest()[:32]}{suffix}", source.data)


def _no_node(kinds: Sequence[str]) -> Problem:
    return Problem(
        message=f"ComfyUI has no node {', '.join(kinds)}",
        remedy="Install the custom nodes of this workflow on that machine, or update ComfyUI.",
    )


def _no_seed(params: WorkflowOptions) -> Iterable[FieldError]:
    if params.residence is Residence.WARM:
        text = "without a seed, a warm ComfyUI has the whole result in its cache; use cold"
        yield FieldError("residence", text)
