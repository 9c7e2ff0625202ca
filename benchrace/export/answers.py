"""Tables of runs of text: who answered and how that is known, whether quants agree, the knee."""

from collections.abc import Iterable, Iterator

from benchrace.export.grid import Grid
from benchrace.export.numbers import percent, quantity
from benchrace.kinds.llm import EngineFacts
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.summary import Knee


def answer_grids(run: RunDocument) -> Iterator[Grid]:
    """Give the tables; those of a run that is not of text have no rows."""
    yield _identity(run)
    yield _settings(run)
    yield _agreement(run)
    yield from (_knee(run, each) for each in run.knees)


def named(engine: EngineFacts) -> str:
    """Name an engine with its version."""
    return f"{engine.name} {engine.version}" if engine.version else engine.name


def _identity(run: RunDocument) -> Grid:
    return Grid(
        title="Engines and models",
        header=("Lane", "What", "Value"),
        rows=tuple((lane.label, *row) for lane in run.lanes for row in _told(lane)),
    )


def _told(lane: DocumentLane) -> Iterator[tuple[str, str]]:
    told = lane.text
    if told is None:
        return
    engines = told.engines
    yield "Engine", _all(named(each) for each in engines)
    yield "Where it runs", _all(each.host or "proved to be the agent's machine" for each in engines)
    yield "Model", _all(each.model or "-" for each in engines)
    yield "Model digest", _all(each.digest or "the engine does not tell" for each in engines)
    yield "Quantisation", _all(each.quantization or "the engine does not tell" for each in engines)
    yield "Tokenizer", _all(each.tokenizer or "the engine does not tell" for each in engines)
    yield "Cache", _all(told.cache)
    yield "Stamps by", _all(told.timing_source)
    yield "Prompt", _all(told.prompt_digest)
    if told.simulated:
        yield "Simulated", "yes: a mock answered, which is never ranked"


def _settings(run: RunDocument) -> Grid:
    return Grid(
        title="Engine settings",
        header=("Lane", "Setting", "Value"),
        rows=tuple(
            (lane.label, name, _all(str(each.settings.get(name)) for each in lane.text.engines))
            for lane in run.lanes
            if lane.text is not None
            for name in dict.fromkeys(name for each in lane.text.engines for name in each.settings)
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


def _knee(run: RunDocument, knee: Knee) -> Grid:
    labels = {lane.lane_id: lane.label for lane in run.lanes}
    found = f"the knee is at {knee.load:g}" if knee.load is not None else f"no knee: {knee.reason}"
    return Grid(
        title=f"Sweep of {knee.swept} on {knee.machine_id} ({knee.backend}): {found}",
        header=("Lane", knee.swept, "Throughput", "Latency (ms)", "Throughput / latency (1/s)"),
        rows=tuple(
            (
                labels.get(each.lane_id, each.lane_id),
                f"{each.load:g}",
                quantity(each.throughput),
                quantity(each.latency_ms),
                quantity(each.power),
            )
            for each in knee.points
        ),
    )


def _all(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))
