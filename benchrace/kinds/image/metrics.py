"""Metrics of images and how they derive. Formulas as in `docs/reference`."""

from collections.abc import Iterable

from benchrace.events import Measured
from benchrace.kinds.energy import energy_work
from benchrace.kinds.image.record import ImageClock, ImagePhases, ImageRecord, SamplerSpan
from benchrace.kinds.kind import Params
from benchrace.kinds.metric import Better, Estimator, Metric


def _phase(name: str, title: str, formula: str) -> Metric:
    return Metric(name=name, title=title, unit="ms", better=Better.LOWER, formula=formula)


TIME = Metric(
    name="image_s",
    title="Time per image",
    unit="s",
    better=Better.LOWER,
    headline=True,
    formula=(
        "(complete - accepted) / images, by the clock that the record names; cold includes loading"
    ),
    phrase="per image",
)
STEPS_RATE = Metric(
    name="sampler_it_per_s",
    title="Sampler speed",
    unit="it/s",
    better=Better.HIGHER,
    estimator=Estimator.RATIO,
    headline=True,
    formula=(
        "(last step - first step) x batch / (time between their reports), the agent's clock; "
        "over rounds sum / sum"
    ),
    phrase="iterations per second while sampling",
)
IMAGES_RATE = Metric(
    name="images_per_min",
    title="Images per minute",
    unit="images/min",
    better=Better.HIGHER,
    estimator=Estimator.RATIO,
    formula="60 x images / (complete - accepted), as the time per image; over rounds sum / sum",
)
PHASES = (
    _phase("queue_ms", "Queue", "execution start - accepted, both by the server's clock"),
    _phase("load_ms", "Reading models", "time in loading nodes within a round; the agent's clock"),
    _phase("encode_ms", "Encode", "time in nodes that encode the prompts; the agent's clock"),
    _phase("sampling_ms", "Sampling", "time in the sampler's node; the agent's clock"),
    _phase("decode_ms", "Decode", "time in the VAE's decoding node; the agent's clock"),
    _phase(
        "save_ms",
        "Save",
        "time in the node that writes the images; the agent's clock, or the server's stamps",
    ),
    _phase("fetch_ms", "Fetch", "images here - images complete, by the agent's clock"),
)
TOTAL = _phase("total_ms", "Total", "images here - prompt accepted, by the agent's clock")
IMAGES = Metric(
    name="images",
    title="Images",
    unit="images",
    better=Better.NONE,
    estimator=Estimator.COUNT,
    formula="images of the node that wrote the most, fetched and counted",
)

METRICS = (TIME, STEPS_RATE, IMAGES_RATE, *PHASES, TOTAL, IMAGES)
# What sets how much a round has to do.
WORK = ("steps", "width", "height")
ENERGY = energy_work(IMAGES.name, one="image", many="images", unit="images", symbol="image")

_SILENT = "the server reported no progress of its nodes"
_CACHED = "nothing to do: the result was cached"
_INCOMPLETE = "the socket's last messages did not come, or came late"
# Messages of a server that works come up to a second late.
_LATE_NS = 1_000_000_000


def derive(record: ImageRecord, params: Params) -> Iterable[Measured]:
    """Yield all metrics of one round; what it lacks is null with the reason."""
    seconds = elapsed_s(record)
    if seconds > 0 and record.images:
        yield Measured(metric=TIME.name, value=seconds / record.images)
        yield _ratio(IMAGES_RATE, 60 * record.images, seconds)
    else:
        reason = "no image" if seconds > 0 else "shorter than the resolution of the clock"
        for metric in (TIME, IMAGES_RATE):
            yield Measured(metric=metric.name, value=None, reason=reason)
    yield _steps_rate(record)
    yield _queue(record)
    phases = record.phases
    yield _ms("load_ms", phases.load, _not_loaded(record))
    for name, value in (
        ("encode", phases.encode),
        ("sampling", phases.sampling),
        ("decode", phases.decode),
        ("save", phases.save),
    ):
        yield _ms(f"{name}_ms", value, _missing(record, name))
    yield _ms("fetch_ms", record.fetched_ns - record.complete_ns, "")
    yield _ms("total_ms", record.fetched_ns - record.accepted_ns, "")
    yield Measured(metric=IMAGES.name, value=record.images)


def elapsed_s(record: ImageRecord) -> float:
    """Return how long the images took, from accepted to complete, by the record's clock."""
    server = record.server
    if record.timing_source is not ImageClock.AGENT and server.end_ms is not None:
        # Without a stamp of the acceptance, the queue was empty: execution starts at once.
        began = server.start_ms if server.create_ms is None else server.create_ms
        if began is not None:
            return (server.end_ms - began) / 1e3
    return (record.complete_ns - record.accepted_ns) / 1e9


def _steps_rate(record: ImageRecord) -> Measured:
    span = record.sampler
    if span is None:
        return Measured(metric=STEPS_RATE.name, value=None, reason=_SILENT)
    if span.passes > 1:
        reason = f"the sampler ran several times ({span.passes})"
        return Measured(metric=STEPS_RATE.name, value=None, reason=reason)
    if span.last_step != span.steps:
        reason = f"the last report was that of step {span.last_step} of {span.steps}"
        return Measured(metric=STEPS_RATE.name, value=None, reason=reason)
    steps = (span.last_step - span.first_step) * (record.batch or record.images)
    seconds = (span.last_ns - span.first_ns) / 1e9
    if steps <= 0 or seconds <= 0:
        reason = "n too small: it needs reports of two steps"
        return Measured(metric=STEPS_RATE.name, value=None, reason=reason)
    if (ahead := _ran_ahead(span)) is not None:
        return Measured(metric=STEPS_RATE.name, value=None, reason=ahead)
    return _ratio(STEPS_RATE, steps, seconds)


def _ran_ahead(span: SamplerSpan) -> str | None:
    """Return why the reports do not time the steps: the sampler worked on long after the last."""
    if span.end_ns is None:
        return None
    step_ns = (span.last_ns - span.first_ns) / (span.last_step - span.first_step)
    after_ns = span.end_ns - span.last_ns
    if after_ns <= _LATE_NS + 2 * step_ns:
        return None
    return f"the sampler's reports ran ahead of it: it ended {after_ns / 1e9:.1f} s after the last"


def _not_loaded(record: ImageRecord) -> str:
    return _missing(record, "load") if record.load_ns is None else "loaded before the rounds"


def _missing(record: ImageRecord, phase: str) -> str:
    """Return why a phase is null."""
    if phase in record.incomplete:
        return _INCOMPLETE
    silent = record.phases == ImagePhases() and record.sampler is None
    return _SILENT if silent else _CACHED


def _queue(record: ImageRecord) -> Measured:
    server = record.server
    if server.create_ms is None or server.start_ms is None:
        reason = "the server does not report when it accepted the prompt"
        return Measured(metric="queue_ms", value=None, reason=reason)
    if record.timing_source is not ImageClock.SERVER or server.start_ms < server.create_ms:
        reason = "its clock was set meanwhile"
        return Measured(metric="queue_ms", value=None, reason=reason)
    return Measured(metric="queue_ms", value=server.start_ms - server.create_ms)


def _ratio(metric: Metric, numerator: float, denominator: float) -> Measured:
    return Measured(
        metric=metric.name,
        value=numerator / denominator,
        numerator=numerator,
        denominator=denominator,
    )


def _ms(name: str, ns: int | None, reason: str) -> Measured:
    if ns is None:
        return Measured(metric=name, value=None, reason=reason)
    return Measured(metric=name, value=ns / 1e6)
