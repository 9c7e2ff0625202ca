"""Raw facts of a round of images: instants and spans, each by the clock that took it."""

from enum import StrEnum
from typing import Annotated

import msgspec

from benchrace.kinds.kind import Record
from benchrace.kinds.llm.record import CacheProof, CacheState, EngineFacts

# Wall time of a server, ms since the epoch; some hundred thousand years are beyond any clock.
WallMs = Annotated[int, msgspec.Meta(ge=0, le=10**16)]


class ImageClock(StrEnum):
    """Which clock timed the images: the server's wall clock, or the agent's monotonic one.

    `server` counts from the acceptance, `server_run` from the start of the execution where the
    server does not stamp the acceptance.
    """

    SERVER = "server"
    SERVER_RUN = "server_run"
    AGENT = "agent"


class ServerTimes(msgspec.Struct, frozen=True, kw_only=True):
    """The server's own stamps, ms of its wall clock: accepted, begun and ended.

    They are only ever compared with each other. Null where the server does not report them.
    """

    create_ms: WallMs | None = None
    start_ms: WallMs | None = None
    end_ms: WallMs | None = None


class ImagePhases(msgspec.Struct, frozen=True, kw_only=True):
    """Time in the nodes of a phase, ns by the agent's clock; null where nothing was reported.

    `load` reads models, `encode` the prompts, `sampling` includes moving the model to its device,
    `save` compresses and writes.
    """

    load: int | None = None
    encode: int | None = None
    sampling: int | None = None
    decode: int | None = None
    save: int | None = None


class SamplerSpan(msgspec.Struct, frozen=True, kw_only=True):
    """The first and the last report of a sampler's progress: step and instant.

    Instants are ns since the round's start, by the agent's clock. A server may leave out reports
    between them, so that they are never counted. At `end_ns` the next node began to run. A step
    that did not increase began another of the `passes`.
    """

    first_step: int
    first_ns: int
    last_step: int
    last_ns: int
    steps: int
    end_ns: int | None = None
    passes: int = 1


class ImageOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One image as the server has it: `node` wrote it, `size` in bytes."""

    node: str
    name: str
    media_type: str
    size: int
    sha256: str


class ImageRecord(Record, frozen=True, kw_only=True):
    """One round. Instants are ns since the round's start, on the agent's monotonic clock.

    The prompt was accepted at `accepted_ns`, its images were complete at `complete_ns`, and here at
    `fetched_ns`. `timing_source` is the clock that times the images. `queued_behind` counts foreign
    prompts in front. `load_ns` is what reading the models took before a warm round, as
    `phases.load` is within a cold one. `incomplete` are phases that are null because the server's
    last messages did not come, or came late. `cached` are the nodes that the server did not run.
    `sampler_name` and `scheduler` are the engine's own names; empty, as `steps` are 0, where a
    workflow has no sampler. `batch` is how many images it samples together, null for all. `seed`
    is null where nothing takes one. `images` counts those of the node that wrote the most: others
    write the same ones again, at another size for example.
    `workflow_sha256` is that of the applied graph, which is an artifact of the round.
    """

    engine: EngineFacts
    cache: CacheState
    cache_proof: CacheProof
    timing_source: ImageClock
    prompt_digest: str
    seed: int | None
    images: int
    steps: int
    sampler_name: str
    scheduler: str
    accepted_ns: int
    complete_ns: int
    fetched_ns: int
    server: ServerTimes = ServerTimes()
    phases: ImagePhases = ImagePhases()
    incomplete: tuple[str, ...] = ()
    sampler: SamplerSpan | None = None
    load_ns: int | None = None
    queued_behind: int = 0
    cached: tuple[str, ...] = ()
    batch: int | None = None
    workflow_sha256: str | None = None
    outputs: tuple[ImageOutput, ...] = ()
