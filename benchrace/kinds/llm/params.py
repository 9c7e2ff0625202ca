"""Parameters of requests to a language model; equal on every engine of a run."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from benchrace.kinds.kind import Params
from benchrace.kinds.llm.samples import SAMPLE

# A record of more answers is too long for a line of the log.
PER_MACHINE = 256
# That may generate the load of one lane together.
MACHINES = 32


class Rendering(StrEnum):
    """How the prompt becomes the model's input: through the model's own template, or as it is."""

    TEMPLATE = "template"
    RAW = "raw"


class Residence(StrEnum):
    """`warm`: loaded once, apart from the rounds. `cold`: unloaded and loaded for each round."""

    WARM = "warm"
    COLD = "cold"


class Prefix(StrEnum):
    """`unique`: every request begins with a nonce. `shared`: as written, so caches may hit."""

    UNIQUE = "unique"
    SHARED = "shared"


class Fallback(StrEnum):
    """What to do with a lane that cannot be opened: fail, or show a mock that is never ranked.

    A round that fails is an error either way: the next may go well, and no mock is put into a lane
    that an engine has begun.
    """

    NONE = "none"
    MOCK = "mock"


class Thinking(StrEnum):
    """`model` leaves it to the model."""

    MODEL = "model"
    ON = "on"
    OFF = "off"


class TextParams(Params, frozen=True, kw_only=True):
    """What single answers and many streams have in common."""

    model: Annotated[
        str,
        Meta(
            title="Model",
            description="A model that the engine has.",
            max_length=300,
            extra_json_schema={"choices": "models"},
        ),
    ] = ""
    prompt: Annotated[
        str,
        Meta(
            title="Prompt",
            description="What the model is asked.",
            max_length=200_000,
            extra_json_schema={"multiline": True},
        ),
    ] = SAMPLE
    prompt_tokens: Annotated[
        int,
        Meta(
            title="Prompt length",
            description="Generates a prompt of about this many tokens; 0: use the text given.",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    system: Annotated[
        str,
        Meta(
            title="System prompt",
            description="Precedes the prompt, as the model's template defines.",
            max_length=50_000,
        ),
    ] = ""
    max_tokens: Annotated[
        int,
        Meta(title="Output tokens", description="Length of the answer.", ge=1, le=131_072),
    ] = 256
    rendering: Annotated[
        Rendering,
        Meta(title="Rendering", description="The model's chat template, or plain text."),
    ] = Rendering.TEMPLATE
    ignore_eos: Annotated[
        bool,
        Meta(
            title="Full length",
            description="Continues past the model's own end, if the engine can.",
        ),
    ] = True
    temperature: Annotated[
        float, Meta(title="Temperature", description="0 picks the likeliest token.", ge=0, le=5)
    ] = 0.2
    top_k: Annotated[
        int, Meta(title="Top k", description="Samples from this many tokens; 0: all.", ge=0)
    ] = 40
    top_p: Annotated[
        float, Meta(title="Top p", description="Samples within this probability.", gt=0, le=1)
    ] = 0.9
    seed: Annotated[
        int, Meta(title="Seed", description="The same on every engine.", ge=0, le=2**31 - 1)
    ] = 42
    num_ctx: Annotated[
        int,
        Meta(
            title="Context",
            description="Context length in tokens; 0 uses the engine's own.",
            ge=0,
            le=16_777_216,
        ),
    ] = 0
    think: Annotated[
        Thinking,
        Meta(
            title="Thinking", description="Whether the model thinks before it answers, if it can."
        ),
    ] = Thinking.MODEL
    residence: Annotated[
        Residence,
        Meta(title="Start", description="Warm: loaded before. Cold: loaded for each round."),
    ] = Residence.WARM
    prefix: Annotated[
        Prefix,
        Meta(
            title="Prefix",
            description="Unique: a nonce prevents cache hits. Shared: prompt sent unchanged.",
        ),
    ] = Prefix.UNIQUE
    first_token_s: Annotated[
        float,
        Meta(
            title="First token within",
            description="Seconds to wait for the first token.",
            gt=0,
            le=86_400,
        ),
    ] = 600.0
    idle_s: Annotated[
        float,
        Meta(
            title="Longest silence",
            description="Ends an answer after this many seconds without output.",
            gt=0,
            le=86_400,
        ),
    ] = 120.0
    fallback: Annotated[
        Fallback,
        Meta(title="If the lane cannot open", description="A mock is labelled and never ranked."),
    ] = Fallback.NONE


WORK = ("prompt", "prompt_tokens", "system", "rendering", "max_tokens", "ignore_eos", "think")
"""The parameters that set how much there is to read and to write."""


class LlmParams(TextParams, frozen=True, kw_only=True):
    """One answer a round, streamed."""


class Arrival(StrEnum):
    """When requests are sent: as streams get free, or at instants that do not wait for them."""

    CLOSED = "closed"
    CONSTANT = "constant"
    POISSON = "poisson"


class ServeParams(TextParams, frozen=True, kw_only=True):
    """Many requests a round. A closed loop keeps `concurrency` streams busy; the open loops
    send at `rate` whatever the engine does, with at most `concurrency` at a time where given.
    """

    prompts: Annotated[
        tuple[Annotated[str, Meta(max_length=200_000)], ...],
        Meta(
            title="Prompts",
            description="Used in turn, one per request, instead of the prompt.",
            max_length=256,
        ),
    ] = ()
    concurrency: Annotated[
        int,
        Meta(
            title="Streams",
            description="Simultaneous requests; at most 256 on each machine.",
            ge=1,
            le=PER_MACHINE * MACHINES,
            extra_json_schema={"phrases": {"one": "1 stream", "other": "{} streams"}},
        ),
    ] = 4
    requests: Annotated[
        int,
        Meta(
            title="Requests",
            description="Per round, at most 256 on each machine; at least one per stream.",
            ge=1,
            le=PER_MACHINE * MACHINES,
        ),
    ] = 16
    arrival: Annotated[
        Arrival,
        Meta(
            title="Arrival",
            description="Closed: a request starts when one ends. Others: at the rate.",
        ),
    ] = Arrival.CLOSED
    rate: Annotated[
        float,
        Meta(title="Rate", description="Requests per second, for open loops.", gt=0, le=10_000),
    ] = 1.0
    ttft_limit_ms: Annotated[
        float,
        Meta(title="TTFT limit", description="Limit in ms for goodput; 0: none.", ge=0),
    ] = 0
    tpot_limit_ms: Annotated[
        float,
        Meta(
            title="TPOT limit",
            description="Limit in ms per token for goodput; 0: none.",
            ge=0,
        ),
    ] = 0
    e2e_limit_ms: Annotated[
        float,
        Meta(title="Total limit", description="Limit in ms for goodput; 0: none.", ge=0),
    ] = 0

    @property
    def total_requests(self) -> int:
        """Return how many requests a round has; a closed loop has at least one per stream."""
        closed = self.arrival is Arrival.CLOSED
        return max(self.requests, self.concurrency) if closed else self.requests
