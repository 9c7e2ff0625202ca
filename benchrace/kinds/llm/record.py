"""Raw facts of answers: stamps and counts, each from its own source."""

from enum import StrEnum
from typing import Annotated

import msgspec

from benchrace.kinds.kind import Record

# An engine's own figures are trusted within these limits: 30 years, and more than any context.
EngineNs = Annotated[int, msgspec.Meta(ge=0, le=10**18)]
Tokens = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
EngineRate = Annotated[float, msgspec.Meta(ge=0, le=10**12)]


class CacheState(StrEnum):
    """What the engine already had of a prompt; part of a result's identity."""

    COLD_LOAD = "cold-load"
    WARM_UNIQUE = "warm-unique"
    PREFIX_HIT = "prefix-hit"
    UNKNOWN = "unknown"


class CacheProof(StrEnum):
    """`engine`: it reported the cached count. `inferred`: a nonce that it has never seen."""

    ENGINE = "engine"
    INFERRED = "inferred"
    NONE = "none"


class EngineTimes(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's own figures, ns; null where it does not report them.

    `decode_ns` spans `decode_tokens` - 1 steps. `printed_rate` is tokens/s as the engine prints it.
    """

    load_ns: EngineNs | None = None
    prefill_ns: EngineNs | None = None
    decode_ns: EngineNs | None = None
    decode_tokens: Tokens | None = None
    printed_rate: EngineRate | None = None
    total_ns: EngineNs | None = None


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's own counts of tokens: never words, never chunks. Null where not reported.

    `unseen` of the output never had a chunk: an end token that the engine counts.
    """

    prompt: Tokens | None = None
    output: Tokens | None = None
    cached: Tokens | None = None
    reasoning: Tokens | None = None
    unseen: int = 0


class Gaps(msgspec.Struct, frozen=True, kw_only=True):
    """Gaps between content chunks, ns: nearest-rank percentiles; a stall is over 500 ms.

    A percentile is null where there are too few for it: p50 needs 20, p95 200, p99 1000.
    """

    n: int = 0
    p50_ns: int | None = None
    p95_ns: int | None = None
    p99_ns: int | None = None
    max_ns: int | None = None
    stalls: int = 0


class FirstChunks(msgspec.Struct, frozen=True, kw_only=True):
    """What came first, all at once: `chunks` with text, the last of them at `end_ns`.

    `tokens` is the engine's count of its output by then, null where it does not count chunk by
    chunk. `characters` are those of these chunks, null where a record is derived from stamps alone.
    """

    chunks: Annotated[int, msgspec.Meta(ge=1)]
    end_ns: int
    tokens: Tokens | None = None
    characters: int | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One request. Instants are ns since the round's start, on the machine's monotonic clock.

    `first_ns` is the first content or reasoning, `output_ns` the first that is not reasoning,
    `last_ns` the last of either. `bound_ns` is the widest error bound of first and last,
    where they share their read with other text.
    `connect_ns` is null on a kept connection, `scheduled_ns` is set under an open loop. `request`
    numbers the `chunks` events of the round, where the raw stamps are; `content` counts chunks
    with content or reasoning, and `skipped` are the indices of the first 64 chunks without (role,
    progress, usage, end). `faults` are the fields of `usage` and `times` that the engine told, and
    that cannot be: each with what it told. `first` is null in records of older versions.
    `last_tokens` is the engine's count of its output by the last chunk with text, null where it
    does not count chunk by chunk.
    """

    request: int
    send_ns: int
    first_ns: int | None
    output_ns: int | None
    last_ns: int | None
    bound_ns: int
    end_ns: int
    connect_ns: int | None
    scheduled_ns: int | None = None
    content: int
    skipped: tuple[int, ...] = ()
    characters: int
    usage: Usage
    times: EngineTimes
    finish: str | None
    clean_end: bool
    output_digest: str
    gaps: Gaps
    error: str | None = None
    faults: dict[str, str] = {}
    first: FirstChunks | None = None
    last_tokens: Tokens | None = None


class EngineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Which engine answered; part of a result's identity.

    `settings` are what the engine runs with and what was asked, by its own names. `host` is null
    where the engine is proved to run on the agent's machine, else where it is. `weights` names the
    file of the model's weights where the engine tells it: models of one file may share a process.
    """

    name: str
    version: str | None = None
    model: str = ""
    digest: str | None = None
    quantization: str | None = None
    settings: dict[str, str | int | float | bool | None] = {}
    host: str | None = None
    tokenizer: str | None = None
    weights: str | None = None


class NetworkBytes(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane on several machines sent and received during its answers; `sent` counts both
    ways, and is null where `unknown` says why it is.
    """

    sent: int | None = None
    unknown: str | None = None


class TextRecord(Record, frozen=True, kw_only=True):
    """What a round of text was: the facts around its answers.

    `prefix_tokens` is the cached count that the template alone always has; `load_ns` what loading
    took, apart from the answer, with `load_source` `engine` or `client`. `alone` says whether every
    other model was out of memory, with what `stayed`; null where the run did not ask for that.
    `network` is null for a lane on one machine.
    """

    engine: EngineFacts
    cache: CacheState
    cache_proof: CacheProof
    prefix_tokens: int | None
    load_ns: int | None
    load_source: str | None
    timing_source: str
    prompt_digest: str
    simulated: bool = False
    fallback_reason: str | None = None
    alone: bool | None = None
    stayed: tuple[str, ...] = ()
    network: NetworkBytes | None = None


class Perplexity(msgspec.Struct, frozen=True, kw_only=True):
    """How well a model predicts a fixed text: `log_p` sums the natural logarithms of its tokens'
    probabilities, each after those before it. Equal `text_digest` is the same text in equal tokens.
    """

    log_p: float
    tokens: int
    text_digest: str


class LlmRecord(TextRecord, frozen=True, kw_only=True):
    """One answer. `text` is its beginning, at most 4,096 characters, and `nonce` what its prompt
    began with: equal digest and nonce are equal prompts, which no two rounds have. `reference` is
    what the model answered to the prompt without a nonce, asked once before the rounds for
    comparing lanes at temperature 0. `perplexity` was measured before the rounds, null where it
    was not asked for or cannot be had.
    """

    answer: Answer
    text: str = ""
    nonce: str = ""
    reference: str = ""
    perplexity: Perplexity | None = None


class Steady(msgspec.Struct, frozen=True, kw_only=True):
    """The window in which all streams were busy: after `start_ns`, up to and with `end_ns`.

    `tokens` are each answer's output in the window, by the engine's count chunk by chunk, or else
    by its share of chunks. Where that is an estimate, the true sum lies between `least` and `most`,
    which are null in records of older versions.
    """

    start_ns: int
    end_ns: int
    tokens: float
    least: float | None = None
    most: float | None = None


class ClientLoad(msgspec.Struct, frozen=True, kw_only=True):
    """How busy the client was that sent a round's requests, over `span_ns`.

    `cpu_ns` is processor time of the thread that sends them and reads the answers. Of the requests
    of an open loop 95 % were sent at most `late_ns` after their instant by the client's own fault,
    and all within `late_max_ns`: waiting for a free stream or a connection is left out. Both are
    null in a closed loop, `late_ns` also of fewer than four requests.
    """

    requests: int
    span_ns: int
    cpu_ns: int
    late_ns: int | None = None
    late_max_ns: int | None = None


class ServeRecord(TextRecord, frozen=True, kw_only=True):
    """Many answers; `gaps` are over all of them. `steady` is null where no window was.

    `began_ns` is the instant that the answers' own count from, on the machine's monotonic clock.
    It and `client` are null in records of older versions.
    """

    answers: tuple[Answer, ...]
    gaps: Gaps
    steady: Steady | None = None
    began_ns: int | None = None
    client: ClientLoad | None = None
