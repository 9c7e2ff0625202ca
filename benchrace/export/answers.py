"""Tables of what lanes answered: engines, agreement of texts, likeness of images, knees."""

from collections.abc import Iterable, Iterator

from benchrace.export.grid import Grid
from benchrace.formatting import DASH, digits, file_size, percent, precise, quantity
from benchrace.kinds.llm import EngineFacts
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.findings.ceiling import CeilingShare
from benchrace.run.summary import Knee


def answer_grids(run: RunDocument) -> Iterator[Grid]:
    """Return the tables; they have no rows where a run has nothing of the kind."""
    yield _identity(run)
    yield _settings(run)
    yield _agreement(run)
    yield _likeness(run)
    yield _ceilings(run)
    yield from (_knee(run, knee) for knee in run.knees)


def named(engine: EngineFacts) -> str:
    """Format an engine's name with its version."""
    return f"{engine.name} {engine.version}" if engine.version else engine.name


def _identity(run: RunDocument) -> Grid:
    return Grid(
        title="Engines and models",
        header=("Lane", "What", "Value"),
        rows=tuple((lane.label, *row) for lane in run.lanes for row in _facts(lane)),
    )


def _facts(lane: DocumentLane) -> Iterator[tuple[str, str]]:
    text = lane.text
    if text is None:
        return
    engines = text.engines
    yield "Engine", _all(named(engine) for engine in engines)
    yield (
        "Where it runs",
        _all(engine.host or "proved to be the agent's machine" for engine in engines),
    )
    yield "Model", _all(engine.model or "-" for engine in engines)
    yield (
        "Model digest",
        _all(engine.digest or "the engine does not report it" for engine in engines),
    )
    yield (
        "Quantisation",
        _all(engine.quantization or "the engine does not report it" for engine in engines),
    )
    yield (
        "Tokenizer",
        _all(engine.tokenizer or "the engine does not report it" for engine in engines),
    )
    yield "Cache", _all(text.cache)
    yield "Stamps by", _all(text.timing_source)
    yield "Prompt", _all(text.prompt_digest)
    if text.simulated:
        yield "Simulated", "yes: a mock answered, which is never ranked"


def _settings(run: RunDocument) -> Grid:
    return Grid(
        title="Engine settings",
        header=("Lane", "Setting", "Value"),
        rows=tuple(
            (lane.label, name, _all(str(engine.settings.get(name)) for engine in lane.text.engines))
            for lane in run.lanes
            if lane.text is not None
            for name in dict.fromkeys(
                name for engine in lane.text.engines for name in engine.settings
            )
        ),
    )


def _agreement(run: RunDocument) -> Grid:
    labels = {lane.lane_id: lane.label for lane in run.lanes}
    return Grid(
        title="Agreement of answers",
        header=("Lane", "Share of equal leading text", "With", "n", ""),
        rows=tuple(
            (
                lane.label,
                percent(lane.agreement.share),
                labels.get(lane.agreement.with_ or "", "-"),
                str(lane.agreement.n),
                lane.agreement.reason or "",
            )
            for lane in run.lanes
            if lane.agreement is not None
        ),
    )


def _likeness(run: RunDocument) -> Grid:
    labels = {lane.lane_id: lane.label for lane in run.lanes}
    return Grid(
        title="Likeness of images",
        header=("Lane", "SSIM", "Lowest", "PSNR (dB)", "With", "n", ""),
        rows=tuple(
            (
                lane.label,
                precise(own.ssim),
                precise(own.lowest),
                precise(own.psnr_db),
                labels.get(own.with_ or "", "-"),
                str(own.n),
                own.reason or ("the images show different things" if own.different else ""),
            )
            for lane in run.lanes
            if (own := lane.likeness) is not None
        ),
    )


def _ceilings(run: RunDocument) -> Grid:
    return Grid(
        title="Share of the machine's read bandwidth",
        header=("Lane", "Share", "Reached", "Ceiling", "A token", "Depth", "Predicted", ""),
        rows=tuple(
            (
                lane.label,
                percent(near.share),
                quantity(near.bytes_per_s, "B/s"),
                quantity(near.read_bytes_per_s, "B/s"),
                file_size(near.bytes_per_token),
                DASH if near.depth is None else str(near.depth),
                _predicted(near),
                near.reason or f"ceiling measured by {near.run_id}",
            )
            for lane in run.lanes
            if (near := lane.ceiling) is not None
        ),
    )


def _predicted(near: CeilingShare) -> str:
    rate = near.predicted
    if rate is None:
        return DASH
    return f"{quantity(rate.value, 'tok/s')} ({digits(rate.low)} to {digits(rate.high)})"


def _knee(run: RunDocument, knee: Knee) -> Grid:
    labels = {lane.lane_id: lane.label for lane in run.lanes}
    headline = (
        f"the knee is at {knee.load:g}" if knee.load is not None else f"no knee: {knee.reason}"
    )
    return Grid(
        title=f"Sweep of {knee.swept} on {knee.machine_id} ({knee.backend}): {headline}",
        header=("Lane", knee.swept, "Throughput", "Latency (ms)", "Throughput / latency (1/s)"),
        rows=tuple(
            (
                labels.get(point.lane_id, point.lane_id),
                f"{point.load:g}",
                precise(point.throughput),
                precise(point.latency_ms),
                precise(point.power),
            )
            for point in knee.points
        ),
    )


def _all(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))
