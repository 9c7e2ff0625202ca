"""The graph of an image from text, and what each of its nodes is for."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from benchrace_comfyui.graph.graph import Graph, Role, Template, limit_s
from benchrace_comfyui.graph.names import Names
from benchrace_comfyui.params import ImageOptions

CHECKPOINT, VAE, LORA = "CheckpointLoaderSimple", "VAELoader", "LoraLoader"
SAMPLER, LATENT, ENCODE = "KSampler", "EmptyLatentImage", "CLIPTextEncode"
SKIP, DECODE, SAVE = "CLIPSetLastLayer", "VAEDecode", "SaveImage"
# In a folder of its own, below the server's folder for results.
PREFIX = "benchrace/image"
_SAMPLER, _CHECKPOINT, _LATENT, _POSITIVE, _NEGATIVE, _DECODE, _SAVE = "3456789"
_VAE, _SKIP, _FIRST_LORA = "10", "11", 20


ROLES = {
    CHECKPOINT: Role.LOAD,
    VAE: Role.LOAD,
    LORA: Role.LOAD,
    SKIP: Role.ENCODE,
    ENCODE: Role.ENCODE,
    SAMPLER: Role.SAMPLING,
    LATENT: Role.OTHER,
    DECODE: Role.DECODE,
    SAVE: Role.SAVE,
}

# What has to run in every round: the sampler, and what it leads to.
_WORKS = frozenset([Role.SAMPLING, Role.DECODE, Role.SAVE])


def build(params: ImageOptions, names: Names, seed: int, *, steps: int | None = None) -> Graph:
    """Build the graph of a round; `steps` replaces those of the parameters."""
    parts = list(_nodes(params, names, seed, params.steps if steps is None else steps))
    nodes = {node: {"class_type": kind, "inputs": inputs} for node, kind, inputs in parts}
    roles = {node: ROLES[kind] for node, kind, _ in parts}
    return Graph(nodes, roles, frozenset(node for node in roles if roles[node] in _WORKS))


def classes(params: ImageOptions) -> Sequence[str]:
    """Return the classes of nodes that the graph has."""
    graph = build(params, Names("", ""), 0)
    return list(dict.fromkeys(node["class_type"] for node in graph.nodes.values()))


def template(params: ImageOptions, names: Names) -> Template:
    """Return the graph of a lane but for its seed."""
    own_s = limit_s(params.steps, params.width, params.height, params.batch)
    return Template(
        lambda seed, light: build(params, names, seed, steps=1 if light else None),
        model=params.model,
        digest=digest(params),
        steps=params.steps,
        sampler=names.sampler,
        scheduler=names.scheduler,
        images=params.batch,
        batch=params.batch,
        limit_s=params.time_limit_s or own_s,
    )


def digest(params: ImageOptions) -> str:
    """Return a digest of the prompts: equal digests ask for the same image."""
    texts = f"{params.prompt}\0{params.negative}"
    return f"sha256:{hashlib.sha256(texts.encode()).hexdigest()}"


def _nodes(
    params: ImageOptions, names: Names, seed: int, steps: int
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    model, clip = [_CHECKPOINT, 0], [_CHECKPOINT, 1]
    vae: list[Any] = [_CHECKPOINT, 2]
    yield _CHECKPOINT, CHECKPOINT, {"ckpt_name": params.model}
    for number, lora in enumerate(params.loras, _FIRST_LORA):
        strength = lora.strength if lora.clip_strength is None else lora.clip_strength
        inputs = {
            "lora_name": lora.name,
            "strength_model": lora.strength,
            "strength_clip": strength,
        }
        yield str(number), LORA, {**inputs, "model": model, "clip": clip}
        model, clip = [str(number), 0], [str(number), 1]
    if params.clip_skip > 1:
        yield _SKIP, SKIP, {"stop_at_clip_layer": -params.clip_skip, "clip": clip}
        clip = [_SKIP, 0]
    if params.vae:
        yield _VAE, VAE, {"vae_name": params.vae}
        vae = [_VAE, 0]
    size = {"width": params.width, "height": params.height, "batch_size": params.batch}
    yield _LATENT, LATENT, size
    yield _POSITIVE, ENCODE, {"text": params.prompt, "clip": clip}
    yield _NEGATIVE, ENCODE, {"text": params.negative, "clip": clip}
    sampler = {
        "seed": seed,
        "steps": steps,
        "cfg": params.cfg,
        "sampler_name": names.sampler,
        "scheduler": names.scheduler,
        "denoise": 1.0,
        "model": model,
        "positive": [_POSITIVE, 0],
        "negative": [_NEGATIVE, 0],
        "latent_image": [_LATENT, 0],
    }
    yield _SAMPLER, SAMPLER, sampler
    yield _DECODE, DECODE, {"samples": [_SAMPLER, 0], "vae": vae}
    yield _SAVE, SAVE, {"filename_prefix": PREFIX, "images": [_DECODE, 0]}
