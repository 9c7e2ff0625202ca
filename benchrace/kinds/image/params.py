"""Parameters of images; equal on every engine of a run."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace.kinds.kind import Params
from benchrace.kinds.llm.params import Residence

NEW_SEED = -1
# What a double holds exactly: editors of workflows read seeds as such.
MAX_SEED = 2**53 - 1
_NAME_CHARS = 300


class Lora(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A LoRA and its strength; `clip_strength` for the text encoder, null for the same."""

    name: Annotated[str, Meta(min_length=1, max_length=_NAME_CHARS)]
    strength: Annotated[float, Meta(ge=-100, le=100)] = 1.0
    clip_strength: Annotated[float, Meta(ge=-100, le=100)] | None = None


Seed = Annotated[
    int,
    Meta(
        title="Seed",
        description="-1 draws a new one for each round; a fixed one needs a cold start.",
        ge=NEW_SEED,
        le=MAX_SEED,
    ),
]
Loras = Annotated[
    tuple[Lora, ...],
    Meta(
        title="LoRAs",
        description='Applied in this order: [{"name": "style.safetensors", "strength": 0.8}].',
        max_length=16,
    ),
]
Start = Annotated[
    Residence,
    Meta(title="Start", description="Warm: loaded before. Cold: loaded for each round."),
]
TimeLimit = Annotated[
    float,
    Meta(
        title="Time limit",
        description="Time limit in seconds; 0: by steps, size and batch, at most 50 minutes.",
        ge=0,
        le=86_400,
    ),
]


class ImageParams(Params, frozen=True, kw_only=True):
    """One prompt a round, as a batch of equally large images."""

    model: Annotated[
        str,
        Meta(
            title="Checkpoint",
            description="A checkpoint that the engine has.",
            max_length=_NAME_CHARS,
            extra_json_schema={"choices": "models"},
        ),
    ] = ""
    prompt: Annotated[
        str,
        Meta(
            title="Prompt",
            description="What the image shows.",
            max_length=20_000,
            extra_json_schema={"multiline": True},
        ),
    ] = "a lighthouse on a cliff at dusk, waves, detailed oil painting"
    negative: Annotated[
        str,
        Meta(
            title="Negative prompt",
            description="What the image does not show.",
            max_length=20_000,
        ),
    ] = "blurry, text, watermark"
    width: Annotated[int, Meta(title="Width", description="Of each image.", ge=16, le=16_384)] = 512
    height: Annotated[int, Meta(title="Height", description="Of each image.", ge=16, le=16_384)] = (
        512
    )
    steps: Annotated[
        int,
        Meta(
            title="Steps",
            description="Sampling steps per image.",
            ge=1,
            le=10_000,
            extra_json_schema={"phrases": {"one": "1 step", "other": "{} steps"}},
        ),
    ] = 20
    cfg: Annotated[
        float,
        Meta(
            title="CFG scale",
            description="How closely the prompt is followed; at 1 the negative one is left out.",
            ge=0,
            le=100,
        ),
    ] = 7.0
    sampler: Annotated[
        str,
        Meta(
            title="Sampler",
            description="By the engine's name, or as front ends show it: DPM++ 2M Karras.",
            max_length=100,
            extra_json_schema={"choices": "engine"},
        ),
    ] = "euler"
    scheduler: Annotated[
        str,
        Meta(
            title="Scheduler",
            description="Empty: the one in the sampler's name, else normal.",
            max_length=100,
            extra_json_schema={"choices": "engine"},
        ),
    ] = ""
    batch: Annotated[
        int,
        Meta(
            title="Batch",
            description="Images per round, generated together.",
            ge=1,
            le=256,
            extra_json_schema={"phrases": {"one": "1 image", "other": "{} images"}},
        ),
    ] = 1
    seed: Seed = NEW_SEED
    vae: Annotated[
        str,
        Meta(
            title="VAE",
            description="A VAE that the engine has; empty: the checkpoint's own.",
            max_length=_NAME_CHARS,
            extra_json_schema={"choices": "engine"},
        ),
    ] = ""
    loras: Loras = ()
    clip_skip: Annotated[
        int,
        Meta(
            title="CLIP skip",
            description="Layer of the text encoder to stop at, from the last; 1 uses all.",
            ge=1,
            le=24,
        ),
    ] = 1
    residence: Start = Residence.WARM
    time_limit_s: TimeLimit = 0.0


IMAGE_PRESETS: Mapping[str, Mapping[str, Any]] = {
    "512": {"width": 512, "height": 512},
    "768": {"width": 768, "height": 768},
    "1024": {"width": 1024, "height": 1024},
    "portrait": {"width": 832, "height": 1216},
    "landscape": {"width": 1216, "height": 832},
    "few-steps": {"steps": 4, "cfg": 1.0},
    "20-steps": {"steps": 20},
    "50-steps": {"steps": 50},
}
