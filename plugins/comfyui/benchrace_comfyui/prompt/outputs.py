"""Fetch the images of a prompt, and store them with the round."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from benchrace.plugin import BenchraceError, Category, Context, ImageOutput
from benchrace_comfyui.client import ComfyClient
from benchrace_comfyui.errors import LOG
from benchrace_comfyui.graph.graph import Graph
from benchrace_comfyui.history import Image
from benchrace_comfyui.scrub import cleaned

SAVED, GRAPH = "output", "workflow.json"
_FETCH_S = 60.0
# All images of a round are in memory at once.
MAX_BYTES = 1 << 30
_NAME_CHARS = 64
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


class Fetched(NamedTuple):
    """An image, and its bytes."""

    output: ImageOutput
    data: bytes


def results(images: Sequence[Image], graph: Graph) -> tuple[Image, ...]:
    """Return the images that a round made: without previews, unless there is nothing else.

    What does not depend on the seed is the same in every round, and comes from the cache.
    """
    own = [image for image in images if image.node in graph.works]
    return tuple([image for image in own if image.type == SAVED] or own)


def most_of_a_node(images: Sequence[Image]) -> int:
    """Return how many images came from the node that made the most."""
    return max(Counter(image.node for image in images).values(), default=0)


async def fetch(client: ComfyClient, images: Sequence[Image]) -> tuple[Fetched, ...]:
    """Fetch all images; raises `bad_output` for one that is missing, and for too much data."""
    fetched, size = [], 0
    for image in images:
        media_type, data = await client.view(image, limit_s=_FETCH_S)
        if not data:
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"ComfyUI sent an empty file for {image.filename}",
                f"{LOG}, and whether its disk is full.",
            )
        size += len(data)
        if size > MAX_BYTES:
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"the images of one round have more than {MAX_BYTES >> 20} MiB",
                "Choose a smaller batch or size.",
            )
        output = ImageOutput(
            node=image.node,
            name=file_name(image.filename),
            media_type=media_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        fetched.append(Fetched(output, data))
    return tuple(fetched)


async def keep(fetched: Sequence[Fetched], context: Context) -> None:
    """Store the images as files of the round."""
    for output, data in fetched:
        await context.artifact(output.name, output.media_type, data)


async def keep_graph(graph: Graph, context: Context) -> str:
    """Store the graph of a round without secrets and local folders; return its SHA-256."""
    data = msgspec.json.format(msgspec.json.encode(cleaned(graph.nodes)))
    await context.artifact(GRAPH, "application/json", data)
    return hashlib.sha256(data).hexdigest()


def file_name(name: str) -> str:
    """Return a name as files of rounds may have it: safe, and at most 64 characters."""
    stem, dot, suffix = name.rpartition(".")
    plain = _ODD.sub("_", stem if dot else name).strip("._-") or "image"
    ending = f".{_ODD.sub('', suffix)}" if dot and suffix.isalnum() else ""
    return plain[: _NAME_CHARS - len(ending)] + ending
