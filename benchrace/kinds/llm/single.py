"""One answer per round: metrics and how they derive. Formulas as in `docs/reference`."""

import math
from collections.abc import Iterable

from benchrace.events import Measured
from benchrace.kinds.kind import Kind
from benchrace.kinds.llm import metrics, ratio
from benchrace.kinds.llm.params import WORK, LlmParams
from benchrace.kinds.llm.record import Answer, Gaps, LlmRecord, Perplexity
from benchrace.kinds.llm.review import review
from benchrace.kinds.llm.steps import one_each
from benchrace.kinds.metric import Better

# Far beyond any model; a greater power would be no number.
_MAX_NATS = 700.0

METRICS = (
    metrics.rate(
        "gen_tokens_per_s",
        "Decode rate",
        "tok/s",
        "(N_out - n_1) / (t_last - t_first), n_1 tokens came first; over rounds sum / sum",
        headline=True,
        stamped=True,
        across="chars_per_s",
        phrase="tokens per second while decoding",
    ),
    metrics.ms(
        "ttft_ms",
        "Time to first token",
        "t_first - t_send, resident model",
        headline=True,
        stamped=True,
        phrase="to the first token",
    ),
    metrics.ms(
        "total_ms", "Total", "t_last - t_send", headline=True, stamped=True, phrase="in total"
    ),
    metrics.ms(
        "ttfo_ms", "Time to first output", "first non-reasoning content - t_send", stamped=True
    ),
    metrics.ms("tpot_ms", "Time per output token", "(t_last - t_first) / (N_out - n_1)"),
    metrics.ms("itl_ms", "Inter-token latency", "median gap of chunks, where each is one token"),
    metrics.ms("icl_p50_ms", "Inter-chunk latency p50", "median of t_c(i+1) - t_c(i)"),
    metrics.ms("icl_p95_ms", "Inter-chunk latency p95", "95th percentile of t_c(i+1) - t_c(i)"),
    metrics.ms("icl_p99_ms", "Inter-chunk latency p99", "99th percentile of t_c(i+1) - t_c(i)"),
    metrics.ms("icl_max_ms", "Longest gap", "max of t_c(i+1) - t_c(i)"),
    metrics.count("stalls", "Stalls", "gaps", Better.LOWER, "gaps over 500 ms"),
    metrics.rate(
        "engine_gen_tokens_per_s",
        "Decode rate by the engine",
        "tok/s",
        "(count - 1) / duration, both the engine's own",
    ),
    metrics.rate(
        "prefill_tokens_per_s",
        "Prefill rate",
        "tok/s",
        "(N_in - N_cached) / the engine's prefill time; unknown without N_cached",
    ),
    metrics.rate(
        "chars_per_s",
        "Characters",
        "char/s",
        "(characters - those that came first) / (t_last - t_first)",
        stamped=True,
        phrase="characters per second while decoding",
    ),
    metrics.ms("load_ms", "Load", "loading the model, apart from the answer"),
    metrics.ms("connect_ms", "Connect", "TCP and TLS, apart from the answer"),
    metrics.count(
        "gen_tokens", "Output tokens", "tokens", Better.NONE, "N_out, the engine's count"
    ),
    metrics.count(
        "prompt_tokens", "Prompt tokens", "tokens", Better.NONE, "N_in, the engine's count"
    ),
    metrics.count(
        "cached_tokens", "Cached tokens", "tokens", Better.NONE, "N_cached, as the engine says"
    ),
    metrics.NETWORK,
    metrics.count(
        "perplexity",
        "Perplexity",
        "",
        Better.LOWER,
        "exp(-mean ln p) over the tokens of a fixed text; compares quants of one model alone",
    ),
)


def derive(record: LlmRecord, params: LlmParams) -> Iterable[Measured]:
    """Yield all metrics of one answer; what it lacks is null with the reason."""
    answer = record.answer
    yield from spans(answer)
    yield from gaps(answer.gaps)
    yield itl(answer)
    yield ratio.decode(answer)
    yield ratio.engine_decode(answer)
    yield ratio.prefill(answer)
    yield ratio.characters(answer)
    yield ms("load_ms", record.load_ns, "nothing was loaded, or the engine does not report it")
    yield ms("connect_ms", answer.connect_ns, "the connection was kept")
    for name, field, reported in (
        ("gen_tokens", "output", answer.usage.output),
        ("prompt_tokens", "prompt", answer.usage.prompt),
        ("cached_tokens", "cached", answer.usage.cached),
    ):
        yield count(name, reported, answer.faults.get(field, "the engine does not report it"))
    yield ratio.network(record.network, answer.usage.output)
    yield perplexity(record.perplexity)


def spans(answer: Answer) -> Iterable[Measured]:
    """Yield latencies of one answer, from the first byte sent."""
    silent = "no token arrived"
    for name, at in (
        ("ttft_ms", answer.first_ns),
        ("ttfo_ms", answer.output_ns),
        ("total_ms", answer.last_ns),
    ):
        reason = (
            "the answer has only reasoning" if name == "ttfo_ms" and answer.first_ns else silent
        )
        yield ms(name, None if at is None else at - answer.send_ns, reason)
    yield ratio.per_token("tpot_ms", answer)


def gaps(distribution: Gaps) -> Iterable[Measured]:
    """Yield the distribution of gaps between chunks."""
    for name, value, need in (
        ("icl_p50_ms", distribution.p50_ns, 20),
        ("icl_p95_ms", distribution.p95_ns, 200),
        ("icl_p99_ms", distribution.p99_ns, 1000),
        ("icl_max_ms", distribution.max_ns, 1),
    ):
        yield ms(name, value, f"n too small: {distribution.n} gaps of the {need} that it needs")
    yield Measured(metric="stalls", value=distribution.stalls)


def itl(answer: Answer) -> Measured:
    """Measure the median gap, only where one chunk is one token."""
    if answer.usage.output is None:
        reason = answer.faults.get("output", "the engine does not report its tokens")
        return ms("itl_ms", None, reason)
    if not one_each(answer):
        counts = f"{answer.content} chunks hold {answer.usage.output} tokens"
        return ms("itl_ms", None, f"a chunk is not one token: {counts}")
    return ms("itl_ms", answer.gaps.p50_ns, f"n too small: {answer.gaps.n} gaps")


def perplexity(measured: Perplexity | None) -> Measured:
    """Measure how well the model predicts a fixed text."""
    name = "perplexity"
    if measured is None or not measured.tokens:
        return Measured(
            metric=name, value=None, reason="not requested, or the engine cannot measure it"
        )
    mean = -measured.log_p / measured.tokens
    if mean > _MAX_NATS:
        return Measured(metric=name, value=None, reason="the model predicts nothing of the text")
    return Measured(metric=name, value=math.exp(mean))


def ms(name: str, ns: float | None, reason: str) -> Measured:
    """Return a time in ms, or the reason why there is none."""
    if ns is None:
        return Measured(metric=name, value=None, reason=reason)
    return Measured(metric=name, value=ns / 1e6)


def count(name: str, value: int | None, reason: str) -> Measured:
    """Return an engine's count, or the reason why there is none."""
    if value is None:
        return Measured(metric=name, value=None, reason=reason)
    return Measured(metric=name, value=value)


LLM = Kind(
    name="llm_generate",
    title="Generate text",
    params=LlmParams,
    record=LlmRecord,
    metrics=METRICS,
    derive=derive,
    metrics_version=5,
    review=review,
    work=WORK,
    energy=metrics.TOKENS,
)
