"""Check whether an engine's own times can be compared with the client's, to detect waiting."""

from benchrace.kinds.llm import Answer
from benchrace.kinds.llm.ratio import decode_fault, prefill_fault

_TIMES = frozenset({"load_ns", "prefill_ns", "decode_ns", "total_ns"})


def times_are_credible(answer: Answer) -> bool:
    """Return whether all times that the engine reported are plausible.

    It may well have worked for a time that it omits or reports as zero, so that this does not
    prove waiting. An answer of one token has no decoding time.
    """
    times, output = answer.times, answer.usage.output
    if _TIMES & answer.faults.keys() or not times.prefill_ns:
        return False
    if not times.decode_ns and (output is None or output > 1):
        return False
    return decode_fault(answer) is None and prefill_fault(answer) is None
