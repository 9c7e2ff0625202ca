"""How fast a machine should run a model: one formula, with every number that enters it."""

from collections.abc import Sequence

import msgspec

from benchrace.ids import RunId
from benchrace.plugin.readiness import Model
from benchrace.run.findings.ceiling import Ceiling, Efficiency, Rate, Roofs
from benchrace.run.planning.fit import Pool, kv_bytes

# For each row of a matrix, an engine on a CPU takes the time of its weights, and of this many more:
# to start the row and add up its sum, and for the norms, the attention and the activations of a
# layer, which grow with its rows. Models of equal bytes and different widths show it: 150 to 163 in
# Q8_0, 74 to 203 in F16, on one core (decision 054).
ROW_START = 160
# The narrowest of these models: narrower ones take its overhead.
LEAST_WIDTH = 512
# Before an engine was measured on a machine. Decoding: a kernel without software prefetch reaches
# half of the read bandwidth, the best ones nine tenths. Prefill: engines differ far more.
DECODE_ASSUMED = Efficiency(value=0.7, low=0.5, high=0.92)
PREFILL_ASSUMED = Efficiency(value=0.4, low=0.1, high=1.0)
# How far one model's efficiency carries to another of the same engine and machine.
CARRIES_WITHIN = 0.15
# Fewer lanes do not make the band narrower than what is assumed.
PROVEN_LANES = 3
# A question and half of its answer.
DEPTH = 512
_FORMATS = {"Q8_0": "q8_0", "Q4_0": "q4_0", "F16": "f16"}


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """Decode and prefill rates in tok/s, null where `missing` says what must be known.

    `decode` = `bandwidth_roof` x efficiency / (1 + `row_overhead`). It is at most `compute_roof` as
    long as the efficiency is assumed or from models in the cache: otherwise engines may compute
    faster than the probe. `bandwidth_roof` is the read bandwidth / `bytes_per_token`,
    `compute_roof` the measured rate of weights of this format / the weights of a token, null where
    that was not measured. `row_overhead` is the time that the rows of a model's matrices add, as a
    share of the time for its weights; it is left out, and null, where the width of the model or of
    the measured lanes is not known.
    `bytes_per_token` are the weights that a token reads, and keys and values of `depth` positions.
    `unmeasured` says that a ceiling is missing, which the machine can measure.
    """

    decode: Rate | None
    prefill: Rate | None
    depth: int
    bytes_per_token: int | None
    bandwidth_roof: float | None
    compute_roof: float | None
    efficiency: Efficiency
    prefill_efficiency: Efficiency
    unmeasured: bool
    row_overhead: float | None = None
    missing: tuple[str, ...] = ()


def predict(model: Model, roofs: Roofs, backend: str, depth: int = DEPTH) -> Prediction:
    """Predict the rates of `model` on a machine, with `depth` positions before a token."""
    efficiency = _decode(roofs, backend, model.quantization or "")
    prefill_efficiency = _proven(roofs.prefill.get(backend), PREFILL_ASSUMED)
    size, roof, compute = bytes_per_token(model, depth), None, None
    overhead = None if efficiency.with_rows else row_overhead(model.width, roofs.pool)
    if size is not None and roofs.read is not None:
        roof = roofs.read.value * 1e9 / size
    weights = roofs.weights.get(_FORMATS.get(model.quantization or "", ""))
    if weights is not None and model.active_bytes and roofs.pool is Pool.SYSTEM:
        compute = weights.value * 1e9 / model.active_bytes
    product = product_of(model, roofs)
    limit = None if efficiency.n and not efficiency.in_cache else compute
    return Prediction(
        decode=None if roof is None else _rate(roof / (1 + (overhead or 0)), efficiency, limit),
        prefill=_prefill(model, product, prefill_efficiency),
        depth=depth,
        bytes_per_token=size,
        bandwidth_roof=roof,
        compute_roof=compute,
        efficiency=efficiency,
        prefill_efficiency=prefill_efficiency,
        unmeasured=roofs.read is None or (roofs.pool is Pool.SYSTEM and product is None),
        row_overhead=overhead,
        missing=tuple(_missing(model, roofs, product)),
    )


def without_rates(prediction: Prediction, why: str) -> Prediction:
    """Take the rates away from a prediction that does not hold, as `why` is not known."""
    return msgspec.structs.replace(
        prediction, decode=None, prefill=None, unmeasured=False, missing=(why,)
    )


def bytes_per_token(model: Model, depth: int) -> int | None:
    """Return what a token reads behind `depth` others; None where the model's shape is unknown."""
    layers = sum(layer.count for layer in model.kv)
    if not model.active_bytes or not model.kv or model.layers not in (None, layers):
        return None
    return model.active_bytes + kv_bytes(model.kv, depth)


def product_of(model: Model, roofs: Roofs) -> Ceiling | None:
    """Return the rate of matrix products in the precision that a model's weights ask for."""
    if roofs.pool is not Pool.SYSTEM:
        return None
    return roofs.products.get(precision(model.quantization))


def precision(quantization: str | None) -> str:
    """Return the precision in which engines multiply such weights."""
    return "int8" if (quantization or "").upper().startswith(("Q", "IQ")) else "f32"


def measured(shares: Sequence[tuple[RunId, float]]) -> Efficiency | None:
    """Combine the shares of a ceiling that an engine reached, newest first; None without any.

    The value is their median. The band holds all of them, and at least 15 % on both sides: that is
    how far the efficiency of one model carries to another.
    """
    from statistics import median  # Short commands import this module, and predict nothing.

    if not shares:
        return None
    values = [share for _, share in shares]
    value = median(values)
    return Efficiency(
        value=value,
        low=min(*values, value * (1 - CARRIES_WITHIN)),
        high=max(*values, value * (1 + CARRIES_WITHIN)),
        n=len(values),
        run_ids=tuple(dict.fromkeys(run_id for run_id, _ in shares)),
    )


def row_overhead(width: int | None, pool: Pool) -> float | None:
    """Return the time that rows of this width add, as a share of the time for their weights.

    It was measured on CPUs only, and is 0 elsewhere; None where the width is not known.
    """
    if pool is not Pool.SYSTEM:
        return 0.0
    return ROW_START / max(width, LEAST_WIDTH) if width else None


def from_cache(own: Efficiency) -> Efficiency:
    """Limit what was measured with models that fit the cache to what memory allows an engine."""
    most = DECODE_ASSUMED.high
    value, low, high = min(own.value, most), min(own.low, most), min(own.high, 1.0)
    limited = msgspec.structs.replace(own, value=value, low=low, high=high, in_cache=True)
    return _united(limited, DECODE_ASSUMED)


def _decode(roofs: Roofs, backend: str, quantization: str) -> Efficiency:
    """Return the efficiency with weights of this format; that of others shows less."""
    if (own := roofs.formats.get(backend, {}).get(quantization)) is not None:
        return _proven(own, DECODE_ASSUMED)
    if (other := roofs.decode.get(backend)) is not None:
        return _united(other, DECODE_ASSUMED)
    return DECODE_ASSUMED


def _proven(own: Efficiency | None, assumed: Efficiency) -> Efficiency:
    if own is None:
        return assumed
    return own if own.n >= PROVEN_LANES else _united(own, assumed)


def _united(own: Efficiency, assumed: Efficiency) -> Efficiency:
    """Return `own` with a band that holds the assumed one as well."""
    low, high = min(own.low, assumed.low), max(own.high, assumed.high)
    return msgspec.structs.replace(own, low=low, high=high)


def _rate(roof: float, efficiency: Efficiency, most: float | None = None) -> Rate:
    limit = float("inf") if most is None else most
    value, low, high = (
        min(roof * share, limit) for share in (efficiency.value, efficiency.low, efficiency.high)
    )
    return Rate(value=value, low=low, high=high)


def _prefill(model: Model, product: Ceiling | None, efficiency: Efficiency) -> Rate | None:
    """A multiplication and an addition for each parameter; attention is left out."""
    if product is None or not model.active_parameters:
        return None
    return _rate(product.value * 1e9 / (2 * model.active_parameters), efficiency)


def _missing(model: Model, roofs: Roofs, product: Ceiling | None) -> list[str]:
    missing = []
    if not model.active_bytes:
        missing.append("how many bytes of weights a token reads")
    if bytes_per_token(model, 0) is None and model.active_bytes:
        missing.append("the model's layers, heads and dimensions")
    if roofs.read is None:
        missing.append(roofs.reason or "the machine's read bandwidth")
    if not model.active_parameters:
        missing.append("how many parameters a token uses, for prefill")
    if product is None:
        where = "" if roofs.pool is Pool.SYSTEM else " on the GPU"
        missing.append(f"the machine's rate of matrix products{where}, for prefill")
    return missing
